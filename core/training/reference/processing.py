"""Processing: where copies of the run's own files lie once re-encoded, and what that costs the
detector."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from core.media.prepare import Prepared
from core.training.learning.best_model import Loaded
from core.training.reading.examples import Unusable, read
from core.training.reference import rule
from core.training.scoring.evaluation.degradations import Degradation, degradations

if TYPE_CHECKING:
    from core.training.reference.making import Measured, Part

# By the words of the studies: what a messenger, a site, a camera or an editor does to a file on its way.
KINDS = {
    ("JPEG", 90),
    ("JPEG", 70),
    ("downscaling to", 0.75),
    ("H.264 CRF", 23),
    ("MP3 kbit/s", 128),
    ("AAC kbit/s", 128),
    ("AAC kbit/s", 64),
    ("MP3 kbit/s", 64),
    ("Opus kbit/s", 64),
    ("noise", 5),
    ("noise dB SNR", 20),
    ("noise dB SNR", 10),
}
FILES = 40
FEWEST = 8  # files: fewer say nothing of a kind
DRAWS = 200  # of the bootstrap
SECONDS = 60.0  # of computing, for all kinds together; then those files that were measured must do


def measure_processing(
    known: rule.Reference, loaded: Loaded, part: Part, threshold: float | None, device: torch.device | str
) -> Iterator[rule.Processed]:
    """One entry a kind that changes something."""
    plain, changed = _measure(loaded, part, device)
    if len(plain) < FEWEST:
        return
    labels, groups = np.array([label for label, _, _ in plain]), [group for _, group, _ in plain]
    for kind, measured in changed.items():
        yield _one(known, kind, labels, groups, [one for _, _, one in plain], measured, threshold)


def kinds_of(modality: str) -> list[Degradation]:
    """Those of the studies, and a file the wrong way round."""
    turned = Degradation("turning by degrees", 180, "picture", _turn)
    backwards = Degradation("playing at speed", -1, "sound", _play_backwards)
    round_about = {"image": [turned], "video": [turned], "audio": [backwards]}
    known = [one for one in degradations(modality) if (one.kind, one.strength) in KINDS]
    return known + round_about.get(modality, [turned, backwards])


def _turn(prepared: Prepared) -> Prepared:
    if prepared.frames is None:
        return prepared
    turned = [np.ascontiguousarray(np.asarray(frame)[::-1, ::-1]) for frame in prepared.frames]
    return replace(prepared, frames=np.stack(turned) if isinstance(prepared.frames, np.ndarray) else turned)


def _play_backwards(prepared: Prepared) -> Prepared:
    if prepared.audio is None:
        return prepared
    return replace(prepared, audio=np.ascontiguousarray(prepared.audio[::-1]))


def _measure(
    loaded: Loaded, part: Part, device: torch.device | str
) -> tuple[list[tuple[int, Any, Measured]], dict[str, list[Measured]]]:
    """The same files (label, group, figures) as they are and as each kind leaves them, both classes in turn, as far as
    the time allows."""
    from core.training.reference.making import measure_prepared, rate_of

    plain: list[tuple[int, Any, Measured]] = []
    kinds = kinds_of(loaded.recipe.modality)
    changed: dict[str, list[Measured]] = {kind.name: [] for kind in kinds}
    began = time.process_time()
    for i in _both_classes(part.source.labels, FILES):
        prepared = read(part.source, i)
        if isinstance(prepared, Unusable):
            continue
        versions = [prepared, *(kind.apply(prepared) for kind in kinds)]
        rate = rate_of(prepared, part.source, i)
        measured = [measure_prepared(loaded, one, part.source, i, device, rate) for one in versions]
        if any(one is None or one.score is None for one in measured):
            continue
        plain.append((int(part.source.labels[i]), part.groups[i], measured[0]))  # type: ignore[arg-type]
        for kind, one in zip(kinds, measured[1:], strict=True):
            changed[kind.name].append(one)  # type: ignore[arg-type]
        if time.process_time() - began > SECONDS:
            break
    return plain, changed


def _both_classes(labels: np.ndarray, most: int) -> list[int]:
    """Evenly chosen, fake and real by turns."""
    sides = []
    for label in (0, 1):
        there = np.flatnonzero(labels == label)
        count = min(most // 2, len(there))
        sides.append(there[np.linspace(0, len(there) - 1, count).astype(int)] if count else there)
    longest = max(map(len, sides), default=0)
    return [int(side[k]) for k in range(longest) for side in sides if k < len(side)]


def _one(
    known: rule.Reference,
    name: str,
    labels: np.ndarray,
    groups: Sequence[Any],
    plain: Sequence[Measured],
    changed: Sequence[Measured],
    threshold: float | None,
) -> rule.Processed:
    moved = {
        view: np.stack(
            [after.figures[view] - before.figures[view] for before, after in zip(plain, changed, strict=True)]
        )
        for view in known.views
    }
    shift = {view: steps.mean(axis=0) for view, steps in moved.items()}
    # Taken back by the mean step of the others: a new file had no part in the shift either.
    count = len(plain)
    back = {
        view: np.stack([one.figures[view] for one in changed])
        - (count * shift[view] - moved[view]) / (count - 1)
        for view in known.views
    }
    distances = known.distance(back)
    limit = rule.conformal_limit(distances)
    before, after = (np.array([one.score for one in found], float) for found in (plain, changed))
    auc, ends = _auc(labels, after, groups)
    auc_before, ends_before = _auc(labels, before, groups)
    return rule.Processed(
        name,
        shift,
        float(limit if limit is not None else distances.max()),
        count,
        auc,
        auc_before,
        None if threshold is None else float(np.mean((before >= threshold) == (after >= threshold))),
        auc_interval=ends,
        auc_before_interval=ends_before,
    )


def _auc(
    labels: np.ndarray, scores: np.ndarray, groups: Sequence[Any]
) -> tuple[float | None, tuple[float, float] | None]:
    """With its interval."""
    # Slow to import, and judging a file needs none of it.
    from sklearn.metrics import roc_auc_score

    from core.thresholds.intervals import ranking_intervals

    if not 0 < labels.sum() < len(labels):
        return None, None
    ends = ranking_intervals(labels, scores, groups, ("auc",), n=DRAWS)
    return float(roc_auc_score(labels, scores)), ends.get("auc")
