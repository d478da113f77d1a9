"""Files that were judged on the Detect page and marked there. The marks stand in feedback.csv; where an operator marked
a file, a copy of it is kept in `marked/` under the hash of its content, for the dataset that `marked.collect` makes."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.exports import plain_cell
from core.media import shards
from core.workspace import Workspace, workspace, write_atomic

FILE = "feedback.csv"
FOLDER = "marked"


@dataclass(frozen=True)
class Judged:
    sha256: str
    file: str  # the name it had, which is only ever shown
    truth: str  # real or fake
    who: str
    path: Path | None  # of the copy; None where none was kept


def keep_copy(content: Path, shown: str, space: Workspace | None = None) -> str:
    """Keep the file; its SHA-256. One that is kept already is not written again."""
    folder = (space or workspace()).root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if shards.address(content):
        data = shards.read(content)
        digest, head = hashlib.sha256(data).hexdigest(), data[:64]
    else:
        data = None
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            head = file.read(64)
    if any(folder.glob(f"{digest}.*")):
        return digest
    known = shards.ending(head)
    ending = known if known != "bin" else re.sub(r"[^a-z0-9]", "", Path(shown).suffix.lower())[:8] or "bin"
    target = folder / f"{digest}.{ending}"
    if data is not None:
        write_atomic(target, data)
    else:
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(content, part)
        part.replace(target)
    return digest


def read(space: Workspace | None = None) -> list[Judged]:
    """The newest mark of each file, in the order they were made; lines that state no file are left out."""
    root = (space or workspace()).root
    path = root / FILE
    if not path.is_file():
        return []
    found: dict[str, Judged] = {}
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            digest, truth = row.get("sha256") or "", row.get("truth") or ""
            if not re.fullmatch(r"[0-9a-f]{64}", digest) or truth not in ("real", "fake"):
                continue
            copy = next((root / FOLDER).glob(f"{digest}.*"), None)
            name, who = plain_cell(row.get("file") or ""), plain_cell(row.get("who") or "")
            found.pop(digest, None)
            found[digest] = Judged(digest, name, truth, who, copy)
    return list(found.values())
