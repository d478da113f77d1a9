"""Many files: readers in processes of their own, forward passes that files share, each verdict as it is there.

    file ─▶ reader ─┐                    ┌─▶ verdict ─▶ heat maps ─▶ on_verdict
    file ─▶ reader ─┼─▶ pieces ─▶ a pass ┼─▶ verdict ─▶ heat maps ─▶ on_verdict
    file ─▶ reader ─┘                    └─▶ …

`on_verdict` hears them in the order in which they are reached; `run` gives them in the order of the files. A file that
kills its reader, or takes too long, costs its own entry: the next file gets a new reader. Which files share a pass
changes a score by less than 1e-5.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.detection.files import Given, seeming_kind
from core.detection.request import Request
from core.detection.verdict import Verdict
from core.errors import BadInput, MediaError, WorkbenchError
from core.media.limits import Limits
from core.media.recipe import Recipe
from core.media.sandbox import Sandbox, result_of
from core.memory import keep_freed
from core.startup import without_collection
from core.workspace import workspace

if TYPE_CHECKING:
    from core.detection.current_file import Media
    from core.detection.serving.reading import Wanted

AHEAD = 6  # files in hand for every reader: being read, waiting for a pass, or explained
IN_A_PASS = 2  # files for every reader at most; the rest is read meanwhile
KINDS = ("image", "video", "audio")
MOST_READERS = 256
READING = "core.detection.serving.reading"  # what the readers run: named, since it is never needed here


def readers_for(files: int, asked: int | None = None) -> int:
    """How many processes read: one a core, and no more than there are files."""
    if asked is not None and asked < 1:
        raise BadInput(f"--workers ({asked}) must be at least 1")
    return max(1, min(asked or os.cpu_count() or 1, files, MOST_READERS))


def run(
    files: Sequence[Given],
    request: Request,
    *,
    numbers: Sequence[int] | None = None,
    workers: int | None = None,
    on_verdict: Callable[[int, Verdict], None] = lambda _n, _verdict: None,
) -> list[Verdict]:
    """One verdict a file, in the order given. `on_verdict` gets each with its place as it comes. A named detector that
    cannot be opened raises before the first file is read. `numbers`: by which the files' pictures are named, where
    these files are a part of more.
    """
    if not files:
        return []
    found: dict[int, Verdict] = {}
    with _Pipeline(request, readers_for(len(files), workers)) as pipeline:
        for place, verdict in pipeline.judge(files, numbers or range(len(files))):
            found[place] = verdict
            on_verdict(place, verdict)
    return [found[place] for place in range(len(files))]


class _Pipeline:
    """The readers, the thread of the networks, and a thread for each file in hand."""

    def __init__(self, request: Request, readers: int) -> None:
        self._request = request
        self._readers = _Readers(readers)  # they start beside the imports and the weights
        try:
            with without_collection():
                from core.catalog import table
                from core.detection.detector import open_shared
                from core.detection.serving.passes import SharedPasses, passes_at_once

                keep_freed()
                named = open_shared(request.run) if request.run is not None else None
            self._recipes = _Recipes(dict.fromkeys(KINDS, named.recipe) if named else None)
            self._compares = bool(table.datasets()) or (named is not None and named.source.demo)
        except BaseException:
            self._readers.close()
            raise
        self._passes = SharedPasses(self._readers.idle_cores, IN_A_PASS * readers, passes_at_once(readers))
        self._ahead = AHEAD * readers
        self._pool = ThreadPoolExecutor(self._ahead, thread_name_prefix="file")
        self._stopped = False

    def __enter__(self) -> _Pipeline:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Where the work is broken off, files that wait are not judged first, and those in hand are let
        go."""
        if kind is not None:
            self._stopped = True
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._readers.close()
        self._pool.shutdown()
        self._passes.close()

    def judge(self, files: Sequence[Given], numbers: Sequence[int]) -> Iterator[tuple[int, Verdict]]:
        """Places and verdicts in the order in which they are reached."""
        threads = 1 if len(files) >= self._readers.count > 1 else 0
        waiting = iter(enumerate(zip(files, numbers, strict=True)))
        in_hand: dict[Future[Verdict], int] = {}
        while True:
            for place, (given, number) in waiting:
                in_hand[self._pool.submit(self._judge, given, number, threads)] = place
                if len(in_hand) >= self._ahead:
                    break
            if not in_hand:
                return
            for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                yield in_hand.pop(future), future.result()

    def _judge(self, given: Given, number: int, threads: int) -> Verdict:
        from core.detection.judgement import detect
        from core.detection.serving.reading import Wanted

        wanted = Wanted(
            recipes=self._recipes.of(given.path),
            facts=self._request.facts,
            frames=self._request.explain,
            fingerprint=self._compares,
            threads=threads,
        )
        reading = _Reading(self._readers, given.path, wanted)
        verdict = detect(
            given.path,
            given.shown,
            self._request,
            stem=f"{number:04d}",
            media=reading.media(),
            may_explain=lambda: not self._stopped,
            judge=self._passes.judge,
        )
        stages = {"read": reading.seconds, **verdict.stages} if verdict.stages else {}
        seconds = reading.seconds + verdict.seconds
        return replace(verdict, file=given.shown, seconds=seconds, stages=stages)


class _Readers:
    """Processes that decode, each one file at a time. They stay for the next list: starting them takes a
    second."""

    _sandbox = Sandbox(kept=MOST_READERS, imports=READING)

    def __init__(self, count: int) -> None:
        self.count = count
        self._sandbox.start(count)
        self._slots = threading.Semaphore(count)
        self._limits = Limits.from_settings()
        self._busy = 0
        self._closed = False
        self._guard = threading.Lock()

    def read(self, function: str, path: Path, *arguments: Any) -> tuple[Any, float]:
        """What the function gives, and for how many seconds it ran; it waits for a reader that is free."""
        with self._slots:
            if self._closed:
                raise MediaError(f"{path.name}: was not read; the work was broken off")
            start = time.perf_counter()
            self._count(1)
            try:
                # The readers stand in a folder of their own, so a relative path would mislead them.
                answer = self._sandbox.run(function, path.absolute(), *arguments, limits=self._limits)
            finally:
                self._count(-1)
            return answer, time.perf_counter() - start

    def _count(self, by: int) -> None:
        with self._guard:
            self._busy += by

    def idle_cores(self) -> int:
        return (os.cpu_count() or 1) - self._busy

    def close(self) -> None:
        self._closed = True
        self._sandbox.close()


class _Recipes:
    """How a file will be prepared: by the named detector's recipe, or by that of the default for what the file seems
    to be. That is a guess from its name; what it does not foresee is read when it is asked for.
    """

    def __init__(self, named: dict[str, Recipe] | None) -> None:
        self._named = named
        self._of_kind: dict[str, dict[str, Recipe]] = {}
        self._guard = threading.Lock()

    def of(self, path: Path) -> dict[str, Recipe]:
        if self._named is not None:
            return self._named
        kind = seeming_kind(path)
        if kind is None:
            return {}
        with self._guard:
            if kind not in self._of_kind:
                recipe = _default_recipe(kind)
                self._of_kind[kind] = {} if recipe is None else {kind: recipe}
            return self._of_kind[kind]


def _default_recipe(kind: str) -> Recipe | None:
    from core.detection import choice
    from core.detection.detector import open_shared

    for run in choice.defaults_for(kind, workspace()).values():
        if run is not None:
            try:
                return open_shared(run).recipe
            except WorkbenchError:  # the judgement says so, file by file
                return None
    return None


class _Reading:
    """One file, read at once; whatever nobody foresaw is read when it is asked for."""

    def __init__(self, readers: _Readers, path: Path, wanted: Wanted) -> None:
        self._readers, self._path, self._wanted = readers, path, wanted
        self.seconds = 0.0
        self._parts: dict[str, Any] = {}
        self._error: WorkbenchError | None = None
        function = f"{READING}:read"
        try:
            self._parts, self.seconds = readers.read(function, path, wanted.to_dict())
        except WorkbenchError as error:
            self._error = error

    def _read(self, function: str, *arguments: Any) -> Any:
        return self._readers.read(function, self._path, *arguments)[0]

    def media(self) -> Media:
        from core.detection.current_file import Media

        return Media(
            self._probe, self._prepare, self._frames, self._facts, self._fingerprint, self._subtitles
        )

    def _probe(self, _path: Path) -> Any:
        if self._error is not None:
            raise self._error
        return self._parts["info"]

    def _prepare(self, _path: Path, recipe: Recipe) -> Any:
        if self._wanted.recipes.get(self._parts["info"].kind) == recipe and "prepared" in self._parts:
            return result_of(self._parts["prepared"])
        self._parts.pop("frames", None)
        return self._read("core.media.prepare:prepare", recipe)

    def _frames(self, _path: Path, recipe: Recipe, kind: str) -> Any:
        if "frames" in self._parts:
            return result_of(self._parts["frames"])
        return self._read("core.detection.frames:choose_frames", recipe, kind)

    def _facts(self, _path: Path, info: Any) -> Any:
        if "facts" in self._parts:
            return result_of(self._parts["facts"])
        return self._read("core.detection.facts:read", info)

    def _fingerprint(self, _path: Path, kind: str) -> Any:
        if "fingerprint" in self._parts:
            return result_of(self._parts["fingerprint"])
        return self._read("core.detection.catalogue_copies:fingerprint", kind)

    def _subtitles(self, _path: Path) -> Any:
        return self._read("core.media.subtitles:read")
