"""People's tasks, from what is there to what is needed, with nothing but what the pages show.

No address beyond the first, no id and no key is typed: pages are reached by the navigation and by what they offer,
fields are found by their labels. What is typed is what a person brings: a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Download, Locator, Page, expect

from core.runs import listing
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.e2e import full_workspace

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
SLOW = 240_000  # ms, for what trains or judges on a busy machine


def go(page: Page, name: str) -> None:
    """By the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    settled(page)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=SLOW
    )


def choose(page: Page, field: str, option: str) -> None:
    """In a list of choices: open it, type as much as finds the option, and take it."""
    box = page.get_by_role("combobox", name=re.compile(f"^{field}|{field}$"))
    box.click()
    box.fill(option[:12])
    page.get_by_role("option", name=option).first.click()
    page.keyboard.press("Escape")
    settled(page)


def text_of(download: Download) -> str:
    pages = pypdfium2.PdfDocument(Path(download.path()).read_bytes())
    return " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in pages).split())


def pdf_of(page: Page, button: Locator) -> str:
    with page.expect_download(timeout=SLOW) as waiting:
        button.click()
    return text_of(waiting.value)


def test_which_of_two_detectors_is_better_and_on_paper(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    full_workspace.fill(space)
    page.goto(start_server(space.root).url)
    go(page, "Compare")
    expect(page.get_by_role("heading", name="Is the difference real?")).to_be_visible(timeout=SLOW)
    chosen = page.get_by_test_id("stMultiSelect").first
    for name in ("First detector", "Second detector"):
        if chosen.get_by_text(name).count() == 0:
            choose(page, "Runs", name)
    choose(page, "First", "First detector")
    choose(page, "Second", "Second detector")
    expect(page.get_by_text("First detector is better")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("it learned from demo data only").first).to_be_visible()
    text = pdf_of(page, page.get_by_role("button", name="Report (PDF)"))
    assert "First detector" in text and "Second detector" in text and "AUC" in text


def test_why_a_run_failed_and_again_with_half_the_batch(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    full_workspace.fill(space)
    page.goto(start_server(space.root).url)
    go(page, "Runs")
    page.get_by_label("Find").fill("that failed")
    page.get_by_label("Find").press("Enter")
    expect(page.get_by_text("out of memory").first).to_be_visible(timeout=SLOW)
    page.get_by_role("checkbox", name="Show One that failed").set_checked(True, force=True)
    page.get_by_role("button", name="Half the batch").click()
    expect(page.get_by_text("This is a copy of One that failed")).to_be_visible(timeout=SLOW)
    settled(page)
    page.get_by_label("Name", exact=True).fill("Half of it")
    page.get_by_label("Name", exact=True).press("Enter")
    settled(page)
    page.get_by_role("button", name="Add to queue").click()
    expect(page.get_by_role("heading", name="How is it going?")).to_be_visible(timeout=SLOW)
    page.get_by_label("Find").fill("half of it")
    page.get_by_label("Find").press("Enter")
    expect(page.get_by_role("checkbox", name=re.compile("^Show "))).to_have_count(1, timeout=SLOW)
    expect(page.get_by_role("checkbox", name="Show Half of it")).to_be_visible()
    (made,) = [run for run in listing.runs(space) if run.name == "Half of it"]
    assert RunFolder(space.runs / made.id).config()["batch_size"] == full_workspace.BASE["batch_size"] // 2
    page.get_by_role("button", name="Stop", exact=True).click()
    end = page.get_by_role("button", name="End now")
    resume = page.get_by_role("button", name="Resume")
    expect(end.or_(resume)).to_be_visible(timeout=SLOW)
    if end.is_visible():
        end.click()
    expect(resume).to_be_visible(timeout=SLOW)
