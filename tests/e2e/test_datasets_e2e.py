"""The Datasets page in a real browser: add a folder, scan, click a bar, play, plan, take the advice to the Train page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Page, expect

from core.catalog.scan import scan
from core.workspace import Workspace
from tests.catalog.shard_files import open_fake

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Pictures as the Archive set lies on disk, and recordings as In-the-Wild does."""
    rng, root = np.random.default_rng(0), tmp_path / "downloads"
    for split, real, fake in (("Train", 4, 26), ("Test", 2, 10)):
        for kind, n in (("Real", real), ("Fake", fake)):
            folder = root / "archive" / "Dataset" / split / kind
            folder.mkdir(parents=True)
            for i in range(n):
                Image.fromarray(rng.integers(0, 255, (48, 48, 3), np.uint8)).save(
                    folder / f"{kind.lower()}_{i}.jpg"
                )
    wild = root / "release_in_the_wild"
    wild.mkdir()
    rows = ["file,speaker,label"]
    for i in range(16):
        soundfile.write(wild / f"{i}.wav", 0.3 * rng.normal(0, 0.3, 8_000).clip(-1, 1), 16_000)
        rows.append(f"{i}.wav,Speaker {i % 8},{'spoof' if i % 2 else 'bona-fide'}")
    (wild / "meta.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


def test_from_a_folder_to_the_train_page(start_server: Callable, page: Page, downloads: Path) -> None:
    expect.set_options(timeout=60_000)
    server = start_server()
    page.goto(f"{server.url}/datasets")
    expect(page.get_by_text("No datasets yet.")).to_be_visible()

    page.get_by_role("button", name="Add folder").click()
    page.get_by_label(re.compile("Folder on this machine")).fill(str(downloads))
    page.get_by_label(re.compile("Folder on this machine")).press("Enter")
    expect(page.get_by_text(re.compile(r"^2 datasets, 58 samples"))).to_be_visible()
    expect(page.get_by_text(re.compile("Last scan: 2 datasets, 58 samples"))).to_be_visible()

    expect(page.get_by_role("heading", name=re.compile("Deepfake and Real Images"))).to_be_visible()
    expect(page.get_by_role("button", name="Search: Datasets").first).to_be_attached()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)  # names are formulas there
    bars = page.locator(".js-plotly-plot .bars .point path")
    expect(bars.first).to_be_visible()
    bars.first.click(force=True)  # reals of the training part
    expect(page.get_by_text(re.compile("4 samples that fit"))).to_be_visible()
    expect(page.locator('[data-testid="stImage"] img')).to_have_count(4)

    page.get_by_role("button", name="Make the plan").click()
    expect(page.get_by_role("button", name="Save the plan")).to_be_visible()

    page.get_by_role("button", name="Train with it").first.click()
    expect(page.get_by_role("heading", name=re.compile("What shall it learn"))).to_be_visible()
    expect(page.get_by_text(re.compile("Deepfake and Real Images")).first).to_be_visible()


def test_a_parquet_set_shows_its_pictures(start_server: Callable, page: Page, tmp_path: Path) -> None:
    """Nothing is unpacked: thumbnails come from the rows."""
    space = Workspace(tmp_path / "workspace")
    open_fake(tmp_path / "downloads" / "OpenFake")
    scan([tmp_path / "downloads"], space=space)
    expect.set_options(timeout=60_000)
    server = start_server(space.root)
    page.goto(f"{server.url}/datasets")
    expect(page.get_by_text(re.compile(r"1 datasets?, 40 samples"))).to_be_visible()
    expect(page.get_by_role("heading", name="OpenFake")).to_be_visible()
    pictures = page.locator('[data-testid="stImage"] img')
    expect(pictures).to_have_count(12)
    loaded = "all => all.every(one => one.complete && one.naturalWidth === 48)"
    page.wait_for_function(f"({loaded})([...document.querySelectorAll('[data-testid=\"stImage\"] img')])")
    expect(page.get_by_text("data/test-00000-of-00001.parquet#0", exact=True)).to_be_visible()
    if shots := os.environ.get("SCREENSHOTS"):
        for width, scheme in ((1280, "light"), (820, "light"), (390, "dark"), (1280, "dark")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            pictures.first.scroll_into_view_if_needed()
            page.wait_for_timeout(2500)  # for the eye alone: nothing is asserted of these pictures
            page.screenshot(path=f"{shots}/parquet-{width}-{scheme}.png", full_page=True)
