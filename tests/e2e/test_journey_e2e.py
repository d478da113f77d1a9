"""A new user, from an empty workspace through all five jobs: statistics of a dataset of their own, a run with live
curves, a dragged and saved operating point, an explained upload, a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.runs.folder import RunFolder

REAL, FAKE = 90, 180
DRAWN_POINTS = """() => Math.max(0, ...(document.querySelector('.live-curves')?.curves?.data.series ?? [])
  .map(s => s.x.length))"""


def picture(path: Path, *, fake: bool, seed: int) -> None:
    """A smooth scene; a fake carries the chequered trace of an upsampling network."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(60, 190, (6, 6, 3)).repeat(24, 0).repeat(24, 1) + rng.normal(0, 6, (144, 144, 3))
    if fake:
        rows, columns = np.mgrid[:144, :144]
        pixels += (((rows + columns) % 2) * 2 - 1)[..., None] * 12.0
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def own_data(tmp_path: Path) -> Path:
    root = tmp_path / "my pictures"
    for i in range(REAL):
        picture(root / "real" / f"r{i}.png", fake=False, seed=i)
    for i in range(FAKE):
        picture(root / "fake" / f"f{i}.png", fake=True, seed=1000 + i)
    return root


@pytest.mark.long
@pytest.mark.timeout(900)
def test_all_five_jobs_from_an_empty_workspace(
    start_server: Callable[..., Any], page: Page, own_data: Path, tmp_path: Path
) -> None:
    server = start_server()
    page.goto(server.url)
    page.get_by_role("button", name="Add my own folder").click()

    add_and_count(page, own_data)
    run = train_and_watch(page, server.url, server.workspace)
    threshold = drag_and_save(page, server.url, run)
    judge_and_report(page, server.url, threshold, tmp_path)


def add_and_count(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Add folder").click()
    page.get_by_label("Folder on this machine").fill(str(folder))
    page.get_by_role("button", name="Add and scan").click()
    expect(page.get_by_text(f"1 dataset, {REAL + FAKE} samples")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("heading", name="my pictures").first).to_be_visible()
    expect(page.get_by_text(f"{REAL} real and {FAKE} fake samples (2:1, mild)")).to_be_visible()


def train_and_watch(page: Page, url: str, workspace: Path) -> RunFolder:
    page.goto(url)
    page.get_by_role("button", name="Train a first detector").click()
    page.get_by_role("button", name="See its curves").click(timeout=120_000)
    page.wait_for_function(f"({DRAWN_POINTS})() > 2", timeout=240_000)
    expect(page.get_by_text("completed").first).to_be_visible(timeout=400_000)
    (folder,) = [p for p in (workspace / "runs").iterdir() if (p / "status.json").exists()]
    run = RunFolder(folder)
    metrics = run.document("metrics")
    assert metrics is not None and metrics["learned_nothing"] is False
    return run


def drag_and_save(page: Page, url: str, run: RunFolder) -> float:
    page.goto(f"{url}/thresholds")
    slider = page.locator('.lab [data-part="slider"]')
    expect(slider).to_be_visible(timeout=120_000)
    expect(page.get_by_text("Where the errors are")).to_be_visible(timeout=120_000)
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.55 * box["width"], y, steps=6)
    page.mouse.up()
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    page.get_by_role("button", name="Save as operating point").click()
    page.get_by_label("Why").fill("my own line")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("saved").first).to_be_visible(timeout=60_000)
    point = run.document("operating_point")
    assert point is not None and point["why"] == "my own line"
    return float(point["threshold"])


def judge_and_report(page: Page, url: str, threshold: float, tmp_path: Path) -> None:
    upload = tmp_path / "new fake.png"
    picture(upload, fake=True, seed=9999)
    page.goto(f"{url}/detect")
    page.locator("input[type=file]").set_input_files(str(upload))
    button = page.get_by_role("button", name="Report (JSON)")
    expect(button).to_be_visible(timeout=240_000)
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(tmp_path / "report.json")
    (entry,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert entry["status"] == "ok"
    assert entry["threshold"] == pytest.approx(threshold)
    assert entry["heatmaps"]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report (HTML)").click()
    waiting.value.save_as(tmp_path / "report.html")
    assert "data:image/" in (tmp_path / "report.html").read_text(encoding="utf-8")
