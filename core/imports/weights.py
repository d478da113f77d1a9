"""Files of weights that the workbench can use: what for, how large, whose, from where, and whether they are here."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.access import LOCAL, Person
from core.errors import BadInput
from core.imports import weights_on_disk
from core.imports.fetching import Progress, Wanted, fetch, sum_of
from core.imports.known_weights import KNOWN, Weights
from core.locks import hold
from core.media.faces import yunet_file
from core.workspace import Workspace, workspace

NOT_STATED = "checksum not known; printed after download"


def list_weights(space: Workspace | None = None) -> list[dict[str, Any]]:
    """Every known file, as the command prints it."""
    space = space or workspace()
    states = [(one, state_of_known(one, space)) for one in KNOWN]
    return [{**_plain(one), "here": state == "here", "state": state} for one, state in states]


def _plain(one: Weights) -> dict[str, Any]:
    values = asdict(one)
    begins = values.pop("begins")
    checksum = one.sha256 or (f"begins with {begins}, as its publishers named it" if begins else NOT_STATED)
    named = {"name": values.pop("name"), "for": values.pop("purpose"), **values}
    return {**named, "parts": list(one.parts), "checksum": checksum}


def state_of_known(one: Weights, space: Workspace) -> str:
    """Of YuNet any edition counts: the workbench takes the latest that lies there."""
    edition = yunet_file(space) if "yunet" in one.name else None
    if edition is not None and edition.name != one.name:
        return "here"
    return weights_on_disk.state_of(one, space)


def list_known(name: str) -> Weights:
    for one in KNOWN:
        if name in (one.name, Path(one.name).stem):
            return one
    raise BadInput(f"unknown weights {name!r}; known are {', '.join(one.name for one in KNOWN)}")


def get(
    name: str,
    *,
    person: Person = LOCAL,
    space: Workspace | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fetch into the workspace's folder of weights, whole and with the right sum or not at all."""
    person.require_operator("fetch weights")
    space, one = space or workspace(), list_known(name)
    path = space.weights / one.name
    space.weights.mkdir(parents=True, exist_ok=True)
    with hold(space.weights / ".lock"):
        if one.parts:
            _get_folder(one, path, progress)
        elif not _is_whole(one, path):
            size = one.bytes if one.exact else None
            fetch(Wanted(one.name, one.source, size, one.sha256, one.begins), path, progress)
    return path


def _is_whole(one: Weights, path: Path) -> bool:
    if not path.is_file():
        return False
    found = sum_of(path)
    return found == one.sha256 if one.sha256 else found.startswith(one.begins)


def _get_folder(one: Weights, path: Path, progress: Progress) -> None:
    """Every part beside its place, then the folder in one step."""
    if all((path / part).is_file() for part in one.parts):
        return
    made = path.with_name(f".{path.name}.parts")
    for part in one.parts:
        place = made / part
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_file():
            fetch(Wanted(f"{one.name}/{part}", one.source + part), place, progress)
    shutil.rmtree(path, ignore_errors=True)
    os.replace(made, path)
