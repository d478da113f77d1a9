"""The parts of a plan, as Train and Datasets show them: how much each holds, what one without a class brings about, and
how the division came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.catalog.shares import USUAL_SHARES, shares_reached
from core.catalog.splits import lacks
from dashboard import tables, theme, words

Counts = Mapping[str, Mapping[str, int]]  # part: {real, fake}

FEW = 3  # remarks that stand open
CONSEQUENCES = {
    "train": "a detector cannot learn what it never sees",
    "val": "the best epoch and the threshold, which are chosen on the validation part, cannot be chosen",
    "test": "results will lack AUC, precision and false alarms, which are measured on the test part",
}


def draw_counts(counts: Counts) -> None:
    """A row a part; a class that is missing is amber."""
    reached = shares_reached({part: dict(count) for part, count in counts.items()})
    rows = [
        {
            "part": words.split(part),
            "share": f"{100 * (reached[part]['all'] or 0):.0f}\u00a0%",
            "real": count["real"],
            "fake": count["fake"],
        }
        for part, count in counts.items()
    ]
    tables.show(rows, "plan-parts", what="Samples of each part", needed=("real", "fake"))


def draw_warnings(counts: Counts, shares: str = USUAL_SHARES) -> None:
    for line in _warnings(counts, shares):
        st.warning(line, icon=":material/warning:")


def _warnings(counts: Counts, shares: str) -> list[str]:
    """What a class that no part has, and each part that lacks a class or both, brings about, as Markdown."""
    here = [label for label in ("real", "fake") if any(count[label] for count in counts.values())]
    found = [
        f"No part has a {label} sample: {CONSEQUENCES['train']}. Add a dataset that has some."
        for label in ("real", "fake")
        if label not in here
    ]
    for part, consequence in CONSEQUENCES.items():
        missing = [label for label in here if not counts[part][label]]
        empty = not any(counts[part].values())
        if missing and empty and part == "test" and shares.count("/") == 1:
            found.append(
                f"Shares of {theme.safe(shares)} leave no test part: {consequence}. Three shares, such as 64/16/20, keep one."
            )
        elif missing:
            lack = (
                f"The {words.split(part)} part is empty" if empty else words.capital(lacks(part, missing[0]))
            )
            found.append(f"{lack}: {consequence}. Divide the data another way, or add a dataset.")
    return found


def _begun(remark: str) -> str:
    """A sentence begins with a capital, a dataset's own name stays as it is: `faces: it has no split of its own`."""
    return remark if ": " in remark else words.capital(remark)


def draw_remarks(notes: Sequence[str], dropped: int) -> None:
    """How the division came about, a sentence each; what the warnings say is not said again."""
    warned = {lacks(part, label) for part in CONSEQUENCES for label in ("real", "fake")}
    remarks = [note for note in notes if note not in warned]
    if dropped and not any("left out" in note and theme.count(dropped) in note for note in remarks):
        remarks.append(f"{theme.count_of(dropped, 'sample')} {'is' if dropped == 1 else 'are'} left out")
    sentences = [f"{theme.safe(_begun(theme.with_shares(remark)))}." for remark in remarks]
    if len(remarks) > FEW:
        with st.expander(f"{len(remarks)} remarks on how the data is divided", key="plan-remarks"):
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    elif remarks:
        st.caption("  \n".join(sentences))
