"""From shards to batches of the sample table, columns at a time: a million rows cost little more than reading them."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.catalog.layouts.base import FAKE, SPLIT_WORDS, Labels, Part, normal, split_of
from core.catalog.problems import Problems
from core.catalog.shards import archives, tables
from core.catalog.shards.columns import Said
from core.catalog.shards.sets import ShardSet
from core.catalog.table import SCHEMA
from core.catalog.task import Bundle, Task

if TYPE_CHECKING:
    from core.catalog.labelling import Tally

BATCH = 65_536
AHEAD = 2  # shards that are read while one is written
Item = tuple[str, int]
_SPLIT = re.compile(r"(train|training|test|testing|val|valid|validation|dev|eval)(?=[\W_\d]|$)")


@dataclass(frozen=True)
class Rows:
    """Rows of one shard and kind: which, what is said of them, their bytes."""

    kind: str
    numbers: pa.Array  # int64: rows in the shard
    said: Said
    bytes: pa.Array


@dataclass
class _Prepared:
    """One shard, read."""

    name: str
    mtime_ns: int
    parts: list[tuple[Rows, pa.Table | None]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    formats: Counter[str] = field(default_factory=Counter)


def measure_task(task: Task) -> bool:
    """Whether all Parquet media of the dataset together are few enough to be measured row by row."""
    total = 0
    for bundle in task.bundles:
        for name in bundle.files.list() if bundle.kind == "shard" else ():
            if name.lower().endswith(".parquet"):
                total += tables.media_bytes(Path(bundle.folder, name))
            if total > tables.MEASURED:
                return False
    return True


def batches(
    bundle: Bundle, task: Task, lists: Any, tally: Tally, problems: Problems, exact: bool
) -> Iterator[pa.RecordBatch]:
    """The samples in the shards of one folder; the next shards are read while one is written."""
    times = np.frombuffer(bundle.files.times, dtype=np.int64).tolist()
    alone = isinstance(task.layout, ShardSet)  # no layout has a word in it

    def prepare(item: tuple[str, int]) -> _Prepared:
        name, mtime_ns = item
        made = _Prepared(name, mtime_ns)
        for rows in _read(Path(bundle.folder, name), task, made, exact):
            table = _table(rows, bundle, name, mtime_ns, task, None) if alone else None
            made.parts.append((rows, table))
        return made

    for made in _ahead(prepare, list(zip(bundle.files.list(), times, strict=True))):
        problems.merge(made.problems)
        tally.formats.update(made.formats)
        for rows, table in made.parts:
            if table is None:
                labels = _by_layout(rows, bundle, made.name, task, lists)
                table = _table(rows, bundle, made.name, made.mtime_ns, task, labels)
            else:
                cast(ShardSet, task.layout).numbers += rows.said.numbers
            _count(table, rows.kind, tally)
            yield from table.to_batches(max_chunksize=BATCH)


def _ahead(each: Callable[[Item], _Prepared], items: Sequence[Item]) -> Iterator[_Prepared]:
    """`each` of every item, in order; a few are made ahead by threads, which Arrow lets run beside each other."""
    with ThreadPoolExecutor(AHEAD) as pool:
        waiting = deque(pool.submit(each, item) for item in items[:AHEAD])
        for number in range(len(items)):
            made = waiting.popleft().result()
            if number + AHEAD < len(items):
                waiting.append(pool.submit(each, items[number + AHEAD]))
            yield made


def _read(path: Path, task: Task, made: _Prepared, exact: bool) -> Iterator[Rows]:
    one_is = getattr(task.layout, "one_is", FAKE)
    problems = made.problems
    if path.suffix.lower() == ".parquet":
        found = tables.read(path, one_is, exact, problems)
        if found is not None:
            kind, said, sizes = found
            rows = _with_media(Rows(kind, pa.array(np.arange(said.rows)), said, sizes), path, problems)
            made.formats["parquet"] += rows.said.rows
            yield rows
        return
    packed = archives.read(path, one_is, problems)
    if packed is None:
        return
    members, kinds, said = packed
    made.formats.update(archives.formats(members))
    for number, (kind, at) in enumerate(kinds.items()):
        chosen = pa.array(at, pa.int64())
        part = _rows_of(said, chosen, 0 if number else said.numbers)
        yield Rows(kind, chosen, part, pa.array([members[i].bytes for i in at], pa.int64()))


def _rows_of(said: Said, chosen: pa.Array, numbers: int) -> Said:
    columns = {k: pc.take(said.get(k, v.type), chosen) for k, v in said.columns.items()}
    return Said(len(chosen), columns, numbers)


def _with_media(rows: Rows, path: Path, problems: Problems) -> Rows:
    """The rows without those that hold no bytes: they are problems, not samples."""
    empty = np.flatnonzero(np.asarray(rows.bytes) == 0)
    if not len(empty):
        return rows
    problems.add("empty row", f"{path}#{rows.numbers[int(empty[0])]}", count=len(empty))
    chosen = pa.array(np.flatnonzero(np.asarray(rows.bytes)))
    said = _rows_of(rows.said, chosen, rows.said.numbers)
    return Rows(rows.kind, pc.take(rows.numbers, chosen), said, pc.take(rows.bytes, chosen))


def _by_layout(rows: Rows, bundle: Bundle, name: str, task: Task, lists: Any) -> Labels | None:
    """What a layout's rule says of the folder; a set of shards alone says nothing."""
    if isinstance(task.layout, ShardSet):
        return None
    numbers = rows.numbers.to_pylist()
    own = rows.said.get("name", pa.string()).to_pylist()
    below = tuple(p for p in bundle.folder[len(bundle.claimed) :].split("/") if p and normal(p) != "videos")
    part = Part(
        task.layout.rules[bundle.rule],
        dict(bundle.captures),
        below,
        bundle.folder[len(task.root.rstrip("/")) + 1 :],
        rows.kind,
        [f"{name}#{i}" for i in numbers],
        [str(n or i) for n, i in zip(own, numbers, strict=True)],
    )
    return task.layout.label(part, lists)


def _table(
    rows: Rows, bundle: Bundle, name: str, mtime_ns: int, task: Task, labels: Labels | None
) -> pa.Table:
    n, said = rows.said.rows, rows.said
    folder = bundle.folder[len(task.root.rstrip("/")) + 1 :]
    prefix = f"{folder}/{name}#" if folder else f"{name}#"
    paths = _prepend(prefix, rows.numbers.cast(pa.string()))
    done: dict[str, pa.Array] = {
        "id": _prepend(f"{task.name}/", paths),
        "path": paths,
        "dataset": pa.repeat(task.name, n),
        "layout": pa.repeat(task.layout.slug, n),
        "modality": pa.repeat(rows.kind, n),
        "groups": _groups(said),
        "meta": _meta(said),
        "bytes": rows.bytes,
        "mtime_ns": pa.array(np.full(n, mtime_ns, np.int64)),
    }
    for column in ("label", "method", "split", "identity", "text"):
        done[column] = said.get(column, SCHEMA.field(column).type)
    done["split"] = pc.coalesce(done["split"], pa.scalar(_split(name, folder), pa.string()))
    if labels is not None:
        _override(done, labels, n)
    for column in ("label_video", "label_audio", "segments"):
        done.setdefault(column, pa.nulls(n, SCHEMA.field(column).type))
    return pa.Table.from_arrays([done[c] for c in SCHEMA.names], schema=SCHEMA)


def _prepend(prefix: str, array: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, array, "")


def _split(name: str, folder: str) -> str | None:
    """By the shard's name (`train-00000-of-00100.parquet`), else by the folders on the way."""
    match = _SPLIT.match(normal(name))
    if match:
        return SPLIT_WORDS[match[1]]
    return next((found for part in reversed(folder.split("/")) if (found := split_of(part))), None)


def _override(done: dict[str, pa.Array], labels: Labels, n: int) -> None:
    """What the layout states comes first; the shard's own columns fill the rest."""
    for column in ("label", "method", "split", "identity", "text"):
        value = getattr(labels, column)
        if value is None:
            continue
        kind = SCHEMA.field(column).type
        stated = pa.array(value, kind) if isinstance(value, list) else pa.repeat(pa.scalar(value, kind), n)
        done[column] = pc.coalesce(stated, done[column])
    if labels.groups:
        groups = labels.groups if isinstance(labels.groups, list) else [labels.groups] * n
        done["groups"] = pa.array([list(keys) for keys in groups], SCHEMA.field("groups").type)


def _groups(said: Said) -> pa.Array:
    """The keys `identity:…` and `original:…` of each row."""
    keys = [
        _prepend(f"{what}:", said.get(what, pa.string()))
        for what in ("identity", "original")
        if what in said.columns
    ]
    if not keys:
        offsets = pa.array(np.zeros(said.rows + 1, np.int32))
        return pa.ListArray.from_arrays(offsets, pa.array([], pa.string()))
    lengths = sum(np.asarray(k.is_valid()).astype(np.int32) for k in keys)
    offsets = np.zeros(said.rows + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    flat = keys[0].drop_null() if len(keys) == 1 else _interleave(keys)
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def _interleave(keys: list[pa.Array]) -> pa.Array:
    rows = zip(*(k.to_pylist() for k in keys), strict=True)
    return pa.array([key for row in rows for key in row if key is not None], pa.string())


def _meta(said: Said) -> pa.Array:
    """The name that the file had, as JSON."""
    names = said.get("name", pa.string())
    if "name" not in said.columns:
        return pa.nulls(said.rows, pa.string())
    if pc.any(pc.match_substring_regex(names, r'[\x00-\x1f"\\]')).as_py():
        values = [
            None if v is None else json.dumps({"name": v}, ensure_ascii=False) for v in names.to_pylist()
        ]
        return pa.array(values, pa.string())
    return pc.binary_join_element_wise('{"name": "', names, '"}', "")


def _count(table: pa.Table, kind: str, tally: Tally) -> None:
    grouped = table.select(["split", "method", "label"]).group_by(["split", "method", "label"])
    for row in grouped.aggregate([([], "count_all")]).to_pylist():
        tally.counts[row["split"], kind, row["method"], row["label"]] += row["count_all"]
