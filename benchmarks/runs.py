"""`python -m benchmarks.runs`: what watching costs a training, how soon a curve shows, and how the list scales.

The worker has one core, the server and all sessions have another. Sessions are websockets without browsers.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.sessions import Session, Watcher
from core.access import LOCAL
from core.catalog.scan import scan
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.training.options.config import TrainConfig
from core.workspace import CODE_ROOT, Workspace

WATCHERS = 20
LIMITS = {"slower": 0.05, "page_ratio": 2.5, "first_point": 10.0, "list": 1.5, "refresh_kb": 100.0}
CONFIG = {
    "modality": "image",
    "datasets": ["bench"],
    "model": "mobilenetv3_small",
    "tune": "all",
    "epochs": 10_000,
    "early_stopping": None,
    "image_size": 64,
    "faces": False,
    "batch_size": 8,
    "workers": 0,
    "protocol": "group",
    "bootstrap": 20,
}


def pin(*cores: int) -> Callable[[], None]:
    """For a child process: stay on these cores."""
    return lambda: os.sched_setaffinity(0, set(cores))


def make_data(space: Workspace, pictures: int = 120) -> None:
    rng = np.random.default_rng(0)
    for label in ("real", "fake"):
        folder = space.root / "bench" / label
        folder.mkdir(parents=True)
        for number in range(pictures):
            Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(folder / f"{number}.png")
    scan([space.root / "bench"], space=space)


@contextmanager
def server(space: Workspace, core: int) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)],
        cwd=CODE_ROOT,
        env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=pin(core),
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def training(space: Workspace, core: int) -> Iterator[RunFolder]:
    """`python -m core train` on a core of its own."""
    run = new_run(TrainConfig.from_dict(CONFIG).to_dict(), space=space)
    with run.log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "train", "--run-dir", str(run.path)],
            cwd=CODE_ROOT,
            env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root), "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
            preexec_fn=pin(core),
        )
    try:
        yield run
    finally:
        process.kill()
        process.wait()


def first_point(run: RunFolder) -> None:
    while not any(e.name == "step/loss" for e in events.read(run.events_file)[0]):
        if run.status().final:
            raise RuntimeError(f"the training ended: {run.status().error}")
        time.sleep(0.05)


def pace(run: RunFolder, seconds: float) -> float:
    """Samples a second over a window, from the run's own events."""
    _, offset = events.read(run.events_file)
    time.sleep(seconds)
    values = [e.value for e in events.read(run.events_file, offset)[0] if e.name == "throughput"]
    return statistics.median(values) if values else float("nan")


def watching(
    space: Workspace, cores: tuple[int, int], sessions: int, seconds: float, rounds: int
) -> dict[str, Any]:
    """The same training watched and not, in turn, and a page's rerun meanwhile."""
    alone, watched, page_alone, page_watched, sizes = [], [], [], [], []
    with training(space, cores[0]) as run, server(space, cores[1]) as port, Session(port, "runs") as page:
        first_point(run)
        page.rerun()
        for _ in range(rounds):
            alone.append(pace(run, seconds))
            page_alone += [page.rerun() for _ in range(5)]
            watchers = [Watcher(port, "runs") for _ in range(sessions)]
            for watcher in watchers:
                watcher.start()
            time.sleep(3)
            watched.append(pace(run, seconds))
            page_watched += [page.rerun() for _ in range(5)]
            for watcher in watchers:
                watcher.leave()
            sizes += [size for watcher in watchers for size in watcher.sizes]
    slower = 1 - statistics.median(watched) / statistics.median(alone)
    ratio = statistics.median(page_watched) / statistics.median(page_alone)
    return {
        "samples_per_second": {"alone": alone, "watched": watched},
        "slower": slower,
        "page_seconds": {"alone": statistics.median(page_alone), "watched": statistics.median(page_watched)},
        "page_ratio": ratio,
        "refreshes": len(sizes),
        "refresh_kb": max(sizes, default=0) / 1000,
    }


def start_to_curve(space: Workspace, cores: tuple[int, int]) -> dict[str, float]:
    """From `start` to the first point on the chart, against the same command in a terminal."""
    began = time.monotonic()
    with training(space, cores[0]) as run:
        first_point(run)
        terminal = time.monotonic() - began
    run.set_status(state="stopped")
    with server(space, cores[1]) as port, Session(port, "runs") as page:
        page.rerun()
        manager = RunManager(space)
        began = time.monotonic()
        started = manager.submit(TrainConfig.from_dict(CONFIG).to_dict(), LOCAL)
        page.rerun()
        while started.id.encode() not in page.last or b'"train' not in _series(page.last):
            if started.status().final:
                raise RuntimeError(f"the training ended: {started.status().error}")
            time.sleep(0.5)
            page.rerun()
        on_page = time.monotonic() - began
        manager.stop(started.id, LOCAL)
        manager.join(started.id, 60)
        manager.close()
    return {"terminal": terminal, "page": on_page, "first_point": on_page - terminal}


def _series(message: bytes) -> bytes:
    """The part of what the page sent that the curves are drawn from."""
    place = message.find(b'"series"')
    return b'"train' if place >= 0 and b' train"' in message[place:] else b""


def many_runs(core: int, runs: int, points: int) -> dict[str, float]:
    """The Runs page with many finished runs against one of an empty workspace."""
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Workspace(Path(folder) / "empty"), Workspace(Path(folder) / "full")
        empty.root.mkdir()
        _fill(full, runs, points)
        return {"empty": _draw(empty, core), "full": _draw(full, core)}


def _fill(space: Workspace, runs: int, points: int) -> None:
    """The events are one file with many names: what counts is that every run has them."""
    master = space.root / "events.jsonl"
    master.parent.mkdir(parents=True)
    lines = [
        json.dumps({"time": 1e9 + k, "step": k, "epoch": k // 100 + 1, "name": "train/loss", "value": 1 / k})
        for k in range(1, points + 1)
    ]
    master.write_text("\n".join(lines) + "\n")
    config = TrainConfig.from_dict(CONFIG).to_dict()
    for number in range(runs):
        run = new_run(config, path=space.runs / f"20260101-{number:06d}-net", space=space)
        os.link(master, run.events_file)
        run.set_status(
            state="completed", created=1e9 + number, started=1e9, ended=1e9 + 60, epoch=10, best=0.9
        )
        run.save_document("metrics", {"learned_nothing": False})


def _draw(space: Workspace, core: int) -> float:
    """A first visit of the server, and then the median of new visitors; the slower of both counts."""
    with server(space, core) as port:
        with Session(port, "home"):
            pass
        times = []
        for _ in range(6):
            with Session(port, "runs") as visitor:
                times.append(visitor.rerun())
        return max(statistics.median(times), times[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=WATCHERS)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of one measured window")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    cores = (available[0], available[-1])
    os.sched_setaffinity(0, {cores[1]})
    with tempfile.TemporaryDirectory() as folder:
        space = Workspace(Path(folder) / "workspace")
        os.environ["DEEPFAKE_WORKSPACE"] = str(space.root)
        make_data(space)
        result: dict[str, Any] = {
            "watching": watching(space, cores, args.sessions, args.seconds, args.rounds),
            "start": start_to_curve(space, cores),
            "list": many_runs(cores[1], args.runs, args.points),
        }
    checks = {
        "slower": result["watching"]["slower"],
        "page_ratio": result["watching"]["page_ratio"],
        "refresh_kb": result["watching"]["refresh_kb"],
        "first_point": result["start"]["first_point"],
        "list": result["list"]["full"] - result["list"]["empty"],
    }
    result["checks"] = {
        k: {"measured": v, "limit": LIMITS[k], "ok": v <= LIMITS[k]} for k, v in checks.items()
    }
    print(json.dumps(result) if args.json else _table(result, args))
    return 0 if all(check["ok"] for check in result["checks"].values()) else 1


def _table(result: dict[str, Any], args: argparse.Namespace) -> str:
    words = {
        "slower": f"training slowed by {args.sessions} watching sessions (share)",
        "page_ratio": "a page's rerun meanwhile, times that of the page alone",
        "refresh_kb": "largest refresh (kB)",
        "first_point": "start to first point, more than in a terminal (s)",
        "list": f"Runs page with {args.runs:,} runs of {args.points:,} points, more than an empty one (s)",
    }
    lines = [f"{'':<75} {'measured':>9} {'at most':>8}"]
    for name, check in result["checks"].items():
        lines.append(
            f"{words[name]:<75} {check['measured']:>9.3f} {check['limit']:>8.2f} {'ok' if check['ok'] else 'NO'}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
