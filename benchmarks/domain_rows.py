"""How many files each rule calls foreign: a row for a detector's own files, for others, and for copies of its own."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.domain_cases import Case, few
from benchmarks.domain_copies import PICTURE_COPIES, SOUND_COPIES, copy_all
from benchmarks.quality_runs import File
from core.detection.detector import Detector
from core.detection.domain import assess
from core.detection.domain.decision import Domain
from core.detection.judgement import detect
from core.detection.request import Request
from core.errors import WorkbenchError
from core.media.prepare import prepare
from core.media.probe import probe
from core.thresholds.breakdown import wilson
from core.training.reference.rule import Reference, conformal_limit, figures_of

TIE = 1e-2  # of a distance's scale: figures that are the same in every file are stored rounded
RULES = ("in use", "nearest", "rest (ViM)", "statistics", "size, rate", "confidence")


@dataclass(frozen=True)
class Row:
    kind: str  # own | foreign | processed
    what: str
    medium: str
    n: int
    called: dict[str, int]  # rule: files called foreign
    remark: str = ""
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)  # group: called foreign, files

    def share(self, rule: str) -> float:
        return self.called[rule] / max(1, self.n)

    def plus(self, other: Row) -> Row:
        called = {rule: self.called[rule] + other.called[rule] for rule in self.called}
        groups = {**self.groups}
        for name, (foreign, files) in other.groups.items():
            before = groups.get(name, (0, 0))
            groups[name] = (before[0] + foreign, before[1] + files)
        return replace(self, n=self.n + other.n, called=called, groups=groups).with_interval()

    def named(self, what: str) -> Row:
        return replace(self, what=what).with_interval()

    def with_interval(self) -> Row:
        low, high = wilson(self.called["in use"], self.n)
        remark = f"in use: [{low:.3f}, {high:.3f}]"
        if self.kind == "own" and len(self.groups) < self.n:
            remark += f"; each of {len(self.groups)} groups counting once: {self.by_group:.1%}"
        return replace(self, remark=remark)

    @property
    def by_group(self) -> float:
        """Files of one group stand or fall together: the mean of the groups' own shares."""
        return float(np.mean([foreign / files for foreign, files in self.groups.values()]))

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self)}


def measure(case: Case, most: int) -> Iterator[Row]:
    """One row a kind of file: how many each rule calls foreign."""
    judge = Judge(case)
    yield judge.row("own", case.name, few(case.own, most))
    for what, paths in case.foreign.items():
        if paths:
            yield judge.row("foreign", what, ungrouped(few(paths, most)))
    copies = PICTURE_COPIES if case.medium == "pictures" else SOUND_COPIES
    for what, copy in copies.items():
        with tempfile.TemporaryDirectory(prefix="copies-") as folder:
            files = [file.path for file in few(case.own, most // 2)]
            yield judge.row("processed", what, ungrouped(copy_all(files, copy, Path(folder))))


def ungrouped(files: Sequence[Path]) -> list[File]:
    return [File(file, 0, "", "") for file in files]


class Judge:
    """The detector with the limits of all rules, each from the run's own files."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.detector = Detector.open(case.run, space=case.space)

    def row(self, kind: str, what: str, files: list[File]) -> Row:
        called = dict.fromkeys(RULES, 0)
        groups: dict[str, tuple[int, int]] = {}
        # Inside or not, and whether the kind of processing was named.
        stated: Counter[tuple[bool, bool]] = Counter()
        for file in files:
            found = self._judged(file.path)
            if found is None:
                continue
            domain, others = found
            outside = domain.inside is False
            name = file.group or str(file.path)
            before = groups.get(name, (0, 0))
            groups[name] = (before[0] + outside, before[1] + 1)
            called["in use"] += outside
            stated[not outside, bool(domain.processing)] += 1
            for rule, foreign in others.items():
                called[rule] += foreign
        count = sum(n for _, n in groups.values())
        row = Row(kind, what, self.case.medium, count, called, groups=groups if kind == "own" else {})
        if kind == "processed":
            words = (
                f"{stated[True, True]} judged with a stated loss, {stated[False, True]} uncertain and named"
            )
            words += f", {stated[False, False]} uncertain, {stated[True, False]} judged as they are"
            return replace(row, remark=words)
        if kind == "foreign":
            return replace(row, remark=self._verdicts([file.path for file in files]))
        return row.with_interval()

    def _verdicts(self, files: list[Path]) -> str:
        """What `detect` says of them: neither real nor fake may be said of what the detector does not
        know."""
        found = [
            detect(file, file.name, Request(run=str(self.case.run)), space=self.case.space) for file in files
        ]
        said = Counter(one.verdict or one.status for one in found)
        return ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in said.most_common())

    def _judged(self, file: Path) -> tuple[Domain, dict[str, bool]] | None:
        """None where the detector does not apply to the file."""
        try:
            prepared = prepare(file, self.detector.recipe)
            info = probe(file)
        # No file for this detector; the row's count leaves it out.
        except WorkbenchError:
            return None
        judged = None if prepared.not_applicable else self.detector.judge(prepared)
        if judged is None:
            return None
        domain = assess(self.detector, judged, prepared, info, self.case.space)
        known = self.detector.known.reference if self.detector.known else None
        if known is None:
            raise SystemExit(f"{self.case.name}: {domain.why}")
        found = figures_of(judged.embedding, prepared, info.sample_rate)
        figures = {name: values[None] for name, values in found.items()}
        return domain, {**by_one_distance(known, figures), "confidence": self._unsure(judged.score)}

    def _unsure(self, score: float) -> bool:
        """Energy of two logits says no more than how near the score is to the middle."""
        import pandas as pd

        own = pd.read_parquet(self.case.run / "scores" / "val.parquet")["score"].to_numpy()
        limit = conformal_limit(-np.abs(own - 0.5))
        return limit is not None and -abs(score - 0.5) > limit


def by_one_distance(known: Reference, figures: dict[str, np.ndarray]) -> dict[str, bool]:
    parts = known.parts(figures)[0]
    names = [*RULES[1:4], *([RULES[4]] if len(parts) == 4 else [])]
    found = dict.fromkeys(RULES[1:5], False)
    for column, name in enumerate(names):
        limit = conformal_limit(known.own[:, column], known.weights)
        found[name] = limit is not None and bool(parts[column] > limit + TIE)
    return found
