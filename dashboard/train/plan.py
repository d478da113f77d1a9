"""How the chosen data is divided: the very plan that training makes, said once, with its leaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core.catalog import exclusions, table
from core.catalog import leaks as leak_report
from core.errors import BadInput, one_line
from core.training.options.config import TrainConfig
from core.training.reading import samples
from core.workspace import Workspace
from dashboard import plan_parts, theme

OPTIONS = ("modality", "protocol", "shares", "heldout", "seed", "max_samples_per_class")


@dataclass(frozen=True)
class Divided:
    """The plan as far as the page shows it; `problem` says why there is none."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: int = 0
    notes: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    problem: str = ""


def divide(config: Mapping[str, Any], space: Workspace) -> Divided:
    known = set(table.datasets(space))
    names = tuple(name for name in config["datasets"] if name in known)
    files = [table.file_of(name, space) for name in names] + [exclusions.file_of(space)]
    stamps = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _divide(names, tuple((k, config[k]) for k in OPTIONS), str(space.root), stamps)


@st.cache_data(show_spinner="Dividing the samples", max_entries=64)
def _divide(
    names: tuple[str, ...], options: tuple[tuple[str, Any], ...], root: str, stamps: tuple[int, ...]
) -> Divided:
    space = Workspace(Path(root))
    try:
        config = TrainConfig.from_dict({**dict(options), "datasets": list(names)})
        planned = samples.plan_samples(config, samples.select(config, space), space)
    except BadInput as error:
        return Divided(problem=one_line(error))
    found = leak_report.report(planned.rows, media=False, space=space)
    leaks = tuple(leak.detail for leak in found)
    return Divided(planned.counts(), planned.dropped, planned.notes, leaks)


def draw(config: Mapping[str, Any], space: Workspace) -> None:
    """Nothing where there is no plan yet: what is wrong stands where the run is started."""
    if config["protocol"] == "heldout_method" and not config["heldout"]:
        return
    found = divide(config, space)
    if found.problem:
        return
    plan_parts.draw_counts(found.counts)
    plan_parts.draw_warnings(found.counts, config["shares"])
    if found.leaks:
        st.warning("Leaks: " + theme.safe("; ".join(found.leaks[:3])), icon=":material/warning:")
    else:
        st.caption(":green-badge[✔ no leaks] No person, source or clip that the data names is in two parts.")
    plan_parts.draw_remarks(found.notes, found.dropped)
