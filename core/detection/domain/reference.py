"""Where a detector's reference is found: in its run folder, in its exported file, or made on first use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core import words
from core.catalog import info as catalog
from core.errors import BadInput, WorkbenchError, one_line
from core.runs.folder import FINAL_STATES, RunFolder
from core.training.options.config import TrainConfig
from core.training.reference.rule import Reference
from core.training.reference.stored import FILE_NAME, MOST_BYTES, pack, unpack
from core.workspace import Workspace, workspace, write_atomic

if TYPE_CHECKING:
    from core.detection.detector import Detector
    from core.detection.source import Source

log = logging.getLogger(__name__)

_finding = threading.Lock()
EXPORTED = "reference"  # the field of an exported file
UNKNOWN = "Whether this detector knows files like this one cannot be told"
ADD = "Add them again on the Datasets page, or choose another detector."
MEASURE = "Measure it on the Detectors page, or with `python -m core evaluate`."


class Known(NamedTuple):
    """A reference, or the reason why there is none; `made_now` where this process made it on first use."""

    reference: Reference | None
    why: str = ""
    made_now: bool = False


def of(detector: Detector, space: Workspace | None = None) -> Known:
    """The detector's reference, read or made once as long as it is open."""
    with _finding:  # files are judged side by side, and making one takes a minute
        if detector.known is None:
            detector.known = _find(detector, space)
        return detector.known


def _find(detector: Detector, space: Workspace | None) -> Known:
    try:
        kept = read(detector.source, space)
    except BadInput as error:
        log.warning("%s", error)
        return Known(None, one_line(error))
    if kept is not None:
        return Known(kept)
    if not detector.source.measured:
        return Known(None, f"{UNKNOWN}: it was not measured on labelled files of yours yet. {MEASURE}")
    if detector.source.folder is None:
        return Known(
            None, f"{UNKNOWN}: the exported file holds nothing to compare with. Export it again from its run."
        )
    return _make(detector, space)


def read(source: Source, space: Workspace | None = None) -> Reference | None:
    """As it is stored with the detector; None where it has none. BadInput where it is damaged."""
    content = read_reference_bytes(source, space)
    return None if content is None else unpack(content, f"{source.id}: {FILE_NAME}")


def read_reference_bytes(source: Source, space: Workspace | None = None) -> bytes | None:
    """The bytes of its reference.npz: its run's, this workspace's where the run's folder is read-only, or
    exported."""
    if source.folder is None:
        return _read_exported(source.checkpoint)
    for path in (source.folder / FILE_NAME, _own_place(source, space)):
        try:
            if path.stat().st_size > MOST_BYTES:
                raise BadInput(
                    f"{source.id}: {path.name} is larger than any reference; delete it, and it is made again"
                )
            return path.read_bytes()
        # Not in this place; after both, None says that there is none.
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadInput(f"{source.id}: {path.name} cannot be read ({error.strerror})") from error
    return None


def _read_exported(path: Path) -> bytes | None:
    import torch

    from core.training.learning import best_model

    stated = best_model.read(path).get(EXPORTED)
    if stated is None:
        return None
    if not isinstance(stated, torch.Tensor) or stated.dtype != torch.uint8 or stated.numel() > MOST_BYTES:
        raise BadInput(f"{path.name}: its reference is no table of bytes; export it anew from its run")
    return bytes(stated.flatten().numpy().tobytes())


def _own_place(source: Source, space: Workspace | None) -> Path:
    status = source.checkpoint.stat()
    return (
        (space or workspace()).cache / "reference" / f"{source.id}-{status.st_size}-{status.st_mtime_ns}.npz"
    )


def _make(detector: Detector, space: Workspace | None) -> Known:
    from core.training.reference.of_run import make_later

    source = detector.source
    assert source.folder is not None
    if RunFolder(source.folder).status().state not in FINAL_STATES:
        return Known(None, f"{UNKNOWN} before its training has ended. Judge the file again then.")
    if source.imported is not None:
        return Known(None, _why_not_measured(source.imported))
    log.info("%s has no reference yet; it is made from its files, once", source.id)
    try:
        made = make_later(RunFolder(source.folder), space)
    except (WorkbenchError, OSError) as error:
        said = one_line(error).rstrip(".").removeprefix("datasets: ")
        why = _name_absent(RunFolder(source.folder), space) or said
        return Known(None, f"{UNKNOWN}: its training files cannot be looked at again here ({why}). {ADD}")
    content = pack(made)
    try:
        write_atomic(source.folder / FILE_NAME, content)
    except OSError:  # a folder of somebody else's
        write_atomic(_own_place(source, space), content)
    return Known(made, made_now=True)


def _name_absent(run: RunFolder, space: Workspace | None) -> str:
    """Which of its datasets the catalogue lacks. The catalogue's own, which may be many, tell nothing of the file."""
    known = set(catalog.datasets(space))
    try:
        named = TrainConfig.from_dict(run.config()).datasets
    # A damaged configuration is what the run's files were not found by, and is said as such.
    except WorkbenchError:
        return ""
    absent = [f"“{name}”" for name in named if name not in known]
    are = "is" if len(absent) == 1 else "are"
    return f"{words.listed(absent)} {are} not in the catalogue" if absent else ""


def _why_not_measured(imported: Mapping[str, Any]) -> str:
    """Of a detector of others the reference is made where it is measured, from what its threshold was chosen on."""
    measured = imported.get("measured")
    if not isinstance(measured, Mapping):
        return f"{UNKNOWN}: it was not measured on labelled files of yours yet. {MEASURE}"
    because = str(measured.get("no_reference") or "the measurement was made by an earlier version").rstrip(
        "."
    )
    return f"{UNKNOWN}: {because}. Measure it on more labelled files, on the Detectors page or with `python -m core evaluate`."


def for_export(run: str | Path, space: Workspace | None = None) -> tuple[bytes | None, str]:
    """The bytes that go into an exported file, made first where an old run has none; else the reason."""
    from core.detection import source
    from core.detection.detector import Detector

    found = source.find(run, space)
    kept = read_reference_bytes(found, space)
    if kept is not None:
        unpack(kept, f"{found.id}: {FILE_NAME}")
        return kept, ""
    known = of(Detector.open(run, space=space), space)
    return (None, known.why) if known.reference is None else (read_reference_bytes(found, space), "")
