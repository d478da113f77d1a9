"""Where a detector comes from: a finished run's folder, or the one file that `export` makes of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import words
from core.detection import detector_description, exported_file
from core.detection.detector_description import About
from core.detection.verdict import Band
from core.errors import BadInput
from core.runs.folder import DEMO_FILES, FINAL_STATES, RunFolder, open_run
from core.runs.titles import name_of
from core.thresholds.calibration import Calibration
from core.thresholds.operating_point import OperatingPoint
from core.workspace import MODALITIES, Workspace, workspace

DEFAULT_THRESHOLD = 0.5
NO_POINT = {"method": "default", "chosen_on": "", "threshold": DEFAULT_THRESHOLD}
STILL_TRAINING = "Its training is not over: the best weights so far judged, and its figures can change."


@dataclass(frozen=True)
class Source:
    """Everything of a detector but its network."""

    id: str
    checkpoint: Path
    modality: str
    threshold: float | None
    band: Band | None
    operating_point: dict[str, Any]
    calibration: dict[str, Any] | None
    learned_nothing: bool
    demo: bool  # learned from demo data only
    config: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folder: Path | None = None  # None for an exported file
    about: About = field(default_factory=About)  # what it learned from, and how well it did
    demo_files: bytes | None = None  # fingerprints of the demo files that it learned from
    imported: dict[str, Any] | None = None  # what is known of a detector of others; None for one trained here

    @property
    def measured(self) -> bool:
        """An imported detector is trusted once it was measured on labelled files of the user's."""
        return self.imported is None or isinstance(self.imported.get("measured"), Mapping)


def find(name: str | Path, space: Workspace | None = None) -> Source:
    """The source of this name: a run's id, its folder, or an exported file. Weights are not read yet."""
    path = Path(os.path.expanduser(name))
    if os.path.isfile(path):  # also of a name too long for a file, which Path.is_file refuses
        return _of_file(path, space)
    return of_run(open_run(name, space=space), space)


_READ_FROM = (
    DEMO_FILES,
    "plan.json",
    "config.yaml",
    "operating_point.json",
    "calibration.json",
    "metrics.json",
    "best_model.pth",
    "status.json",
    "detector.json",
)


def of_run(folder: RunFolder, space: Workspace | None = None) -> Source:
    """Read once as long as the run's documents and the settings stay as they are: a batch asks for every
    file."""
    settings = (space or workspace()).settings_file
    stamps = tuple(_stamp(path) for path in (*(folder.path / name for name in _READ_FROM), settings))
    return _of_run(folder.path.absolute(), space, stamps)


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        status = path.stat()
    # Absent: another stamp than any file has.
    except OSError:
        return None
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _of_run(path: Path, space: Workspace | None, _stamps: tuple[Any, ...]) -> Source:
    folder = RunFolder(path)
    if not folder.best_model.is_file():
        state = folder.status().state
        raise BadInput(
            f"{name_of(folder)} has no trained weights: best_model.pth is missing (it is {words.state(state)}); train it to "
            "the end, or choose another run"
        )
    config = folder.config()
    metrics = folder.document("metrics") or {}
    return _source(
        folder.id,
        folder.best_model,
        config,
        folder.document("operating_point"),
        _count_parts(folder.document("calibration"), metrics),
        metrics,
        space,
        folder.path,
        made_by=detector_description.describe_run(folder, metrics),
        demo_files=_bytes(folder.path / DEMO_FILES),
        imported=folder.imported,
    )


def sha256_of(path: Path) -> str:
    """The version of a detector: the hash of its weights, read once as long as the file stays as it is."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _count_parts(calibration: dict[str, Any] | None, metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """A calibration from before it kept how many samples it was fitted on: the run's metrics know."""
    val = metrics.get("val")
    if calibration is None or not isinstance(val, Mapping):
        return calibration
    counts = {"fakes": val.get("fake"), "reals": val.get("real")}
    return calibration if None in map(_count, counts.values()) else {**counts, **calibration}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _of_file(path: Path, space: Workspace | None) -> Source:
    content = exported_file.read(path)
    return _source(
        content["id"],
        path,
        content["config"],
        content.get("operating_point"),
        content.get("calibration"),
        content,
        space,
        None,
        made_by=About.from_dict(content.get("about")),
        demo_files=content["demo_files"],
        imported=content.get("imported"),
    )


def _source(
    name: str,
    checkpoint: Path,
    config: dict[str, Any],
    point: Mapping[str, Any] | None,
    calibration: dict[str, Any] | None,
    said: Mapping[str, Any],
    space: Workspace | None,
    folder: Path | None,
    *,
    made_by: About,
    demo_files: bytes | None,
    imported: dict[str, Any] | None,
) -> Source:
    notes = [STILL_TRAINING] if folder is not None and _still_trains(folder) else []
    measured = imported is None or isinstance(imported.get("measured"), Mapping)
    try:
        if measured and not said.get("learned_nothing"):  # of what is no evidence nothing else matters
            notes += _missing(point, calibration)
        stated = OperatingPoint.from_dict({**NO_POINT, **(point or {})})
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    return Source(
        id=name,
        checkpoint=checkpoint,
        modality=_modality(name, config),
        threshold=stated.threshold,
        band=_band(stated, space),
        operating_point=stated.to_dict(),
        calibration=calibration,
        learned_nothing=bool(said.get("learned_nothing")),
        demo=bool(said.get("demo")),
        config=config,
        notes=tuple(notes),
        folder=folder,
        about=made_by.at(stated),
        demo_files=demo_files,
        imported=imported,
    )


def _modality(name: str, config: Mapping[str, Any]) -> str:
    modality = str(config.get("modality") or "")
    if modality not in MODALITIES:
        raise BadInput(f"{name}: modality {modality!r} must be one of {', '.join(MODALITIES)}")
    return modality


def _missing(point: Mapping[str, Any] | None, calibration: dict[str, Any] | None) -> list[str]:
    """What a measured detector should have and has not."""
    notes = []
    if point is None or "threshold" not in point:
        notes.append(f"The detector has no operating point; {DEFAULT_THRESHOLD} was used.")
    if calibration is None or not Calibration.from_dict(calibration).stands:
        notes.append("The detector has no calibration; its score is shown as it is.")
    return notes


def _still_trains(folder: Path) -> bool:
    return RunFolder(folder).status().state not in FINAL_STATES


def _band(point: OperatingPoint, space: Workspace | None) -> Band | None:
    """The band of the operating point, else the half width of settings.toml (`[detection] band`), else
    none."""
    if point.band is not None:
        return point.band
    half = (space or workspace()).settings().get("detection", {}).get("band", 0)
    if point.threshold is None or not isinstance(half, (int, float)) or half <= 0:
        return None
    return point.threshold - float(half), point.threshold + float(half)


def export(run: str | Path, path: Path, space: Workspace | None = None) -> Path:
    """One file with weights, recipe, calibration, operating point and reference; `--run FILE` opens it
    anywhere."""
    from core.detection.domain import reference

    source = find(run, space)
    known, _ = reference.for_export(run, space)
    return exported_file.write(path, source, known)
