"""Plans: which sample is train, val or test, by which protocol, and what that protocol dropped."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core import numbers, words
from core.catalog import components, copies, exclusions, sources
from core.catalog.allocation import FRACTIONS as FRACTIONS
from core.catalog.allocation import SPLITS
from core.catalog.shared_splits import divisions, follow_official
from core.catalog.shares import USUAL_SHARES, parse_shares
from core.catalog.split_protocols import DatasetToSplit, assign_splits
from core.errors import BadInput
from core.workspace import Workspace

PROTOCOLS = ("official", "group", "heldout_method", "random")
COLUMNS = ("id", "path", "label", "method", "split", "groups", "component", "dataset", "modality")


@dataclass(frozen=True)
class Plan:
    """`table` has the columns above, sorted by id; a dropped sample has an empty split."""

    table: pd.DataFrame
    protocol: str
    seed: int
    counts: dict[str, dict[str, int]]  # split: {real, fake}
    dropped: int
    crossing_groups: int
    notes: list[str] = field(default_factory=list)
    leaky: bool = False


def plan(
    table: pd.DataFrame,
    protocol: str = "official",
    seed: int = 42,
    *,
    heldout: str = "",
    shares: str = USUAL_SHARES,
    space: Workspace | None = None,
) -> Plan:
    """Divide every dataset of the sample table; the same for the same samples, shares and seed. Each is divided on its
    own, but by group those that share originals, people or files are divided together, and what has no official lists
    follows them. But at random, copies of one file stay on one side."""
    fractions = parse_shares(shares)
    if protocol not in PROTOCOLS:
        raise BadInput(f"protocol {protocol!r} is unknown; known are {', '.join(PROTOCOLS)}")
    notes: list[str] = []
    table = table.sort_values("id", kind="stable").reset_index(drop=True)
    table = _with_exclusions(table, notes, space)
    table = _keep_labelled(table, notes)
    _check_protocol(table, protocol, heldout)
    if protocol != "random":
        table = copies.tie(table, notes, space)
    split = np.full(len(table), "", dtype=object)
    shared = sources.shared_keys(table) | copies.shared(table) if protocol in ("group", "official") else {}
    for names in divisions(table, shared if protocol == "group" else {}):
        part = table[table["dataset"].isin(names)]
        named = " and ".join(names)
        dataset = DatasetToSplit(named, part.reset_index(drop=True), seed, notes, fractions, shared)
        split[part.index] = assign_splits(dataset, protocol, heldout)
    if protocol == "official":
        follow_official(table, split, shared, notes)
    if protocol != "random":
        listed = table["split"].fillna("").astype(str).to_numpy() != ""
        copies.drop_crossing(table, split, listed & (protocol == "official"), notes)
    table = table.assign(split=split)
    return finish_plan(table, protocol, seed, notes, test_wanted=fractions[2] > 0)


def _check_protocol(table: pd.DataFrame, protocol: str, heldout: str) -> None:
    if heldout and heldout not in set(table["method"].dropna()):
        known = ", ".join(sorted(set(table["method"].dropna()) - {""})) or "none"
        raise BadInput(f"heldout: no sample was made by {heldout!r}; the methods here are {known}")
    if protocol == "heldout_method" and not _has_two_methods(table):
        raise BadInput(
            "protocol: one method held out (heldout_method) needs a dataset with at least two methods, and none here has; "
            "divide by person, source or clip (group), or choose a dataset with more methods"
        )


def finish_plan(
    table: pd.DataFrame, protocol: str, seed: int, notes: list[str], *, test_wanted: bool = True
) -> Plan:
    """The plan of a table with its splits filled in: components, counts and what crosses."""
    table = table.assign(component=_component_names(table))
    kept = table["split"] != ""
    counts = {
        s: {
            "real": int(((table["split"] == s) & (table["label"] == 0)).sum()),
            "fake": int(((table["split"] == s) & (table["label"] == 1)).sum()),
        }
        for s in SPLITS
    }
    for s in SPLITS:
        for word, n in counts[s].items():
            wanted = s != "test" or test_wanted
            if n == 0 and wanted and kept.any() and any(c[word] for c in counts.values()):
                notes.append(lacks(s, word))
    sides = table[kept].groupby("component")["split"].nunique()
    return Plan(
        table=table[[c for c in COLUMNS if c in table]],
        protocol=protocol,
        seed=seed,
        counts=counts,
        dropped=int((~kept).sum()),
        crossing_groups=int((sides > 1).sum()),
        notes=notes,
        leaky=protocol == "random",
    )


def lacks(split: str, label: str) -> str:
    return f"the {words.split(split)} part has no {label} sample"


def _component_names(table: pd.DataFrame) -> NDArray[np.object_]:
    """Components among the kept samples of each dataset; a dropped one joins nothing."""
    out = np.full(len(table), "", dtype=object)
    for name, part in table[table["split"] != ""].groupby("dataset", sort=True):
        groups = list(part["groups"])
        labels = components.components(groups)
        out[part.index] = [f"{name}:{c}" for c in components.names(list(part["id"]), groups, labels)]
    return out


def _with_exclusions(table: pd.DataFrame, notes: list[str], space: Workspace | None) -> pd.DataFrame:
    entries = {e.id: e.action for e in exclusions.read(space)}
    action = table["id"].map(entries) if entries else None
    if action is None or action.isna().all():
        return table
    relabelled = action.isin(["real", "fake"])
    label = table["label"].where(~relabelled, action.map({"real": 0.0, "fake": 1.0}))
    excluded = action == "exclude"
    if relabelled.any():
        notes.append(
            f"{numbers.count_of(int(relabelled.sum()), 'sample')} relabelled by hand: {_some(table['id'][relabelled])}"
        )
    if excluded.any():
        notes.append(
            f"{numbers.count_of(int(excluded.sum()), 'sample')} excluded by hand: {_some(table['id'][excluded])}"
        )
    return table.assign(label=label)[~excluded].reset_index(drop=True)


def _keep_labelled(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    known = table["label"].notna()
    if not known.all():
        for name, n in table[~known].groupby("dataset", sort=True).size().items():
            notes.append(
                f"{name}: {numbers.count_of(n, 'sample without a label is', 'samples without a label are')} in no part"
            )
    table = table[known].reset_index(drop=True)
    return table.assign(label=table["label"].astype(int), method=table["method"].fillna("").astype(str))


def _has_two_methods(table: pd.DataFrame) -> bool:
    fakes = table[(table["label"] == 1) & (table["method"] != "")]
    return bool((fakes.groupby("dataset")["method"].nunique() > 1).any())


def _some(ids: pd.Series) -> str:
    return ", ".join(ids.head(5)) + (" …" if len(ids) > 5 else "")
