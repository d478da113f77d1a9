"""The dashboard in Chromium, for the benchmarks that look at pages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

PAGES = ("home", "datasets", "train", "runs", "thresholds", "detect", "detectors", "compare", "trail")
PATIENCE = 120_000  # ms
SETTLED = """() => document.querySelector('h1') && !document.querySelector('[data-testid=stSkeleton]')
  && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-stale=true]')"""


def address(port: int, name: str) -> str:
    return f"http://127.0.0.1:{port}/{'' if name == 'home' else name}"


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is needed (Debian's package chromium)")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield opened
        finally:
            opened.close()


def settle(page: Page) -> None:
    """Until the page is drawn and what fades in is there."""
    page.wait_for_function(SETTLED, timeout=PATIENCE)
    page.wait_for_timeout(700)
