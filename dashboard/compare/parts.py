"""The parts of the Compare page: the table, curves' data, differences, the cross-dataset matrix, published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import numbers
from core.catalog import table as catalog
from core.detection import detector_description
from core.errors import BadInput, one_line
from core.runs import cards, comparison, figures, published
from core.runs.folder import RunFolder, place_of
from core.runs.summaries import Summary
from core.workspace import Workspace
from dashboard import session, tables, theme, words

WHOLE = 0.98  # share of the published samples; some downloads lack a few


def metrics(run: Summary, space: Workspace) -> dict[str, Any]:
    """The figures of a run at its operating point; empty where they cannot be read, with a word about it."""
    try:
        return figures.in_force(place_of(run.id, space)) or {}
    except BadInput as error:
        st.warning(theme.safe(one_line(error)))
        return {}


def parameters(run: Summary, space: Workspace) -> int | None:
    found = {card["name"]: card["parameters"] for card in cards.cards(space)}
    imported = place_of(run.id, space).imported
    if imported is not None:
        return int(imported.get("parameters") or 0) or None
    plan = _plan(run, space)
    return found.get(run.model or str(plan.get("model", "")))


def _plan(run: Summary, space: Workspace) -> dict[str, Any]:
    try:
        return place_of(run.id, space).document("plan") or {}
    # A damaged plan leaves its column empty; evaluating the run reports it.
    except BadInput:
        return {}


def table(
    chosen: Sequence[Summary], names: Mapping[str, str], found: Mapping[str, Mapping[str, Any]], split: str
) -> None:
    rows = []
    for run in chosen:
        at = (found[run.id].get(split) or {}).get("at_chosen") or {}
        bounds = at.get("intervals") or {}
        size = parameters(run, session.space())
        model = place_of(run.id, session.space()).best_model
        rows.append(
            {
                "run": names[run.id] + (" · demo" if run.demo else ""),
                **{
                    shown: theme.interval(at.get(name), *(bounds.get(name) or (None, None)))
                    for name, shown in (
                        ("auc", "AUC"),
                        ("balanced_accuracy", "balanced accuracy"),
                        ("macro_f1", "macro F1"),
                    )
                },
                words.figure("majority_baseline"): theme.number(
                    (found[run.id].get(split) or {}).get("majority_baseline")
                ),
                "parameters": "–" if size is None else numbers.in_millions(size),
                "training": theme.duration(run.seconds),
                "file": theme.size(model.stat().st_size) if model.exists() else "–",
                "learned": _learned(run),
            }
        )
    tables.show(rows, "compare-table", what="Runs side by side")


def _learned(run: Summary) -> str:
    """In one word; an imported detector learned elsewhere, and is at chance here or not."""
    if place_of(run.id, session.space()).imported is not None:
        return "⊘ at chance" if run.learned_nothing else "✔ imported"
    return "⊘ nothing" if run.learned_nothing else "✔ yes"


@st.cache_data(show_spinner=False, max_entries=64)
def _scores(path: str, stamp: int) -> pd.DataFrame:
    return pd.read_parquet(path, columns=["label", "score"])


def scores(
    chosen: Sequence[Summary], names: Mapping[str, str], split: str, space: Workspace
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    drawn = {}
    for run in chosen:
        path = place_of(run.id, space).scores_file(split)
        if path.exists():
            try:
                found = _scores(str(path), path.stat().st_mtime_ns)
            except (OSError, ValueError) as error:
                st.warning(
                    f"{theme.safe(names[run.id])}: {path.name} cannot be read ({theme.safe(one_line(error))})"
                )
                continue
            drawn[names[run.id]] = (found["label"].to_numpy(), found["score"].to_numpy(dtype=np.float64))
    return drawn


def ids(run: Summary, space: Workspace) -> frozenset[str]:
    """The test samples that a run has scored; none where that cannot be read."""
    path = place_of(run.id, space).scores_file("test")
    try:
        return _ids(str(path), path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return frozenset()


@st.cache_data(show_spinner=False, max_entries=64)
def _ids(path: str, stamp: int) -> frozenset[str]:
    return frozenset(pd.read_parquet(path, columns=["id"])["id"].astype(str))


def compare_paired(first: str, second: str, split: str, space: Workspace) -> comparison.Paired:
    a, b = place_of(first, space), place_of(second, space)
    stamps = tuple(_stamp(run, split) for run in (a, b))
    return _compare_paired(str(a.path), str(b.path), split, stamps)


def _stamp(run: RunFolder, split: str) -> tuple[int, ...]:
    files = (run.scores_file(split), run.path / "operating_point.json")
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


@st.cache_data(show_spinner="Working out the intervals", max_entries=64)
def _compare_paired(first: str, second: str, split: str, stamps: Any) -> comparison.Paired:
    return comparison.compare_paired(RunFolder(first), RunFolder(second), split)


def across(
    chosen: Sequence[Summary], names: Mapping[str, str], found: Mapping[str, Mapping[str, Any]], split: str
) -> None:
    """Rows: runs and what they learned from; columns: the datasets they were tested on; cells: AUC."""
    rows: list[dict[str, str]] = []
    for run in chosen:
        parts = ((found[run.id].get(split) or {}).get("by") or {}).get("dataset") or []
        cells = {part["name"]: _auc_with_interval(part) for part in parts}
        rows.append({"run": names[run.id], "learned from": ", ".join(run.datasets), **cells})
    st.caption("AUC of each run on each dataset that it was tested on.")
    names_of_columns = dict.fromkeys(name for row in rows for name in row)
    shown = [{name: row.get(name, "–") for name in names_of_columns} for row in rows]
    tables.show(shown, "compare-across-table", what="AUC of each run on each dataset")


def _auc_with_interval(part: Mapping[str, Any]) -> str:
    low, high = (part.get("intervals") or {}).get("auc") or (None, None)
    return theme.interval(part.get("auc"), low, high)


def all_published_figures(
    chosen: Sequence[Summary],
    names: Mapping[str, str],
    found: Mapping[str, Mapping[str, Any]],
    space: Workspace,
) -> None:
    """Run by run; those that no published figure is about are named together."""
    without = [
        names[run.id] for run in chosen if not published_figures(run, names[run.id], found[run.id], space)
    ]
    if without:
        which = words.listed((f"“{name}”" for name in without), "or")
        st.caption(theme.safe(f"No published figure is about a dataset that {which} was tested on."))


def published_figures(run: Summary, name: str, found: Mapping[str, Any], space: Workspace) -> bool:
    """Where dataset and protocol match, side by side; else `not comparable` and why. Gives whether any was found."""
    folder = place_of(run.id, space)
    try:
        beside = published.beside(
            folder.config(), _plan(run, space), found, compression(run, space), not_whole(space)
        )
    except BadInput as error:
        st.warning(theme.safe(one_line(error)))
        return True
    stated = detector_description.describe_imported(folder.imported).get("published", ())
    if beside or stated:
        st.markdown(f"**{theme.safe(name)}**")
    for figure in stated:
        st.markdown(
            f"- Its authors state {theme.safe(words.spelled_out(figure))}, by another protocol than the figures here."
        )
    if not beside:
        return False
    rows = [
        {
            "published detector": b.figure.detector,
            "tested on": b.figure.tested_on,
            "level": b.figure.level,
            "figure": words.figure(b.figure.metric),
            "published": theme.number(b.figure.value),
            "this run": theme.interval(b.ours, *(b.interval or (None, None)))
            if b.why_not is None
            else "not comparable",
            "why": b.why_not or "",
            "source": b.figure.source,
        }
        for b in beside
    ]
    tables.show(rows, f"compare-published-{run.id}", what=f"Published figures beside those of “{name}”")
    return True


def not_whole(space: Workspace) -> dict[str, str]:
    """Of each catalogued dataset, why it is not the published one, if it is not."""
    reasons = {}
    for name in catalog.datasets(space):
        info = catalog.info(name, space)
        wanted = sum(n for n in (info.published or {}).values() if isinstance(n, int))
        if info.demo:
            reasons[name] = f"“{name}” here is demo data"
        elif info.samples < WHOLE * wanted:
            reasons[name] = f"“{name}” here has {info.samples:,} of the {wanted:,} published samples"
    return reasons


def compression(run: Summary, space: Workspace) -> str | None:
    """That of the training clips where the catalogue states one and the same for all."""
    known = [name for name in run.datasets if name in catalog.datasets(space)]
    return _compression(tuple(known), str(space.root), _stamps(known, space)) if known else None


def _stamps(names: Sequence[str], space: Workspace) -> tuple[int, ...]:
    return tuple(catalog.file_of(name, space).stat().st_mtime_ns for name in names)


@st.cache_data(show_spinner=False, max_entries=64)
def _compression(names: tuple[str, ...], root: str, stamps: tuple[int, ...]) -> str | None:
    found = catalog.load(list(names), Workspace(Path(root)), ["meta"])["meta"]
    stated = {str((meta or {}).get("compression")) for meta in found}
    return stated.pop() if len(stated) == 1 else None
