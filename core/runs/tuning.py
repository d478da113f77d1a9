"""Tunings started from a page: `python -m core tune` in a process of its own; its trials are ordinary runs.

A tuning has a folder like a run's (config, status, log) under tuning/ in the workspace, watched the same way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.access import Person
from core.errors import BadInput
from core.runs import devices
from core.runs.executors.base import Poll
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder, Status, new_run
from core.runs.summaries import summary
from core.runs.supervise import Supervisor, claim, handle_of, settle_unwatched
from core.workspace import Workspace

MOST_TRIALS = 1000
_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[A-Za-z0-9_-]+")


def folder_of(space: Workspace) -> Path:
    return space.root / "tuning"


def start(config: Mapping[str, Any], trials: int, person: Person, space: Workspace) -> RunFolder:
    """Start a tuning now; its trials share the machine with the runs of the queue."""
    person.require_operator("start a tuning")
    if not 1 <= trials <= MOST_TRIALS:
        raise BadInput(f"trials ({trials}) must be from 1 to {MOST_TRIALS}")
    if running := [t for t in tunings(space) if _from_a_page(t) and not t.status().final]:
        raise BadInput(
            f"a search for better settings ({summary(running[0]).name}) is under way; stop it on the Runs page, or wait"
        )
    stem = re.sub(r"[^A-Za-z0-9]+", "_", str(config.get("model") or config.get("modality") or "net"))
    folder = folder_of(space) / f"{time.strftime('%Y%m%d-%H%M%S')}-{stem}"
    tuning = new_run(dict(config), path=folder)
    tuning.save_document("tuning", {"trials": trials})
    watch = claim(tuning)
    watch.take()
    tuning.set_status(state="running", started=time.time(), person=person.name, steps=trials)
    slots = devices.choose(str(config.get("device") or "auto"), 1, set()) or (devices.CPU,)
    Supervisor(tuning, _executor(space), watch, slots=slots, ended_well=_well(tuning)).start()
    return tuning


def _well(tuning: RunFolder) -> Callable[[Poll], bool]:
    """Whether it made all its trials: its exit status says so, else (adopted) what it wrote last."""

    def ended(poll: Poll) -> bool:
        if poll.code is not None:
            return poll.code == 0
        found = tuning.document("tuning") or {}
        return int(found.get("done") or 0) >= int(found.get("trials") or 1)

    return ended


def _from_a_page(tuning: RunFolder) -> bool:
    """The command line's tunings belong to their terminal; nobody watches them here."""
    return bool(tuning.status().person)


def tunings(space: Workspace) -> list[RunFolder]:
    """All tunings of the workspace, the latest first."""
    root = folder_of(space)
    names = (
        sorted((p.name for p in root.iterdir() if _NAME.fullmatch(p.name)), reverse=True)
        if root.is_dir()
        else []
    )
    return [RunFolder(root / name) for name in names]


def adopt(space: Workspace) -> None:
    """Watch tunings that an earlier server started; settle those whose process is gone."""
    executor = _executor(space)
    for tuning in tunings(space):
        if not _from_a_page(tuning) or tuning.status().state not in ("running", "stopping"):
            continue
        watch = claim(tuning)
        if not watch.take():
            continue
        handle = handle_of(tuning, tuning.status())
        if handle is not None and executor.poll(handle).alive:
            Supervisor(tuning, executor, watch, handle=handle, ended_well=_well(tuning)).start()
        else:
            settle_unwatched(tuning)
            watch.release()


def stop(name: str, person: Person, space: Workspace) -> Status:
    """End it after the trials that run now."""
    person.require_operator("stop a tuning")
    known = {tuning.id: tuning for tuning in tunings(space)}
    if name not in known:
        raise BadInput(f"there is no tuning {name!r}")
    return known[name].set_status(only_from=("running", "stopping"), state="stopping")


def _executor(space: Workspace) -> LocalExecutor:
    return LocalExecutor(space, _arguments)


def _arguments(tuning: RunFolder, resume: bool) -> list[str]:
    trials = (tuning.document("tuning") or {}).get("trials", 1)
    return ["-m", "core", "tune", str(tuning.config_file), "--trials", str(trials)]
