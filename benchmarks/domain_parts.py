"""What benchmarks.domain judges: its detectors, files of their own kind and of others, and copies of its own."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.domain_copies import PICTURE_COPIES, SOUND_COPIES, copy_all
from benchmarks.first_detectors import FIRST
from benchmarks.quality import INNER, divided
from benchmarks.quality_runs import File, command, read_table, train
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
from core.workspace import Workspace

TIE = 1e-2  # of a distance's scale: figures that are the same in every file are stored rounded
RULES = ("in use", "nearest", "rest (ViM)", "statistics", "size, rate", "confidence")
SMALL_SET = 60
PICTURES, SOUNDS = (".jpg", ".jpeg", ".png"), (".wav", ".flac", ".mp3", ".opus", ".mp4")


@dataclass(frozen=True)
class Case:
    """One detector, with what it is asked about."""

    name: str
    medium: str  # pictures | sound
    run: Path
    space: Workspace
    own: list[File]  # that nothing saw
    foreign: dict[str, list[Path]]


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


def cases(folder: Path, place: Path, wanted: Sequence[str], folds: int, *, small: bool) -> Iterator[Case]:
    # A small edition without the demo's own detectors goes without its media: making them takes a minute.
    nothing: dict[str, list[Path]] = {"image": [], "audio": []}
    demo = nothing if small and "demo" not in wanted else demo_files(place)
    pictures = {
        "photographs": files_in(folder / "foreign" / "pictures"),
        "animals": files_in(folder / "foreign" / "no_face"),
    }
    recordings = {
        "other recordings": files_in(folder / "foreign" / "speech"),
        "clips": files_in(folder / "foreign" / "clips"),
    }
    faces = read_table(folder / "faces" / "labels.csv", folder / "faces")
    speech = [
        f
        for f in read_table(folder / "speech" / "manifest.csv", folder / "speech")
        if f.facts.get("corpus") != "JSUT"
    ]
    if "faces" in wanted:
        yield face_case(faces, place, {**pictures, "demo pictures": demo["image"]}, small=small)
    if "speech" in wanted:
        others = {**recordings, "demo recordings": demo["audio"]}
        yield from speech_cases(speech, place, others, 1 if small else folds, small=small)
    if "demo" in wanted:
        yield demo_case("image", place, {**pictures, "faces": [f.path for f in faces]})
        yield demo_case("audio", place, {**recordings, "speech": [f.path for f in speech]})


def face_case(table: list[File], place: Path, foreign: dict[str, list[Path]], *, small: bool) -> Case:
    known, held = [f for f in table if f.split == "train"], [f for f in table if f.split == "val"]
    known = few(known, 4 * SMALL_SET) if small else known
    labels = np.array([f.label for f in known])
    parts = next(StratifiedKFold(INNER, shuffle=True, random_state=0).split(labels, labels))
    options = {"modality": "image", "model": "forensic_residual", "image_size": 256, "faces": False}
    run = trained(divided(known, parts), place / "faces", options)
    return Case("faces", "pictures", run, Workspace(place / "faces" / "workspace"), held, foreign)


def speech_cases(
    table: list[File], place: Path, foreign: dict[str, list[Path]], folds: int, *, small: bool
) -> Iterator[Case]:
    """As benchmarks.quality divides it, by group; one run a fold."""
    labels, groups = np.array([f.label for f in table]), np.array([f.group for f in table])
    divisions = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(labels, labels, groups)
    for fold, (known, held) in enumerate(divisions):
        if fold == folds:
            return
        inner = StratifiedGroupKFold(INNER, shuffle=True, random_state=fold)
        parts = next(inner.split(labels[known], labels[known], groups[known]))
        options = {"modality": "audio", "model": "forensic_sound", "sample_rate": 22_050, "seed": fold}
        files = divided([table[i] for i in known], parts)
        if small:
            files = {name: few(members, SMALL_SET) for name, members in files.items()}
        run = trained(files, place / f"speech{fold}", options)
        space = Workspace(place / f"speech{fold}" / "workspace")
        yield Case(f"speech, fold {fold}", "sound", run, space, [table[i] for i in held], foreign)


def demo_case(modality: str, place: Path, foreign: dict[str, list[Path]]) -> Case:
    """The detector that a new user makes first; its own kind is the test part of its plan."""
    space = Workspace(place / "demo" / "workspace")
    run = place / "demo" / modality
    if not (run / "best_model.pth").is_file():
        config = place / "demo" / f"{modality}.json"
        config.write_text(
            json.dumps({"modality": modality, **FIRST[modality], "score_test": False}), encoding="utf-8"
        )
        command(place / "demo", "train", str(config), "--run-dir", str(run))
    from core.runs.folder import RunFolder
    from core.training.options.config import TrainConfig
    from core.training.rescore import plan_of

    folder = RunFolder(run)
    own = plan_of(folder, TrainConfig.from_dict(folder.config()), space).split("test")["file"]
    medium = "pictures" if modality == "image" else "sound"
    return Case(f"demo {medium}", medium, run, space, [File(Path(f), 0, "test", "") for f in own], foreign)


def demo_files(place: Path) -> dict[str, list[Path]]:
    """Media of the demo datasets that its first detectors learn from, both labels."""
    from core.catalog import table

    root = place / "demo"
    root.mkdir(parents=True, exist_ok=True)
    space = Workspace(root / "workspace")
    if not table.datasets(space):
        command(root, "demo", "--root", str(root / "media"))
    return {
        modality: [
            Path(p) for p in table.absolute_paths(table.load(FIRST[modality]["datasets"], space), space)
        ]
        for modality in ("image", "audio")
    }


def trained(files: dict[str, list[File]], scratch: Path, options: dict[str, Any]) -> Path:
    run = scratch / "run"
    groups = any(file.group for members in files.values() for file in members)
    return run if (run / "best_model.pth").is_file() else train(files, scratch, options, groups=groups)


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (*PICTURES, *SOUNDS))


def few(files: list[Any], most: int) -> list[Any]:
    """Evenly chosen."""
    if not files:
        return []
    return [files[i] for i in np.unique(np.linspace(0, len(files) - 1, min(most, len(files))).astype(int))]


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
