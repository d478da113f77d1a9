"""python -m benchmarks.screenshots: every page in every main state, at three widths and in two themes, as PNG files.

    OUT/light/1280/detect-full.png

States: empty (a new workspace), full (two demo datasets, runs in every state, a judged file), working (a run that is
under way), error (a failed run, a file that cannot be read).
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil
from playwright.sync_api import Browser, Page

from benchmarks.chromium import PAGES, PATIENCE, address, chromium, settle
from benchmarks.runs import server
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.e2e import full_workspace

WIDTHS = (1280, 820, 390)
THEMES = ("light", "dark")
HEIGHT = 900


@dataclass(frozen=True)
class State:
    """A page in one state: how its address goes on, and what is done there before the picture."""

    page: str
    name: str
    query: str = ""
    act: Callable[[Page], None] = lambda page: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder (default: %(default)s)")
    parser.add_argument("--only", nargs="*", choices=PAGES, help="these pages (default: all)")
    parser.add_argument("--widths", nargs="*", type=int, default=WIDTHS)
    parser.add_argument("--themes", nargs="*", choices=THEMES, default=THEMES)
    args = parser.parse_args()
    wanted = args.only or PAGES
    made = 0
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder, chromium() as browser:
        empty, full = Workspace(Path(folder) / "empty"), Workspace(Path(folder) / "full")
        empty.root.mkdir()
        states = fill(full, Path(folder))
        for space, shown in ((empty, [State(name, "empty") for name in PAGES]), (full, states)):
            with server(space, 0) as port:
                for picture in take(browser, port, [s for s in shown if s.page in wanted], args):
                    print(picture, flush=True)
                    made += 1
    print(f"{made} pictures under {args.out}")


def fill(space: Workspace, folder: Path) -> list[State]:
    """The full workspace, and the states that its pages are taken in."""
    runs = full_workspace.fill(space)
    make_run(space.runs / "pictures", "image", threshold=0.0)
    working = under_way(runs["stopped"])
    good, other, broken = folder / "picture.png", folder / "another picture.png", folder / "broken.png"
    for seed, path in enumerate((good, other)):
        noise = np.random.default_rng(seed).integers(0, 255, (24, 36, 3), np.uint8)
        cv2.imwrite(str(path), cv2.resize(noise, (480, 320), interpolation=cv2.INTER_CUBIC))
    broken.write_bytes(good.read_bytes()[:60])
    return [
        *(State(name, "full") for name in PAGES if name not in ("detect", "runs")),
        State("runs", "full", f"?run={runs['first'].id}"),
        State("runs", "working", f"?run={working.id}"),
        State("runs", "error", f"?run={runs['failed'].id}"),
        State("thresholds", "error", "?run=there-is-none"),
        State("detect", "full", act=lambda page: upload(page, good)),
        State("detect", "several", act=lambda page: upload(page, good, other, broken)),
        State("detect", "error", act=lambda page: upload(page, broken)),
        State("detect", "waiting", act=lambda page: None),
    ]


def under_way(run: RunFolder) -> RunFolder:
    """As if this process trained it: in its third epoch of six."""
    now = time.time()
    run.set_status(
        state="running",
        pid=os.getpid(),
        process_start=psutil.Process().create_time(),
        host=socket.gethostname(),
        heartbeat=now,
        started=now - 90,
        ended=None,
        error=None,
        epoch=3,
        epochs=6,
        step=30,
        steps=60,
        best=0.71,
    )
    return run


def upload(page: Page, *files: Path) -> None:
    """Until the verdict and all that explains it are there."""
    page.locator("input[type=file]").set_input_files([str(file) for file in files])
    page.get_by_role("button", name="Report (PDF)").wait_for(timeout=PATIENCE * 2)


def take(browser: Browser, port: int, states: list[State], args: argparse.Namespace) -> Iterator[Path]:
    for theme in args.themes:
        for state in states:
            page = browser.new_page(viewport={"width": args.widths[0], "height": HEIGHT}, color_scheme=theme)
            page.goto(f"{address(port, state.page)}{state.query}", timeout=PATIENCE)
            settle(page)
            state.act(page)
            for width in args.widths:
                page.set_viewport_size({"width": width, "height": HEIGHT})
                settle(page)
                path: Path = args.out / theme / str(width) / f"{state.page}-{state.name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                _whole(page, width)
                page.screenshot(path=path)
                yield path
            page.close()


def _whole(page: Page, width: int) -> None:
    """As high as what the page scrolls, so that nothing is cut off."""
    high = page.evaluate(
        "Math.max(900, ...[...document.querySelectorAll('[data-testid=stMain]')].map(m => m.scrollHeight))"
    )
    page.set_viewport_size({"width": width, "height": min(int(high), 8000)})
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main()
