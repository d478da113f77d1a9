"""The samples worth looking at: those next to the line, and the worst errors on each side.

Sorted once, so that moving the line costs the same whatever the number of samples.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


class Ranked:
    """A score table with its rows ranked by score, overall and per label."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.scores = table["score"].to_numpy()
        self.all = np.argsort(self.scores, kind="stable")
        fake = table["label"].to_numpy()[self.all] == 1
        self.fakes, self.reals = self.all[fake], self.all[~fake]

    def next_to(self, threshold: float | None, count: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The samples just under the threshold and those just at or above it, nearest first."""
        line = self._line(self.all, threshold)
        under = self.all[max(line - count, 0) : line][::-1]
        return self._rows(under), self._rows(self.all[line : line + count])

    def worst(self, threshold: float | None, count: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The reals called fake with the highest scores, and the fakes called real with the lowest."""
        alarms = self.reals[self._line(self.reals, threshold) :][::-1][:count]
        missed = self.fakes[: self._line(self.fakes, threshold)][:count]
        return self._rows(alarms), self._rows(missed)

    def _rows(self, places: np.ndarray) -> pd.DataFrame:
        """Value by value: pandas first joins a column of text, or hashes its categories, before it picks six of a
        million."""
        picked = {name: [column.iat[i] for i in places] for name, column in self.table.items()}
        return pd.DataFrame(picked, index=self.table.index[places])

    def _line(self, order: np.ndarray, threshold: float | None) -> int:
        """How many of `order` score under the threshold, without sorting anything again."""
        if threshold is None:
            return len(order)
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if float(self.scores[order[middle]]) < threshold:
                low = middle + 1
            else:
                high = middle
        return low
