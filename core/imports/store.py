"""Imported detectors in the workspace: `detectors/<name>/`, a folder like a run's with `detector.json` in it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import audit
from core.access import Person
from core.errors import BadInput
from core.locks import hold
from core.runs.folder import RunFolder
from core.workspace import CODE_ROOT, Workspace, workspace

NAME = re.compile(r"\w[\w .()-]{0,99}")


@dataclass(frozen=True)
class Imported:
    """One imported detector as lists show it."""

    name: str
    about: dict[str, Any]  # detector.json

    @property
    def measured(self) -> dict[str, Any] | None:
        found = self.about.get("measured")
        return found if isinstance(found, dict) else None

    @property
    def modality(self) -> str:
        return str(self.about.get("modality") or "")


@dataclass(frozen=True)
class Damaged:
    """A folder of a detector whose detector.json cannot be read."""

    name: str
    why: str

    @property
    def words(self) -> str:
        return (
            f"The detector “{self.name}” cannot be used, because its file detector.json cannot be read ({self.why}). "
            "Delete the detector and import it again."
        )


def list_imported(space: Workspace | None = None) -> list[Imported]:
    """By name; `list_damaged` has those that cannot be read."""
    return [found for found in _list_folders(space) if isinstance(found, Imported)]


def list_damaged(space: Workspace | None = None) -> list[Damaged]:
    """The others, by name."""
    return [found for found in _list_folders(space) if isinstance(found, Damaged)]


def _list_folders(space: Workspace | None) -> list[Imported | Damaged]:
    root = (space or workspace()).detectors
    found: list[Imported | Damaged] = []
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            about = RunFolder(path).imported
        except BadInput as error:
            cause = error.__cause__
            closed = isinstance(cause, OSError) and cause.strerror
            found.append(Damaged(path.name, closed or "the file is damaged"))
            continue
        if about is not None:
            found.append(Imported(path.name, about))
    return found


def folder_of(name: str, space: Workspace | None = None) -> RunFolder:
    path = (space or workspace()).detectors / check_name(name)
    if not path.is_dir():
        known = ", ".join(one.name for one in list_imported(space)) or "none yet"
        raise BadInput(f"there is no imported detector {name!r}; there are {known}")
    return RunFolder(path)


def check_name(name: str) -> str:
    if not NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise BadInput(
            f"name {name!r} must be letters, digits, spaces, dots, dashes or underscores, at most 100"
        )
    return name


def free_place(name: str, space: Workspace, how: str = " with --name") -> Path:
    """Where a detector of this name goes; a name that a run or another detector has is refused."""
    check_name(name)
    for taken in (space.detectors / name, space.runs / name):
        if taken.exists():
            raise BadInput(f"the name {name!r} is taken; choose another{how}")
    return space.detectors / name


def rename(name: str, new: str, person: Person, space: Workspace | None = None) -> None:
    """Also where it is a default of settings.toml."""
    person.require_operator("rename a detector")
    space = space or workspace()
    with hold(space.root / ".detectors.lock"):
        old, place = folder_of(name, space), free_place(new, space, "")
        about, config = old.imported, old.config()
        old.path.rename(place)
        renamed = RunFolder(place)
        renamed.save_document("detector", {**(about or {}), "detector": new})
        renamed.save_config({**config, "name": new})
    _change_defaults(space, name, new)
    audit.record(person, "rename detector", name, space, new=new)


def delete(name: str, person: Person, space: Workspace | None = None) -> None:
    """Remove it and what was measured of it; it is no default any more."""
    person.require_operator("delete a detector")
    space = space or workspace()
    with hold(space.root / ".detectors.lock"):
        path = folder_of(name, space).path
        grave = path.with_name(f".deleted-{path.name}")
        path.rename(grave)  # one step, so that no list ever shows half a detector
    if grave.is_symlink():
        grave.unlink()  # what it points to stays: it lies elsewhere
    else:
        shutil.rmtree(grave)
    _change_defaults(space, name, None)
    audit.record(person, "delete detector", name, space)


def _change_defaults(space: Workspace, name: str, new: str | None) -> None:
    def change(settings: dict[str, Any]) -> dict[str, Any]:
        kept = {m: new if run == name else run for m, run in settings.get("detectors", {}).items()}
        return {**settings, "detectors": {m: run for m, run in kept.items() if run is not None}}

    if name in space.settings().get("detectors", {}).values():
        space.change_settings(change)


def families() -> list[str]:
    """The families that are known, read without importing them (they bring torch)."""
    found = []
    for path in sorted((CODE_ROOT / "models" / "published").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = re.search(r'^    name = "(\w+)"', text, re.MULTILINE)
        if name is not None and re.search(r"^FAMILY = ", text, re.MULTILINE):
            found.append(name[1])
    return found
