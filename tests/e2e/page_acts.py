"""What a person does on a page to bring it into one of its states; each act waits until the page has followed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.chromium import PATIENCE, settle

Act = Callable[[Page], None]
MOST_BOXES = 30


def look(page: Page) -> None:
    """The page as it opens."""


def do(*acts: Act) -> Act:
    """One after the other."""

    def act(page: Page) -> None:
        for one in acts:
            one(page)

    return act


def open_boxes(page: Page) -> None:
    """Every expander, also those that another one brings."""
    closed = page.locator('[data-testid="stMain"] [data-testid="stExpander"] details:not([open]) > summary')
    for _ in range(MOST_BOXES):
        if not closed.count():
            return
        closed.first.click(timeout=PATIENCE)
        settle(page)


def open_words(page: Page) -> None:
    """The meanings of the words on the page, in the sidebar."""
    page.get_by_text("Words on this page").click(timeout=PATIENCE)
    settle(page)


def press(name: str, within: str = "stMain") -> Act:
    """A button by words that stand on it."""

    def act(page: Page) -> None:
        page.get_by_test_id(within).get_by_role("button", name=re.compile(name)).first.click(timeout=PATIENCE)
        settle(page)

    return act


def switch(label: str) -> Act:
    """A toggle by its words."""

    def act(page: Page) -> None:
        page.get_by_text(label, exact=True).first.click(timeout=PATIENCE)
        settle(page)

    return act


def tab(name: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_role("tab", name=name).click(timeout=PATIENCE)
        settle(page)

    return act


def fill(label: str, text: str) -> Act:
    def act(page: Page) -> None:
        field = page.get_by_label(re.compile(f"^{label}")).first
        field.fill(text, timeout=PATIENCE)
        field.press("Enter")
        settle(page)

    return act


def wait_for(text: str) -> Act:
    """Until the page says so."""

    def act(page: Page) -> None:
        page.get_by_text(re.compile(text)).first.wait_for(timeout=PATIENCE * 2)
        settle(page)

    return act


def go(name: str) -> Act:
    """Another page, through the navigation."""

    def act(page: Page) -> None:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click(timeout=PATIENCE)
        settle(page)

    return act


def drop(*files: Path) -> Act:
    """Into the page's first uploader."""

    def act(page: Page) -> None:
        page.locator("input[type=file]").first.set_input_files([str(file) for file in files])

    return act


def judge(*files: Path) -> Act:
    return do(drop(*files), until_judged)


def until_judged(page: Page) -> None:
    """The verdict and all that explains it are there."""
    page.get_by_role("button", name="Report (PDF)").wait_for(timeout=PATIENCE * 2)


def choose(label: str, option: str) -> Act:
    """An option of a list."""

    def act(page: Page) -> None:
        page.get_by_label(label, exact=True).click(timeout=PATIENCE)
        page.get_by_role("option", name=option).click(timeout=PATIENCE)
        settle(page)

    return act


def pick(name: str) -> Act:
    """One of the buttons of which one is chosen."""

    def act(page: Page) -> None:
        page.get_by_test_id("stMain").get_by_role("radio", name=name).first.click(timeout=PATIENCE)
        settle(page)

    return act
