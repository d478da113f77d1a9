"""A split scored in shards, on a Ray cluster or here. Each shard's lines are appended; a later call goes on from them.

scores/.test.partial.jsonl      {"row": 17, "file": "/data/a.mp4", "score": 0.93, "units": [{…}, …]}
                                {"row": 18, "file": "/data/b.mp4", "unusable": "no face found", "unreadable": false}
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from core.errors import BadInput, WorkbenchError
from core.runs.executors import ray_shards
from core.runs.executors.ray_shards import Done
from core.runs.folder import RunFolder
from core.training.learning import best_model
from core.training.learning.best_model import Loaded
from core.training.process.arithmetic import on_device
from core.training.process.ranks import Ranks, own_device
from core.training.reading.examples import Source, Unusable
from core.training.reading.inputs import Unit
from core.training.scoring.aggregation import Scored
from core.training.scoring.predict import Predicted, predict
from core.workspace import workspace

Line = dict[str, Any]


class Sharded:
    """`score_source` takes the place of core.training.rescore.score_source."""

    def __init__(
        self,
        folder: RunFolder,
        *,
        on_cluster: bool,
        resume: bool,
        shard: int = ray_shards.SHARD,
        cpus: int | None = None,
    ) -> None:
        if shard < 1:
            raise BadInput(f"--shard ({shard}) must be at least 1")
        self._folder, self._on_cluster, self._resume = folder, on_cluster, resume
        self._shard, self._cpus = shard, cpus

    def score_source(
        self, loaded: Loaded, source: Source, ranks: Ranks, workers: int, what: str
    ) -> Predicted:
        """Every sample's score, each once, however often workers were lost or the command was begun anew."""
        place = self._folder.path / "scores" / f".{quote(what, safe=' ')}.partial.jsonl"
        stamp = _stamp(self._folder.best_model)
        lines = _kept(place, source, stamp) if self._resume else {}
        if not lines:
            place.unlink(missing_ok=True)
        rows = [row for row in range(len(source.files)) if row not in lines]
        items = [[source.files[row], source.texts[row]] for row in rows]
        done = self._cluster(items) if self._on_cluster else self._here(items, loaded, ranks, workers)
        for one in done:
            fresh: list[Line] = [
                {"row": rows[k], "file": source.files[rows[k]], "of": stamp, **result}
                for k, result in zip(one.places, _results(one), strict=True)
            ]
            _append(place, fresh)
            lines |= {line["row"]: line for line in fresh}
        found = _predicted(lines)
        place.unlink(missing_ok=True)
        return found

    def _cluster(self, items: list[list[str]]) -> Iterator[Done]:
        return ray_shards.over_shards(
            "core.training.scoring.sharded:score_shard",
            items,
            space=workspace(),
            shard=self._shard,
            cpus=self._cpus,
            on_gpu=True,
            run=str(self._folder.path.absolute()),
        )

    def _here(self, items: list[list[str]], loaded: Loaded, ranks: Ranks, workers: int) -> Iterator[Done]:
        for start in range(0, len(items), self._shard):
            part = items[start : start + self._shard]
            results = _score(part, loaded, ranks, workers)
            yield Done(list(range(start, start + len(part))), results)


def score_shard(items: list[list[str]], *, run: str, cpus: int) -> list[Line]:
    """One shard, in a worker of the cluster."""
    ranks = Ranks(0, 1, own_device("auto"))
    return _score(items, best_model.load(RunFolder(Path(run)), ranks.device), ranks, max(0, cpus - 1))


def _score(items: Sequence[list[str]], loaded: Loaded, ranks: Ranks, workers: int) -> list[Line]:
    source = Source(
        files=[file for file, _ in items],
        labels=np.zeros(len(items), np.int64),
        texts=[text for _, text in items],
        domains=np.zeros(len(items), np.int64),
        recipe=loaded.recipe,
        space=workspace(),
        metadata=bool(getattr(loaded.network, "metadata_tensors", lambda _: None)([{}])),
    )
    network = on_device(loaded.network, ranks.device)
    found = predict(network, loaded.card, source, ranks, workers=workers, precision="auto")
    lines: dict[int, Line] = {
        u.sample: {"unusable": u.reason, "unreadable": u.unreadable} for u in found.unusable
    }
    for k, one in found.scored.items():
        units = [asdict(unit) for unit in one.units]
        lines[k] = {"score": one.score, "units": units, "present": list(found.present.get(k, ()))}
    return [lines[k] for k in range(len(items))]


def _results(one: Done) -> list[Line]:
    if one.lost is None:
        return one.results
    return [{"unusable": one.lost, "unreadable": True}] * len(one.places)


def _predicted(lines: dict[int, Line]) -> Predicted:
    scored: dict[int, Scored] = {}
    unusable: list[Unusable] = []
    present: dict[int, tuple[str, ...]] = {}
    for row, line in sorted(lines.items()):
        if "unusable" in line:
            unusable.append(Unusable(row, line["unusable"], line["unreadable"]))
            continue
        units = [Unit(**{**u, "box": tuple(u["box"]) if u["box"] else None}) for u in line["units"]]
        scored[row] = Scored(units, line["score"])
        if brought := line.get("present"):
            present[row] = tuple(brought)
    return Predicted(scored, unusable, present)


def _kept(place: Path, source: Source, stamp: str) -> dict[int, Line]:
    """Lines of the same weights and files; a torn last one is left out."""
    kept: dict[int, Line] = {}
    try:
        written = place.read_bytes().split(b"\n")
    # Nothing was scored yet.
    except FileNotFoundError:
        return kept
    for text in written:
        try:
            line = json.loads(text)
            row = line["row"]
            if line["of"] == stamp and source.files[row] == line["file"]:
                kept[row] = line
        # Torn by a kill: that sample is scored again.
        except (ValueError, KeyError, TypeError, IndexError):
            continue
    return kept


def _append(place: Path, lines: Sequence[Line]) -> None:
    """In one call; a line that a kill left torn before is closed first."""
    place.parent.mkdir(exist_ok=True)
    content = b"".join(b"\n" + json.dumps(line).encode() for line in lines) + b"\n"
    try:
        with place.open("ab", buffering=0) as file:
            file.write(content)
    except OSError as error:
        raise WorkbenchError(f"{place} cannot be written ({error.strerror})") from error


def _stamp(checkpoint: Path) -> str:
    status = os.stat(checkpoint)
    return f"{status.st_size}-{status.st_mtime_ns}"
