"""The cards of all networks for pages and commands, without torch.

models/cards.json holds those that the tree brings (`python .ci/cards.py` writes it, a test keeps it true). A network in
a file of somebody's own, dropped into models/ or a folder of DEEPFAKE_MODELS, is asked of the command in a process of
its own, once, and kept in the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import WorkbenchError, one_line
from core.workspace import CODE_ROOT, Workspace, workspace, write_json

Card = dict[str, Any]
NETWORKS = CODE_ROOT / "models"
STORED = NETWORKS / "cards.json"
FOLDERS_VARIABLE = "DEEPFAKE_MODELS"  # as models.registry reads it


def stored() -> list[Card]:
    """The networks that the tree brings."""
    return list(_table(STORED.stat().st_mtime_ns)["cards"])


@lru_cache(maxsize=2)
def _table(changed: int) -> dict[str, Any]:
    del changed  # part of the key only: pages ask again and again
    return dict(json.loads(STORED.read_text(encoding="utf-8")))


def network_files() -> list[str]:
    """The files of models/ that register a network."""
    files = (path for path in sorted(NETWORKS.rglob("*.py")) if path.name != "registry.py")
    return [p.relative_to(NETWORKS).as_posix() for p in files if _registers(p, p.stat().st_mtime_ns)]


@lru_cache(maxsize=1024)
def _registers(path: Path, changed: int) -> bool:
    del changed
    return b"register(" in path.read_bytes()


def further_files() -> list[Path]:
    """Files with networks of which the stored table knows nothing."""
    known = set(_table(STORED.stat().st_mtime_ns)["files"])
    found = [NETWORKS / name for name in network_files() if name not in known]
    for folder in filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)):
        found += sorted(Path(folder).glob("*.py"))
    return found


def cards(space: Workspace | None = None) -> list[Card]:
    """All cards that are known at once: the tree's, and those of further files that were asked before."""
    asked = _cached(space or workspace(), further_files())
    return stored() if asked is None else asked


def incomplete(space: Workspace | None = None) -> bool:
    """Whether there are further files that must still be asked."""
    further = further_files()
    return bool(further) and _cached(space or workspace(), further) is None


def look_up(space: Workspace | None = None) -> list[Card]:
    """Ask the further files; takes some seconds."""
    space = space or workspace()
    further = further_files()
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
    write_json(_place(space, further), found)
    return found


def _cached(space: Workspace, further: list[Path]) -> list[Card] | None:
    if not further:
        return None
    try:
        return list(json.loads(_place(space, further).read_text(encoding="utf-8")))
    # None yet, or damaged: it is written anew.
    except (OSError, ValueError):
        return None


def _place(space: Workspace, further: list[Path]) -> Path:
    digest = hashlib.sha256(STORED.read_bytes())
    for path in further:
        status = path.stat()
        digest.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode("utf-8", "surrogateescape"))
    return space.cache / f"models-{digest.hexdigest()[:16]}.json"
