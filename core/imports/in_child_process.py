"""Importing and measuring in a process of their own: pages stay without torch, and a hostile file ends with its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.access import Person
from core.child_process import outlast
from core.errors import BadInput, WorkbenchError
from core.imports import store
from core.workspace import CODE_ROOT, Workspace

FIELDS = {
    "choose another with --name": "choose another one under “Name”",
    "say it with --fake LABEL": "write it under “The label that means fake”",
}


def import_in_child(
    source: str,
    name: str,
    family: str,
    fake: str,
    person: Person,
    space: Workspace,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """What `python -m core import` says; empty words leave an option out."""
    person.require_operator("import a detector")
    text = source.strip().strip("'\"")
    if not text or not Path(text).expanduser().exists():
        raise BadInput(f"there is no {text or 'file'} on this machine; name a file or folder of weights")
    options = [("--name", name.strip()), ("--as", family), ("--fake", fake.strip())]
    given = [f"{option}={value}" for option, value in options if value]
    return _run(["import", *given, "--", text], space, cancelled, "nothing was imported")


def measure_in_child(
    name: str,
    datasets: Sequence[str],
    person: Person,
    space: Workspace,
    cancelled: Callable[[], bool] = lambda: False,
    on_line: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """What `python -m core evaluate NAME --dataset …` says; how far it is it says in lines."""
    person.require_operator("measure a detector")
    if not datasets:
        raise BadInput("choose at least one labelled dataset to measure it on")
    folder = store.folder_of(name, space)
    asked = ["evaluate", str(folder.path), *(f"--dataset={one}" for one in datasets)]
    return _run(asked, space, cancelled, "what was measured before stays", on_line)


def _run(
    arguments: Sequence[str],
    space: Workspace,
    cancelled: Callable[[], bool],
    left: str,
    on_line: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    verb, *rest = arguments
    process = subprocess.Popen(
        [sys.executable, "-m", "core", verb, "--json", *rest],
        cwd=CODE_ROOT,
        env=_environment(space),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output, errors = outlast(process, cancelled, on_line)
    if process.returncode and cancelled():
        raise WorkbenchError(f"it was cancelled; {left}")
    if process.returncode:
        lines = errors.strip().splitlines()
        raise BadInput(_on_page(lines[-1]) if lines else f"{verb} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output)
    return found


def _on_page(message: str) -> str:
    """Options of the command are fields there."""
    for option, field in FIELDS.items():
        message = message.replace(option, field)
    return message


def _environment(space: Workspace) -> dict[str, str]:
    return {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
