"""The whole answer for one set of scores: chosen on one split, looked at on the same or another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from core.thresholds import cautions, methods, spoofing_measures
from core.thresholds.band import Band, band, band_at
from core.thresholds.intervals import RANKING, Interval, along, bootstrap, threshold_intervals
from core.thresholds.own_scale import called_fake, inside, is_turned, own, own_point
from core.thresholds.point import Costs, Point
from core.thresholds.scored import Scored
from core.thresholds.spoofing_measures import SpoofingMeasures
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
    bands: list[Band] = field(default_factory=list)  # one a point, where they are asked for
    intervals: dict[str, Interval] = field(default_factory=dict)  # of the ranking figures
    point_intervals: list[dict[str, Interval]] = field(default_factory=list)
    field: SpoofingMeasures | None = None  # of the split that is looked at
    turned: bool = False  # scores were negated; the document has them as their file

    def to_dict(self) -> dict[str, Any]:
        points: list[dict[str, Any]] = [point.to_dict() for point in self.points]
        for point, found in zip(points, self.point_intervals, strict=False):
            point["intervals"] = {name: list(ends) for name, ends in found.items()}
        for point, around in zip(points, self.bands, strict=False):
            point["band"] = asdict(around)
        document: dict[str, Any] = {
            "n": self.sweep.total,
            "warnings": self.warnings,
            "positives": self.sweep.positives,
            "negatives": self.sweep.negatives,
            "distinct_scores": len(self.sweep.thresholds),
            "auc": self.sweep.auc,
            "ap": self.sweep.ap,
            "eer": self.sweep.eer,
            "eer_threshold": own(self.sweep.eer_threshold, self.turned),
            "called_fake": called_fake(self.turned),
            "chosen_on": self.chosen_on,
            "looking_at": self.looking_at,
            "points": [own_point(point, self.turned) for point in points],
        }
        if self.intervals:
            document["intervals"] = {name: list(ends) for name, ends in self.intervals.items()}
        if self.field is not None:
            document |= self.field.to_dict()
            for name in ("mindcf_threshold", "actdcf_threshold"):
                document[name] = own(document[name], self.turned)
            if self.field.intervals:
                document.setdefault("intervals", {}).update(spoofing_measures.intervals_document(self.field))
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
    if_turned: str = cautions.OF_A_RUN,
    error: float | None = None,
    dcf: Costs = spoofing_measures.ASVSPOOF5,
    asv: pd.DataFrame | None = None,
) -> Analysis:
    """Thresholds chosen on `chosen` (label, score, perhaps group), figures on `seen` (the same where None).

    `draws` replicates of the bootstrap add intervals of the ranking; those of each point are there without it.
    `error` is what an uncertain band around each threshold allows on `chosen`; None draws none. `dcf` prices the
    field's measures; `asv` are scores of a speaker verification for the t-DCF.
    """
    wanted = {word: methods.parse(word) for word in dict.fromkeys(word.strip() for word in words)}
    costs = next((m.costs for m in wanted.values() if m.costs is not None), None) or Costs()
    source = sweep(chosen["label"].to_numpy(), chosen["score"].to_numpy())
    target = source if seen is None else sweep(seen["label"].to_numpy(), seen["score"].to_numpy())
    place = looking_at or chosen_on
    turned = is_turned(chosen)
    where = chosen_on if seen is not None else ""
    warnings = cautions.about_scores(source, where, if_turned, turned, _interval_of_auc(chosen))
    if seen is not None:
        warnings += cautions.about_scores(target, place, if_turned, turned, _interval_of_auc(seen))
    chosen_points = _choose_points(source, target, wanted, costs)
    warnings += [line for point in chosen_points for line in cautions.about_point(point)]
    points = [at(target, inside(methods.DEFAULT_THRESHOLD, turned), costs=costs), *chosen_points]
    table = chosen if seen is None else seen
    bands = [] if error is None else _bands(source, target, points, error, Scored(table))
    ends = _point_intervals(table, points, draws, seed)
    measured = spoofing_measures.measure(
        *_columns(table), costs=dcf, asv=asv, draws=draws, seed=seed, swept=target, turned=turned
    )
    analysis = Analysis(target, points, chosen_on, place, warnings, bands, {}, ends, measured, turned)
    return _with_intervals(analysis, chosen, seen, draws, seed) if draws else analysis


def _interval_of_auc(table: pd.DataFrame) -> Callable[[], Interval | None]:
    return lambda: Scored(table).ranking_intervals.get("auc")


def _choose_points(source: Sweep, target: Sweep, wanted: Iterable[str], costs: Costs) -> list[Point]:
    """Each method's threshold of `source`, with the figures that it has on `target`."""
    choices = [methods.choose(source, word, costs) for word in wanted]
    return [at(target, c.threshold, c.method, c.costs, c.reachable) for c in choices]


def _point_intervals(
    table: pd.DataFrame, points: Sequence[Point], draws: int, seed: int
) -> list[dict[str, Interval]]:
    thresholds, prices = [point.threshold for point in points], [point.costs for point in points]
    return along(*_columns(table), thresholds, n=draws, seed=seed, costs=prices)


def _bands(source: Sweep, target: Sweep, points: Sequence[Point], error: float, looked: Scored) -> list[Band]:
    return [looked.with_intervals(_band(source, target, point, error)) for point in points]


def _band(source: Sweep, target: Sweep, point: Point, error: float) -> Band:
    found = band(source, point.threshold, error)
    return found if target is source else band_at(target, found.low, found.high)


def _with_intervals(
    analysis: Analysis, chosen: pd.DataFrame, seen: pd.DataFrame | None, draws: int, seed: int
) -> Analysis:
    table = chosen if seen is None else seen
    ranking = bootstrap(*_columns(table), RANKING, n=draws, seed=seed)
    lines, here = [point.threshold for point in analysis.points], analysis.point_intervals
    words = [
        point.method for point in analysis.points if point.method != "default" and point.threshold is not None
    ]
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
    return replace(analysis, warnings=warnings, intervals=ranking)


def _columns(table: pd.DataFrame) -> tuple[Any, Any, Any]:
    return table["label"].to_numpy(), table["score"].to_numpy(), table.get("group")
