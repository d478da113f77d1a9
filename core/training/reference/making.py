"""How a run makes its reference: figures of its validation and training files, and of mildly processed
copies."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from core.errors import WorkbenchError
from core.media.probe import MediaInfo, probe
from core.training.learning.best_model import Loaded
from core.training.reading.examples import Source, Unusable, metadata_of, read
from core.training.reading.inputs import pieces_of
from core.training.reference import rule
from core.training.reference.marks import with_marks
from core.training.reference.processing import measure_processing
from core.training.scoring import forward
from core.training.scoring.aggregation import aggregate_units

log = logging.getLogger(__name__)

MOST_FILES = 400
ENOUGH = (
    100  # validation files that need no training files beside them where their embeddings cost a pass each
)
SECONDS = 90.0  # of computing, for measuring files; then those that were measured must do, if they are enough
PROBED = 60  # files whose codec and size are noted
SPANNED = ("height", "duration", "sample_rate", "quality")


class NoReference(WorkbenchError):
    """A run whose files do not allow a reference."""


@dataclass(frozen=True)
class Part:
    """The files of one split. `embeddings` are those that training left: sample -> mean over its pieces."""

    split: str
    source: Source
    groups: Sequence[Any]
    embeddings: Mapping[int, np.ndarray] | None = None


@dataclass(frozen=True)
class Measured:
    """One file as the reference sees it."""

    figures: dict[str, np.ndarray]
    score: float | None = None


def make(
    loaded: Loaded,
    parts: Sequence[Part],
    *,
    threshold: float | None,
    encoder_trained: bool,
    device: torch.device | str = "cpu",
) -> rule.Reference:
    """From validation (first) and training files. Raises NoReference where they are too few or not here."""
    began = time.monotonic()
    found = _gather(loaded, parts, encoder_trained, device)
    if sum(found.new) < rule.FEWEST:
        raise NoReference(
            f"{sum(found.new)} of its files can be read here, and {rule.FEWEST} are needed to compare with"
        )
    figures = _stack(found.figures)
    if not all(np.isfinite(values).all() for values in figures.values()):
        raise NoReference("the network gives figures that are no numbers: its weights are damaged")
    own = np.array(found.new)
    made = rule.fit(
        figures,
        found.groups,
        own,
        found.counts,
        spans=_spans(found.infos),
        codecs=tuple(sorted({str(info.codec) for info in found.infos if info.codec})),
    )
    made = replace(made, processed=tuple(measure_processing(made, loaded, parts[0], threshold, device)))
    made = with_marks(made, figures, found.groups, own)
    log.info(
        "reference of %s files and %d kinds of processing in %.0f s",
        " + ".join(f"{n} {split}" for split, n in found.counts.items()),
        len(made.processed),
        time.monotonic() - began,
    )
    return made


@dataclass
class _Gathered:
    """The files that were measured, in turn."""

    figures: list[dict[str, np.ndarray]] = field(default_factory=list)
    groups: list[Any] = field(default_factory=list)
    new: list[bool] = field(default_factory=list)  # to the network: not what its encoder learned from
    counts: dict[str, int] = field(default_factory=dict)
    infos: list[MediaInfo] = field(default_factory=list)


def _gather(
    loaded: Loaded, parts: Sequence[Part], encoder_trained: bool, device: torch.device | str
) -> _Gathered:
    began, found = time.process_time(), _Gathered()
    for part in parts:
        for i in _choose(part, len(found.figures)):
            if time.process_time() - began > SECONDS and sum(found.new) >= rule.FEWEST:
                return found
            one = measure(loaded, part, i, device)
            if one is None:
                continue
            found.figures.append(one.figures)
            found.groups.append(part.groups[i])
            found.new.append(part.split != "train" or not encoder_trained)
            found.counts[part.split] = found.counts.get(part.split, 0) + 1
            if len(found.infos) < PROBED:
                found.infos.append(probe(part.source.files[i]))
    return found


def _choose(part: Part, before: int) -> list[int]:
    """Evenly over the split, shuffled; of training files only as many as are needed, or as cost nothing."""
    most = MOST_FILES - before
    if part.embeddings is not None:
        there = sorted(part.embeddings)
    else:
        there = list(range(len(part.source.files)))
        most = min(most, ENOUGH - before)
    if most <= 0 or not there:
        return []
    chosen = np.unique(np.linspace(0, len(there) - 1, min(most, len(there))).astype(int))
    # In an order of no meaning, so that where the time ends nothing is left out on purpose.
    return [there[i] for i in np.random.default_rng(0).permutation(chosen)]


def measure(loaded: Loaded, part: Part, sample: int, device: torch.device | str) -> Measured | None:
    prepared = read(part.source, sample)
    if isinstance(prepared, Unusable):
        return None
    kept = None if part.embeddings is None else part.embeddings.get(sample)
    rate = rate_of(prepared, part.source, sample)
    if kept is not None:
        return Measured(rule.figures_of(kept, prepared, rate))
    return measure_prepared(loaded, prepared, part.source, sample, device, rate)


def rate_of(prepared: Any, source: Source, sample: int) -> int | None:
    """The sample rate of the file, whatever rate it was prepared at; None where it has no sound."""
    return None if prepared.audio is None else probe(source.files[sample]).sample_rate


def measure_prepared(
    loaded: Loaded, prepared: Any, source: Source, sample: int, device: torch.device | str, rate: int | None
) -> Measured | None:
    """The figures and the score of a prepared file, through the network."""
    metadata = metadata_of(source, sample)
    cut = pieces_of(prepared, loaded.recipe, text=source.texts[sample], metadata=metadata)
    if not cut.pieces:
        return None
    rows = [piece.arrays for piece in cut.pieces]
    seen = forward.run_network(loaded.network, loaded.card, rows, loaded.recipe, device)
    scored = aggregate_units(cut, seen.logits, seen.unit_logits, loaded.recipe)
    embedding = np.mean(seen.embeddings, axis=0)
    return Measured(rule.figures_of(embedding, prepared, rate), scored.score)


def _stack(found: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Blocks that every file has (a silent clip lacks those of its sound)."""
    names = [name for name in found[0] if all(name in one for one in found)]
    return {name: np.stack([one[name] for one in found]) for name in names}


def _spans(infos: Sequence[Any]) -> dict[str, tuple[float, float]]:
    spans = {}
    for name in SPANNED:
        values = [float(v) for v in (getattr(info, name, None) for info in infos) if v]
        if values:
            spans[name] = (min(values), max(values))
    return spans
