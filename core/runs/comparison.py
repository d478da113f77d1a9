"""Is one run better than another, and is it really? Paired on the samples that both have scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import numbers, words
from core.catalog.components import components
from core.errors import BadInput
from core.runs.folder import RunFolder
from core.runs.summaries import summary
from core.runs.titles import titles
from core.thresholds.intervals import difference

FIGURES = ("auc", "ap", "eer", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "macro_f1")
LOWER_IS_BETTER = ("eer",)
FEWEST = 20  # shared samples; below, no interval means anything


@dataclass(frozen=True)
class Difference:
    """First less second on the same samples."""

    figure: str
    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    def turned(self) -> Difference:
        """Second less first."""
        return Difference(self.figure, -self.value, -self.high, -self.low)

    def in_words(self, first: str, second: str) -> tuple[str, str]:
        """Of the AUC, for the page and the report: what it comes to, and how that is known."""
        if self.value < 0:
            return self.turned().in_words(second, first)
        # A line ends before or behind a figure with its interval, not in it.
        ends = numbers.interval(self.value, self.low, self.high).replace(" ", "\u00a0")
        if not self.shown:
            return "No difference shown", f"in AUC: “{first}” minus “{second}” is {ends}, so it may be zero."
        return f"“{first}” is better:", f"its AUC is {ends} higher than that of “{second}”."


@dataclass(frozen=True)
class Paired:
    """Two runs on the samples of one split that both have scored."""

    split: str
    shared: int
    only_first: int
    only_second: int
    differences: tuple[Difference, ...]
    note: str = ""  # what else a reader must know of these samples

    @property
    def auc(self) -> Difference:
        return next(d for d in self.differences if d.figure == "auc")

    @property
    def how_measured(self) -> str:
        """For the page and the report."""
        return (
            f"Measured on the {self.shared:,} {words.split(self.split)} samples that both have scored, with 95 % intervals: "
            "both runs were measured again and again on the same draws of whole groups of samples."
        )


def compare_paired(
    first: RunFolder, second: RunFolder, split: str = "test", *, n: int = 1000, seed: int = 0
) -> Paired:
    """The differences with their intervals: groups are drawn, each time the same for both runs."""
    a, b = scores_beside(first, second, split), scores_beside(second, first, split)
    both = a.merge(b, on="id", suffixes=("_a", "_b"))
    if len(both) < FEWEST:
        raise BadInput(
            f"{_both(first, second)} share {numbers.count_of(len(both), f'scored {words.split(split)} sample')}; a comparison needs at least "
            f"{FEWEST}, so give both runs the same data, divided in the same way with the same seed"
        )
    labels = both["label_a"].to_numpy(dtype=np.int64)
    if (labels != both["label_b"].to_numpy(dtype=np.int64)).any():
        raise BadInput(f"{_both(first, second)} do not agree on the labels: they learned different tasks")
    if not 0 < labels.sum() < len(labels):
        raise BadInput(f"{_both(first, second)} share {words.split(split)} samples of one class only")
    found = difference(
        labels,
        both["score_a"].to_numpy(dtype=np.float64),
        both["score_b"].to_numpy(dtype=np.float64),
        _groups(both),
        figures=FIGURES,
        thresholds=(threshold(first), threshold(second)),
        n=n,
        seed=seed,
    )
    return Paired(
        split,
        len(both),
        len(a) - len(both),
        len(b) - len(both),
        tuple(Difference(name, *values) for name, values in found.items()),
        _note(first, second, same=bool((both["score_a"] == both["score_b"]).all())),
    )


def scores_beside(run: RunFolder, other: RunFolder, split: str) -> pd.DataFrame:
    """The scores of a split. An imported detector learned from nothing here: beside a run that was trained, all that it
    scored counts, and the run's split decides.

        trained    train train train val | test test
        imported    val  test   val  val | test val
        compared                           both both
    """
    if run.imported is None or other.imported is not None:
        return scores(run, split)
    parts = [scores(run, part) for part in ("val", "test") if run.scores_file(part).exists()]
    return pd.concat(parts, ignore_index=True) if parts else scores(run, split)


def _note(first: RunFolder, second: RunFolder, *, same: bool) -> str:
    if same:
        return "both gave each of these samples the very same score, as runs do that kept the same weights"
    mixed = [summary(one).name for one in (first, second) if one.imported is not None]
    if len(mixed) != 1:
        return ""
    return (
        f"“{mixed[0]}” was imported and learned from none of these samples; where its threshold was chosen on some of "
        "them, the figures at its threshold are a little too good"
    )


def scores(run: RunFolder, split: str) -> pd.DataFrame:
    path = run.scores_file(split)
    if not path.exists():
        raise BadInput(
            f"“{summary(run).name}” has no scores on {words.split(split)}; only finished runs can be compared"
        )
    return pd.read_parquet(path, columns=["id", "group", "label", "score"])


def _both(first: RunFolder, second: RunFolder) -> str:
    """The names of two runs, told apart where they have one name."""
    names = titles([summary(first), summary(second)])
    return words.listed(words.quoted((names[first.id], names[second.id])))


def threshold(run: RunFolder) -> float | None:
    """The operating point of the run; 0.5 where none was chosen. None calls nothing fake."""
    document = run.document("operating_point")
    if document is None or "threshold" not in document:
        return 0.5
    value = document["threshold"]
    return None if value is None else float(value)


def _groups(both: pd.DataFrame) -> np.ndarray:
    """Samples tied in either run's plan are drawn together."""
    keys = [
        [f"a {first}", f"b {second}"]
        for first, second in zip(both["group_a"].astype(str), both["group_b"].astype(str), strict=True)
    ]
    return components(keys)
