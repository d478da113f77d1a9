"""Hostile names on every page of a real browser: nothing of them becomes an element, nothing of them runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from core.workspace import Workspace
from tests import hostile
from tests.test_hostile_names import MARKUP, PAGES

BECAME_SOMETHING = """() => [
  window.ran ? 'a script ran' : '',
  ...[...document.querySelectorAll('[onerror], img[src="x"], img[src$="/x"], a[href^="javascript"]')]
    .map(e => e.outerHTML.slice(0, 200)),
  ...[...document.querySelectorAll('strong')].filter(e => e.textContent === 'c').map(() => 'bold'),
].filter(Boolean)"""


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_name_becomes_an_element_or_a_script(
    start_server: Callable, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    space = Workspace(tmp_path / "workspace")
    hostile.fill(space, MARKUP)
    page.set_default_timeout(240_000)
    server = start_server(space.root)
    expect.set_options(timeout=240_000)
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    for name in PAGES:
        page.goto(f"{server.url}/{'' if name == 'home' else name}")
        settled(page)
        expect(
            page.get_by_text("onerror").or_(page.locator("canvas, .js-plotly-plot, .lab")).first
        ).to_be_attached()
        for tab in page.get_by_role("tab").all():
            tab.click()
        closed = page.locator('[data-testid="stExpander"] details:not([open]) summary')
        for left in range(closed.count(), 0, -1):
            closed.first.click()
            expect(closed).to_have_count(left - 1)  # one that is open is no longer among them
        settled(page)
        for bar in page.locator(".js-plotly-plot .bars .point path").all()[:4]:
            box = bar.bounding_box()
            if box is not None and min(box["width"], box["height"]) > 1:  # no samples, no bar
                bar.hover(force=True)  # what a chart shows under the pointer
        assert page.evaluate(BECAME_SOMETHING) == [], name
        assert not page.get_by_text("Traceback").count(), name
    assert asked == []


def settled(page: Page) -> None:
    app = page.locator('[data-testid="stApp"]')
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
