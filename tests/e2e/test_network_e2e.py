"""Pages need no network: whatever a browser loads comes from the server itself."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.e2e.conftest import Server

PAGES = ("", "datasets", "train", "runs", "thresholds", "detect", "compare", "trail")


def test_no_page_asks_anything_of_the_network(start_server: Callable[..., Server], page: Page) -> None:
    server = start_server()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        page.goto(f"{server.url}/{name}")
        page.get_by_role("heading").first.wait_for()
        page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
