"""The model cards for pages: asked of the command in a process of its own (torch stays out of the server), kept on disk."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import Any

from core.errors import WorkbenchError, one_line
from core.workspace import CODE_ROOT, Workspace, workspace, write_json

Card = dict[str, Any]


def code_version() -> str:
    """Changes whenever a file of models/ does."""
    digest = hashlib.sha256()
    for path in sorted((CODE_ROOT / "models").rglob("*.py")):
        found = path.stat()
        digest.update(f"{path.relative_to(CODE_ROOT)} {found.st_mtime_ns} {found.st_size}\n".encode())
    return digest.hexdigest()[:16]


def read_cached_cards(space: Workspace | None = None) -> list[Card] | None:
    """The cards if this version of the code was asked before."""
    path = (space or workspace()).cache / f"models-{code_version()}.json"
    try:
        return list(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def cards(space: Workspace | None = None) -> list[Card]:
    """All cards; takes some seconds the first time."""
    space = space or workspace()
    found = read_cached_cards(space)
    if found is not None:
        return found
    done = subprocess.run(
        [sys.executable, "-m", "core", "models", "--json"],
        cwd=CODE_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WorkbenchError(f"the models cannot be listed: {one_line(done.stderr)[-300:]}")
    found = list(json.loads(done.stdout))
    for old in space.cache.glob("models-*.json"):
        old.unlink(missing_ok=True)
    write_json(space.cache / f"models-{code_version()}.json", found)
    return found
