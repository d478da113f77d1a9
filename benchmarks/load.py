"""`python -m benchmarks.load [--minutes 5] [--sessions 30] [--small]`: analysts at work while a run trains.

A third of the sessions browse datasets, a third drag thresholds, a third upload pictures and wait for verdicts, all
through the server's own protocol. Looked at: errors, memory of the server and its detection process, reruns against
those of one session alone, and whether the run's weights and metrics are those of the same run without visitors.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks.visitors import ACTS, DEMO_PICTURES, Analyst, Visitor
from core.catalog import demo
from core.catalog.scan import scan
from core.memory import resident
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder, new_run, open_run
from core.workspace import CODE_ROOT, Workspace

SLOWER_AT_MOST = 4.0
GROWTH_AT_MOST = 0.10
LOOKS = (
    15.0  # seconds that an analyst looks before the next act, on average: to read a table, to see a verdict
)
ALONE = 8  # reruns of each kind by one session alone
CONFIG: dict[str, Any] = {
    "modality": "image",
    "model": "forensic_residual",
    "image_size": 192,
    "faces": False,
    "epochs": 3,
    "batch_size": 16,
    "protocol": "group",
    "seed": 3,
    "max_samples_per_class": 120,
    "name": "under load",
}
SMALL = {"epochs": 2, "image_size": 64, "max_samples_per_class": 40}
NOT_RESULTS = ("seconds", "minutes", "written", "provenance", "time", "when", "created")  # of metrics.json


@dataclass
class Load:
    """What came out."""

    sessions: int
    minutes: float
    looks: float = LOOKS
    reruns: int = 0
    wrong: list[str] = field(default_factory=list)
    alone_ms: dict[str, float] = field(default_factory=dict)
    loaded_ms: dict[str, float] = field(default_factory=dict)
    verdicts: list[float] = field(default_factory=list)  # seconds from sending a picture to its verdict
    server_cores: float = 0.0  # processor time of the server over time passed
    memory_mb: list[tuple[float, float]] = field(default_factory=list)  # seconds, megabytes
    runs: int = 0  # trained to the end meanwhile
    differing: list[str] = field(default_factory=list)

    @property
    def slower(self) -> dict[str, float]:
        return {page: self.loaded_ms[page] / self.alone_ms[page] for page in self.loaded_ms}

    @property
    def growth(self) -> float:
        """Of the last fifth over the fifth in the middle."""
        values = np.array([mb for _, mb in self.memory_mb])
        fifth = max(1, len(values) // 5)
        middle = values[len(values) // 2 - fifth // 2 :][:fifth]
        return float(np.median(values[-fifth:]) / np.median(middle) - 1)

    @property
    def holds(self) -> dict[str, bool]:
        return {
            "no error": not self.wrong,
            "memory reaches a plateau": self.growth <= GROWTH_AT_MOST,
            "reruns within 4 times": all(x <= SLOWER_AT_MOST for x in self.slower.values()),
            "the run's result is the same": self.runs > 0 and not self.differing,
        }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--looks", type=float, default=LOOKS, help="seconds before the next act, on average")
    parser.add_argument("--small", action="store_true", help="a smaller run to train beside it")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = load(Path(folder), args.sessions, args.minutes, looks=args.looks, small=args.small)
    print(json.dumps(document(found), indent=2) if args.json else words(found))
    return 0 if all(found.holds.values()) else 1


def load(folder: Path, sessions: int, minutes: float, *, looks: float = LOOKS, small: bool = False) -> Load:
    space = Workspace(folder / "workspace")
    config = {**CONFIG, **(SMALL if small else {})}
    demo.make(space.demo, workers=1)
    scan([space.demo], space=space)
    DEMO_PICTURES[:] = sorted((space.demo / "140k Real and Fake Faces").rglob("*.jpg"))
    config["datasets"] = ["140k Real and Fake Faces", "dfd_faces"]
    reference, trainer = new_run(config, space=space), Trainer(space)
    trainer.train(reference)
    if reference.status().state != "completed":
        raise RuntimeError(f"the reference run ended {reference.status().state}: {reference.status().error}")
    found = Load(sessions, minutes, looks)
    with served(space, folder / "server.log") as (port, server):
        for page in ACTS:
            found.alone_ms[page] = alone(port, page, found)
        crowd(found, port, server, trainer, config)
    for run in [p for p in space.runs.iterdir() if p != reference.path]:
        if open_run(run, space=space).status().state == "completed":
            found.runs += 1
            found.differing += differences(reference.path, run)
    return found


class Trainer(LocalExecutor):
    """Starts runs as the run manager does. One thread each, so that it adds up in the same order each
    time."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "OMP_NUM_THREADS": "1"}

    def start(self, run: RunFolder) -> str:
        return self.submit(run, resume=False, slots=(), processes=1)

    def train(self, run: RunFolder) -> None:
        handle = self.start(run)
        while self.poll(handle).alive:
            time.sleep(0.2)


@contextmanager
def served(space: Workspace, log: Path) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as written:
        command = [sys.executable, "-m", "dashboard", "--port", str(port)]
        # In a session of its own, as where it is started from a terminal.
        server = subprocess.Popen(
            command, cwd=CODE_ROOT, env=environment, stdout=written, stderr=written, start_new_session=True
        )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(30)


def alone(port: int, page: str, found: Load) -> float:
    """The median rerun in milliseconds where nobody else is there and nothing trains."""
    luck, seconds = random.Random(1), []
    with Visitor(port, page) as visitor:
        visitor.rerun()
        for k in range(ALONE + 2):  # the first two fill caches and start the detection process
            taken = ACTS[page](visitor, luck)
            seconds += [taken] if k > 1 else []
        found.wrong += visitor.wrong
    return 1000 * statistics.median(seconds)


def crowd(found: Load, port: int, server: psutil.Process, trainer: Trainer, config: dict[str, Any]) -> None:
    pages = list(ACTS)
    analysts = [Analyst(port, pages[k % len(pages)], k, found.looks) for k in range(found.sessions)]
    run = trainer.start(new_run(config, space=trainer.space))
    begun, used = time.monotonic(), busy(server)
    for one in analysts:
        one.start()
        time.sleep(min(0.3, found.minutes * 60 / 4 / len(analysts)))
    while (now := time.monotonic() - begun) < found.minutes * 60:
        found.memory_mb.append((round(now, 1), resident(server) / 1e6))
        if not trainer.poll(run).alive:  # the next one: something trains all the time
            run = trainer.start(new_run(config, space=trainer.space))
        time.sleep(1.0)
    found.server_cores = (busy(server) - used) / (time.monotonic() - begun)
    for one in analysts:
        one.over.set()
    for one in analysts:
        one.join(Visitor.patience + 60)
        found.wrong += one.wrong + ([f"{one.name} never came to an end"] if one.is_alive() else [])
        found.verdicts += one.verdicts
    while trainer.poll(run).alive:
        time.sleep(0.2)
    found.reruns = sum(len(one.seconds) for one in analysts)
    for page in pages:
        seconds = [s for one in analysts if one.page == page for s in one.seconds]
        if seconds:
            found.loaded_ms[page] = 1000 * statistics.median(seconds)


def busy(server: psutil.Process) -> float:
    """Seconds of processor time of the server itself."""
    times = server.cpu_times()
    return float(times.user + times.system)


def differences(reference: Path, run: Path) -> list[str]:
    """What of the weights and metrics is not the same to the last bit."""
    found = []
    first, second = (
        torch.load(p / "best_model.pth", weights_only=True)["state_dict"] for p in (reference, run)
    )
    found += [f"{run.name}: weights {k}" for k in first if not torch.equal(first[k], second[k])]
    a, b = (json.loads((p / "metrics.json").read_text()) for p in (reference, run))
    return found + [f"{run.name}: metrics {path}" for path in unequal(a, b)]


def unequal(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two documents differ, but for names of runs and times."""
    if isinstance(a, dict) and isinstance(b, dict):
        names = [n for n in sorted(set(a) | set(b)) if n not in ("run", *NOT_RESULTS)]
        return [line for n in names for line in unequal(a.get(n), b.get(n), f"{path}/{n}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            line for k, pair in enumerate(zip(a, b, strict=True)) for line in unequal(*pair, f"{path}/{k}")
        ]
    return [] if a == b else [path]


def document(found: Load) -> dict[str, Any]:
    return {
        "sessions": found.sessions,
        "looks": found.looks,
        "minutes": found.minutes,
        "acts": found.reruns,
        "alone_ms": {k: round(v, 1) for k, v in found.alone_ms.items()},
        "loaded_ms": {k: round(v, 1) for k, v in found.loaded_ms.items()},
        "slower": {k: round(v, 2) for k, v in found.slower.items()},
        "verdicts": {
            "came": len(found.verdicts),
            **{
                name: round(float(np.quantile(found.verdicts, share)), 1) if found.verdicts else None
                for name, share in (("median_s", 0.5), ("p90_s", 0.9), ("slowest_s", 1.0))
            },
        },
        "server_cores": round(found.server_cores, 2),
        "memory_mb": [round(found.memory_mb[int(k * (len(found.memory_mb) - 1) / 4)][1]) for k in range(5)],
        "growth": round(found.growth, 4),
        "runs": found.runs,
        "wrong": found.wrong[:20],
        "differing": found.differing[:20],
        "holds": found.holds,
    }


def words(found: Load) -> str:
    about = document(found)
    lines = [
        f"{found.sessions} sessions for {found.minutes:g} min beside training, {found.reruns:,} acts (one in {found.looks:g} s each)",
        "",
        "| page | one session alone, ms | under load, ms | times (at most 4) |",
        "|---|---|---|---|",
        *(
            f"| {p} | {found.alone_ms[p]:.0f} | {ms:.0f} | {found.slower[p]:.2f} |"
            for p, ms in found.loaded_ms.items()
        ),
        "",
        f"verdicts on pictures: {about['verdicts']['came']}, half of them within {about['verdicts']['median_s']} s, "
        f"nine in ten within {about['verdicts']['p90_s']} s; the server used {found.server_cores:.2f} of a processor",
        f"memory at five moments: {about['memory_mb']} MB, growth over the second half {found.growth:+.1%} (at most 10 %)",
        f"runs trained meanwhile: {found.runs}, differing from the one alone in {len(found.differing)} places",
        *(f"WRONG: {line}" for line in found.wrong[:20]),
        *(f"DIFFERS: {line}" for line in found.differing[:20]),
        *(f"{what}: {'holds' if held else 'does not hold'}" for what, held in found.holds.items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
