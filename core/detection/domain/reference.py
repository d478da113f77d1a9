"""What a detector knows: embeddings and facts of its validation files, to tell how far a new file lies from them.

Made once from the run's validation samples where they are on this machine, and kept under the workspace's cache
(deleting it is safe).
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.detection.detector import Detector
from core.errors import WorkbenchError
from core.media import shards
from core.runs.folder import RunFolder
from core.training.reading import inputs
from core.workspace import Workspace, workspace, write_atomic

log = logging.getLogger(__name__)

MOST_FILES = 200
FEWEST_FILES = 10
NEIGHBOURS = 5
SPANNED = ("height", "duration", "sample_rate")


@dataclass(frozen=True)
class Reference:
    """Embeddings of the validation files, how far each lies from the others, and spans of their facts."""

    embeddings: np.ndarray  # (files, width)
    distances: np.ndarray  # (files,) sorted: of each to its nearest others
    spans: dict[str, tuple[float, float]]
    codecs: frozenset[str]

    @property
    def count(self) -> int:
        return len(self.embeddings)

    def share_nearer(self, embedding: np.ndarray) -> float:
        """The share of validation files that lie nearer to the rest than this embedding does."""
        return float(np.searchsorted(self.distances, self.distance(embedding)) / len(self.distances))

    def distance(self, embedding: np.ndarray) -> float:
        """The mean cosine distance to the nearest validation files."""
        return float(nearest(embedding[None], self.embeddings, NEIGHBOURS)[0])

    def quantile(self, share: float) -> float:
        """The distance that this share of the validation files does not reach."""
        return float(np.quantile(self.distances, share, method="higher"))


def nearest(these: np.ndarray, others: np.ndarray, k: int, *, same: bool = False) -> np.ndarray:
    """The mean cosine distance of each to its k nearest others; `same`: both are one set, itself left out."""
    a = these / np.maximum(np.linalg.norm(these, axis=1, keepdims=True), 1e-9)
    b = others / np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-9)
    distance = 1 - a @ b.T
    if same:
        np.fill_diagonal(distance, np.inf)
    k = min(k, distance.shape[1] - int(same))
    return np.sort(distance, axis=1)[:, :k].mean(axis=1)


def of(detector: Detector, space: Workspace | None = None) -> Reference | None:
    """The reference that was made before; None where there is none yet. Never computes."""
    path = _path(detector, space or workspace())
    known = getattr(detector, "reference", None)
    if known is None and path.is_file():
        known = _read(path)
        detector.reference = known
    return known


def make(detector: Detector, space: Workspace | None = None, most: int = MOST_FILES) -> Reference | None:
    """Compute it from the validation samples that are still where the catalogue says."""
    space = space or workspace()
    known = of(detector, space)
    if known is not None:
        return known
    embeddings, infos = [], []
    for path in validation_files(detector, space)[:most]:
        try:
            embedding, info = _one(detector, path, space)
        except WorkbenchError as error:
            log.info("reference passes over %s (%s)", path.name, error)
            continue
        if embedding is not None:
            embeddings.append(embedding)
            infos.append(info)
    if len(embeddings) < FEWEST_FILES:
        return None
    stacked = np.stack(embeddings)
    distances = np.sort(nearest(stacked, stacked, NEIGHBOURS, same=True))
    reference = Reference(stacked, distances, _spans(infos), _codecs(infos))
    _write(_path(detector, space), reference)
    detector.reference = reference
    return reference


def validation_files(detector: Detector, space: Workspace) -> list[Path]:
    """Files of the validation split, evenly over its score file; empty where they are not on this machine."""
    if detector.source.folder is None:
        return []
    scores = RunFolder(detector.source.folder).scores_file("val")
    if not scores.is_file():
        return []
    import pandas as pd

    from core.catalog import table

    rows = pd.read_parquet(scores, columns=["id", "dataset"])
    step = max(1, len(rows) // MOST_FILES)
    wanted = rows.iloc[::step]
    known = set(table.datasets(space))
    names = [str(n) for n in wanted["dataset"].unique() if str(n) in known]
    if not names:
        return []
    samples = table.load(names, space)
    samples = samples[samples["id"].isin(set(wanted["id"]))]
    return [p for p in table.absolute_paths(samples, space) if shards.is_file(p)]


def _one(detector: Detector, path: Path, space: Workspace) -> tuple[np.ndarray | None, Any]:
    from core.media.cache import prepared
    from core.media.probe import probe

    ready = prepared(path, detector.recipe, space)
    cut = inputs.pieces_of(ready, detector.recipe)
    return (detector.embed(cut) if cut.pieces else None), probe(path)


def _spans(infos: list[Any]) -> dict[str, tuple[float, float]]:
    spans = {}
    for name in SPANNED:
        values = [float(v) for v in (getattr(i, name, None) for i in infos) if v]
        if values:
            spans[name] = (min(values), max(values))
    return spans


def _codecs(infos: list[Any]) -> frozenset[str]:
    return frozenset(Counter(str(i.codec) for i in infos if i.codec))


def _path(detector: Detector, space: Workspace) -> Path:
    status = detector.source.checkpoint.stat()
    return space.cache / "reference" / f"{detector.id}-{status.st_size}-{status.st_mtime_ns}.npz"


def _write(path: Path, reference: Reference) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        embeddings=reference.embeddings,
        distances=reference.distances,
        codecs=np.array(sorted(reference.codecs)),
        names=np.array(list(reference.spans)),
        spans=np.array(list(reference.spans.values()), dtype=np.float64).reshape(-1, 2),
    )
    write_atomic(path, buffer.getvalue())


def _read(path: Path) -> Reference | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            spans = {
                str(n): (float(a), float(b))
                for n, (a, b) in zip(stored["names"], stored["spans"], strict=True)
            }
            return Reference(
                stored["embeddings"], stored["distances"], spans, frozenset(map(str, stored["codecs"]))
            )
    except (OSError, ValueError, KeyError) as error:
        log.warning("%s cannot be read and is made again (%s)", path.name, error)
        path.unlink(missing_ok=True)
        return None
