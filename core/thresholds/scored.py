"""One split's scores with everything that is worked out once: its sweep, its ranking, its categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.thresholds import band, breakdown, own_scale
from core.thresholds.at_threshold import AT_THRESHOLD
from core.thresholds.band import Band
from core.thresholds.intervals import RANKING, Interval, along, ranking_intervals, threshold_intervals
from core.thresholds.point import Costs
from core.thresholds.resampling import group_codes
from core.thresholds.samples_near_line import Ranked
from core.thresholds.sweep import Sweep, sweep

DRAWS = 200  # of a bootstrap on a page


class Scored:
    """A score table (label, score, and what else it has). Moving a threshold over it costs no pass in Python."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table.reset_index(drop=True)
        self._keys: dict[str, pd.Categorical] = {}
        self._ties: dict[str, breakdown.Tied | None] = {}

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def sweep(self) -> Sweep:
        return sweep(self.table["label"].to_numpy(), self.table["score"].to_numpy())

    @cached_property
    def ranked(self) -> Ranked:
        return Ranked(self.table)

    @property
    def turned(self) -> bool:
        """Whether scores were negated, for low ones are fake in their file."""
        return own_scale.is_turned(self.table)

    @property
    def keys(self) -> list[str]:
        """The columns by which errors can be told apart: those with more than one value."""
        return [key for key in breakdown.KEYS if key in self.table and len(self._key(key).categories) > 1]

    def breakdown(self, threshold: float | None, key: str) -> pd.DataFrame:
        values = self._key(key)
        if key not in self._ties:
            self._ties[key] = breakdown.find_tie(self.table, key, values)
        return breakdown.breakdown(self.table, threshold, key, values, self._ties[key])

    def intervals(self, threshold: float | None, costs: Costs) -> dict[str, Interval]:
        """95 % intervals of the figures at the threshold, and of those that need none (bootstrap by group)."""
        return self.intervals_at([threshold], costs)[0] | self.ranking_intervals

    @cached_property
    def ranking_intervals(self) -> dict[str, Interval]:
        """Of AUC, AP and EER."""
        return ranking_intervals(*self._columns(), RANKING, n=DRAWS)

    def intervals_at(
        self,
        thresholds: Sequence[float | None],
        costs: Costs | None = None,
        draws: int = DRAWS,
        figures: Sequence[str] = tuple(AT_THRESHOLD),
    ) -> list[dict[str, Interval]]:
        """95 % intervals of the figures at each of several thresholds, exactly there. Between two of them a drawing
        goes straight in rank (share called fake), never in score."""
        prices = [] if costs is None else [costs] * len(thresholds)
        return along(*self._columns(), thresholds, figures, draws, costs=prices)

    @cached_property
    def group(self) -> np.ndarray | None:
        """The number of each sample's group; None where no samples hang together."""
        groups = self.table.get("group")
        if groups is None:
            return None
        codes, count = group_codes(groups)
        return None if count == len(codes) else codes

    def with_intervals(self, found: Band) -> Band:
        """The band with the intervals of its shares of these samples."""
        return replace(found, intervals=band.intervals(found, *self._columns()))

    def worth_of_band(self, found: Band) -> dict[str, float]:
        return band.worth(found, *self._columns())

    def threshold_intervals(self, words: Sequence[str]) -> dict[str, Interval]:
        """Where else each method might have put its threshold, had other samples been drawn."""
        return threshold_intervals(*self._columns(), words, n=DRAWS)

    def _columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Labels, scores and groups: these as numbers, for a million names take longer to read than all the rest."""
        return self.table["label"].to_numpy(), self.table["score"].to_numpy(), self.group

    def _key(self, key: str) -> pd.Categorical:
        if key not in self._keys:
            self._keys[key] = breakdown.group_by_key(self.table, key)
        return self._keys[key]
