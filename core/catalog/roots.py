"""Data roots: the folders that the workbench scans, kept in settings.toml as `roots`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from core.access import LOCAL, Person
from core.errors import BadInput
from core.workspace import Workspace, workspace


def read(space: Workspace | None = None) -> list[Path]:
    """The data roots in the order they were added."""
    return [Path(str(root)) for root in (space or workspace()).settings().get("roots", [])]


def add(root: str | Path, person: Person = LOCAL, space: Workspace | None = None) -> Path:
    """Remember a folder as data root; only operators may name folders of this machine."""
    person.require_operator("add data folders")
    space = space or workspace()
    text = str(root).strip().strip("'\"")
    if not text:
        raise BadInput("give the path of a folder that holds datasets")
    path = Path(os.path.abspath(os.path.expanduser(text)))
    if not path.is_dir():
        raise BadInput(f"{text} is not a folder on this machine; give one that holds datasets as downloaded")
    if not os.access(path, os.R_OK | os.X_OK):
        raise BadInput(f"{text} cannot be read; grant read access to it or choose another folder")
    _change(space, lambda roots: roots if path in roots else [*roots, path])
    return path


def remove(root: Path, person: Person = LOCAL, space: Workspace | None = None) -> None:
    """Forget a data root; its media and what was catalogued of it stay."""
    person.require_operator("remove data folders")
    space = space or workspace()
    _change(space, lambda roots: [r for r in roots if r != Path(root)])


def _change(space: Workspace, change: Callable[[list[Path]], list[Path]]) -> None:
    space.change_settings(lambda settings: {**settings, "roots": [str(r) for r in change(read(space))]})
