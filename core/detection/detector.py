"""A detector: a trained network with its recipe, calibration and operating point, opened once a process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from core.detection import source
from core.detection.domain.reference import Known
from core.detection.network_lock import side_by_side
from core.detection.verdict import Unit
from core.errors import BadInput
from core.media.prepare import check_recipe
from core.media.recipe import Recipe
from core.thresholds.calibration import EVEN, Calibration
from core.training.learning import best_model
from core.training.reading import inputs
from core.training.scoring import aggregation, forward
from core.workspace import Workspace

OPEN_AT_ONCE = 4  # detectors kept in memory; the one used longest ago goes first


class Judged(NamedTuple):
    """What the network says of a prepared file."""

    units: tuple[Unit, ...]
    score: float
    persons: dict[int, float]  # track: score
    pieces: inputs.Pieces
    embedding: np.ndarray  # the mean over pieces: where the file lies among what the network knows


class Detector:
    """Safe for several threads: the network runs under its own lock."""

    def __init__(self, found: source.Source, loaded: best_model.Loaded, device: torch.device) -> None:
        self.source = found
        self.id = found.id
        self.network = loaded.network
        self.card = loaded.card
        self.recipe: Recipe = loaded.recipe
        self.device = device
        self.threshold = found.threshold
        self.band = found.band
        stated = Calibration.from_dict(found.calibration) if found.calibration else None
        self.calibration = stated if stated is not None and stated.stands else None
        self.prevalence = _prevalence(found.config)
        self.known: Known | None = None  # core.detection.domain keeps here what it read
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)  # it never learns here; gradients go to its inputs

    @classmethod
    def open(
        cls, run: str | Path, *, device: str | torch.device | None = None, space: Workspace | None = None
    ) -> Detector:
        """Load a run (id or folder) or an exported file."""
        found = source.find(run, space)
        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        content = best_model.read(found.checkpoint)
        loaded = best_model.build(content, found.checkpoint, place)
        try:
            check_recipe(loaded.recipe)
        except BadInput as error:
            raise BadInput(f"{found.id}: {error}") from error
        if loaded.recipe.modality != found.modality:
            raise BadInput(
                f"{found.id}: config says {found.modality}, the weights were trained on {loaded.recipe.modality}"
            )
        return cls(found, loaded, place)

    @property
    def modality(self) -> str:
        return self.recipe.modality

    @property
    def model(self) -> str:
        return str(self.card.name)

    def probability(self, score: float) -> float | None:
        """The calibrated probability at the detector's prevalence, None where it has no calibration."""
        if self.calibration is None:
            return None
        return float(self.calibration.probability(np.array([score], np.float64), self.prevalence)[0])

    def judge(
        self, prepared: Any, *, text: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Judged | None:
        """Scores by the code that evaluation uses; None where nothing could be judged."""
        (found,) = self.judge_many([self.cut(prepared, text=text, metadata=metadata)])
        if isinstance(found, BadInput):
            raise found
        return found

    def cut(
        self, prepared: Any, *, text: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> inputs.Pieces:
        """The prepared file in pieces as the network takes them."""
        return inputs.pieces_of(prepared, self.recipe, text=text, metadata=metadata)

    def judge_many(self, cuts: Sequence[inputs.Pieces]) -> list[Judged | BadInput | None]:
        """Several files whose pieces share forward passes; what is wrong with one is its own answer."""
        rows = [piece.arrays for cut in cuts for piece in cut.pieces]
        if not rows:
            return [None] * len(cuts)
        with side_by_side(self.network):
            seen = forward.run_network(self.network, self.card, rows, self.recipe, self.device)
        found: list[Judged | BadInput | None] = []
        start = 0
        for cut in cuts:
            own = slice(start, start + len(cut.pieces))
            found.append(self._judged(cut, forward.Rows(*(part[own] for part in seen))))
            start = own.stop
        return found

    def _judged(self, cut: inputs.Pieces, seen: forward.Rows) -> Judged | BadInput | None:
        scored = aggregation.aggregate_units(cut, seen.logits, seen.unit_logits, self.recipe)
        if scored.score is None:
            return None
        if not np.isfinite(scored.score):
            return BadInput(
                f"{self.id} gives a score that is no number: its weights are damaged; train it again"
            )
        units = tuple(
            Unit(u.kind, u.index, u.t0, u.t1, float(u.score or 0.0), u.box, u.track) for u in scored.units
        )
        embedding = np.mean(seen.embeddings, axis=0)
        return Judged(units, float(scored.score), self._persons(cut, seen.logits, units), cut, embedding)

    def score_pieces(self, cut: inputs.Pieces) -> float:
        """The file's score from pieces that were changed on purpose."""
        with side_by_side(self.network):
            seen = forward.run_network(
                self.network, self.card, [p.arrays for p in cut.pieces], self.recipe, self.device
            )
        scored = aggregation.aggregate_units(cut, seen.logits, seen.unit_logits, self.recipe)
        return float(scored.score or 0.0)

    def _persons(self, cut: inputs.Pieces, logits: list[float], units: tuple[Unit, ...]) -> dict[int, float]:
        """The score of each person, of which the highest is the file's."""
        found: dict[int, list[float]] = {}
        if self.modality == "video":  # the network judges a clip as a whole
            for piece, logit in zip(cut.pieces, logits, strict=True):
                found.setdefault(piece.track, []).append(float(aggregation.probability(logit)))
        else:
            for unit in units:
                found.setdefault(unit.track, []).append(unit.score)
        return {t: aggregation.aggregate(scores, self.recipe.aggregation) for t, scores in found.items()}


def _prevalence(config: Mapping[str, Any]) -> float:
    """The share of fakes where it works, as its configuration states it; else every second file."""
    stated = config.get("prevalence")
    return float(stated) if isinstance(stated, (int, float)) and 0 < stated < 1 else EVEN


_open: OrderedDict[tuple[Any, ...], Detector] = OrderedDict()
_guard = threading.Lock()


def open_shared(run: str | Path, space: Workspace | None = None) -> Detector:
    """The process's one detector of this run; loaded again only when its files changed."""
    found = source.find(run, space)
    key = (str(found.checkpoint.resolve()), _stamp(found))
    with _guard:
        if key not in _open:
            for old in [k for k in _open if k[0] == key[0]]:
                del _open[old]
            _open[key] = Detector.open(run, space=space)
        _open.move_to_end(key)
        while len(_open) > OPEN_AT_ONCE:
            _open.popitem(last=False)
        return _open[key]


def _stamp(found: source.Source) -> tuple[Any, ...]:
    """What changes when the weights do, or what is said of them."""
    status = found.checkpoint.stat()
    return (
        status.st_size,
        status.st_mtime_ns,
        found.threshold,
        found.band,
        repr(found.calibration),
        found.learned_nothing,
        found.measured,
        found.notes,
    )
