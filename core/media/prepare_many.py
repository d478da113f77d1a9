"""Many files prepared side by side, with what there is to say of it meanwhile: how many, how fast, how long yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from core.errors import WorkbenchError
from core.media import cache, sandbox
from core.media.limits import Limits
from core.media.recipe import Recipe
from core.workspace import Workspace

AHEAD = 4  # files handed out for every worker
TRIED = 8  # files whose entries tell how large all will be
LOOK = 0.5  # seconds between two looks at whether it shall stop

Asked = tuple[Recipe, str]


def missing(files: Iterable[Asked], space: Workspace) -> list[Asked]:
    """Those that the cache lacks; what cannot be opened is left to whoever reads it."""
    found = []
    for recipe, file in files:
        try:
            if not cache.is_kept(file, recipe, space):
                found.append((recipe, file))
        # Preparing the file reports what is wrong with it.
        except WorkbenchError:
            continue
    return found


def tried_first(files: list[Asked]) -> list[Asked]:
    """A few from all over the list, which tell what the others will need."""
    few = min(TRIED, len(files))
    return [files[k * len(files) // few] for k in range(few)]


def too_large(files: list[Asked], all_files: int, space: Workspace) -> str:
    """Why so many prepared files do not go into the cache, judged by those of `files` that are there; else empty."""
    sizes = []
    for recipe, file in files:
        try:
            sizes.append(cache.entry_path(Path(file), recipe, space).stat().st_size)
        # Not prepared, so it has no size to judge by.
        except (OSError, WorkbenchError):
            continue
    needed = all_files * sum(sizes) / len(sizes) if sizes else 0.0
    bound = Limits.from_settings(space).cache_bytes
    if needed <= bound * cache.SWEEP_TO:
        return ""
    return (
        f"{all_files:,} prepared files need about {needed / 1e9:,.1f} GB and the cache may hold {bound / 1e9:,.1f} GB; "
        f"set cache_bytes = {round(needed * 1.3):_} in settings.toml, [limits]"
    )


def fill(
    files: Sequence[Asked], workers: int, space: Workspace, stop: Callable[[], bool] = lambda: False
) -> Iterator[tuple[int, dict[str, Any] | WorkbenchError]]:
    """Prepare files in processes of their own, one decoder thread each: the place of each file as it is done, with what it gave.

    Where it is asked to stop, files that are being decoded are given up.
    """
    pool, box = ThreadPoolExecutor(workers), sandbox.Sandbox(kept=workers)
    running: dict[Future[dict[str, Any]], int] = {}
    waiting = iter(enumerate(files))
    try:
        while True:
            for place, (recipe, file) in waiting:
                running[pool.submit(_fill, box, file, recipe, space)] = place
                if len(running) >= workers * AHEAD:
                    break
            if not running:
                return
            done = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED).done
            if stop():
                return
            for future in done:
                place = running.pop(future)
                try:
                    yield place, future.result()
                except WorkbenchError as error:
                    yield place, error
    finally:
        for future in running:
            future.cancel()
        box.close()
        pool.shutdown(wait=True)


def _fill(box: sandbox.Sandbox, file: str, recipe: Recipe, space: Workspace) -> dict[str, Any]:
    answer: dict[str, Any] = box.run(cache.fill, file, recipe, space, threads=1)
    return answer
