"""The detectors of benchmarks.domain, each trained here once, with files of their own kind and of others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.first_detectors import FIRST
from benchmarks.quality import INNER, divided
from benchmarks.quality_runs import File, command, read_table, train
from core.workspace import Workspace

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
