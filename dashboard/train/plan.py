"""How the chosen data is divided: the very plan that training makes, said once, and what a part without a class means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core.catalog import exclusions, table
from core.catalog import leaks as leak_report
from core.catalog.shares import shares_reached
from core.catalog.splits import lacks
from core.errors import BadInput, one_line
from core.training.options.config import TrainConfig
from core.training.reading import samples
from core.workspace import Workspace
from dashboard import theme, words

FEW = 3  # remarks that stand open
CONSEQUENCES = {
    "train": "a detector cannot learn what it never sees",
    "val": "the best epoch and the threshold, which are chosen on the validation part, cannot be chosen",
    "test": "the results of this run will lack AUC, precision and false alarms, which are measured on the test part",
}
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
    leaks = tuple(f"{leak.detail} ({leak.count:,})" for leak in found)
    return Divided(planned.counts(), planned.dropped, planned.notes, leaks)


def draw(config: Mapping[str, Any], space: Workspace) -> None:
    """Nothing where there is no plan yet: what is wrong stands where the run is started."""
    if config["protocol"] == "heldout_method" and not config["heldout"]:
        return
    found = divide(config, space)
    if found.problem:
        return
    st.container(key="train-plan").markdown(_as_table(found.counts))
    for line in _warnings(found.counts, config["shares"]):
        st.warning(line, icon=":material/warning:")
    if found.leaks:
        st.warning("Leaks: " + theme.safe("; ".join(found.leaks[:3])), icon=":material/warning:")
    else:
        st.caption(":green-badge[✔ no leaks] No person, source or clip is in two parts.")
    stated = {lacks(part, label) for part in CONSEQUENCES for label in ("real", "fake")}
    remarks = [note for note in found.notes if note not in stated]
    if found.dropped:
        verb = "is" if found.dropped == 1 else "are"
        remarks.append(f"{theme.count_of(found.dropped, 'sample')} {verb} left out")
    _draw_remarks(remarks)


def _as_table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """A row a part; a class that is missing is amber."""
    shares = shares_reached({part: dict(count) for part, count in counts.items()})
    rows = [
        f"| {words.capital(words.split(part))} | {100 * (shares[part]['all'] or 0):.0f}\u00a0% "
        f"| {_amount(count['real'])} | {_amount(count['fake'])} |"
        for part, count in counts.items()
    ]
    return "\n".join(["| Part | Share | Real | Fake |", "|:--|--:|--:|--:|", *rows])


def _amount(n: int) -> str:
    return theme.count(n) if n else ":orange-badge[▲ 0]"


def _warnings(counts: Mapping[str, Mapping[str, int]], shares: str) -> list[str]:
    """What each part that lacks a class, or both, brings about, as Markdown."""
    found = []
    for part, consequence in CONSEQUENCES.items():
        missing = [label for label in ("real", "fake") if not counts[part][label]]
        if len(missing) == 2 and part == "test" and shares.count("/") == 1:
            found.append(
                f"Shares of {theme.safe(shares)} leave no test part: {consequence}. Three shares, such as 64/16/20, keep one."
            )
        elif missing:
            lack = (
                f"The {words.split(part)} part is empty"
                if len(missing) == 2
                else words.capital(lacks(part, missing[0]))
            )
            found.append(f"{lack}: {consequence}. Divide the data another way, or add a dataset.")
    return found


def _draw_remarks(remarks: list[str]) -> None:
    """How the division came about, a sentence each."""
    sentences = [f"{theme.safe(words.capital(theme.with_shares(remark)))}." for remark in remarks]
    if len(remarks) > FEW:
        with st.expander(f"{len(remarks)} remarks on how the data is divided", key="train-plan-remarks"):
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    elif remarks:
        st.caption("  \n".join(sentences))
