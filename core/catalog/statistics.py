"""How imbalanced the data is: counts, ratio and severity per dataset, split, modality and method, and in total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.catalog.info import DatasetInfo

SPLITS = ("train", "val", "test", "unassigned")
SEVERITIES = ("balanced", "mild", "moderate", "severe", "extreme", "single-class")
BANDS = (
    (Fraction(3, 2), "balanced"),
    (Fraction(2), "mild"),
    (Fraction(5), "moderate"),
    (Fraction(10), "severe"),
)


@dataclass(frozen=True)
class Count:
    """Samples by label."""

    real: int = 0
    fake: int = 0
    unlabelled: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.real + other.real, self.fake + other.fake, self.unlabelled + other.unlabelled)

    @property
    def samples(self) -> int:
        return self.real + self.fake + self.unlabelled

    @property
    def ratio(self) -> float | None:
        """Majority over minority; None where one class is empty."""
        return max(self.real, self.fake) / min(self.real, self.fake) if self.real and self.fake else None

    @property
    def severity(self) -> str:
        return severity(self.real, self.fake)

    @property
    def minority(self) -> str:
        return "real" if self.real < self.fake else "fake"

    def summary(self) -> dict[str, Any]:
        return {
            "real": self.real,
            "fake": self.fake,
            "unlabelled": self.unlabelled,
            "ratio": self.ratio,
            "severity": self.severity,
        }


def severity(real: int, fake: int) -> str:
    """The band of an imbalance; the upper end belongs to the band."""
    low, high = sorted((real, fake))
    if low == 0:
        return "single-class"
    exact = Fraction(high, low)
    return next((name for limit, name in BANDS if exact <= limit), "extreme")


def count(rows: Iterable[dict[str, Any]]) -> Count:
    by_label: dict[Any, int] = defaultdict(int)
    for row in rows:
        by_label[row["label"]] += int(row["n"])
    return Count(by_label[0], by_label[1], by_label[None])


def count_by(about: DatasetInfo, key: str) -> dict[str, Count]:
    """Counts of a dataset by `split`, `modality` or `method`; what has none stands under `unassigned`."""
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in about.counts:
        parts[row[key] or "unassigned"].append(row)
    return {name: count(rows) for name, rows in sorted(parts.items())}


def methods(about: DatasetInfo) -> dict[str, int]:
    """Fakes by method, where the method is known."""
    return {name: c.fake for name, c in count_by(about, "method").items() if name != "unassigned" and c.fake}


def totals(abouts: Iterable[DatasetInfo]) -> dict[str, Count]:
    """Counts of all datasets by modality."""
    found: dict[str, Count] = {}
    for about in abouts:
        for modality, part in count_by(about, "modality").items():
            found[modality] = found.get(modality, Count()) + part
    return dict(sorted(found.items()))


def missing(about: DatasetInfo) -> dict[str, int] | None:
    """How many of the published samples are not here; None where nothing was published.

    Compression copies and editions of one clip count once: `copies` is how many of each there are.
    """
    if about.published is None:
        return None
    total, copies = count(about.counts), int(about.extra.get("copies", 1))
    here = {"real": total.real, "fake": total.fake}
    return {k: max(0, n - here[k] // copies) for k, n in about.published.items() if n is not None}
