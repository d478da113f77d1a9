"""What people marked on the pages Datasets and Detect as real or fake, as a dataset of its own: `Feedback`.

It is made when somebody asks for it and learned from only where it is chosen by name. The files are copies in the
workspace, because a folder of links would be followed by nobody; each keeps the key of the sample it was made from.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.access import LOCAL, Person
from core.catalog import exclusions, feedback_marks, overrides, table
from core.catalog.info import DatasetInfo
from core.catalog.overrides import Override
from core.catalog.scan import scan
from core.errors import BadInput, MediaError, one_line
from core.exports import safe_cell
from core.media import shards
from core.workspace import Workspace, workspace, write_atomic

log = logging.getLogger(__name__)

NAME = "Feedback"
FOLDER = "feedback"
LIST = "labels.csv"
COLUMNS = ("path", "label", "method", "original", "who", "why")
Row = tuple[str, str, str, str, str, str]


def marks(space: Workspace | None = None) -> list[exclusions.Exclusion]:
    """The samples that got another label."""
    return [entry for entry in exclusions.read(space) if entry.action in ("real", "fake")]


def count(space: Workspace | None = None) -> int:
    """Samples that were marked on the Datasets page, and files that were on Detect."""
    return len(marks(space)) + len(feedback_marks.read(space))


def collect(space: Workspace | None = None, person: Person = LOCAL) -> tuple[DatasetInfo, int]:
    """Make the dataset anew from the marks; how many of the marked samples could not be found or read."""
    person.require_operator("make a dataset of what was marked")
    space = space or workspace()
    entries = {entry.id: entry for entry in marks(space)}
    seen = feedback_marks.read(space)
    if not entries and not seen:
        raise BadInput(
            "nothing was marked real or fake yet; mark samples on the Datasets page first, or files on Detect"
        )
    folder = space.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(_copy_samples(entries, folder, space))
    lost = len(entries) - len(rows) + sum(one.path is None for one in seen)
    rows += _copy_judged(seen, folder, {_digest(folder / row[0]) for row in rows} if seen else set())
    if not rows:
        raise BadInput(
            "none of the marked samples is in the catalogue any more; scan their folders again"
            if entries
            else "no copy of the files that were marked on Detect was kept; an operator's mark keeps one"
        )
    _write_list(folder, rows)
    overrides.save(str(folder), Override(name=NAME), person, space)
    result = scan([folder], space=space, person=person)
    return next(about for about in result.datasets if about.name == NAME), lost


def _write_list(folder: Path, rows: list[Row]) -> None:
    """The list of these files; others that an earlier time left in the folder are deleted."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [COLUMNS, *([safe_cell(cell) for cell in row] for row in rows)]
    )
    write_atomic(folder / LIST, out.getvalue())
    kept = {LIST, *(row[0] for row in rows)}
    for path in folder.iterdir():
        if path.name not in kept and path.is_file():
            path.unlink()


def _copy_samples(entries: dict[str, exclusions.Exclusion], folder: Path, space: Workspace) -> Iterator[Row]:
    """Rows of the samples that were marked on Datasets."""
    for name in table.datasets(space):
        if name == NAME:
            continue
        rows = table.load([name], space, ["id", "path", "dataset", "method"])
        for row in rows[rows["id"].isin(entries)].to_dict("records"):
            entry = entries[str(row["id"])]
            try:
                target = _copy(table.absolute_path(row, space), str(row["id"]), folder)
            # Gone or closed since it was marked: counted as lost
            # too. A full disk is the workspace's and stops it.
            except (MediaError, FileNotFoundError, NotADirectoryError, PermissionError) as error:
                log.warning("%s is left out of %s: %s", row["path"], NAME, one_line(error))
                continue
            method = row["method"] if entry.action == "fake" and isinstance(row["method"], str) else ""
            yield target.name, entry.action, method, entry.id, entry.who, entry.why


def _copy_judged(seen: list[feedback_marks.Judged], folder: Path, have: set[str]) -> Iterator[Row]:
    """Rows of the files that were marked on Detect and kept, without those that are here already."""
    for one in seen:
        if one.path is None or one.sha256 in have:
            continue
        target = folder / one.path.name
        if not target.exists():
            shutil.copyfile(one.path, target)
        yield target.name, one.truth, "", f"file {one.sha256[:24]}", one.who, f"judged as {one.file}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(path: Path, sample: str, folder: Path) -> Path:
    """A copy under a name that only depends on the sample."""
    digest = hashlib.sha256(sample.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    if shards.address(path):
        data = shards.read(path)
        target = folder / f"{digest}.{shards.ending(data)}"
        write_atomic(target, data)
    else:
        target = folder / f"{digest}{path.suffix.lower()}"
        shutil.copyfile(path, target)
    return target
