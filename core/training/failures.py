"""Why a training ended early, in words that say what to do."""

from __future__ import annotations

import logging
import sys
import time

from core.catalog.table import DataGone
from core.errors import WorkbenchError
from core.runs.folder import FolderGone, RunFolder
from core.runs.reasons import cause
from core.training.process.environment import is_same_file

log = logging.getLogger("core.training")


def folder_gone(folder: RunFolder) -> WorkbenchError | None:
    """Whatever could not be written could not because the run's folder was deleted meanwhile."""
    try:
        folder.require()
    except FolderGone as gone:
        return gone
    return None


def reader_ended(error: BaseException) -> WorkbenchError | None:
    """What PyTorch says where one of its reading processes was killed, in our words."""
    if not (isinstance(error, RuntimeError) and "DataLoader worker" in str(error)):
        return None
    return WorkbenchError(
        "a process that reads the data was ended from outside (killed, or out of memory); "
        "resume goes on from the last checkpoint, and fewer workers need less memory"
    )


def not_repeatable(error: BaseException) -> WorkbenchError | None:
    """A network with an operation that has no form that repeats itself on a GPU, in our words."""
    if not (isinstance(error, RuntimeError) and "does not have a deterministic implementation" in str(error)):
        return None
    operation = str(error).split(" does not have")[0]
    return WorkbenchError(
        f"deterministic: {operation} of this network has no form on a GPU that repeats itself; "
        "set deterministic: false, choose another network, or train on the CPU"
    )


def data_gone(error: BaseException) -> WorkbenchError | None:
    """A data folder that went away; from a reading process it comes wrapped in that one's traceback."""
    if not isinstance(error, DataGone):
        return None
    line = str(error).strip().splitlines()[-1].removeprefix(f"{DataGone.__module__}.{DataGone.__name__}: ")
    return WorkbenchError(f"{line}; resume goes on from the last checkpoint")


def reason_of(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted at the keyboard"
    return cause(error if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}")


def fail(folder: RunFolder, error: BaseException) -> None:
    """The status says why, in one line that tells the analyst what to do."""
    reason = reason_of(error)
    if isinstance(error, WorkbenchError):
        if "Traceback" in str(error):  # of a reading process, which hands it over as its message
            log.error("the run failed: %s", error)
    elif not isinstance(error, KeyboardInterrupt):
        log.error("the run failed", exc_info=error)
    if isinstance(error, FolderGone):
        log.error("%s", reason)
        folder.clear_remnants()
        return
    if not is_same_file(sys.stderr, folder):  # whoever started the worker prints the line there
        with folder.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {reason}\n")
    folder.set_status(state="failed", ended=time.time(), error=reason)
