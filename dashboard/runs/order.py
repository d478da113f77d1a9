"""In which order, and under which headings, runs are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core import words
from core.runs.summaries import Summary


@dataclass(frozen=True)
class Sort:
    """By what runs are sorted, and whether its largest comes first at the first click. None goes last."""

    title: str
    value: Callable[[Summary], float | str | None]
    falling: bool


SORTS = {
    "newest": Sort("Newest", lambda run: run.created, True),
    "name": Sort("Name", lambda run: run.name.casefold(), False),
    "state": Sort("State", lambda run: words.state(run.shown_state), False),
    "network": Sort("Network", lambda run: words.network(run.model).casefold() or None, False),
    "data": Sort("Data", lambda run: ", ".join(run.datasets).casefold() or None, False),
    "epochs": Sort("Epochs", lambda run: float(run.epoch), True),
    "time": Sort("Time", lambda run: run.seconds, True),
    "best": Sort("Best", lambda run: run.best, True),
}
FIRST = "newest"
# What goes on, then what wants somebody, then what is done.
STATES = ("running", "stalled", "stopping", "queued", "failed", "interrupted", "stopped", "completed")
GROUPS: dict[str, tuple[str, Callable[[Summary], str]]] = {
    "none": ("No groups", lambda run: ""),
    "state": ("State", lambda run: words.capital(words.state(run.shown_state))),
    "network": ("Network", lambda run: words.network(run.model) or "No network named"),
    "data": ("Data", lambda run: ", ".join(run.datasets) or "All data that fits"),
    "modality": ("Kind of file", lambda run: words.capital(words.modality(run.modality))),
    "tag": ("Tag", lambda run: ", ".join(sorted(run.tags)) or "No tag"),
}


def is_known(sort: str) -> bool:
    return sort.removeprefix("-") in SORTS


def falling(sort: str) -> bool:
    """Whether the largest comes first; "-best" is the other way round than "best"."""
    return SORTS[sort.removeprefix("-")].falling != sort.startswith("-")


def after_click(sort: str, clicked: str) -> str:
    """A heading sorts by its column; clicked again, the other way round."""
    return f"-{clicked}" if sort == clicked else clicked


def ordered(runs: Sequence[Summary], sort: str, group: str) -> list[Summary]:
    """By group, then in the chosen order; runs without the value come last either way."""
    sort = sort if is_known(sort) else FIRST
    value = SORTS[sort.removeprefix("-")].value
    valued = [(key, run) for run in runs if (key := value(run)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=falling(sort))
    found = [run for _, run in valued] + [run for run in runs if value(run) is None]
    if group == "state":
        return sorted(found, key=lambda run: STATES.index(run.shown_state))
    return sorted(found, key=group_of(group)) if group != "none" else found


def group_of(group: str) -> Callable[[Summary], str]:
    return GROUPS.get(group, GROUPS["none"])[1]
