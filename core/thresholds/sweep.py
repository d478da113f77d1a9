"""The exact sweep: confusion counts at every distinct score, and the curves and areas that follow from them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.errors import BadInput
from core.thresholds import packed
from core.thresholds.point import Costs, Point


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sample is called fake where score >= threshold. Arrays are ascending in the threshold; the one that
    calls nothing fake (None) stands behind the last."""

    thresholds: np.ndarray  # (m,) distinct scores
    tp: np.ndarray  # (m,)
    fp: np.ndarray  # (m,)
    positives: int  # fakes
    negatives: int  # reals
    areas: packed.Areas | None = None  # where counting has summed them on the way

    @property
    def total(self) -> int:
        return self.positives + self.negatives

    @property
    def auc(self) -> float:
        """Area under the ROC: the chance that a fake scores above a real one, ties counting half."""
        return 1 - self._summed.lost / (2 * self.positives * self.negatives)

    @property
    def ap(self) -> float:
        """Average precision: the sum over thresholds of (recall gained) x precision."""
        return self._summed.gained / self.positives

    @cached_property
    def _summed(self) -> packed.Areas:
        if self.areas is not None:
            return self.areas
        found = packed.Areas(self.positives, self.total)
        found.add(self.tp, self.tp + self.fp)
        return found.close()

    @cached_property
    def eer(self) -> float:
        """Where FPR = FNR on the ROC drawn through its points with straight lines."""
        at = self._crossing
        tp1, fp1 = int(self.tp[at]), int(self.fp[at])  # FPR >= FNR here, and no longer one step up
        tp0, fp0 = (int(self.tp[at + 1]), int(self.fp[at + 1])) if at + 1 < len(self.tp) else (0, 0)
        gap1 = self._gap(tp1, fp1)
        gap0 = self._gap(tp0, fp0)
        share = -gap0 / (gap1 - gap0)
        return (fp0 + share * (fp1 - fp0)) / self.negatives

    @cached_property
    def eer_threshold(self) -> float:
        return float(self.thresholds[self.eer_index])

    @cached_property
    def eer_index(self) -> int:
        """The smallest |FPR - FNR|; of two equals the lower threshold, unless the higher finds as many fakes with
        fewer false alarms."""
        low = self._crossing
        high = min(low + 1, len(self.tp) - 1)
        (tp1, fp1), (tp0, fp0) = ((int(self.tp[i]), int(self.fp[i])) for i in (low, high))
        below, above = abs(self._gap(tp1, fp1)), abs(self._gap(tp0, fp0))
        return high if above < below or (above == below and tp0 == tp1) else low

    @cached_property
    def _crossing(self) -> int:
        """The highest threshold at which FPR >= FNR; FPR - FNR falls as the threshold rises."""
        low, high = 0, len(self.tp) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._gap(int(self.tp[middle]), int(self.fp[middle])) >= 0:
                low = middle
            else:
                high = middle - 1
        return low

    def _gap(self, tp: int, fp: int) -> int:
        """FPR - FNR in whole numbers: times positives times negatives."""
        return fp * self.positives - (self.positives - tp) * self.negatives

    @cached_property
    def frontier(self) -> np.ndarray:
        """Indices that no other threshold beats in both counts, with the lowest threshold always among them.

        Whatever rewards true positives and punishes false ones has its optimum, and its lowest one, here.
        """
        kept = [np.zeros(1, np.intp)]
        size = packed.CHUNK
        for start in range(0, len(self.tp), size):
            tp = self.tp[start : start + size + 1]
            fp = self.fp[max(start - 1, 0) : start + size]
            holds_fake = np.empty(min(size, len(self.tp) - start), bool)
            np.greater(tp[: len(holds_fake)][: len(tp) - 1], tp[1:], out=holds_fake[: len(tp) - 1])
            if len(tp) - 1 < len(holds_fake):
                holds_fake[-1] = tp[-1] > 0
            if start == 0:
                holds_fake[0] = False  # already taken
                holds_fake[1:] &= fp[:-1] > fp[1:]
            else:
                holds_fake &= fp[:-1] > fp[1:]
            kept.append(np.flatnonzero(holds_fake) + start)
        return np.concatenate(kept)

    def index(self, threshold: float | None) -> int:
        """Where calling fake from `threshold` up stands; compared as double precision, whatever the scores have."""
        return len(self.tp) if threshold is None else bisect_left(self.thresholds, threshold, key=float)

    def roc(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """FPR, TPR and thresholds, from calling nothing fake (infinite threshold) down to everything."""
        fpr = np.append(self.fp, 0)[::-1] / self.negatives
        tpr = np.append(self.tp, 0)[::-1] / self.positives
        return fpr, tpr, np.append(self.thresholds, np.inf)[::-1]

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Precision, recall and thresholds, ascending; the closing point (1, 0) has no threshold."""
        precision = np.append(self.tp / (self.tp + self.fp), 1.0)
        return precision, np.append(self.tp / self.positives, 0.0), self.thresholds

    def det(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """FPR, FNR and thresholds, ascending; the two errors of a detection error trade-off."""
        return self.fp / self.negatives, (self.positives - self.tp) / self.positives, self.thresholds

    def partial_auc(self, max_fpr: float) -> float:
        """McClish's standardised area for false-positive rates up to `max_fpr`: 0.5 is chance, 1 is perfect."""
        if not 0 < max_fpr <= 1:
            raise BadInput(f"the largest false-positive rate ({max_fpr}) must be over 0 and at most 1")
        most = max_fpr * self.negatives
        first = bisect_left(self.fp, -most, key=lambda alarms: -int(alarms))  # the lowest threshold within it
        area = 0.0
        for start in range(first, len(self.tp), packed.CHUNK):
            stop = start + packed.CHUNK
            tp, fp = (np.r_[side[start : stop + 1], 0.0][: packed.CHUNK + 1] for side in (self.tp, self.fp))
            # not np.dot: its threads wait for each other on a busy machine
            area += float(np.sum((fp[:-1] - fp[1:]) * (tp[:-1] + tp[1:]))) / 2
        if first:  # on a straight line to the next threshold, as far as it lies within
            tp1, fp1 = (float(self.tp[first]), float(self.fp[first])) if first < len(self.tp) else (0.0, 0.0)
            tp0, fp0 = float(self.tp[first - 1]), float(self.fp[first - 1])
            edge = tp1 + (tp0 - tp1) * (most - fp1) / (fp0 - fp1)
            area += (most - fp1) * (tp1 + edge) / 2
        area /= self.positives * self.negatives
        least = max_fpr**2 / 2
        return 0.5 * (1 + (area - least) / (max_fpr - least)) if max_fpr < 1 else area


def sweep(labels: np.ndarray, scores: np.ndarray) -> Sweep:
    """The exact sweep of `labels` (1 = fake, 0 = real) and `scores` (any finite scale)."""
    y, s = check(labels, scores)
    positives = int(np.count_nonzero(y))
    if positives in (0, len(y)):
        which = "fake" if positives else "real"
        all_of_them = f"all {len(y):,} samples are" if len(y) > 1 else "the only sample is"
        raise BadInput(f"{all_of_them} {which}: a threshold needs scores of both classes")
    counts = packed.count(y, s)
    return Sweep(counts.thresholds, counts.tp, counts.fp, positives, len(y) - positives, counts.areas)


def check(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as bytes and scores as floats; BadInput for whatever has no place on a ROC."""
    y, s = np.asarray(labels), np.asarray(scores)
    if y.ndim != 1 or y.shape != s.shape:
        raise BadInput(f"labels {y.shape} and scores {s.shape} must be two lists of the same length")
    if not len(y):
        raise BadInput("there are no scores: a threshold needs scores of both classes")
    if y.dtype == bool:
        y = y.view(np.uint8)
    elif (
        y.dtype.kind not in "iuf"
        or not (y.min() >= 0 and y.max() <= 1)
        or (y.dtype.kind == "f" and not np.isin(y, (0, 1)).all())
    ):
        raise BadInput("labels must be 1 (fake) or 0 (real)")
    if s.dtype.kind not in "iuf":
        raise BadInput(f"scores must be numbers, not {s.dtype}")
    s = np.ascontiguousarray(s, np.float32 if s.dtype in (np.float32, np.float16) else np.float64)
    if not (np.isfinite(s.min()) and np.isfinite(s.max())):
        bad = np.flatnonzero(~np.isfinite(s))
        raise BadInput(
            f"{len(bad):,} of {len(s):,} scores are not finite numbers (the first at row {bad[0] + 1})"
        )
    return np.ascontiguousarray(y, np.uint8), s


def at(
    sweep: Sweep,
    threshold: float | None,
    method: str = "default",
    costs: Costs | None = None,
    reachable: bool = True,
) -> Point:
    """The figures of calling fake what scores at least `threshold` (None: nothing)."""
    index = sweep.index(threshold)
    tp, fp = (int(sweep.tp[index]), int(sweep.fp[index])) if index < len(sweep.tp) else (0, 0)
    fn, tn = sweep.positives - tp, sweep.negatives - fp
    return Point.of(method, threshold, tp, fp, fn, tn, costs=costs or Costs(), reachable=reachable)
