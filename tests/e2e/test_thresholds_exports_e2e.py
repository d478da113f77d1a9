"""In a real browser: what the Thresholds page gives away, how it lies on the screen, and what a screen reader hears."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.test_thresholds_e2e import LAB, open_lab, run, settled
from tests.thresholds.run_folder import scores

__all__ = ["run"]  # the fixture
pytestmark = [pytest.mark.long, pytest.mark.pages]

# The cells of the lab in rows, and each text of a drawing that reaches over its edge.
CELLS = """() => [...(LAB)().root.querySelectorAll('.panels > *')].map((cell) => Math.round(cell.getBoundingClientRect().top))"""
CUT = """() => { const cut = []; for (const svg of (LAB)().root.querySelectorAll('.panels svg')) { const box = svg.getBoundingClientRect();
  for (const text of svg.querySelectorAll('text')) { const at = text.getBoundingClientRect();
    if (at.left < box.left - 1 || at.right > box.right + 1 || at.bottom > box.bottom + 1 || at.top < box.top - 1) cut.push(text.textContent); } }
  const lab = (LAB)().root; if (lab.scrollWidth > lab.clientWidth) cut.push('the lab'); return cut; }"""


def overlapping(page: Page) -> list[str]:
    """Labels under an axis that run into each other."""
    script = """() => { const found = []; for (const svg of (LAB)().root.querySelectorAll('.panels svg')) {
      const rows = {}; for (const text of svg.querySelectorAll('text:not([transform])')) { const at = text.getBoundingClientRect(); (rows[Math.round(at.top)] ||= []).push(at); }
      for (const row of Object.values(rows)) { row.sort((a, b) => a.left - b.left); row.forEach((at, i) => { if (i && at.left < row[i - 1].right) found.push(svg.getAttribute('aria-label')); }); } }
      return found; }"""
    return list(page.evaluate(script.replace("LAB", LAB)))


@pytest.mark.parametrize("width", [1280, 820])
def test_nothing_is_cut_and_no_row_is_left_half_empty(
    start_server: Callable, page: Page, run: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_lab(page, start_server().url)
    tops: list[int] = page.evaluate(CELLS.replace("LAB", LAB))
    assert len({tops.count(top) for top in tops}) == 1, tops
    assert page.evaluate(CUT.replace("LAB", LAB)) == []
    assert overlapping(page) == []
    page.locator('.lab select[data-part="scale"]').select_option("quantile")
    assert overlapping(page) == []


@pytest.mark.parametrize(("origin", "factor"), [(-3e5, -1e4), (1e15, 1e4)])
def test_scores_of_any_scale_have_an_axis_that_can_be_read(
    start_server: Callable, page: Page, run: Path, tmp_path: Path, origin: float, factor: float
) -> None:
    frame = scores(200, 3)
    frame["score"] = origin + factor * np.log(frame["score"] / (1 - frame["score"]))
    frame.to_parquet(tmp_path / "mine.parquet", index=False)
    page.goto(f"{start_server().url}/thresholds")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="A score file of your own").click()
    # The page of the run has an uploader too: that of the score file is waited for by its name.
    uploader = page.locator('[aria-label="Score file"]').locator('input[type="file"]')
    uploader.set_input_files(str(tmp_path / "mine.parquet"))
    expect(page.locator('.lab [data-part="which"]')).to_contain_text("the whole file (200 samples)")
    settled(page)
    places = page.evaluate(f"() => ({LAB})().drawings.xs")
    assert len([x for x in places if 0.1 < x < 0.9]) > 100, "the scores fill the axis"
    assert page.evaluate(CUT.replace("LAB", LAB)) == []
    assert overlapping(page) == []


def test_the_summary_prints_on_one_sheet(
    start_server: Callable, page: Page, run: Path, tmp_path: Path
) -> None:
    open_lab(page, start_server().url)
    page.locator('.lab input[name="error"]').fill("5")
    page.locator('.lab input[name="fn"]').fill("5")
    page.keyboard.press("Tab")
    page.wait_for_url(re.compile("[?&]fn=5"))
    page.wait_for_url(re.compile("[?&]band=0.05"))
    settled(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="One-page summary").click()
    download.value.save_as(tmp_path / "summary.html")
    page.goto((tmp_path / "summary.html").as_uri())
    expect(page.get_by_text("a missed fake 5")).to_be_visible()
    expect(page.get_by_text("are left to a person").first).to_be_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_saved_picture_has_a_title_above_the_drawing(
    start_server: Callable, page: Page, run: Path, tmp_path: Path
) -> None:
    open_lab(page, start_server().url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG: Cost").click()
    download.value.save_as(tmp_path / "cost.png")
    with Image.open(tmp_path / "cost.png") as picture:
        head = np.asarray(picture.convert("L").crop((0, 0, picture.width, 90)))
    assert (head < 120).sum() > 500


def test_a_screen_reader_hears_what_the_eye_sees(start_server: Callable, page: Page, run: Path) -> None:
    open_lab(page, start_server().url)
    expect(page.locator(".lab")).to_match_aria_snapshot(
        """
        - region "Threshold lab":
          - paragraph: Chosen on validation (500 samples) · looking at validation (500 samples)
          - figure:
            - combobox "How the two kinds of error are drawn"
            - 'button "Save as PNG: ROC: recall against the false-alarm rate"'
            - 'img "ROC: recall against the false-alarm rate"'
          - table "Confusion matrix":
            - rowgroup:
              - row:
                - columnheader "called fake"
                - columnheader "called real"
          - slider "Threshold"
          - group "Jump to the threshold of a rule"
          - heading "What errors cost where the detector is used" [level=2]
          - spinbutton "Cost of a false alarm"
          - checkbox "Keep the threshold at the lowest cost"
          - status
        """
    )
    youden = page.locator('.lab button[data-method="youden"]')
    youden.focus()
    page.keyboard.press("Enter")
    expect(page.locator('.lab [data-part="said"]')).to_contain_text("false-alarm rate")
    expect(youden).to_have_attribute("aria-pressed", "true")
    page.locator('.lab [data-part="slider"]').focus()
    page.keyboard.press("ArrowRight")
    expect(youden).to_have_attribute("aria-pressed", "false")


def test_a_table_has_no_download_that_a_spreadsheet_would_run(
    start_server: Callable, page: Page, run: Path
) -> None:
    open_lab(page, start_server().url)
    page.get_by_text("Rules compared").click()
    opened = page.get_by_test_id("stExpander").filter(has_text="Rules compared")
    expect(opened.get_by_role("table")).to_be_visible()
    expect(opened.get_by_role("button", name="Download as CSV")).to_have_count(0)
    settled(page)  # a click while the page is drawn anew can be lost
    with page.expect_download() as download:
        opened.get_by_role("button", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "rules.csv"


@pytest.mark.parametrize("width", [820, 1600])
def test_the_handle_lands_under_the_pointer_and_no_word_of_the_page_is_cut(
    start_server: Callable, page: Page, run: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    open_lab(page, start_server().url)
    drawing = page.locator('.lab [data-panel="metric"] svg')
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.55 * box["width"], box["y"] + 0.5 * box["height"])
    handle = page.locator('.lab [data-panel="metric"] .handle').bounding_box()
    assert handle is not None
    assert abs(handle["x"] + handle["width"] / 2 - box["x"] - 0.55 * box["width"]) < 3
    settled(page)
    isotonic = page.get_by_role("radio", name="isotonic")
    isotonic.scroll_into_view_if_needed()
    assert isotonic.evaluate("(e) => e.parentElement.scrollWidth <= e.parentElement.clientWidth")
