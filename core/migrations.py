"""The version of a workspace, and the steps that bring an older one up to date. Nothing is deleted that
cannot be made again."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable

from core import temporary
from core.errors import BadInput
from core.locks import hold
from core.workspace import Workspace, workspace, write_atomic

log = logging.getLogger(__name__)

FILE = "version"
CURRENT = 2
FIRST = 1  # workspaces of 0.1.0 carried no version


def version_of(space: Workspace) -> int | None:
    """The version on disk; None where the folder is not there or empty."""
    path = space.root / FILE
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return (
            FIRST if space.settings_file.exists() or space.runs.exists() or space.catalog.exists() else None
        )
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error}); it holds the workspace's version") from error
    if not (text.isascii() and text.isdigit()):
        raise BadInput(
            f"{path} holds {text[:20]!r} and no number; write {CURRENT} into it if this is a workspace"
        )
    return int(text)


def open_workspace(space: Workspace | None = None) -> Workspace:
    """The workspace, brought up to date; refused where a newer program wrote it. Asked once at each start."""
    space = space or workspace()
    temporary.sweep(space)
    found = version_of(space)
    if found is not None and found > CURRENT:
        raise BadInput(
            f"{space.root} was written by a newer workbench (workspace version {found}, this program knows {CURRENT}); "
            "update the program, or name another folder with DEEPFAKE_WORKSPACE"
        )
    if found is not None and found < CURRENT:
        try:
            _migrate(space)
        except OSError as error:  # somebody else's, or read-only: it is read as it is
            log.info("%s stays at version %d (%s)", space.root, found, error)
    return space


def _migrate(space: Workspace) -> None:
    with hold(space.root / f".{FILE}.lock"):
        found = version_of(space) or FIRST
        for step in range(found, CURRENT):
            STEPS[step](space)
        write_atomic(space.root / FILE, f"{CURRENT}\n")


def _from_1(space: Workspace) -> None:
    """What detectors know of their files moved from the cache into the run folders, where it is made anew."""
    shutil.rmtree(space.cache / "reference", ignore_errors=True)


STEPS: dict[int, Callable[[Workspace], None]] = {1: _from_1}
