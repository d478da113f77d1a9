"""Making the demo datasets on all processors, the same for the same seed."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from core.catalog.demo import MARKER, is_demo
from core.catalog.demo.clips import clip_sets
from core.catalog.demo.job import DemoSet, run
from core.catalog.demo.pictures import picture_sets
from core.catalog.demo.recordings import sound_sets
from core.catalog.demo.talking import talking_sets
from core.children import end_with_parent
from core.errors import BadInput, WorkbenchError

NOTICE = (
    "Demo data: drawn and synthesised by the workbench as a small edition of {name}.\n"
    "Nobody in it exists. It shows how the workbench works and says nothing about real forgeries.\n"
)

Progress = Callable[[int, int, str], None]


class Cancelled(WorkbenchError):
    """Somebody asked to stop."""


def demo_sets() -> list[DemoSet]:
    return [*clip_sets(), *talking_sets(), *picture_sets(), *sound_sets()]


def make(
    root: Path,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Make every demo dataset under `root`; an earlier demo there is replaced, anything else is left alone."""
    begin = time.perf_counter()
    root = root.expanduser().absolute()
    sets = demo_sets()
    _clear(root, sets)
    total = sum(s.samples for s in sets)
    done = 0
    # Fresh processes: a server with threads of its own must not be forked.
    context = multiprocessing.get_context("spawn")
    workers = workers or max(1, min(8, len(os.sched_getaffinity(0))))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        try:
            pending = [pool.submit(run, root, s.folder, seed, job) for s in sets for job in s.jobs]
            for future in as_completed(pending):
                done += future.result()
                if progress:
                    progress(done, total, "making demo media")
                if cancelled and cancelled():
                    raise Cancelled(
                        "the demo was cancelled; what was made so far stays and the next demo replaces it"
                    )
        except BaseException as error:
            pool.shutdown(cancel_futures=True)
            if not isinstance(error, Cancelled):
                _remove(root, sets)
            raise
    return {
        "root": str(root),
        "datasets": [{"name": s.name, "folder": str(root / s.folder), "samples": s.samples} for s in sets],
        "seconds": round(time.perf_counter() - begin, 1),
        "bytes": sum(p.stat().st_size for p in root.rglob("*") if p.is_file()),
    }


def _clear(root: Path, sets: list[DemoSet]) -> None:
    if root.exists() and not root.is_dir():
        raise BadInput(f"{root} is a file; give a folder for the demo datasets")
    foreign = [root / s.folder for s in sets if (root / s.folder).exists() and not is_demo(root / s.folder)]
    if foreign:
        raise BadInput(f"{foreign[0]} exists and is no demo data; choose another folder with --root")
    for s in sets:
        folder = root / s.folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / MARKER).write_text(NOTICE.format(name=s.name), encoding="utf-8")
        for name, text in s.documents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def _remove(root: Path, sets: list[DemoSet]) -> None:
    """Half a demo is of no use, and on a full disk it is in the way."""
    for s in sets:
        shutil.rmtree(root / s.folder, ignore_errors=True)
    if root.is_dir() and not any(root.iterdir()):
        root.rmdir()


def _one_thread() -> None:
    """Each process uses one processor, or they stand in each other's way; and it goes with the one that asked."""
    import cv2

    end_with_parent()
    cv2.setNumThreads(1)
