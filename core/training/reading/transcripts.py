"""What a speech recogniser heard in the samples of a dataset, with its name: one line a sample, in the workspace.

{"path": "train/000000.mp4", "mtime_ns": 1, "text": "we spoke", "by": "whisper-small"}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import pandas as pd

from core.catalog.info import file_of
from core.workspace import Workspace, workspace


class Heard(TypedDict):
    """One sample's line; an empty text: nothing was said."""

    path: str
    mtime_ns: int
    text: str
    by: str


def file_for(dataset: str, space: Workspace | None = None) -> Path:
    space = space or workspace()
    return space.root / "transcripts" / f"{file_of(dataset, space).stem}.jsonl"


def read(dataset: str, space: Workspace | None = None) -> dict[str, Heard]:
    """By path; a torn last line is passed over, a later line replaces an earlier one."""
    try:
        lines = file_for(dataset, space).read_text(encoding="utf-8", errors="replace").splitlines()
    # Nothing was transcribed yet.
    except FileNotFoundError:
        return {}
    found: dict[str, Heard] = {}
    for line in lines:
        try:
            one = json.loads(line)
            heard = Heard(
                path=str(one["path"]), mtime_ns=int(one["mtime_ns"]), text=str(one["text"]), by=str(one["by"])
            )
        # Torn by a kill: that file is transcribed again.
        except (ValueError, KeyError, TypeError):
            continue
        found[heard["path"]] = heard
    return found


def texts_of(rows: pd.DataFrame, space: Workspace | None = None) -> list[str]:
    """Of each row; empty where nothing was heard, or the file has changed since."""
    known = {str(name): read(str(name), space) for name in rows["dataset"].unique()}
    if not any(known.values()):
        return [""] * len(rows)
    texts = []
    for dataset, path, changed in zip(rows["dataset"], rows["path"], rows["mtime_ns"], strict=True):
        one = known[str(dataset)].get(str(path))
        texts.append(one["text"] if one and one["mtime_ns"] == int(changed) else "")
    return texts
