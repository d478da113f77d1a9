"""What to call runs on pages and in lines of text, so that two of one name are told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from core.runs.folder import RunFolder
from core.runs.summaries import Summary, summary

MOMENT = re.compile(r"\d{8}-\d{6}")  # an id that the workbench gives begins with date and time


def titles(runs: Sequence[Summary]) -> dict[str, str]:
    """The name of each; of several of one name also the moment it was made, or the whole id where that is the
    same."""
    named = Counter(run.name for run in runs)
    made = Counter((run.name, _moment(run)) for run in runs)
    found = {}
    for run in runs:
        suffix = _moment(run) if made[run.name, _moment(run)] == 1 else run.id
        found[run.id] = run.name if named[run.name] == 1 or run.name == run.id else f"{run.name} ({suffix})"
    return found


def name_of(run: RunFolder) -> str:
    """The run's name, and in brackets the id to type: First detector (20261128-101500-simple_cnn)."""
    return with_id(summary(run).name, run.id)


def with_id(name: str, run_id: str) -> str:
    return name if name == run_id else f"{name} ({run_id})"


def _moment(run: Summary) -> str:
    begin = MOMENT.match(run.id)
    return begin[0] if begin else run.id
