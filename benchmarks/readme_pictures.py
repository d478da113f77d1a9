"""python -m benchmarks.readme_pictures: the pictures of README.md, taken anew.

The demo is made, three detectors are trained on it as a new user would, and each page is photographed with what they
left: nothing on the pictures is arranged.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.chromium import PATIENCE, address, chromium, settle
from benchmarks.first_detectors import FIRST, command
from benchmarks.runs import server
from core.workspace import CODE_ROOT, Workspace
from tests.e2e.page_acts import do, press, until_judged, wait_for
from tests.e2e.page_states import State

PICTURES = CODE_ROOT / "docs" / "screenshots"
WIDTH = 1280
HEIGHTS = {
    "home": 900,
    "datasets": 1000,
    "train": 1000,
    "runs": 1100,
    "thresholds": 1000,
    "detect": 1300,
    "compare": 1100,
}
TRAINED = {
    "residuals": {"name": "Residuals of faces", "modality": "image", **FIRST["image"]},
    "small": {"name": "MobileNetV3", "modality": "image", **FIRST["image"], "model": "mobilenetv3_small"},
    "frames": {"name": "Frames of clips", "modality": "video", **FIRST["video"]},
}

WITH_RUNS = {"runs", "thresholds", "detect", "compare"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder (default: docs/screenshots)")
    parser.add_argument("--only", nargs="*", choices=sorted(HEIGHTS), help="these pages (default: all)")
    args = parser.parse_args()
    wanted = args.only or list(HEIGHTS)
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="readme-pictures-") as folder:
        command(Path(folder), "demo")
        needed = TRAINED if set(wanted) & WITH_RUNS else {}
        runs = {what: _train(Path(folder), settings) for what, settings in needed.items()}
        space = Workspace(Path(folder) / "workspace")
        with server(space, max(os.sched_getaffinity(0))) as port, chromium() as browser:
            for state in (s for s in _states(runs) if s.page in wanted):
                _photograph(browser, port, state, args.out / f"{state.page}.png")


def _train(folder: Path, settings: dict[str, object]) -> str:
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    seconds, result = command(folder, "train", *given)
    print(f"{settings['name']}: trained in {seconds:.0f} s", flush=True)
    return str(result["run"])


def _states(runs: dict[str, str]) -> list[State]:
    shown = {what: runs.get(what, "") for what in TRAINED}
    return [
        State("home", "full"),
        State("datasets", "full", "?dataset=Celeb-DF-v2"),
        State("train", "full", act=wait_for("of memory")),
        State("runs", "full", f"?run={shown['residuals']}"),
        State("thresholds", "full", f"?run={shown['residuals']}"),
        State("detect", "full", act=do(press("^Clip, fake"), until_judged)),
        State("compare", "full", f"?runs={shown['residuals']},{shown['small']}"),
    ]


def _photograph(browser: Browser, port: int, state: State, path: Path) -> None:
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHTS[state.page]},
        color_scheme="light",
        reduced_motion="reduce",
    )
    try:
        page.goto(f"{address(port, state.page)}{state.query}", timeout=PATIENCE)
        settle(page)
        state.act(page)
        settle(page)
        page.screenshot(path=path)
        print(path, flush=True)
    finally:
        page.close()


if __name__ == "__main__":
    main()
