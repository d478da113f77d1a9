"""The samples worth looking at: those next to the line, and the worst errors on each side."""

from __future__ import annotations

import numpy as np
import pandas as pd


def next_to(
    table: pd.DataFrame, threshold: float | None, count: int = 6
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `count` samples just under the threshold and those just at or above it, nearest first."""
    scores = table["score"].to_numpy()
    above = np.zeros(len(table), bool) if threshold is None else scores >= threshold
    return (
        _extreme(table, ~above, count, highest=True),
        _extreme(table, above, count, highest=False),
    )


def worst(table: pd.DataFrame, threshold: float | None, count: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The reals called fake with the highest scores, and the fakes called real with the lowest."""
    called = np.zeros(len(table), bool) if threshold is None else table["score"].to_numpy() >= threshold
    fake = table["label"].to_numpy() == 1
    return (
        _extreme(table, called & ~fake, count, highest=True),
        _extreme(table, ~called & fake, count, highest=False),
    )


def _extreme(table: pd.DataFrame, mask: np.ndarray, count: int, *, highest: bool) -> pd.DataFrame:
    places = np.flatnonzero(mask)
    keys = table["score"].to_numpy()[places] * (-1 if highest else 1)
    if len(keys) > count:
        near = np.argpartition(keys, count - 1)[:count]
        places, keys = places[near], keys[near]
    return table.iloc[places[np.argsort(keys, kind="stable")]]
