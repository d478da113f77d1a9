"""What a training will cost, measured in a process of its own so that the server neither waits nor loads
torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.access import LOCAL, Person
from core.child_process import outlast
from core.errors import WorkbenchError, one_line
from core.workspace import CODE_ROOT, Workspace


@dataclass(frozen=True)
class Estimate:
    seconds: float
    epoch_seconds: float | None
    preparing_seconds: float
    memory_mb: float
    gpu_memory_mb: float | None
    device: str  # the card's name, or the CPU
    precision: str
    trained_how: str = ""  # size, batch, accumulation, precision as they will be


def estimate(
    config: Mapping[str, Any],
    space: Workspace,
    cancelled: Callable[[], bool] = lambda: False,
    person: Person = LOCAL,
) -> Estimate:
    """Measure a few steps of this configuration; takes half a minute."""
    person.require_operator("measure a training")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "estimate", str(path), "--json"],
            cwd=CODE_ROOT,
            env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root.absolute())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        output, errors = outlast(process, cancelled)
    if process.returncode:
        reason = one_line(
            (errors or "").strip().splitlines()[-1] if (errors or "").strip() else "it was ended"
        )
        raise WorkbenchError(f"the estimate failed: {reason[-300:]}")
    document = json.loads(output)
    return Estimate(
        seconds=document["seconds"],
        epoch_seconds=document["epoch_seconds"],
        preparing_seconds=document["preparing_seconds"],
        memory_mb=document["memory_mb"],
        gpu_memory_mb=document.get("gpu_memory_mb"),
        trained_how=str(document.get("trained_how", "")),
        device=document["device"],
        precision=document["precision"],
    )
