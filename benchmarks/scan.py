"""python -m benchmarks.scan: how long a scan takes against `find` on the same tree, and how much memory.

Makes a tree of 20 datasets in a temporary folder, then lets find and scan take turns: a first scan into an empty
workspace, and a second one with nothing changed. One find runs before them and is not counted, so that all of them
meet the same warm cache of folders.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.scan_tree import DATASETS, make_tree
from core.memory import resident

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak: int  # bytes, with all child processes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000, help="files in the tree (default 1,000,000)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="turns of find, first and second scan (default 3)"
    )
    parser.add_argument("--folder", type=Path, help="where to make the tree (default: a temporary folder)")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="scan-benchmark-", dir=args.folder))
    try:
        began = time.perf_counter()
        count = make_tree(folder / "tree", args.files)
        print(f"{count:,} files in {len(DATASETS)} datasets, made in {time.perf_counter() - began:.0f} s\n")
        find(folder)  # nobody shall pay for the first look at the tree
        print("find ran once before, uncounted: every turn below meets the tree in memory\n")
        report([turn(folder) for _ in range(args.rounds)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def turn(folder: Path) -> tuple[Measured, Measured, Measured, Measured]:
    """find, first scan, find again, second scan."""
    workspace = folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    return find(folder), scan(folder, workspace), find(folder), scan(folder, workspace)


def find(folder: Path) -> Measured:
    with (folder / "found.txt").open("wb") as out:
        return measured(
            ["find", str(folder / "tree"), "-type", "f", "-printf", "%s %T@ %p\\n"],
            out.fileno(),
            dict(os.environ),
        )


def scan(folder: Path, workspace: Path) -> Measured:
    with (folder / "scan.json").open("wb") as out:
        env = {**os.environ, "DEEPFAKE_WORKSPACE": str(workspace), "PYTHONPATH": str(CODE)}
        return measured(
            [sys.executable, "-m", "core", "scan", str(folder / "tree"), "--json"], out.fileno(), env
        )


def measured(command: list[str], out: int, env: dict[str, str]) -> Measured:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=out, env=env)
    peaks: list[int] = [0]
    watcher = threading.Thread(target=_watch, args=(process, peaks))
    watcher.start()
    status = process.wait()
    seconds = time.perf_counter() - began
    watcher.join()
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return Measured(seconds, max(peaks))


def _watch(process: subprocess.Popen[bytes], peaks: list[int]) -> None:
    """The largest memory of the process with its children, looked at 20 times a second."""
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):  # it ended while it was looked at
            peaks.append(resident(psutil.Process(process.pid)))
        time.sleep(0.05)


def report(turns: list[tuple[Measured, Measured, Measured, Measured]]) -> None:
    print(
        f"{'round':<6} {'find':>8} {'first scan':>11} {'ratio':>6} {'find':>8} {'second scan':>12} {'ratio':>6} {'memory':>9}"
    )
    for i, (find_1, first, find_2, second) in enumerate(turns, 1):
        peak = max(first.peak, second.peak) / 1e6
        print(
            f"{i:<6} {find_1.seconds:>6.2f} s {first.seconds:>9.2f} s {first.seconds / find_1.seconds:>6.2f} "
            f"{find_2.seconds:>6.2f} s {second.seconds:>10.2f} s {second.seconds / find_2.seconds:>6.2f} {peak:>6.0f} MB"
        )
    ratios = [sorted(turn[k].seconds / turn[k - 1].seconds for turn in turns) for k in (1, 3)]
    to_find = [some[len(some) // 2] for some in ratios]
    slower = sorted(turn[3].seconds / turn[1].seconds for turn in turns)[len(turns) // 2]
    memory = max(taken.peak for turn in turns for taken in turn) / 1e6
    print(
        f"\n{'':<34} {'measured':>9} {'aim':>13}\n"
        f"{'first scan / find (median)':<34} {to_find[0]:>9.2f} {'at most 2':>13}\n"
        f"{'second scan / find (median)':<34} {to_find[1]:>9.2f} {'at most 2':>13}\n"
        f"{'second scan / first scan (median)':<34} {slower:>9.2f} {'at most 1':>13}\n"
        f"{'memory with all processes':<34} {memory:>6.0f} MB {'1,500 MB':>13}"
    )


if __name__ == "__main__":
    main()
