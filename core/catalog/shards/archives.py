"""One tar shard as rows of the sample table; in WebDataset form the files of one key describe each other."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.catalog.layouts.base import class_of, split_in
from core.catalog.problems import Problems
from core.catalog.shards.columns import Said, choose_columns, read_columns
from core.errors import MediaError
from core.media.shards.tar import FAILURES, SMALL, Archive, Member

DESCRIBING = ("json", "cls", "txt")
MOST_DESCRIBED = 2 << 30  # bytes of describing members in one archive


Described = dict[str, dict[str, Any]]  # by the key of the member: column and value
Unused = dict[str, tuple[str, int]]  # why members are not used: the first of them, how many

LOOKED_AT = 1000  # members of an archive that tell whether it is a shard
DECOMPRESSED = 64 << 20  # bytes of a compressed one that are looked at


def holds_media(path: Path, labelled: bool) -> bool:
    """Whether the archive is a shard: media that its other members or its folders describe.

    Without any of that it is a packed download, perhaps of what lies unpacked beside it; `labelled`: the folder
    that it lies in says what is in it.
    """
    first = _first(path)
    described = any(_ending(member.name) in ("json", "cls") for member in first)
    stated = any(_label_of(member.name) is not None for member in first)
    return any(member.kind for member in first) and (labelled or described or stated)


def _first(path: Path) -> list[Member]:
    """The first members; of a damaged archive those before the damage, which `read` reports."""
    found: list[Member] = []
    with contextlib.suppress(MediaError, *FAILURES), Archive(path) as archive:
        for member in archive.members():
            found.append(member)
            far = archive.compressed and member.offset + member.bytes > DECOMPRESSED
            if far or len(found) == LOOKED_AT:
                break
    return found


def _label_of(name: str) -> int | None:
    """The label that the innermost folder with such a name states: `train/real/0001.png`."""
    folders = name.split("/")[:-1]
    return next((label for part in reversed(folders) if (label := class_of(part)) is not None), None)


def _split_of(name: str) -> str | None:
    """The split that the innermost such folder states: `val/real/0001.png`."""
    return next((split for part in reversed(name.split("/")[:-1]) if (split := split_in(part))), None)


def read(
    path: Path, one_is: int, problems: Problems
) -> tuple[list[Member], dict[str, list[int]], Said] | None:
    """The media members, their positions by kind, and what is said of them; None where it cannot be read."""
    try:
        found, described, unused = _read_members(path)
    except MediaError as error:
        problems.report_damaged(path, str(error).partition(": ")[2])
        return None
    except FAILURES as error:
        problems.report_damaged(path, f"cannot be read ({str(error)[:200]})")
        return None
    for why, (first, n) in unused.items():
        problems.add(why, f"{path}, {first}", count=n)
    if not found:
        problems.add("no media", path)
        return None
    table = _table_of([described.get(_key(member.name), {}) for member in found])
    said = read_columns(table, choose_columns(table.schema, ""), [], one_is, problems, path.name)
    if "label" not in said.columns:
        said.columns["label"] = pa.array([_label_of(member.name) for member in found], pa.int8())
    if "split" not in said.columns:
        said.columns["split"] = pa.array([_split_of(member.name) for member in found], pa.string())
    said.columns["name"] = pa.array([member.name for member in found], pa.string())
    kinds: dict[str, list[int]] = {}
    for i, member in enumerate(found):
        kinds.setdefault(member.kind, []).append(i)
    return found, kinds, said


def _read_members(path: Path) -> tuple[list[Member], Described, Unused]:
    """The media members, what the others describe by key, and what is neither."""
    found: list[Member] = []
    described: Described = {}
    with Archive(path) as archive:
        budget = MOST_DESCRIBED
        for member in archive.members():
            if member.kind:
                found.append(member)
            elif _ending(member.name) in DESCRIBING and member.bytes <= min(SMALL, budget):
                budget -= member.bytes
                words = _words(member.name, archive.read(member))
                if words is None:
                    archive.pass_over(member.name, "no JSON")
                    continue
                described.setdefault(_key(member.name), {}).update(words)
    return found, described, archive.unused


def _table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """A column for every name that describes one of the members."""
    names = sorted({name for row in rows for name in row})
    if not names:
        return pa.table({"": pa.nulls(len(rows))})
    return pa.table({name: pa.array([_plain(row.get(name)) for row in rows], pa.string()) for name in names})


def formats(found: list[Member]) -> Counter[str]:
    return Counter(_ending(member.name) for member in found)


def _ending(name: str) -> str:
    return name[name.rfind(".") + 1 :].lower()


def _key(name: str) -> str:
    """`a/0001.seg.png` and `a/0001.json` share the key a/0001."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.partition('.')[0]}"


def _words(name: str, data: bytes) -> dict[str, Any] | None:
    """What the member says of the media of its key; None where it is damaged."""
    text = data.decode("utf-8", "replace").strip()
    kind = _ending(name)
    if kind == "cls":
        return {"label": text}
    if kind == "txt":
        return {"text": text}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {str(k): v for k, v in document.items()} if isinstance(document, dict) else {}


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, (str, int, float)) else None
