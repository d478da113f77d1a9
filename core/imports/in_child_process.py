"""Importing and measuring in a process of their own: pages stay without torch, and a hostile file ends with its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.access import Person
from core.errors import BadInput
from core.imports import store
from core.workspace import CODE_ROOT, Workspace


def import_in_child(
    source: str, name: str, family: str, fake: str, person: Person, space: Workspace
) -> dict[str, Any]:
    """What `python -m core import` says; empty words leave an option out."""
    person.require_operator("import a detector")
    text = source.strip().strip("'\"")
    if not text or not Path(text).expanduser().exists():
        raise BadInput(f"there is no {text or 'file'} on this machine; name a file or folder of weights")
    options = [("--name", name.strip()), ("--as", family), ("--fake", fake.strip())]
    given = [f"{option}={value}" for option, value in options if value]
    return _run(["import", *given, "--", text], space)


def measure_in_child(name: str, datasets: Sequence[str], person: Person, space: Workspace) -> dict[str, Any]:
    """What `python -m core evaluate NAME --dataset …` says."""
    person.require_operator("measure a detector")
    if not datasets:
        raise BadInput("choose at least one labelled dataset to measure it on")
    folder = store.folder_of(name, space)
    return _run(["evaluate", str(folder.path), *(f"--dataset={one}" for one in datasets)], space)


def _run(arguments: Sequence[str], space: Workspace) -> dict[str, Any]:
    verb, *rest = arguments
    done = subprocess.run(
        [sys.executable, "-m", "core", verb, "--json", *rest],
        cwd=CODE_ROOT,
        env=_environment(space),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BadInput(lines[-1] if lines else f"{verb} ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _environment(space: Workspace) -> dict[str, str]:
    return {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
