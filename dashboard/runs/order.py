"""In which order, and under which headings, runs are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core import words
from core.runs.summaries import Summary

SORTS: dict[str, tuple[str, Callable[[Summary], tuple[bool, float | str]], bool]] = {
    "newest": ("Newest first", lambda run: (True, run.created), True),
    "best": ("Best figure first", lambda run: (run.best is not None, run.best or 0.0), True),
    "name": ("Name", lambda run: (False, run.name.casefold()), False),
    "time": ("Longest first", lambda run: (run.seconds is not None, run.seconds or 0.0), True),
    "epochs": ("Most epochs first", lambda run: (True, float(run.epoch)), True),
}
GROUPS: dict[str, tuple[str, Callable[[Summary], str]]] = {
    "none": ("No groups", lambda run: ""),
    "state": ("State", lambda run: words.capital(words.state(run.state))),
    "network": ("Network", lambda run: words.network(run.model) or "No network named"),
    "data": ("Data", lambda run: ", ".join(run.datasets) or "All data that fits"),
    "modality": ("Kind of media", lambda run: words.capital(words.modality(run.modality))),
    "tag": ("Tag", lambda run: ", ".join(sorted(run.tags)) or "No tag"),
}


def ordered(runs: Sequence[Summary], sort: str, group: str) -> list[Summary]:
    """By group, then in the chosen order."""
    _, key, reverse = SORTS.get(sort, SORTS["newest"])
    found = sorted(runs, key=key, reverse=reverse)
    of = group_of(group)
    return sorted(found, key=of) if group != "none" else found


def group_of(group: str) -> Callable[[Summary], str]:
    return GROUPS.get(group, GROUPS["none"])[1]
