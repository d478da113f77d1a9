"""Datasets that share originals or people in one plan: divided together, or one after the official lists of the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.catalog import components, sources
from core.catalog.split_protocols import BY_GROUP


def divisions(table: pd.DataFrame, shared: Mapping[str, set[str]]) -> list[list[str]]:
    """The datasets that are divided together; most alone."""
    tied = sources.together(dict(shared))
    alone = sorted({str(name) for name in table["dataset"].unique()} - {n for one in tied for n in one})
    return sorted([*tied, *([name] for name in alone)])


def follow_official(
    table: pd.DataFrame, split: NDArray[np.object_], shared: Mapping[str, set[str]], notes: list[str]
) -> None:
    """A dataset without official lists goes where those of another put the files, originals or people that both have;
    a component that lies on two of their sides is dropped."""
    stated = table["split"].fillna("").astype(str)
    listed = {str(name) for name, part in stated.groupby(table["dataset"]) if (part != "").any()}
    sides: dict[str, set[str]] = {}
    mine = table["dataset"].isin(listed)
    for keys, side in zip(table["groups"][mine], split[mine.to_numpy()], strict=True):
        for key in keys:
            if side and sources.bare(key) in shared:
                sides.setdefault(sources.bare(key), set()).add(str(side))
    for name, part in table[~mine].groupby("dataset", sort=True):
        places = part.index.to_numpy()
        component = components.components(list(part["groups"]))
        found: dict[int, set[str]] = {}
        for label, keys in zip(component.tolist(), part["groups"], strict=True):
            for key in keys:
                if name in shared.get(sources.bare(key), ()):
                    found.setdefault(label, set()).update(sides.get(sources.bare(key), ()))
        moved = dropped = 0
        for label, where in found.items():
            if where:
                inside = places[component == label]
                split[inside] = next(iter(where)) if len(where) == 1 else ""
                moved, dropped = moved + len(inside), dropped + len(inside) * (len(where) > 1)
        notes.append(f"{name}: {_what_became(len(part), moved, dropped)}")


def _what_became(n: int, moved: int, dropped: int) -> str:
    """Of the samples of a dataset without official lists."""
    if not moved:
        return f"it has no split of its own, so it is divided {BY_GROUP}"
    whose = "all" if moved == n else f"{moved:,} of"
    left_out = f"; {dropped:,} that join two parts are left out" if dropped else ""
    rest = "" if moved == n else f"; the rest is divided {BY_GROUP}"
    return (
        f"{whose} its {n:,} samples share files, sources or people with a dataset that has a split of its own, and go into "
        f"the part that those are in there{left_out}{rest}"
    )
