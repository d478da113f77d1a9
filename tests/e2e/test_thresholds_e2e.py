"""In a real browser: the line is dragged, the figures follow without a round trip, and detection uses what is saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect

from core import numbers
from tests.detection.tiny_runs import make_run
from tests.thresholds.run_folder import scores

RUN = "tiny-run"
expect.set_options(timeout=60_000)  # a busy machine draws slowly
LAB = """() => { const find = (root) => { for (const node of root.querySelectorAll('*')) { if (node.shadowRoot) {
  const found = node.shadowRoot.querySelector('.lab') || find(node.shadowRoot); if (found) return found; } } return null; };
  return find(document).lab; }"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A detector with scores of both splits, in the workspace that the server will use."""
    folder = make_run(tmp_path / "workspace" / "runs" / RUN)
    (folder / "scores").mkdir()
    for split, seed in (("val", 1), ("test", 2)):
        scores(500, seed).to_parquet(folder / "scores" / f"{split}.parquet", index=False)
    return folder


def figures(page: Page) -> dict[str, int]:
    return {
        name: int(page.locator(f'.lab .confusion [data-figure="{name}"]').inner_text().replace(",", ""))
        for name in ("tp", "fp", "tn", "fn")
    }


def line(page: Page) -> float:
    return float(page.evaluate(f"({LAB})().t"))


def expected(run: Path, split: str, threshold: float) -> dict[str, int]:
    table = pd.read_parquet(run / "scores" / f"{split}.parquet")
    called, fake = table["score"] >= threshold, table["label"] == 1
    cells = {"tp": called & fake, "fp": called & ~fake, "tn": ~called & ~fake, "fn": ~called & fake}
    return {name: int(cell.sum()) for name, cell in cells.items()}


def open_lab(page: Page, url: str) -> None:
    page.goto(f"{url}/thresholds")
    expect(page.locator('.lab [data-part="threshold"]')).not_to_be_empty()
    expect(page.get_by_text("Where the errors are")).to_be_visible()


def place_of(part: Locator) -> FloatRect:
    """Where it stands once nothing moves any more: a box above it may still grow by a row."""
    before, now = None, part.bounding_box()
    while now is None or now != before:
        part.page.wait_for_timeout(300)
        before, now = now, part.bounding_box()
    return now


def settled(page: Page) -> None:
    """What stands below follows the line that was released."""
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")


def test_drag_release_save_and_detect_with_it(
    start_server: Callable, page: Page, run: Path, tmp_path: Path
) -> None:
    url = start_server().url
    open_lab(page, url)
    box = place_of(page.locator('.lab [data-part="slider"]'))
    y = box["y"] + box["height"] / 2
    before = line(page)
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    seen = []
    for step in range(1, 9):
        page.mouse.move(box["x"] + (0.3 + 0.05 * step) * box["width"], y)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert figures(page) == expected(run, "val", line(page))
        seen.append(figures(page)["tp"])
    assert len(set(seen)) > 4, "the figures move while the line is dragged"
    assert json.loads((run / "operating_point.json").read_text())["threshold"] == 0.5
    under = page.get_by_role("tabpanel").first.inner_text()
    page.mouse.up()
    expect(page.get_by_role("tabpanel").first).not_to_have_text(under)
    settled(page)
    chosen = line(page)
    assert chosen != before

    page.get_by_role("button", name="Save as operating point").click()
    page.get_by_label("Why").fill("drawn by hand in the browser")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("The operating point of .* is saved"))).to_be_visible()
    saved = json.loads((run / "operating_point.json").read_text())
    assert saved["threshold"] == chosen
    assert saved["why"] == "drawn by hand in the browser"
    assert saved["history"][0]["threshold"] == 0.5
    for split in ("val", "test"):
        assert {n: saved["figures"][split][n] for n in ("tp", "fp", "tn", "fn")} == expected(
            run, split, chosen
        )

    page.goto(f"{url}/detect")
    expect(page.get_by_text("Drop pictures, clips or recordings here")).to_be_visible()
    picture = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)).save(picture)
    page.locator('input[type="file"]').first.set_input_files(str(picture))
    expect(page.get_by_text(f"fake from a score of {numbers.threshold(chosen)} on")).to_be_visible(
        timeout=180_000
    )


def test_every_handle_and_the_keyboard(start_server: Callable, page: Page, run: Path) -> None:
    url = start_server().url
    open_lab(page, url)
    for panel, x in (("roc", 0.5), ("pr", 0.6), ("scores", 0.4), ("metric", 0.7), ("cost", 0.5)):
        drawing = page.locator(f'.lab [data-panel="{panel}"] svg')
        drawing.scroll_into_view_if_needed()
        box = drawing.bounding_box()
        assert box is not None
        before = line(page)
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.2 * box["height"], steps=4)
        page.mouse.up()
        assert line(page) != before, panel
        assert figures(page) == expected(run, "val", line(page)), panel
    slider = page.locator('.lab [data-part="slider"]')
    slider.focus()
    distinct = np.unique(pd.read_parquet(run / "scores" / "val.parquet")["score"])
    start = int(np.searchsorted(distinct, line(page)))
    came = []
    for step in range(1, 8):
        came.append(line(page))
        page.keyboard.press("ArrowRight")
        assert line(page) == distinct[start + step], "one key moves one distinct score"
    for before in reversed(came):
        page.keyboard.press("ArrowLeft")
        assert line(page) == before
    page.keyboard.press("Shift+ArrowRight")
    fine = line(page)
    page.keyboard.press("Shift+ArrowLeft")
    assert line(page) == came[0] < fine
    page.keyboard.press("Home")
    assert figures(page)["tn"] == 0
    page.keyboard.press("End")
    assert page.locator('.lab [data-part="threshold"]').inner_text() == "none"
    assert figures(page)["tp"] == 0
    assert "threshold none" in (slider.get_attribute("aria-valuetext") or "")
    page.locator('.lab button[data-method="youden"]').click()
    settled(page)
    assert page.locator('.lab button[data-method="youden"]').get_attribute("aria-pressed") == "true"


def test_costs_move_the_optimum_live_and_test_is_only_looked_at(
    start_server: Callable, page: Page, run: Path
) -> None:
    url = start_server().url
    open_lab(page, url)
    page.locator('.lab input[name="follow"]').check()
    cheap = line(page)
    page.locator('.lab input[name="fp"]').fill("20")
    assert line(page) > cheap
    page.locator('.lab input[name="prevalence"]').fill("2")
    table = pd.read_parquet(run / "scores" / "val.parquet")
    fake = table["label"] == 1
    costs = {
        t: 20 * 0.98 * (table["score"][~fake] >= t).mean() + 0.02 * (table["score"][fake] < t).mean()
        for t in sorted(table["score"])
    }
    assert line(page) == min(costs, key=lambda t: (costs[t], t))
    page.keyboard.press("Tab")
    settled(page)
    expect(page.locator('.lab [data-part="which"]')).to_have_text(
        "Chosen on validation (500 samples) · looking at validation (500 samples)"
    )
    page.get_by_text("test", exact=True).click()
    expect(page.locator('.lab [data-part="which"]')).to_have_text(
        "Chosen on validation (500 samples) · looking at test (500 samples)"
    )
    assert line(page) == min(costs, key=lambda t: (costs[t], t))
    assert figures(page) == expected(run, "test", line(page))


def test_each_drawing_is_saved_as_a_picture(
    start_server: Callable, page: Page, run: Path, tmp_path: Path
) -> None:
    open_lab(page, start_server().url)
    for panel in ("roc", "pr", "scores", "metric", "cost"):
        with page.expect_download() as download:
            page.locator(f'.lab [data-panel="{panel}"] .png').click()
        target = tmp_path / f"{panel}.png"
        download.value.save_as(target)
        with Image.open(target) as picture:
            assert picture.format == "PNG"
            assert len(picture.convert("L").getcolors() or []) > 5  # more than an empty sheet


def test_what_changes_while_the_server_works_stays_in_the_address(
    start_server: Callable, page: Page, run: Path
) -> None:
    open_lab(page, start_server().url)
    settled(page)
    # At once, before any answer: the line is released, the cost of a missed fake and the first drawing are changed.
    page.evaluate(
        f"""() => {{ const lab = ({LAB})(); lab.dragTo(3); lab.commit();
          const [cost, plane] = [lab.form.fields.fn, lab.part('plane')]; cost.value = '5'; plane.value = 'det';
          for (const [field, kind] of [[cost, 'input'], [cost, 'change'], [plane, 'change']])
            field.dispatchEvent(new Event(kind, {{ bubbles: true }})); }}"""
    )
    assert "fn=5" in page.url and "plane=det" in page.url
    expect(page).to_have_url(re.compile("by=by(%20|[+])hand"))  # the answer is there
    settled(page)
    page.wait_for_timeout(500)
    assert "fn=5" in page.url and "plane=det" in page.url
