"""`python -m benchmarks.faults`: kill servers and workers at random, then look for anything that was lost or half-written.

Each kill hits a real process in the middle of a scan, a cache fill, a save of operating points, a run, or the dashboard
while its run goes on. After it the workspace must read as before or as after, never as something between.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.sessions import Session
from core.access import LOCAL
from core.catalog import table
from core.catalog.scan import scan
from core.media.cache import entries, read
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.thresholds import operating_point
from core.workspace import CODE_ROOT, Workspace

PICTURES = 60
CONFIG = {
    "modality": "image", "datasets": ["faulty"], "model": "forensic_residual", "epochs": 3, "image_size": 64,
    "faces": False, "batch_size": 8, "protocol": "group", "seed": 1,
}  # fmt: skip
SHARES = {"save": 0.4, "cache": 0.2, "scan": 0.2, "run": 0.14, "server": 0.06}  # of all kills
# Each says when it is warm, then does one thing again and again until it is killed in the middle.
SAVER = """
import sys
from core.access import LOCAL
from core.thresholds.operating_point import OperatingPoint, history, save
open(sys.argv[2], "w").close()
while True:
    point = OperatingPoint(len(history(sys.argv[1])) / 1e4, "by hand", "val")
    save(sys.argv[1], point, LOCAL)
"""
SCANNER = """
import os, sys
from pathlib import Path
from core.catalog.scan import scan
picture = next(Path(sys.argv[1]).rglob("*.png"))
open(sys.argv[2], "w").close()
while True:
    os.utime(picture)  # changed, so that the catalogue is written anew
    scan([Path(sys.argv[1])])
"""
FILLER = """
import shutil, sys
from core.cli import main
from core.workspace import workspace
main(["prepare", sys.argv[1]])
open(sys.argv[2], "w").close()
while True:
    shutil.rmtree(workspace().cache, ignore_errors=True)
    main(["prepare", sys.argv[1]])
"""


@dataclass
class Bench:
    """One workspace with a little data, and what was found wrong in it."""

    space: Workspace
    data: Path
    luck: random.Random
    wrong: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    wanted: int = 0  # kills of the kind under way

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(self.space.root), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CODE_ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, kind: str, process: subprocess.Popen[bytes], seconds: float) -> None:
        """SIGKILL to the whole group after a random part of `seconds`; one that ended before was not hit."""
        try:
            process.wait(self.luck.uniform(0.0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.kills[kind] = self.kills.get(kind, 0) + 1

    def interrupt(self, kind: str, code: str, what: Path, seconds: float) -> None:
        """Kill one of the loops above somewhere in its work: the clock starts when it is warm."""
        ready = self.space.root / f"ready-{kind}"
        ready.unlink(missing_ok=True)
        process = self.start("-c", code, str(what), str(ready))
        wait_for(lambda: ready.exists() or process.poll() is not None, 300)
        self.check(process.poll() is None, f"the process of {kind} ended by itself with {process.returncode}")
        self.kill(kind, process, seconds)

    def check(self, holds: bool, message: str) -> None:
        if not holds:
            self.wrong.append(message)


def make_pictures(root: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(PICTURES):
        side = root / ("fake" if i % 2 else "real")
        side.mkdir(parents=True, exist_ok=True)
        pixels = rng.normal(128, 10 + 30 * (i % 2), (96, 96, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(side / f"{i}.png")


def fault_save(bench: Bench) -> None:
    run = bench.space.runs / "saved"
    if not run.exists():
        new_run({"model": "none"}, path=run)
    before = len(operating_point.history(run))
    bench.interrupt("save", SAVER, run, 0.5)
    points = operating_point.history(run)
    bench.check(len(points) >= before, "operating points were lost")
    values = [round((p.threshold or 0) * 1e4) for p in reversed(points)]
    bench.check(values == list(range(len(values))), "the history of operating points has a gap")


def fault_scan(bench: Bench) -> None:
    bench.interrupt("scan", SCANNER, bench.data, 1.0)
    names = table.datasets(bench.space)
    bench.check(names == ["faulty"], f"the catalogue holds {names} after a killed scan")
    bench.check(
        len(table.load(["faulty"], bench.space)) == PICTURES, "a killed scan left a part of a catalogue"
    )


def fault_cache(bench: Bench) -> None:
    config = bench.space.root / "prepare.yaml"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    bench.interrupt("cache", FILLER, config, 1.5)
    for _, _, path in entries(bench.space):
        bench.check(read(path) is not None, f"{path.name} in the cache is damaged")


def fault_run(bench: Bench) -> None:
    """Kill the worker again and again until the run is through; it must end complete, its files whole."""
    folder = new_run(CONFIG, space=bench.space)
    for attempt in range(30):
        arguments = ["-m", "core", "train", "--run-dir", str(folder.path)]
        process = bench.start(*arguments, *(["--resume"] if attempt else []))
        if bench.kills.get("run", 0) < bench.wanted:
            bench.kill("run", process, 25.0)
        else:
            process.wait()
        check_run_files(bench, folder)
        if folder.status().state == "completed":
            break
    bench.check(folder.status().state == "completed", f"run {folder.id} ended {folder.status().state}")


def check_run_files(bench: Bench, folder: RunFolder) -> None:
    for path in folder.path.rglob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            bench.check(False, f"{path.name} of run {folder.id} is half-written")


def fault_server(bench: Bench) -> None:
    """Kill a dashboard while its run goes on; a manager that comes after must adopt it and settle the right state."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    manager = RunManager(bench.space, keep=False)
    folder = manager.submit(CONFIG, LOCAL)
    manager.close()
    server = bench.start("-m", "dashboard", "--port", str(port))
    wait_for(lambda: answers(port), 300)
    with Session(port, "runs") as visitor:
        visitor.rerun()  # the first page starts what waits in the queue
    wait_for(lambda: folder.status().state != "queued", 300)
    bench.kill("server", server, 20.0)
    after = RunManager(bench.space)
    wait_for(lambda: folder.status().final, 900)
    after.close()
    bench.check(
        folder.status().state == "completed", f"after a killed server the run is {folder.status().state}"
    )


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            return True
    except OSError:
        return False


def wait_for(ready: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.2)


FAULTS = {
    "save": fault_save,
    "scan": fault_scan,
    "cache": fault_cache,
    "run": fault_run,
    "server": fault_server,
}


def bombard(kills: int, seed: int, root: Path) -> Bench:
    os.environ["DEEPFAKE_WORKSPACE"] = str(root / "workspace")
    bench = Bench(Workspace(root / "workspace"), root / "data" / "faulty", random.Random(seed))
    make_pictures(bench.data)
    scan([bench.data], space=bench.space)
    for kind, share in SHARES.items():
        bench.wanted = max(1, round(kills * share))
        for attempt in range(10 * bench.wanted):
            if bench.kills.get(kind, 0) >= bench.wanted:
                break
            FAULTS[kind](bench)
            print(
                f"{kind}: {bench.kills.get(kind, 0)}/{bench.wanted} kills after {attempt + 1} attempts",
                file=sys.stderr,
            )
    return bench


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = bombard(args.kills, args.seed, Path(folder))
    print("\n".join(f"{kind:<8} {n:>4} kills" for kind, n in bench.kills.items()))
    missing = args.kills - sum(bench.kills.values())
    if missing > 0:
        bench.wrong.append(f"{missing} of {args.kills} kills hit nothing: processes ended before them")
    print(
        "\n".join(f"WRONG: {line}" for line in bench.wrong)
        or "nothing lost, nothing half-written, no wrong state"
    )
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
