"""python -m benchmarks.pages: what a visitor feels, measured in Chromium page by page beside an empty Streamlit page.

    content   seconds from the click to the page's title and its first content, on a later visit
    weight    kB that a later visit brings: everything over HTTP and the websocket; scripts and fonts are in the cache
    reruns    what the page asks of the server when a slider is moved one step and released, and the kB that come down
    grey      the longest time that anything stood greyed out, in seconds

The workspace is that of the accessibility tests: two demo datasets, and runs in every state.
"""

from __future__ import annotations

import argparse
import base64
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.chromium import PAGES, PATIENCE, address, chromium, empty_page, settle
from benchmarks.runs import server
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.e2e import full_workspace

CONTENT, WEIGHT, RERUNS, DOWN, GREY = 1.5, 300.0, 1, 20.0, 1.0  # s, kB, reruns, kB, s
CONTENT_IS_THERE = """() => { const main = document.querySelector('[data-testid=stMain]') || document;
  return main.querySelector('h1') && main.querySelectorAll('[data-testid=stElementContainer]').length > 0; }"""
# The slider that each page is moved by; pages without one have none.
SLIDERS = {"thresholds": '.lab [data-part="slider"]', "runs": '[data-testid="stSlider"] [role="slider"]'}
WATCH_GREY = """() => { window.longest_grey = 0; let since = null;
  setInterval(() => { const now = performance.now();
    if (!document.querySelector('[data-stale=true]')) { since = null; return; }
    since = since ?? now; window.longest_grey = Math.max(window.longest_grey, now - since); }, 50); }"""


@dataclass
class Traffic:
    """What came over the network since the last look."""

    down: float = 0.0  # bytes
    asked: int = 0  # messages to the server, but for those that a clock sends (what runs now, in the sidebar)
    _open: dict[str, float] = field(default_factory=dict)

    def watch(self, context: BrowserContext, page: Page) -> None:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._loaded)
        session.on("Network.webSocketFrameReceived", self._received)
        session.on("Network.webSocketFrameSent", self._sent)

    def clear(self) -> None:
        self.down, self.asked = 0.0, 0

    def _loaded(self, event: dict[str, Any]) -> None:
        self.down += float(event.get("encodedDataLength") or 0)

    def _received(self, event: dict[str, Any]) -> None:
        payload = str(event["response"]["payloadData"])
        binary = event["response"]["opcode"] == 2
        self.down += len(base64.b64decode(payload)) if binary else len(payload.encode())

    def _sent(self, event: dict[str, Any]) -> None:
        message = BackMsg.FromString(base64.b64decode(event["response"]["payloadData"]))
        self.asked += not message.rerun_script.is_auto_rerun


@dataclass(frozen=True)
class Visit:
    content: float
    weight: float
    grey: float
    reruns: int | None = None
    down: float | None = None

    def row(self, name: str) -> str:
        moved = f"{'–':>6} {'–':>8}"
        if self.reruns is not None and self.down is not None:
            moved = f"{_mark(self.reruns, RERUNS, '6.0f')} {_mark(self.down, DOWN, '8.1f')}"
        return (
            f"{name:<12} {_mark(self.content, CONTENT, '7.2f')} {_mark(self.weight, WEIGHT, '8.0f')} "
            f"{_mark(self.grey, GREY, '6.2f')} {moved}"
        )


def _mark(value: float, aim: float, form: str) -> str:
    return f"{value:{form}}{' ' if value <= aim else '!'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PAGES, help="these pages (default: all)")
    parser.add_argument("--visits", type=int, default=5, help="visits a page; the middle one counts")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pages-") as folder, chromium() as browser:
        space = Workspace(Path(folder) / "workspace")
        full_workspace.fill(space)
        make_run(space.runs / "pictures", "image")
        print(f"{'page':<12} {'content':>7}  {'weight':>8}  {'grey':>6}  {'reruns':>6} {'down':>8}")
        with empty_page() as port:
            print(measure(browser, port, "", args.visits).row("(empty)"), flush=True)
        with server(space, 0) as port:
            for name in args.only or PAGES:
                print(measure(browser, port, name, args.visits).row(name), flush=True)
    print(
        f"\naims: {CONTENT} s, {WEIGHT:.0f} kB, {GREY:.0f} s; {RERUNS} rerun, {DOWN:.0f} kB; ! marks what lies over one"
    )


def measure(browser: Browser, port: int, name: str, visits: int) -> Visit:
    """One visit that fills the cache, then some of which the middle one by time to content counts."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(f"({WATCH_GREY})()")
    traffic = Traffic()
    traffic.watch(context, page)
    found = []
    for _ in range(visits + 1):
        page.goto("about:blank")
        traffic.clear()
        page.goto(address(port, name or "home"), wait_until="commit")
        page.wait_for_function(CONTENT_IS_THERE, timeout=PATIENCE, polling=20)
        content = float(page.evaluate("performance.now()")) / 1000
        settle(page)
        grey = float(page.evaluate("window.longest_grey")) / 1000
        found.append(Visit(content, traffic.down / 1000, grey))
    middle = sorted(found[1:], key=lambda one: one.content)[visits // 2]
    moved = _move(page, traffic, SLIDERS[name]) if name in SLIDERS else None
    context.close()
    if moved is None:
        return middle
    return Visit(middle.content, middle.weight, max(middle.grey, moved.grey), moved.reruns, moved.down)


def _move(page: Page, traffic: Traffic, slider: str) -> Visit | None:
    """A slider one step to the right, then until the page has followed."""
    handle = page.locator(slider).first
    if handle.count() == 0:
        return None
    handle.scroll_into_view_if_needed()
    handle.focus()
    settle(page)
    page.evaluate("window.longest_grey = 0")
    traffic.clear()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    settle(page)
    grey = float(page.evaluate("window.longest_grey")) / 1000
    return Visit(0.0, 0.0, grey, traffic.asked, traffic.down / 1000)


if __name__ == "__main__":
    main()
