"""What the fault benchmark works on: one workspace with a little data, its processes, and what was found
wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from core import audit
from core.workspace import CODE_ROOT, Workspace

PICTURES = 60
CONFIG = {
    "modality": "image",
    "datasets": ["faulty"],
    "model": "forensic_residual",
    "epochs": 3,
    "image_size": 64,
    "faces": False,
    "batch_size": 8,
    "protocol": "group",
    "seed": 1,
}


@dataclass
class Bench:
    """One workspace with a little data, and what was found wrong in it."""

    space: Workspace
    data: Path
    luck: random.Random
    wrong: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    full: dict[str, int] = field(default_factory=dict)  # what met a full disk, and how often
    wanted: int = 0  # kills of the kind under way
    run: str = ""  # a completed run, once there is one

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

    def interrupt(self, kind: str, code: str, what: Path | str, seconds: float) -> None:
        """Kill a loop somewhere in its work: the clock starts when it is warm. Several hits are worth its
        start."""
        ready = self.space.root / f"ready-{kind}"
        ready.unlink(missing_ok=True)
        process = self.start("-c", code, str(what), str(ready))
        wait_for(lambda: ready.exists() or process.poll() is not None, 600)
        self.check(process.poll() is None, f"the process of {kind} ended by itself with {process.returncode}")
        self.kill(kind, process, seconds)
        self.check_trail(kind)

    def check(self, holds: bool, message: str) -> None:
        if not holds:
            self.wrong.append(message)

    def check_trail(self, after: str) -> None:
        found = audit.verify(self.space)
        self.check(found.broken is None, f"after {after} line {found.broken} of the audit trail {found.why}")


def make_pictures(root: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(PICTURES):
        side = root / ("fake" if i % 2 else "real")
        side.mkdir(parents=True, exist_ok=True)
        pixels = rng.normal(128, 10 + 30 * (i % 2), (96, 96, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(side / f"{i}.png")


def wait_for(ready: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.2)
