"""events.jsonl: one line a measurement (time, step, epoch, name, value). Append-only; torn last lines are
skipped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Event:
    time: float  # Unix seconds
    step: int
    epoch: int  # from 1
    # E.g. step/loss, train/loss (of an epoch), val/auc, lr, throughput, data_wait, cpu, memory, gpu, gpu_memory.
    name: str
    value: float


def append(path: Path, step: int, epoch: int, values: Mapping[str, float], now: float | None = None) -> None:
    """Append the measurements in one write, so that readers see whole lines."""
    now = time.time() if now is None else now
    lines = [
        json.dumps({"time": round(now, 3), "step": step, "epoch": epoch, "name": name, "value": float(value)})
        for name, value in values.items()
        if math.isfinite(value)
    ]
    if lines:
        with path.open("ab") as file:
            file.write(("\n".join(lines) + "\n").encode())


def read(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """The events after byte `offset`, and the offset to go on from; only whole lines are taken."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    events: list[Event] = []
    for line in data[:end].splitlines():
        try:
            events.append(Event(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # a line torn by a crash, then written on by the resumed run
    return events, offset + end
