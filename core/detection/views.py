"""Views of a network for the explanations: one input with the rest of the sample held still.

Each view says which units its rows and maps belong to, and how a map lies in the crop that was prepared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from core.detection.detector import Detector
from core.detection.explanations.base import FAKE, Attribution, Explainer, View
from core.errors import WorkbenchError
from core.training.process.memory import halved, rows_at_once
from core.training.reading import inputs, tensors
from core.training.reading.inputs import Piece, Pieces

ROWS_AT_ONCE = 16  # at most: maps keep what the pass made
RAW_BANDS, RAW_COLUMNS = 64, 256  # of a map over sound that the network hears raw


@dataclass(frozen=True)
class Looked:
    """Inputs with the view that scores them. `units[i]` is the unit of map i; `whole`: one score for all
    maps."""

    view: View
    inputs: torch.Tensor
    units: tuple[int, ...]
    whole: bool
    places: tuple[np.ndarray | None, ...] = ()  # of each map: rows and columns of its pixels in the crop
    hertz: np.ndarray | None = None  # of sound: the centre of each band of the map

    def scores(self, x: torch.Tensor) -> np.ndarray:
        """P(fake) of each row."""
        with torch.no_grad():
            if self.whole:
                return _fake(self.view.forward(x))
            found = halved(lambda part: _fake(self.view.forward(part)), x, x.device)
            return np.concatenate(found)

    def explained(self, explainer: Explainer) -> Attribution:
        """The maps of all rows. Where memory runs out rows go one half after the other, but for those of one
        clip."""
        if self.whole:
            return explainer(self.view, self.inputs)
        found = halved(lambda part: explainer(self.view, part), self.inputs, self.inputs.device)
        if len(found) == 1:
            return found[0]
        joined = {
            name: np.concatenate([getattr(one, name) for one in found])
            for name in ("maps", "strengths", "raw", "scores")
            if getattr(found[0], name) is not None
        }
        return Attribution(**joined)


def _fake(logits: torch.Tensor) -> np.ndarray:
    return logits.float().softmax(-1)[:, FAKE].cpu().numpy()


def layer_of(detector: Detector) -> nn.Module | None:
    """The layer that the card names for class activation maps."""
    own = getattr(detector.network, "card", None)  # knows the options that the network was built with
    name = getattr(own, "cam_layer", "") or detector.card.cam_layer
    if not name:
        return None
    try:
        return detector.network.get_submodule(name)
    except AttributeError as error:
        raise WorkbenchError(f"{detector.model} has no layer {name!r} that its card names") from error


def layers_of(detector: Detector) -> dict[str, nn.Module]:
    """The layers that may carry the map, by name: the card's, or of a network of others its candidates."""
    candidates = getattr(detector.network, "cam_candidates", ())
    if candidates:
        return {name: detector.network.get_submodule(name) for name in candidates}
    layer = layer_of(detector)
    return {} if layer is None else {"": layer}


def has_gradients(detector: Detector) -> bool:
    """A graph of ONNX is run as it is: nothing can be differentiated."""
    return bool(getattr(detector.network, "differentiable", True))


def of_pictures(detector: Detector, cut: Pieces, chosen: Sequence[int], frames: Any) -> list[Looked]:
    """Views over the pictures of the chosen units; none where the network sees no pictures."""
    if detector.modality == "image":
        return _single_pictures(detector, cut, set(chosen), frames)
    if detector.modality == "video":
        return [_clip(detector, piece) for piece in cut.pieces if set(piece.units) & set(chosen)]
    if detector.modality == "multimodal" and hears_or_sees(detector, "image"):
        return [seen for seen in (_clip_of_many(detector, p, cut) for p in _strongest(cut, chosen)) if seen]
    return []


def of_sound(detector: Detector, cut: Pieces, chosen: Sequence[int]) -> list[Looked]:
    """Views over the windows of sound of the chosen units."""
    if detector.modality == "audio":
        return _windows(detector, cut, set(chosen))
    if detector.modality == "multimodal" and hears_or_sees(detector, "audio"):
        return [seen for seen in (_sound_of_many(detector, p) for p in _strongest(cut, chosen)) if seen]
    return []


def hears_or_sees(detector: Detector, part: str) -> bool:
    """Whether a multimodal network has an encoder for this modality."""
    return part in detector.network.encoder


def _single_pictures(detector: Detector, cut: Pieces, chosen: set[int], frames: Any) -> list[Looked]:
    pieces = [p for p in cut.pieces if p.units[0] in chosen]
    view = View(detector.network, lambda x: detector.network(x, None), layer_of(detector))
    native = detector.recipe.resize == "native"
    looked = []
    places: dict[int, list[np.ndarray]] = {}
    for rows in tensors.of_one_shape([p.arrays for p in pieces], _at_once(detector, pieces)):
        part = pieces[rows]
        x, _ = _batch(detector, part)
        where: list[np.ndarray | None] = []
        for piece in part:
            unit = piece.units[0]
            if native and unit not in places:
                per_axis = inputs.crops_per_axis(len(cut.units))
                places[unit] = crop_places(np.asarray(frames[unit]).shape[:2], detector, per_axis)
                places[unit].reverse()
            where.append(places[unit].pop() if native else None)
        looked.append(Looked(view, x, tuple(p.units[0] for p in part), whole=False, places=tuple(where)))
    return looked


def crop_places(
    size: tuple[int, int], detector: Detector, per_axis: int = inputs.CROPS_PER_AXIS
) -> list[np.ndarray]:
    """Of each crop of an unresized picture: which pixel (row, column) each of its pixels is.

    The picture's own coordinates go through the code that cuts it, mirrored edges included.
    """
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    coordinates = np.stack([rows, columns], axis=-1).astype(np.int32)
    return inputs.network_views(coordinates, detector.recipe, per_axis)


def _clip(detector: Detector, piece: Piece) -> Looked:
    """All frames of one person as the rows of one picture batch; the network judges them together."""
    x, mask = _batch(detector, [piece])
    present = x[0] if mask is None else x[0][mask[0]]

    def forward(frames: torch.Tensor) -> torch.Tensor:
        there = torch.ones(1, len(frames), dtype=torch.bool, device=frames.device)
        return detector.network(frames[None], there)

    return Looked(View(detector.network, forward, layer_of(detector)), present, piece.units, whole=True)


def _clip_of_many(detector: Detector, piece: Piece, cut: Pieces) -> Looked | None:
    """The pictures of a multimodal network, its sound and text held still."""
    x, mask = _batch(detector, [piece])
    there = mask["image_frames"][0]
    if not bool(there.any()):
        return None

    def forward(frames: torch.Tensor) -> torch.Tensor:
        all_there = torch.ones(1, len(frames), dtype=torch.bool, device=frames.device)
        return detector.network({**x, "image": frames[None]}, {**mask, "image_frames": all_there})

    units = tuple(piece.units[0] for _ in range(int(there.sum())))
    return Looked(
        View(detector.network, forward, layer_of(detector)), x["image"][0][there], units, whole=True
    )


def _sound_of_many(detector: Detector, piece: Piece) -> Looked | None:
    x, mask = _batch(detector, [piece])
    if not bool(mask["audio"].any()):
        return None
    view = View(detector.network, lambda sound: detector.network({**x, "audio": sound}, mask))
    return Looked(view, x["audio"], piece.units, whole=False)


def _windows(detector: Detector, cut: Pieces, chosen: set[int]) -> list[Looked]:
    layer = layer_of(detector)
    pieces = [p for p in cut.pieces if p.units[0] in chosen]
    looked = []
    for rows in tensors.of_one_shape([p.arrays for p in pieces], _at_once(detector, pieces)):
        part = pieces[rows]
        x, _ = _batch(detector, part)
        size, hertz = bands_of(detector, x[:1])
        view = View(detector.network, lambda sound: detector.network(sound, None), layer, size)
        looked.append(Looked(view, x, tuple(p.units[0] for p in part), whole=False, hertz=hertz))
    return looked


def spectrogram_of(network: nn.Module) -> nn.Module | None:
    """The part of a network that makes a spectrogram of the sound; None for one that hears it raw."""
    return next((m for m in network.modules() if type(m).__name__ == "LogSpectrogram"), None)


def bands_of(detector: Detector, x: torch.Tensor) -> tuple[tuple[int, int], np.ndarray]:
    """Bands and frames of the picture that the network makes of a window, and the centre of each band in
    hertz."""
    half = detector.recipe.sample_rate / 2
    part = spectrogram_of(detector.network)
    if part is None:  # raw sound, in bands that are even on the mel scale
        edges = np.linspace(0, 2595 * np.log10(1 + half / 700), RAW_BANDS + 1)
        centres = 700 * (10 ** ((edges[1:] + edges[:-1]) / 2 / 2595) - 1)
        return (RAW_BANDS, RAW_COLUMNS), centres
    with torch.no_grad():
        height, width = part(x).shape[-2:]
    bank = part.bank.float().cpu().numpy()  # (bands, bins)
    bins = np.linspace(0, half, bank.shape[1])
    return (int(height), int(width)), (bank * bins).sum(axis=1) / np.maximum(bank.sum(axis=1), 1e-9)


def _batch(detector: Detector, pieces: Sequence[Piece]) -> tuple[Any, Any]:
    return tensors.batch_of(
        [p.arrays for p in pieces], detector.recipe, detector.card, detector.device, detector.network
    )


def _at_once(detector: Detector, pieces: Sequence[Piece]) -> int:
    """How many pieces go through the network together."""
    if not pieces:
        return ROWS_AT_ONCE

    def run(rows: Sequence[inputs.Arrays]) -> object:
        x, mask = tensors.batch_of(rows, detector.recipe, detector.card, detector.device, detector.network)
        with torch.no_grad():
            return detector.network(x, mask)

    rows = [p.arrays for p in pieces]
    return rows_at_once(detector.network, rows, run, detector.device, ROWS_AT_ONCE)


def _strongest(cut: Pieces, chosen: Sequence[int]) -> list[Piece]:
    """The pieces of the chosen units, in the order in which they were chosen."""
    by_unit = {piece.units[0]: piece for piece in cut.pieces}
    return [by_unit[u] for u in chosen if u in by_unit]
