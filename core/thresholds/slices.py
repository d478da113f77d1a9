"""One threshold for each dataset or method, where one for all treats them unequally; and what that would change.

    single         the one threshold everywhere
    equal_recall   each slice finds the share of its fakes that the one threshold finds of all
    equal_fpr      each slice raises the share of false alarms that the one threshold raises of all

A slice too small to place a line by keeps the single threshold. A method has fakes alone: it is judged against the
reals of the datasets that it occurs in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds import methods, proportions
from core.thresholds.breakdown import NOBODY, group_by_key
from core.thresholds.intervals import Interval
from core.thresholds.own_scale import is_turned, own, own_point
from core.thresholds.point import Point
from core.thresholds.resampling import group_codes
from core.thresholds.sweep import sweep

KEYS = ("dataset", "method")
PRESETS = {
    "single": "one threshold for all",
    "equal_recall": "an equal share of fakes found",
    "equal_fpr": "an equal share of false alarms",
}
FEW = 30  # samples of the class whose share is held
BEYOND = 5  # of them must lie beyond the line, or it hangs on single samples


@dataclass(frozen=True)
class Change:
    """Of one rate, from the single threshold to the slice's own; the interval is of 95 %."""

    value: float
    interval: Interval
    more: int  # samples that are called fake by the own threshold alone
    fewer: int  # by the single one alone


@dataclass(frozen=True)
class Slice:
    name: str
    fake: int
    real: int
    threshold: float | None
    single: Point  # at the single threshold
    own: Point  # at its own
    recall: Change | None  # None where the slice has no fake
    fpr: Change | None
    too_small: str  # why it keeps the single threshold; empty where it has its own

    def to_dict(self, turned: bool = False) -> dict[str, Any]:
        points = {"single": self.single, "own": self.own}
        written = {name: own_point(point.to_dict(), turned) for name, point in points.items()}
        return asdict(self) | written | {"threshold": own(self.threshold, turned)}


@dataclass(frozen=True)
class Slices:
    by: str
    preset: str
    method: str  # that chose the single threshold
    threshold: float | None
    target: float | None  # the rate that is held equal
    slices: list[Slice]
    recall: Change | None  # over all slices together
    fpr: Change | None
    turned: bool = False  # scores were negated; the document has them as their file

    def to_dict(self) -> dict[str, Any]:
        written = [part.to_dict(self.turned) for part in self.slices]
        document = asdict(self) | {"slices": written, "threshold": own(self.threshold, self.turned)}
        del document["turned"]
        return document


def by_slice(
    chosen: pd.DataFrame,
    seen: pd.DataFrame | None = None,
    *,
    by: str = "dataset",
    preset: str = "equal_recall",
    method: str = methods.DEFAULT,
) -> Slices:
    """Lines are placed on `chosen`; figures and changes are those of `seen` (the same where None)."""
    if by not in KEYS:
        raise BadInput(f"thresholds can be set by {' or '.join(KEYS)}, not by {by!r}")
    if preset not in PRESETS:
        raise BadInput(f"unknown preset {preset!r}; known are {', '.join(PRESETS)}")
    whole = sweep(chosen["label"].to_numpy(), chosen["score"].to_numpy())
    single = methods.choose(whole, method)
    target = {"equal_recall": single.recall, "equal_fpr": single.fpr}.get(preset)
    look = chosen if seen is None else seen
    lines, shown = _rows_of(chosen, by), _rows_of(look, by)
    found, called = [], []
    for name, rows in shown.items():
        line, reason = single.threshold, ""
        if target is not None:
            reason = _too_small(chosen, lines.get(name), preset, target)
            if not reason:
                line = _line(chosen.iloc[lines[name]], preset, target)
        part = look.iloc[rows]
        found.append(_slice(name, part, line, single.threshold, reason))
        called.append((rows, line))
    recall, fpr = (_together(look, called, single.threshold, label) for label in (1, 0))
    return Slices(by, preset, method, single.threshold, target, found, recall, fpr, is_turned(chosen))


def _rows_of(table: pd.DataFrame, by: str) -> dict[str, np.ndarray]:
    """The rows of each slice, in the order of its name."""
    values = group_by_key(table, by)
    fake = table["label"].to_numpy() == 1
    if by == "dataset":
        return {name: np.flatnonzero(values.codes == code) for code, name in enumerate(values.categories)}
    datasets = group_by_key(table, "dataset").codes if "dataset" in table else np.zeros(len(table), np.int8)
    found = {}
    for code, name in enumerate(values.categories):
        mine = fake & (values.codes == code)
        if mine.any() and name not in (NOBODY, "-"):
            found[str(name)] = np.flatnonzero(mine | (~fake & np.isin(datasets, np.unique(datasets[mine]))))
    if not found:
        raise BadInput("these scores name no method of any fake")
    return found


def _too_small(table: pd.DataFrame, rows: np.ndarray | None, preset: str, target: float) -> str:
    """Why no line can be placed by these rows; empty where one can."""
    if rows is None:
        return "no samples where thresholds are chosen"
    labels = table["label"].to_numpy()[rows]
    fakes, reals = int(np.sum(labels == 1)), int(np.sum(labels == 0))
    count, word, share = (fakes, "fake", 1 - target) if preset == "equal_recall" else (reals, "real", target)
    if not fakes or not reals:
        return f"no {'fake' if not fakes else 'real'} samples"
    if count < FEW:
        return f"only {count} {word} samples, under {FEW}"
    if 0 < share * count < BEYOND:
        return f"of {count:,} {word} samples fewer than {BEYOND} lie beyond the threshold"
    return ""


def _line(part: pd.DataFrame, preset: str, target: float) -> float | None:
    found = sweep(part["label"].to_numpy(), part["score"].to_numpy())
    return methods.choose(found, f"{'recall' if preset == 'equal_recall' else 'fpr'}={target!r}").threshold


def _slice(name: str, part: pd.DataFrame, line: float | None, single: float | None, reason: str) -> Slice:
    labels, scores = part["label"].to_numpy(), part["score"].to_numpy()
    points = [_point(labels, scores, t, word) for t, word in ((single, "single"), (line, "own"))]
    before, after = _call_fake(scores, single), _call_fake(scores, line)
    recall, fpr = (_change(part, labels == label, before, after) for label in (1, 0))
    fakes = int(np.sum(labels == 1))
    return Slice(str(name), fakes, len(part) - fakes, line, points[0], points[1], recall, fpr, reason)


def _point(labels: np.ndarray, scores: np.ndarray, line: float | None, word: str) -> Point:
    called, fake = _call_fake(scores, line), labels == 1
    tp, fp = int(np.sum(called & fake)), int(np.sum(called & ~fake))
    return Point.of(word, line, tp, fp, int(fake.sum()) - tp, int((~fake).sum()) - fp)


def _call_fake(scores: np.ndarray, line: float | None) -> np.ndarray:
    return np.zeros(len(scores), bool) if line is None else scores >= np.float64(line)


def _together(
    table: pd.DataFrame, called: list[tuple[np.ndarray, float | None]], single: float | None, label: int
) -> Change | None:
    """Over all slices; a real that several methods are judged against counts with each of them."""
    rows = np.concatenate([part for part, _ in called])
    scores = table["score"].to_numpy()
    after = np.concatenate([_call_fake(scores[part], line) for part, line in called])
    part = table.iloc[rows]
    return _change(part, part["label"].to_numpy() == label, _call_fake(scores[rows], single), after)


def _change(part: pd.DataFrame, mine: np.ndarray, before: np.ndarray, after: np.ndarray) -> Change | None:
    """Of the share called fake among some rows. What is gained and what is lost are two shares of the same rows."""
    total = int(mine.sum())
    if not total:
        return None
    more, fewer = mine & after & ~before, mine & before & ~after
    ends = [_share(part, mine, hits) for hits in (more, fewer)]
    gained, lost = int(more.sum()) / total, int(fewer.sum()) / total
    low = gained - lost - float(np.hypot(gained - ends[0][0], ends[1][1] - lost))
    high = gained - lost + float(np.hypot(ends[0][1] - gained, lost - ends[1][0]))
    return Change(gained - lost, (max(low, -1.0), min(high, 1.0)), int(more.sum()), int(fewer.sum()))


def _share(part: pd.DataFrame, mine: np.ndarray, hits: np.ndarray) -> Interval:
    """Wilson's interval, of as many samples as the groups are worth where rows hang together."""
    size = float(mine.sum())
    if "group" in part and part["group"].duplicated().any():
        codes, count = group_codes(part["group"])
        each = [np.bincount(codes[rows], minlength=count).reshape(-1, 1) for rows in (hits, mine)]
        size = float(proportions.worth(each[0], each[1])[0])
    low, high = proportions.wilson(np.array(hits.sum() / mine.sum() * size), np.array(size))
    return float(low), float(high)
