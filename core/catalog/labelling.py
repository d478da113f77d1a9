"""From a recognised dataset to its sample table: whole folders and columns at a time, a batch after the other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from core.catalog.layouts.base import Labels, Part, normal
from core.catalog.problems import Problems
from core.catalog.table import SCHEMA
from core.catalog.task import Bundle, Task
from core.media.kinds import SHARD

BATCH = 65_536  # rows, so that memory stays flat
SHORT = 150  # rows of a run on average; for fewer an array of its own is dearer than spelling the rows out
CONSTANTS = ("label", "label_video", "label_audio", "method", "split", "identity", "text")
STRINGS = ("method", "split", "identity", "text")


@dataclass
class Tally:
    """What the batches held, counted while they pass."""

    counts: Counter[tuple[str | None, str, str | None, int | None]] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    def rows(self) -> list[dict[str, Any]]:
        keys = ("split", "modality", "method", "label")
        ordered = sorted(self.counts.items(), key=lambda item: tuple(str(v) for v in item[0]))
        return [dict(zip(keys, key, strict=True)) | {"n": n} for key, n in ordered]


def batches(task: Task, lists: Any, tally: Tally, problems: Problems) -> Iterator[pa.RecordBatch]:
    """The sample table of a dataset, batch by batch."""
    packed = [bundle for bundle in task.bundles if bundle.kind == SHARD]
    if packed:
        from core.catalog.shards import rows

        exact = rows.measure_task(task)
        for bundle in packed:
            yield from rows.batches(bundle, task, lists, tally, problems, exact)
    columns = Columns(task.name, task.layout.slug)
    for bundle in task.bundles:
        if bundle.kind == SHARD:
            continue
        for part, files in _parts(bundle, task):
            labels = task.layout.label(part, lists)
            columns.add(part, files, labels, tally)
            if columns.rows >= BATCH:
                yield columns.batch()
                columns = Columns(task.name, task.layout.slug)
    if columns.rows:
        yield columns.batch()


def _parts(bundle: Bundle, task: Task) -> Iterator[tuple[Part, tuple[np.ndarray, np.ndarray]]]:
    """The bundle as parts of at most one batch."""
    names = bundle.files.list()
    sizes = np.frombuffer(bundle.files.sizes, dtype=np.int64)
    times = np.frombuffer(bundle.files.times, dtype=np.int64)
    below = [p for p in bundle.folder[len(bundle.claimed) :].split("/") if p and normal(p) != "videos"]
    folder = bundle.folder[len(task.root.rstrip("/")) + 1 :]
    rule, facts = task.layout.rules[bundle.rule], dict(bundle.captures)
    for start in range(0, len(names), BATCH):
        end = start + BATCH
        part = Part(rule, facts, tuple(below), folder, bundle.kind, names[start:end])
        yield part, (sizes[start:end], times[start:end])


class Run(NamedTuple):
    """The same value for some rows, or one value each."""

    length: int
    value: Any
    values: list[Any] | None = None


class Columns:
    """One batch while it grows: runs of constant values are kept as runs."""

    def __init__(self, dataset: str, layout: str) -> None:
        self.dataset, self.layout = dataset, layout
        self.rows = 0
        self.runs: dict[str, list[Run]] = {name: [] for name in (*CONSTANTS, "modality", "meta", "segments")}
        self.paths: list[str] = []
        self.sizes: list[np.ndarray] = []
        self.times: list[np.ndarray] = []
        self.groups: list[Run] = []

    def add(self, part: Part, files: tuple[np.ndarray, np.ndarray], labels: Labels, tally: Tally) -> None:
        names: list[str] = part.names
        sizes, times = files
        values = {name: getattr(labels, name) for name in (*CONSTANTS, "meta", "segments", "groups")}
        if labels.keep is not None and not all(labels.keep):
            chosen = np.flatnonzero(labels.keep)
            names = [names[i] for i in chosen]
            sizes, times = sizes[chosen], times[chosen]
            values = {k: [v[i] for i in chosen] if isinstance(v, list) else v for k, v in values.items()}
            tally.ignored[labels.why] += labels.keep.count(False)
        n = len(names)
        if not n:
            return
        self.rows += n
        prefix = f"{part.folder}/" if part.folder else ""
        self.paths += [prefix + name for name in names] if prefix else names
        self.sizes.append(sizes)
        self.times.append(times)
        self.groups.append(_run(n, values.pop("groups") or ()))
        for name, value in values.items():
            self.runs[name].append(_run(n, value))
        self.runs["modality"].append(Run(n, part.kind))
        _count(tally, part, names, values)

    def batch(self) -> pa.RecordBatch:
        paths = pa.array(self.paths, pa.string())
        done: dict[str, pa.Array] = {
            "id": _prepend(f"{self.dataset}/", paths),
            "path": paths,
            "dataset": pa.repeat(self.dataset, self.rows),
            "layout": pa.repeat(self.layout, self.rows),
            "groups": _groups(self.groups),
            "bytes": pa.array(np.concatenate(self.sizes)),
            "mtime_ns": pa.array(np.concatenate(self.times)),
        }
        for name, runs in self.runs.items():
            if name == "meta":
                runs = [_as_json(run) for run in runs]
            done[name] = _column(runs, SCHEMA.field(name).type)
        return pa.RecordBatch.from_arrays([done[name] for name in SCHEMA.names], schema=SCHEMA)


def _prepend(prefix: str, array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(prefix, array, "")


def _run(n: int, value: Any) -> Run:
    if isinstance(value, list):
        if len(value) != n:
            raise ValueError(f"a column has {len(value)} values for {n} files")
        return Run(n, None, value)
    return Run(n, value)


def _column(runs: list[Run], kind: pa.DataType) -> pa.Array:
    """One array of all runs; long constant runs are never spelled out in Python."""
    total = sum(run.length for run in runs)
    if len(runs) * SHORT > total:
        return pa.array(chain.from_iterable(map(_spell, runs)), kind, size=total)
    arrays = []
    for (constant, value), near in groupby(runs, key=lambda run: (run.values is None, run.value)):
        if constant:
            arrays.append(pa.repeat(pa.scalar(value, kind), sum(run.length for run in near)))
        else:
            arrays += [pa.array(run.values, kind) for run in near]
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _spell(run: Run) -> list[Any]:
    return run.values if run.values is not None else [run.value] * run.length


def _as_json(run: Run) -> Run:
    if run.values is None:
        return Run(run.length, _json(run.value))
    return Run(run.length, None, [_json(value) for value in run.values])


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


def _groups(runs: list[Run]) -> pa.Array:
    rows = list(chain.from_iterable(map(_spell, runs)))
    offsets = np.zeros(len(rows) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, rows), dtype=np.int32, count=len(rows)), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(chain.from_iterable(rows), pa.string()))


def _count(tally: Tally, part: Part, names: list[str], values: dict[str, Any]) -> None:
    n = len(names)
    split, method, label = (values[name] for name in ("split", "method", "label"))
    if any(isinstance(value, list) for value in (split, method, label)):
        columns = [value if isinstance(value, list) else [value] * n for value in (split, method, label)]
        for (s, m, y), count in Counter(zip(*columns, strict=True)).items():
            tally.counts[s, part.kind, m, y] += count
    else:
        tally.counts[split, part.kind, method, label] += n
    endings = {name[name.rfind(".") + 1 :] for name in names}
    if len(endings) == 1:
        tally.formats[endings.pop().lower()] += n
    else:
        tally.formats.update(Counter([name[name.rfind(".") + 1 :].lower() for name in names]))
