"""What analysts say a judged file really was: one line each in the workspace, for later evaluation."""

from __future__ import annotations

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

from core import audit
from core.access import Person
from core.catalog import feedback_marks
from core.detection.verdict import Verdict
from core.errors import BadInput
from core.exports import safe_cell
from core.locks import hold
from core.workspace import Workspace, workspace

COLUMNS = ("when", "who", "sha256", "file", "modality", "truth", "detector", "score", "threshold", "verdict")
TRUTHS = ("real", "fake")
FILE = feedback_marks.FILE


def keep(
    verdict: Verdict,
    truth: str,
    person: Person,
    space: Workspace | None = None,
    content: Path | None = None,
) -> dict[str, Any]:
    """Append a line. Of an operator's mark the file itself (`content`) is kept too, for `python -m core feedback`; else
    its hash finds it again."""
    if truth not in TRUTHS:
        raise BadInput(f"truth {truth!r} must be one of {', '.join(TRUTHS)}")
    digest = str(verdict.facts.get("sha256", ""))
    if content is not None and person.operator:
        copied = feedback_marks.keep_copy(content, verdict.file, space)
        digest = digest or copied
    row = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "who": person.name,
        "sha256": digest,
        "file": "".join(c if c.isprintable() else "\ufffd" for c in verdict.file),
        "modality": verdict.modality or "",
        "truth": truth,
        "detector": verdict.detector or "",
        "score": "" if verdict.score is None else repr(verdict.score),
        "threshold": "" if verdict.threshold is None else repr(verdict.threshold),
        "verdict": verdict.verdict or verdict.status,
    }
    _append({k: safe_cell(v) for k, v in row.items()}, space or workspace())
    audit.record(person, "mark truth", row["file"], space, truth=truth, sha256=row["sha256"])
    return row


def read(space: Workspace | None = None) -> list[dict[str, str]]:
    path = (space or workspace()).root / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _append(row: dict[str, Any], space: Workspace) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    with (
        hold(space.root / f".{FILE}.lock"),
        (space.root / FILE).open("a", encoding="utf-8", newline="") as file,
    ):
        if os.fstat(file.fileno()).st_size == 0:
            writer.writeheader()
        writer.writerow(row)
        file.write(text.getvalue())
