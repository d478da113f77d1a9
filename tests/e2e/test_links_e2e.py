"""Tables that a heading sorts, and addresses that open the same view after a reload and for somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.e2e import full_workspace

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
SLOW = 240_000  # ms


def column(table: Locator, name: str) -> list[str]:
    return table.locator(f"td[data-label='{name}']").all_inner_texts()


def test_a_heading_sorts_a_table_by_mouse_and_keyboard(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    runs = full_workspace.fill(space)
    chosen = ",".join(runs[name].id for name in ("second", "first", "nothing"))
    page.goto(f"{start_server(space.root).url}/compare?runs={chosen}")
    table = page.get_by_role("region", name="Runs side by side")
    heading = table.get_by_role("columnheader", name="AUC", exact=True)
    expect(heading.get_by_role("button")).to_be_visible(timeout=SLOW)
    before = column(table, "AUC")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    rising = column(table, "AUC")
    assert sorted(before, key=lambda text: float(text.split()[0])) == rising != before
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(table, "AUC") == rising[::-1]
    page.get_by_role("radio", name="validation").click()  # other figures: sorted as before
    expect(table.locator("td[data-label='AUC']").first).not_to_have_text(rising[-1], timeout=SLOW)
    expect(heading).to_have_attribute("aria-sort", "descending", timeout=SLOW)
    validation = column(table, "AUC")
    assert validation == sorted(validation, key=lambda text: -float(text.split()[0]))
    page.keyboard.press("Tab")
    heading.get_by_role("button").click()
    expect(table.locator("[aria-sort]")).to_have_count(0)
    choice = table.get_by_label("Sort by")
    expect(choice).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 900})  # rows are cards, without headings
    expect(heading).to_be_hidden()
    choice.select_option("AUC ↓")
    assert column(table, "AUC") == validation


def test_the_address_of_the_runs_page_keeps_how_curves_are_drawn(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    runs = full_workspace.fill(space)
    page.goto(f"{start_server(space.root).url}/runs?run={runs['first'].id},{runs['second'].id}")
    expect(page.get_by_role("heading", name="What differs between them")).to_be_visible(timeout=SLOW)
    differs = page.get_by_role("region", name="Options in which the runs differ")
    assert "Epochs" in column(differs, "option")
    page.get_by_role("button", name="Scales").click()
    page.get_by_text("Logarithmic y axis").click()
    expect(page).to_have_url(re.compile("log_y=on"), timeout=SLOW)
    page.reload()
    page.get_by_role("button", name="Scales").click(timeout=SLOW)
    expect(page.get_by_role("switch", name="Logarithmic y axis")).to_be_checked(timeout=SLOW)
    expect(page.get_by_role("heading", name="What differs between them")).to_be_visible()


def test_a_file_is_there_after_a_reload_and_for_who_gets_its_link(
    start_server: Callable[..., Any], page: Page, browser: Browser, space: Workspace, tmp_path: Path
) -> None:
    """Whether it is judged already or waits for its turn."""
    make_run(space.runs / "pictures", "image", threshold=0.0)
    for name, color in (("first.png", "teal"), ("second.png", "olive")):
        Image.new("RGB", (160, 120), color).save(tmp_path / name)
    page.goto(f"{start_server(space.root).url}/detect")
    for name in ("first.png", "second.png"):
        page.locator("input[type=file]").set_input_files(str(tmp_path / name))
        expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("file="), timeout=SLOW)
    page.reload()
    expect(page.get_by_role("heading", name="second.png")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("This session: 2 files")).to_be_visible()
    other = browser.new_context().new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="second.png")).to_be_visible(timeout=SLOW)
    page.close()
    other.reload()
    expect(other.get_by_role("heading", name="second.png")).to_be_visible(timeout=SLOW)
    other.get_by_role("button", name="Clear").click()
    expect(other.get_by_text("This session")).to_have_count(0, timeout=SLOW)
    other.goto(f"{other.url.split('?')[0]}?file=0123456789abcdef0123")
    expect(other.get_by_text("The file of this link is not here")).to_be_visible(timeout=SLOW)
    other.context.close()
