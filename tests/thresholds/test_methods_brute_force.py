"""Every method against a brute-force search with whole fractions, on small random inputs full of ties."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from core.errors import BadInput
from core.thresholds.methods import KNOWN, choose, usages
from core.thresholds.point import Point
from core.thresholds.sweep import at, sweep

Cells = tuple[int, int, int, int]  # tp, fp, tn, fn


def _f(cells: Cells, squared: Fraction = Fraction(1)) -> Fraction:
    tp, fp, _, fn = cells
    return (1 + squared) * tp / ((1 + squared) * tp + fp + squared * fn)


def _macro(cells: Cells) -> Fraction:
    tp, fp, tn, fn = cells
    return (_f(cells) + _f((tn, fn, tp, fp))) / 2


def _recall(cells: Cells) -> Fraction:
    return Fraction(cells[0], cells[0] + cells[3])


def _fpr(cells: Cells) -> Fraction:
    return Fraction(cells[1], cells[1] + cells[2])


def _precision(cells: Cells) -> Fraction | None:
    return Fraction(cells[0], cells[0] + cells[1]) if cells[0] + cells[1] else None


def _cost(cells: Cells, fp: str, fn: str, prevalence: str | None = None) -> Fraction:
    if prevalence is None:
        return -(Fraction(fp) * cells[1] + Fraction(fn) * cells[3])
    share = Fraction(prevalence)
    return -(Fraction(fp) * (1 - share) * _fpr(cells) + Fraction(fn) * share * (1 - _recall(cells)))


def _at_least(
    value: Callable[[Cells], Fraction | None], target: str, otherwise: Callable[[Cells], Fraction | None]
) -> Callable[[list[Cells]], list[Fraction | None]]:
    """Values to maximise: `otherwise` where the target is held; where nothing holds it, `value` itself."""

    def values(all_cells: list[Cells]) -> list[Fraction | None]:
        held = [v is not None and v >= Fraction(target) for v in map(value, all_cells)]
        if any(held):
            return [otherwise(c) if h else None for c, h in zip(all_cells, held, strict=True)]
        return [value(c) for c in all_cells]

    return values


def _each(value: Callable[[Cells], Fraction | None]) -> Callable[[list[Cells]], list[Fraction | None]]:
    return lambda all_cells: [value(c) for c in all_cells]


OBJECTIVES: dict[str, Callable[[list[Cells]], list[Fraction | None]]] = {
    "f1": _each(_f),
    "fbeta=0.5": _each(lambda c: _f(c, Fraction(1, 4))),
    "fbeta=2": _each(lambda c: _f(c, Fraction(4))),
    "macro_f1": _each(_macro),
    "balanced_accuracy": _each(lambda c: _recall(c) - _fpr(c)),
    "youden": _each(lambda c: _recall(c) - _fpr(c)),
    "eer": _each(lambda c: -abs(_fpr(c) - (1 - _recall(c)))),
    "precision=0": _at_least(_precision, "0", _recall),
    "precision=0.6": _at_least(_precision, "0.6", _recall),
    "precision=0.75": _at_least(_precision, "0.75", _recall),
    "precision=1": _at_least(_precision, "1", _recall),
    "recall=0": _at_least(_recall, "0", _precision),
    "recall=0.5": _at_least(_recall, "0.5", _precision),
    "recall=0.8": _at_least(_recall, "0.8", _precision),
    "recall=1": _at_least(_recall, "1", _precision),
    "fpr=0": _at_least(lambda c: -_fpr(c), "0", _recall),
    "fpr=0.1": _at_least(lambda c: -_fpr(c), "-0.1", _recall),
    "fpr=0.5": _at_least(lambda c: -_fpr(c), "-0.5", _recall),
    "fpr=1": _at_least(lambda c: -_fpr(c), "-1", _recall),
    "cost=1:1": _each(lambda c: _cost(c, "1", "1")),
    "cost=1:5": _each(lambda c: _cost(c, "1", "5")),
    "cost=10:1": _each(lambda c: _cost(c, "10", "1")),
    "cost=0:1": _each(lambda c: _cost(c, "0", "1")),
    "cost=1:0": _each(lambda c: _cost(c, "1", "0")),
    "cost=0.1:0.3@0.02": _each(lambda c: _cost(c, "0.1", "0.3", "0.02")),
    "cost=1:50@0.02": _each(lambda c: _cost(c, "1", "50", "0.02")),
    "cost=1:1@0": _each(lambda c: _cost(c, "1", "1", "0")),
    "cost=1:1@1": _each(lambda c: _cost(c, "1", "1", "1")),
}


def random_scores(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two to thirty samples of both classes: few distinct scores, any sign and size, sometimes turned."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 31))
    labels = random.integers(0, 2, n)
    labels[random.permutation(n)[:2]] = [0, 1]
    scores = random.integers(0, int(random.integers(1, 12)) + 1, n) / 4.0
    scores += float(random.choice([0, 0.7, -0.7])) * labels
    scores *= float(random.choice([1, -3, 1e-9, 1e12]))
    if seed % 3 == 0:
        scores = scores.astype(np.float32)
    return labels, scores


def search(labels: np.ndarray, scores: np.ndarray, words: str) -> tuple[float | None, Cells]:
    """The best of all distinct scores and of calling nothing fake; the lowest among equals that no equal dominates."""
    thresholds: list[float | None] = [*sorted(set(scores.tolist())), None]
    cells = []
    for threshold in thresholds:
        called = [threshold is not None and s >= threshold for s in scores.tolist()]
        cells.append(
            (
                sum(c and y == 1 for c, y in zip(called, labels, strict=True)),
                sum(c and y == 0 for c, y in zip(called, labels, strict=True)),
                sum(not c and y == 0 for c, y in zip(called, labels, strict=True)),
                sum(not c and y == 1 for c, y in zip(called, labels, strict=True)),
            )
        )
    values = OBJECTIVES[words](cells)
    best = max(v for v in values if v is not None)
    equals = [i for i, value in enumerate(values) if value == best]
    first = next(i for i in equals if not any(dominates(cells[j], cells[i]) for j in equals))
    return thresholds[first], cells[first]


def dominates(one: Cells, other: Cells) -> bool:
    return one[:2] != other[:2] and one[0] >= other[0] and one[1] <= other[1]


@pytest.mark.parametrize("words", OBJECTIVES)
def test_chooses_what_a_search_of_everything_chooses(words: str) -> None:
    for seed in range(400):
        labels, scores = random_scores(seed)
        threshold, (tp, fp, tn, fn) = search(labels, scores, words)
        point = choose(sweep(labels, scores), words)
        assert (point.threshold, point.tp, point.fp, point.tn, point.fn) == (threshold, tp, fp, tn, fn), seed
        assert point.method == words


@pytest.mark.parametrize("words", OBJECTIVES)
def test_no_point_is_dominated_by_another_that_reaches_the_target(words: str) -> None:
    """Held by all that a method looks at: fewer errors of one kind and no more of the other never miss a target.
    (The equal error rate asks for the smallest difference of both, which fewer errors may miss: those that hit it.)"""
    for seed in range(400, 700):
        labels, scores = random_scores(seed)
        found = sweep(labels, scores)
        point = choose(found, words)
        for line in (*found.thresholds.tolist(), None):
            other = at(found, line)
            if words == "eer" and _distance(other) > _distance(point):
                continue
            assert not dominates((other.tp, other.fp, 0, 0), (point.tp, point.fp, 0, 0)), (seed, line)


def _distance(point: Point) -> Fraction:
    """Of the equal error rate."""
    return abs(Fraction(point.fp, point.fp + point.tn) - Fraction(point.fn, point.tp + point.fn))


def test_of_two_thresholds_as_far_from_equal_errors_the_one_with_fewer_false_alarms_is_taken() -> None:
    """From 2 up and from 3 up a fake of two is missed by both; 3/4 and 1/4 of the reals are called fake."""
    labels, scores = np.array([1, 0, 0, 0, 0, 1]), np.array([1, 1, 2, 2, 3, 3])
    point = choose(sweep(labels, scores), "eer")
    assert (point.threshold, point.fpr, point.fnr) == (3, 0.25, 0.5)


def test_a_perfect_ranking_has_no_false_alarms_whatever_precision_is_asked_for() -> None:
    labels, scores = np.repeat([0, 1], 20), np.arange(40) / 40
    for words in ("precision=0.8", "precision=0", "fpr=0.2", "cost=0:1", "recall=0.5"):
        point = choose(sweep(labels, scores), words)
        assert (point.tp, point.fp, point.threshold) == (20, 0, 0.5), words


def test_every_method_is_searched() -> None:
    assert {words.partition("=")[0] for words in OBJECTIVES} == set(KNOWN)


def test_ties_that_floats_would_part_go_to_the_lowest_threshold() -> None:
    """1/3 + 2/7 and the like: equal as fractions, one bit apart as floats."""
    for seed in range(200):
        random = np.random.default_rng(seed)
        labels = np.repeat([0, 1], [21, 33])
        scores = random.integers(0, 8, 54) / 8.0
        for words in ("balanced_accuracy", "macro_f1", "cost=0.1:0.3@0.02"):
            assert choose(sweep(labels, scores), words).threshold == search(labels, scores, words)[0]


def test_a_target_out_of_reach_says_so_beside_the_best_there_is() -> None:
    labels, scores = np.array([0, 1, 1, 0, 0]), np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    point = choose(sweep(labels, scores), "precision=0.9")
    assert not point.reachable
    assert (point.threshold, point.precision) == (0.7, 2 / 3)
    assert choose(sweep(labels, scores), "precision=0.6").reachable


def test_calling_nothing_fake_has_no_threshold_and_no_precision() -> None:
    labels, scores = np.array([0, 1]), np.array([0.9, 0.1])
    point = choose(sweep(labels, scores), "fpr=0")
    assert point.reachable
    assert (point.threshold, point.precision, point.recall, point.fpr) == (None, None, 0.0, 0.0)
    assert at(sweep(labels, scores), 2.0).precision is None


def test_cost_is_per_thousand_samples_and_weighted_to_the_prevalence() -> None:
    labels, scores = np.array([0, 0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.95])
    assert at(sweep(labels, scores), 0.5).cost == pytest.approx(1000 / 6)
    weighted = choose(sweep(labels, scores), "cost=1:5@0.02")
    assert weighted.threshold == 0.95
    assert weighted.cost == pytest.approx(1000 * 5 * 0.02 * 0.5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("best", "known are macro_f1, balanced_accuracy, cost"),
        ("f1=2", "written as f1"),
        ("precision", "written as precision=P"),
        ("precision=", "written as precision=P"),
        ("precision=1.2", "between 0 and 1"),
        ("recall=nan", "between 0 and 1"),
        ("fpr=many", "must be a number"),
        ("cost=1_0:2", "must be a number"),
        ("fbeta=0", "between 0.001 and 1000"),
        ("fbeta=1e308", "between 0.001 and 1000"),
        ("cost=5", "FP:FN"),
        ("cost=1:-1", "at least 0"),
        ("cost=0:0", "over 0"),
        ("cost=1:5@2", "between 0 and 1"),
        ("cost=1:5@", "FP:FN"),
        ("", "known are"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        choose(sweep(np.array([0, 1]), np.array([0.0, 1.0])), words)


def test_usages_name_every_argument() -> None:
    assert "cost=FP:FN[@PREVALENCE]" in usages()
    assert "macro_f1" in usages()


def _figures(labels: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Every figure to maximise at every distinct score, ascending, in plain vectors."""
    thresholds = np.unique(scores)
    tp = np.array([np.sum(labels[scores >= t]) for t in thresholds], float)
    called = np.array([np.sum(scores >= t) for t in thresholds], float)
    fp, positives, negatives = called - tp, labels.sum(), (1 - labels).sum()
    tn, fn = negatives - fp, positives - tp
    f1, f1_real = 2 * tp / (2 * tp + fp + fn), 2 * tn / (2 * tn + fp + fn)
    precision, recall = tp / called, tp / positives
    return {
        "threshold": thresholds,
        "f1": f1,
        "macro_f1": (f1 + f1_real) / 2,
        "balanced_accuracy": recall - fp / negatives,
        "precision=0.7": np.where(precision >= 0.7, recall, -1 + precision / 10),
        "precision=0.99999": np.where(precision >= 0.99999, recall, -1 + precision / 10),
        "recall=0.6": np.where(recall >= 0.6, precision, -1.0),
        "cost=3:1": -(3 * fp + fn),
    }


@pytest.mark.parametrize("seed", range(12))
def test_thousands_of_thresholds_give_the_best_value_at_the_lowest_threshold(seed: int) -> None:
    """Beyond one block of thresholds, informative scores and pure noise, distinct scores and ties."""
    random = np.random.default_rng(seed)
    n = int(random.integers(3_000, 6_000))
    labels = (random.random(n) < random.uniform(0.1, 0.9)).astype(int)
    scores = random.normal(size=n) + float(random.choice([-0.5, 0, 1, 3])) * labels
    if seed % 2:
        scores = np.round(scores, 3)
    figures = _figures(labels, scores)
    thresholds = figures.pop("threshold")
    for words, values in figures.items():
        point = choose(sweep(labels, scores), words)
        best = values.max()
        if point.threshold is None:
            assert words != "recall=0.6"
            continue
        place = int(np.searchsorted(thresholds, point.threshold))
        assert values[place] == pytest.approx(best, rel=1e-12), words
