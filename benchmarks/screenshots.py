"""python -m benchmarks.screenshots: every page in every main state, at three widths and in two themes, as PNG files.

    OUT/light/1280/detect-full.png

The states are those of tests/e2e/page_states.py: empty, full, working, error, and what opens on a click. A state that
cannot be reached, a page that shows an exception and one that has to be scrolled sideways are said, and the exit is 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

from benchmarks.chromium import PAGES, PATIENCE, address, chromium, settle, show_in
from benchmarks.runs import server
from tests.e2e.page_states import State, every_state

WIDTHS = (1280, 820, 390)
THEMES = ("light", "dark")
HEIGHT, HIGHEST = 900, 16000
CONTENT_HEIGHT = (
    "Math.max(...[...document.querySelectorAll('[data-testid=stMain]')].map(m => m.scrollHeight))"
)
FAULTS = """() => { const main = document.querySelector('[data-testid=stMain]'), found = [];
  if (document.querySelector('[data-testid=stException]')) found.push('an exception is shown');
  if (main.scrollWidth > main.clientWidth + 1) found.push('the page scrolls sideways');
  return found.join(', '); }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder (default: %(default)s)")
    parser.add_argument("--only", nargs="*", choices=PAGES, help="these pages (default: all)")
    parser.add_argument("--states", nargs="*", help="states of these names (default: all)")
    parser.add_argument("--widths", nargs="*", type=int, default=WIDTHS)
    parser.add_argument("--themes", nargs="*", choices=THEMES, default=THEMES)
    args = parser.parse_args()
    made = faults = 0
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder, chromium() as browser:
        for space, states in every_state(Path(folder)):
            wanted = [s for s in states if _is_wanted(s, args)]
            if not wanted:
                continue
            with server(space, max(os.sched_getaffinity(0))) as port:
                for picture, fault in take(browser, port, wanted, args):
                    print(f"{picture}{': ' * bool(fault)}{fault}", flush=True)
                    made, faults = made + picture.is_file(), faults + bool(fault)
    print(f"{made} pictures under {args.out}, {faults} faults")
    sys.exit(1 if faults else 0)


def _is_wanted(state: State, args: argparse.Namespace) -> bool:
    return state.page in (args.only or PAGES) and (not args.states or state.name in args.states)


def take(
    browser: Browser, port: int, states: list[State], args: argparse.Namespace
) -> Iterator[tuple[Path, str]]:
    """Each picture with what is wrong on it; a state is gone into once for all widths and themes."""
    for state in states:
        page = browser.new_page(
            viewport={"width": args.widths[0], "height": HEIGHT}, color_scheme=args.themes[0]
        )
        try:
            page.goto(f"{address(port, state.page)}{state.query}", timeout=PATIENCE)
            settle(page)
            state.act(page)
            for theme in args.themes:
                for width in args.widths:
                    path = args.out / theme / str(width) / f"{state.page}-{state.name}.png"
                    yield path, _photograph(page, theme, width, path)
            state.undo(page)
        except BrowserError as error:
            yield args.out / f"{state.page}-{state.name}", str(error).splitlines()[0]
        finally:
            page.close()


def _photograph(page: Page, theme: str, width: int, path: Path) -> str:
    """As high as what the page scrolls, so that nothing is cut off; gives what is wrong."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    show_in(page, theme)
    settle(page)
    high = max(HEIGHT, int(page.evaluate(CONTENT_HEIGHT)))
    page.set_viewport_size({"width": width, "height": min(high, HIGHEST)})
    page.wait_for_timeout(500)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    return str(page.evaluate(FAULTS))


if __name__ == "__main__":
    main()
