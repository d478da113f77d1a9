"""python -m benchmarks.pages: what a visitor feels, measured in Chromium page by page beside an empty Streamlit page.

    content   seconds from the click to the page's title and something under it, on a later visit
    weight    kB that a later visit brings: everything over HTTP and the websocket; scripts and fonts are in the cache
    reruns    what the page asks of the server for one thing that is done on it, and the kB that come down
    grey      the longest time that anything stood greyed out and nothing turned to say why, in seconds
    clock     kB of one refresh that comes by itself while something runs; it is in none of the other columns

What is done: a slider is moved one step and released where the page has one (only there reruns and kB have an aim),
else a part is chosen, a preset taken, a sample judged. The workspace is that of benchmarks.screenshots.
"""

from __future__ import annotations

import argparse
import base64
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.chromium import PAGES, PATIENCE, address, chromium, empty_page, settle
from benchmarks.runs import server
from core.workspace import Workspace
from tests.e2e.page_acts import choose, do, fill, pick, press, until_judged
from tests.e2e.page_states import fill_workspace

CONTENT, WEIGHT, RERUNS, DOWN, GREY = 1.5, 300.0, 1, 20.0, 1.0  # s, kB, reruns, kB, s
# The title, and under it one element that is high enough to be seen.
CONTENT_IS_THERE = """() => { const main = document.querySelector('[data-testid=stMain]');
  return main && main.querySelector('h1') && [...main.querySelectorAll('[data-testid=stElementContainer]')]
    .some(one => !one.querySelector('h1, [data-testid=stSkeleton]') && one.offsetHeight > 8); }"""
WATCH_GREY = """() => { window.longest_grey = 0; let since = null;
  setInterval(() => { const now = performance.now();
    const why = document.querySelector('[data-testid=stSpinner], [data-testid=stStatus]');
    if (why || !document.querySelector('[data-stale=true]')) { since = null; return; }
    since = since ?? now; window.longest_grey = Math.max(window.longest_grey, now - since); }, 50); }"""
QUIET = 400  # ms without traffic, after which a visit is over


def _one_step(slider: str) -> Callable[[Page], None]:
    def move(page: Page) -> None:
        page.locator(slider).first.press("ArrowRight", timeout=PATIENCE)

    return move


SLIDERS = {"thresholds": '.lab [data-part="slider"]', "runs": '[data-testid="stSlider"] input'}
# What is done first on the pages without a slider; Home has nothing that does not lead elsewhere.
DEEDS = {
    "datasets": pick("Methods"),
    "train": press("^Quick look"),
    "detect": do(press("^Picture, fake"), until_judged),
    "detectors": choose("Detector", "not measured"),
    "compare": pick("validation"),
    "trail": fill("On", "first"),
} | {name: _one_step(slider) for name, slider in SLIDERS.items()}


@dataclass
class Traffic:
    """What came over the network since the last look."""

    down: float = 0.0  # bytes, but for what a clock asked for
    asked: int = 0  # messages to the server, but for those that a clock sends (what runs now, in the sidebar)
    refreshed: list[float] = field(default_factory=list)  # bytes of each refresh by a clock
    _clocks: set[str] = field(default_factory=set)  # parts of the page that refresh by themselves
    _run: float = 0.0  # bytes of what the server draws now
    _by_clock: bool = False

    def watch(self, context: BrowserContext, page: Page) -> None:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._loaded)
        session.on("Network.webSocketFrameReceived", self._received)
        session.on("Network.webSocketFrameSent", self._sent)

    def clear(self) -> None:
        self.down, self.asked = 0.0, 0

    def wait_until_quiet(self, page: Page) -> None:
        """Pictures come after the page says that it is done."""
        before = -1.0
        while before != self.down + self._run:
            before = self.down + self._run
            page.wait_for_timeout(QUIET)

    def _loaded(self, event: dict[str, Any]) -> None:
        self.down += float(event.get("encodedDataLength") or 0)

    def _received(self, event: dict[str, Any]) -> None:
        payload = str(event["response"]["payloadData"])
        binary = event["response"]["opcode"] == 2
        content = base64.b64decode(payload) if binary else payload.encode()
        message = ForwardMsg.FromString(content)
        if message.HasField("new_session"):
            self._run, self._by_clock = 0.0, False
        self._run += len(content)
        self._by_clock |= message.HasField("delta") and message.delta.fragment_id in self._clocks
        if message.HasField("script_finished"):
            if self._by_clock and message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                self.refreshed.append(self._run)
            else:
                self.down += self._run
            self._run = 0.0

    def _sent(self, event: dict[str, Any]) -> None:
        message = BackMsg.FromString(base64.b64decode(event["response"]["payloadData"]))
        if message.rerun_script.is_auto_rerun:
            self._clocks.add(message.rerun_script.fragment_id)
        else:
            self.asked += 1


@dataclass(frozen=True)
class Visit:
    content: float
    weight: float
    grey: float
    asked: int | None = None
    down: float | None = None
    slider: bool = False  # what it asked and brought has an aim
    clock: float | None = None  # kB of one refresh

    def row(self, name: str) -> str:
        done = f"{'–':>7}  {'–':>8} "
        if self.asked is not None and self.down is not None:
            most, heaviest = (RERUNS, DOWN) if self.slider else (float("inf"), float("inf"))
            done = f"{_mark(self.asked, most, '7.0f')} {_mark(self.down, heaviest, '8.1f')}"
        return (
            f"{name:<12} {_mark(self.content, CONTENT, '7.2f')} {_mark(self.weight, WEIGHT, '8.0f')} "
            f"{_mark(self.grey, GREY, '6.2f')} {done}{'–' if self.clock is None else f'{self.clock:.1f}':>7}"
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
        runs, _ = fill_workspace(space, Path(folder))
        # The newest runs of this workspace have no curves: a run that has is asked for, as a link does.
        queries = {"runs": f"?run={runs['first']}"}
        print(
            f"{'page':<12} {'content':>7}  {'weight':>8}  {'grey':>6}  {'reruns':>7}  {'down':>8}  {'clock':>6}"
        )
        with empty_page() as port:
            print(measure(browser, address(port, "home"), "", args.visits).row("(empty)"), flush=True)
        with server(space, 0) as port:
            for name in args.only or PAGES:
                url = f"{address(port, name)}{queries.get(name, '')}"
                print(measure(browser, url, name, args.visits).row(name), flush=True)
    print(
        f"\naims: {CONTENT} s, {WEIGHT:.0f} kB, {GREY:.0f} s; of a slider {RERUNS} rerun, {DOWN:.0f} kB; "
        "! marks what lies over one"
    )


def measure(browser: Browser, url: str, name: str, visits: int) -> Visit:
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
        page.goto(url, wait_until="commit")
        page.wait_for_function(CONTENT_IS_THERE, timeout=PATIENCE, polling=20)
        content = float(page.evaluate("performance.now()")) / 1000
        settle(page)
        traffic.wait_until_quiet(page)
        found.append(Visit(content, traffic.down / 1000, _longest_grey(page)))
    middle = sorted(found[1:], key=lambda one: one.content)[visits // 2]
    after = _do(page, traffic, name) if name in DEEDS else None
    context.close()
    clock = statistics.median(traffic.refreshed) / 1000 if traffic.refreshed else None
    if after is None:
        return replace(middle, clock=clock)
    grey = max(middle.grey, after.grey)
    return replace(middle, grey=grey, asked=after.asked, down=after.down, slider=name in SLIDERS, clock=clock)


def _do(page: Page, traffic: Traffic, name: str) -> Visit:
    """The one thing that is done on this page, then until the page has followed."""
    if name in SLIDERS:
        page.locator(SLIDERS[name]).first.scroll_into_view_if_needed()
        page.locator(SLIDERS[name]).first.focus()
    settle(page)
    page.evaluate("window.longest_grey = 0")
    traffic.clear()
    DEEDS[name](page)
    page.wait_for_timeout(1500)
    settle(page)
    traffic.wait_until_quiet(page)
    return Visit(0.0, 0.0, _longest_grey(page), traffic.asked, traffic.down / 1000)


def _longest_grey(page: Page) -> float:
    return float(page.evaluate("window.longest_grey")) / 1000


if __name__ == "__main__":
    main()
