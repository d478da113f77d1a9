"""Plain files of a dataset that lies in Parquet or tar files: folders by label, method and split."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.access import LOCAL, Person
from core.catalog import table
from core.errors import BadInput, MediaError, one_line
from core.exports import safe_cell
from core.media import shards
from core.media.limits import Limits
from core.workspace import Workspace, write_json

MARK = ".unpacked.json"  # says whose files these are, so that an unpacking that broke off goes on
LIST = "labels.csv"
WORDS = {0: "real", 1: "fake"}
SHOWN = 20  # bad rows that are named
BLOCK = 10_000
Progress = Callable[[int, int], None]


@dataclass
class Unpacked:
    """What became of the rows."""

    dataset: str
    folder: str
    written: int = 0
    kept: int = 0  # there already
    bad: int = 0
    bad_rows: list[str] = field(default_factory=list)


def unpack(
    name: str,
    target: Path,
    space: Workspace | None = None,
    person: Person = LOCAL,
    progress: Progress | None = None,
) -> Unpacked:
    """Write every sample of the dataset as a plain file below `target`, which is empty or was begun by this.

    real/train/data_train-00000-000017.jpg        fake/flux/test/data_test-00003-000002.png
    """
    person.require_operator("unpack datasets")
    target = target.expanduser()
    about = table.info(name, space)
    rows = table.arrow(name, space, ["path", "label", "method", "split", "bytes"])
    root = Path(about.root)
    if not any(shards.address(root / p) for p in rows.column("path").slice(0, BLOCK).to_pylist()):
        raise BadInput(f"{name} does not lie in Parquet or tar files; its files are in {about.root}")
    _begin(target, about.name, about.fingerprint)
    _room(target, sum(rows.column("bytes").to_pylist()))
    done = Unpacked(name, str(target))
    limits = Limits.from_settings(space)
    with (target / LIST).open("w", encoding="utf-8", newline="") as file:
        listed = csv.writer(file, lineterminator="\n")
        listed.writerow(["path", "label", "method", "split"])
        for number, row in enumerate(_rows(rows), 1):
            _write(row, name, root, target, limits, done, listed, space)
            if progress and number % 100 == 0:
                progress(number, rows.num_rows)
    return done


def _rows(rows: Any) -> Iterator[dict[str, Any]]:
    for batch in rows.to_batches(max_chunksize=BLOCK):
        yield from batch.to_pylist()


def _begin(target: Path, name: str, fingerprint: str) -> None:
    if target.exists() and not target.is_dir():
        raise BadInput(f"{target} is a file; name a folder that is empty or not there yet")
    mark = target / MARK
    if target.is_dir() and any(target.iterdir()):
        try:
            begun = json.loads(mark.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            begun = None
        if not isinstance(begun, dict) or begun.get("dataset") != name:
            raise BadInput(f"{target} is not empty; name an empty folder")
        if begun.get("fingerprint") != fingerprint:
            raise BadInput(f"{target} was unpacked from another state of {name}; name an empty folder")
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_json(mark, {"dataset": name, "fingerprint": fingerprint})
    except OSError as error:
        raise BadInput(f"{target} cannot be written ({error.strerror}); name another folder") from error


def _room(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target).free
    there = sum(p.stat().st_size for p in target.rglob("*") if p.is_file() and not p.is_symlink())
    if needed - there > free:
        raise BadInput(
            f"{target}: about {(needed - there) / 1e9:,.1f} GB are needed and {free / 1e9:,.1f} GB are free"
        )


def _write(
    row: dict[str, Any],
    name: str,
    root: Path,
    target: Path,
    limits: Limits,
    done: Unpacked,
    listed: Any,
    space: Workspace | None,
) -> None:
    try:
        path = table.absolute_path({"dataset": name, "path": row["path"]}, space)
        data = shards.read(path, limits) if shards.address(path) else path.read_bytes()
    except (MediaError, OSError) as error:
        done.bad += 1
        if len(done.bad_rows) < SHOWN:
            done.bad_rows.append(one_line(error))
        return
    place = target / _folder(row) / f"{_plain(_stem(row['path']))}.{_ending(data, row['path'])}"
    relative = place.relative_to(target).as_posix()
    listed.writerow(
        [safe_cell(v or "") for v in (relative, WORDS.get(row["label"]), row["method"], row["split"])]
    )
    if place.is_file() and place.stat().st_size == len(data):
        done.kept += 1
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(partial, 0o644)
        os.replace(partial, place)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    done.written += 1


def _folder(row: dict[str, Any]) -> Path:
    parts = [WORDS.get(row["label"], "unlabelled")]
    if row["method"]:
        parts.append(_plain(str(row["method"])))
    return Path(*parts, *([row["split"]] if row["split"] else []))


def _stem(path: str) -> str:
    """`data/train-00000.parquet#17` → data_train-00000-000017"""
    shard, _, number = path.rpartition("#")
    if not number.isdecimal():
        return path.replace("/", "_")
    stem = shard.rpartition(".")[0].removesuffix(".tar").replace("/", "_")
    return f"{stem}-{int(number):06d}"


def _ending(data: bytes, path: str) -> str:
    found = shards.ending(data)
    return found if found != "bin" or "#" in path else path.rpartition(".")[2]


def _plain(text: str) -> str:
    """A name of letters, digits and a few signs: never a path, never hidden, never too long."""
    plain = re.sub(r"[^\w.+()=-]+", "_", text).strip("._ ") or "unnamed"
    return plain.encode()[:150].decode("utf-8", "ignore")
