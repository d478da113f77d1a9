"""The whole answer for one set of scores: chosen on one split, looked at on the same or another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from core.thresholds import cautions, methods
from core.thresholds.intervals import RANKING, Interval, along, bootstrap, threshold_intervals
from core.thresholds.point import Costs, Point
from core.thresholds.sweep import Sweep, at, sweep

DEFAULT_METHODS = ("macro_f1", "f1", "balanced_accuracy", "youden", "eer")
TRANSFERRED = ("balanced_accuracy", "precision", "recall", "fpr")


@dataclass(frozen=True, eq=False)
class Analysis:
    sweep: Sweep  # of the split that is looked at
    points: list[Point]  # the default first, then each method; figures of the split that is looked at
    chosen_on: str
    looking_at: str
    warnings: list[str]
    intervals: dict[str, Interval] = field(default_factory=dict)  # of the ranking figures
    point_intervals: list[dict[str, Interval]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        points: list[dict[str, Any]] = [point.to_dict() for point in self.points]
        for point, found in zip(points, self.point_intervals, strict=False):
            point["intervals"] = {name: list(ends) for name, ends in found.items()}
        document: dict[str, Any] = {
            "n": self.sweep.total,
            "warnings": self.warnings,
            "positives": self.sweep.positives,
            "negatives": self.sweep.negatives,
            "distinct_scores": len(self.sweep.thresholds),
            "auc": self.sweep.auc,
            "ap": self.sweep.ap,
            "eer": self.sweep.eer,
            "eer_threshold": self.sweep.eer_threshold,
            "chosen_on": self.chosen_on,
            "looking_at": self.looking_at,
            "points": points,
        }
        if self.intervals:
            document["intervals"] = {name: list(ends) for name, ends in self.intervals.items()}
        return document


def analyse(
    chosen: pd.DataFrame,
    seen: pd.DataFrame | None = None,
    words: Sequence[str] = DEFAULT_METHODS,
    *,
    chosen_on: str = "all",
    looking_at: str = "",
    draws: int = 0,
    seed: int = 0,
) -> Analysis:
    """Thresholds chosen on `chosen` (label, score, perhaps group), figures on `seen` (the same where None).

    `draws` replicates of the bootstrap; 0 leaves intervals out.
    """
    wanted = {word: methods.parse(word) for word in dict.fromkeys(word.strip() for word in words)}
    costs = next((m.costs for m in wanted.values() if m.costs is not None), None) or Costs()
    source = sweep(chosen["label"].to_numpy(), chosen["score"].to_numpy())
    target = source if seen is None else sweep(seen["label"].to_numpy(), seen["score"].to_numpy())
    place = looking_at or chosen_on
    warnings = cautions.about_scores(source, chosen_on if seen is not None else "")
    if seen is not None:
        warnings += cautions.about_scores(target, place)
    points = [at(target, methods.DEFAULT_THRESHOLD, costs=costs)]
    for word in wanted:
        choice = methods.choose(source, word, costs)
        point = at(target, choice.threshold, word, choice.costs, choice.reachable)
        warnings += cautions.about_point(point)
        points.append(point)
    analysis = Analysis(target, points, chosen_on, place, warnings)
    return _with_intervals(analysis, chosen, seen, draws, seed) if draws else analysis


def _with_intervals(
    analysis: Analysis, chosen: pd.DataFrame, seen: pd.DataFrame | None, draws: int, seed: int
) -> Analysis:
    table = chosen if seen is None else seen
    ranking = bootstrap(*_columns(table), RANKING, n=draws, seed=seed)
    lines = [point.threshold for point in analysis.points]
    here = along(*_columns(table), lines, n=draws, seed=seed)
    words = [point.method for point in analysis.points if point.method != "default"]
    spreads = threshold_intervals(*_columns(chosen), words, min(draws, 200), seed)
    for point, found in zip(analysis.points, here, strict=True):
        if point.method in spreads:
            found["threshold"] = spreads[point.method]
    warnings = list(analysis.warnings)
    if seen is not None:
        there = along(*_columns(chosen), lines, TRANSFERRED, draws, seed)
        for point, on, at_ in zip(analysis.points, there, here, strict=True):
            warnings += cautions.about_transfer(
                point.method, on, at_, analysis.chosen_on, analysis.looking_at
            )
    return replace(analysis, warnings=warnings, intervals=ranking, point_intervals=here)


def _columns(table: pd.DataFrame) -> tuple[Any, Any, Any]:
    return table["label"].to_numpy(), table["score"].to_numpy(), table.get("group")
