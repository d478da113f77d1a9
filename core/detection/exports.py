"""Verdicts as files: JSON with everything, CSV with a line a file."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.exports import safe_cell
from core.workspace import write_atomic

COLUMNS = (
    "file",
    "status",
    "verdict",
    "score",
    "threshold",
    "probability",
    "modality",
    "detector",
    "words",
    "reason",
    "units",
    "units_above",
    "highest",
    "sha256",
    "seconds",
)


def save(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "verdicts.json", as_json(entries))
    write_atomic(folder / "verdicts.csv", as_csv(entries))


def as_json(entries: Any) -> str:
    """In valid UTF-8: of a file name that is not, the odd bytes are escaped and come back as given."""
    text = json.dumps(plain(entries), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(plain(entries), indent=2, allow_nan=False) + "\n"
    return text


def as_csv(entries: Iterable[Mapping[str, Any]], *, header: bool = True) -> str:
    """A name that a spreadsheet would run as a formula gets a quote in front."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    if header:
        writer.writeheader()
    for entry in entries:
        writer.writerow({name: safe_cell(value) for name, value in row(entry).items()})
    return out.getvalue().encode("utf-8", "backslashreplace").decode()


def row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The line of one file in a table."""
    scores = [u["score"] for u in entry.get("units", ())]
    threshold = entry.get("threshold")
    derived = {
        "units": len(scores),
        "units_above": sum(s >= threshold for s in scores) if threshold is not None else 0,
        "highest": max(scores, default=None),
        "sha256": (entry.get("facts") or {}).get("sha256"),
    }
    return {name: derived.get(name, entry.get(name)) for name in COLUMNS}


def plain(value: Any) -> Any:
    """As JSON has it: no tuples, no NumPy, null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
