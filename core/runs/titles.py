"""What to call runs on a page, so that two of one name are told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from core.runs.summaries import Summary

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


def _moment(run: Summary) -> str:
    begin = MOMENT.match(run.id)
    return begin[0] if begin else run.id
