"""axe-core on every page in each of its states, in both themes; and what it cannot see: the keyboard's way through a page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as BrowserError

from benchmarks.chromium import PATIENCE, address, settle, show_in
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.e2e import full_workspace
from tests.e2e.page_states import State, every_state

pytestmark = [pytest.mark.long, pytest.mark.pages, pytest.mark.timeout(3000)]
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FADED_IN = """() => document.getAnimations().every((one) =>
  one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"""


@pytest.fixture
def axe() -> str:
    if not AXE.is_file():
        if os.environ.get("REQUIRE_NODE"):
            pytest.fail(f"REQUIRE_NODE is set, but {AXE.relative_to(ROOT)} is missing; run npm ci")
        pytest.skip("needs axe-core, which npm ci installs")
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """One line a violation: the rule, how often, and where first."""
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']} ({len(rule['nodes'])}): {rule['nodes'][0]['html'][:200]} "
        f"{rule['nodes'][0].get('failureSummary', '')[:300]}"
        for rule in found["violations"]
    ]


def visit(page: Page, url: str) -> None:
    page.goto(url)
    settle(page)
    page.wait_for_function(FADED_IN)


def test_no_state_of_any_page_has_a_violation(
    start_server: Callable[..., Any], browser: Browser, axe: str, tmp_path: Path
) -> None:
    found: list[str] = []
    for space, states in every_state(tmp_path):
        server = start_server(space.root)
        for state in states:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            try:
                found += faults(page, server.port, state, axe)
            except BrowserError as error:
                found.append(f"{state.page}, {state.name}: was not reached: {str(error).splitlines()[0]}")
            finally:
                page.close()
        server.stop()
    assert not found, "\n".join(found)


def faults(page: Page, port: int, state: State, axe: str) -> list[str]:
    """What axe finds in each theme, and whether the page has its one heading of first rank."""
    page.goto(f"{address(port, state.page)}{state.query}", timeout=PATIENCE)
    settle(page)
    state.act(page)
    page.evaluate(axe)
    found = []
    for theme in ("light", "dark"):
        show_in(page, theme)
        settle(page)
        page.wait_for_function(FADED_IN, timeout=PATIENCE)
        found += [f"{state.page}, {state.name}, {theme}: {line}" for line in violations(page)]
    titles = page.get_by_role("heading", level=1).count()
    if titles != 1:
        found.append(f"{state.page}, {state.name}: {titles} headings of first rank")
    state.undo(page)
    return found


def test_a_keyboard_goes_past_the_navigation_and_past_toolbars(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    runs: dict[str, RunFolder] = full_workspace.fill(space)
    server = start_server(space.root)
    visit(page, f"{server.url}/runs?run={runs['first'].id}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name=re.compile("^Skip to"))
    expect(skip).to_have_count(1)
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stMain")).to_be_focused()
    visit(page, f"{server.url}/datasets")
    expect(page.locator(".modebar-btn").first).to_be_attached()
    page.wait_for_function("document.querySelectorAll('.modebar-btn:not([tabindex=\"-1\"])').length === 0")
    bar = page.locator(".modebar-container .modebar").first
    expect(bar).to_have_css("opacity", "0")  # until the mouse is there


def test_the_keyboard_goes_into_what_a_button_opens_and_on_behind_it(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    server = start_server(space.root)
    visit(page, f"{server.url}/datasets")
    expect(page).to_have_title(re.compile("^Datasets"))
    button = page.get_by_role("button", name="Add folder")
    button.focus()
    page.keyboard.press("Enter")
    folder, add = page.get_by_placeholder("/data/deepfakes"), page.get_by_role("button", name="Add and scan")
    expect(folder).to_be_visible()
    for key, focused in (
        ("Tab", folder),
        ("Tab", add),
        ("Tab", page.get_by_role("button", name="Make the demo datasets")),
        ("Shift+Tab", button),
        ("Tab", folder),
        ("Shift+Tab", button),
        ("Tab", folder),
        ("Escape", button),
    ):
        page.keyboard.press(key)
        expect(focused).to_be_focused()
    expect(folder).to_have_count(0)


def test_the_keyboard_chooses_rows_of_tables(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    full_workspace.fill(space)
    server = start_server(space.root)
    visit(page, f"{server.url}/datasets")
    expect.set_options(timeout=120_000)
    first, second = (page.get_by_role("heading", name=name) for name in (full_workspace.PICTURES, "ASVspoof"))
    expect(first).to_be_visible()
    page.locator('[data-testid="stDataFrame"] canvas[tabindex="0"]:visible').first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_visible()
    page.keyboard.press("Enter")
    expect(second).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_visible()
