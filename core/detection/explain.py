"""Heat maps for one judged file: computed on what the network saw, laid back over the full frame or the
sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import numbers
from core.detection import explanations, pictures, sound, views
from core.detection.detector import Detector, Judged
from core.detection.explanations import faithfulness
from core.detection.faithful_layer import Mapped, most_faithful
from core.detection.frames import Frames
from core.detection.network_lock import alone
from core.detection.verdict import Faithfulness, HeatMap, Unit, holds
from core.media.recipe import Recipe
from core.training.reading import inputs

WITHOUT_GRADIENTS = "picture_occlusion"
DRAWN_AT_ONCE = 2  # maps; encoding them leaves the other threads alone
MOST_UNITS = 16  # that are explained of one file, the most suspicious ones


@dataclass(frozen=True)
class Wish:
    """What is asked for: a method, where its pictures go, whether the scores of faces stand in them, and what is told
    when one more is there."""

    method: str
    out: Path
    stem: str
    on_map: Callable[[HeatMap], None] = lambda _map: None
    scored: bool = True


@dataclass(frozen=True)
class _UnitMap:
    unit: int
    map: np.ndarray  # over the crop
    strength: float
    faithfulness: Faithfulness | None
    frame: int  # number of the frame
    time: float  # seconds
    box: pictures.Box | None
    layer: str = ""


def picture_method(name: str, detector: Detector | None = None) -> str:
    if detector is not None and not views.has_gradients(detector):
        return WITHOUT_GRADIENTS
    return name if name in explanations.PICTURE_METHODS else explanations.DEFAULT


def explain_pictures(
    detector: Detector, prepared: Any, judged: Judged, wish: Wish, frames: Frames
) -> tuple[HeatMap, ...]:
    """One map a frame or face. `frames` are those of the file, whole; a frame that is absent is shown by its
    crop."""
    layers = views.layers_of(detector)
    if prepared.frames is None or (not layers and views.has_gradients(detector)):
        return ()
    if detector.modality == "multimodal" and not views.hears_or_sees(detector, "image"):
        return ()
    explainer = explanations.method(picture_method(wish.method, detector))
    chosen = most_suspicious(judged.units, MOST_UNITS)
    found: list[_UnitMap] = []
    with alone(detector.network):
        for looked in views.of_pictures(detector, judged.pieces, chosen, prepared.frames):
            layers, mapped = most_faithful(explainer, looked, layers)
            found += _maps_of(mapped, looked, detector, prepared, judged)
    top = max((m.strength for m in found), default=0.0) or 1.0
    joined = _join_spans(found)

    def drawn(numbered: tuple[int, _UnitMap]) -> HeatMap:
        k, one = numbered
        made = _render(one, k, explainer.name, wish, prepared, judged.units[one.unit], frames)
        return replace(made, importance=one.strength / top)

    maps = []
    with ThreadPoolExecutor(DRAWN_AT_ONCE) as pool:
        for one in pool.map(drawn, enumerate(joined)):
            maps.append(one)
            wish.on_map(one)
    return tuple(maps)


def most_suspicious(units: Sequence[Unit], most: int) -> list[int]:
    """Positions of the units with the highest scores, the highest first."""
    return sorted(range(len(units)), key=lambda u: -units[u].score)[:most]


def _maps_of(
    mapped: Mapped, looked: views.Looked, detector: Detector, prepared: Any, judged: Judged
) -> list[_UnitMap]:
    attribution, figures = mapped.attribution, mapped.figures
    found = []
    for k, unit in enumerate(looked.units):
        position = _position(prepared, judged, looked, k)
        map_ = attribution.maps[k]
        if looked.places and (places := looked.places[k]) is not None:
            map_ = _in_crop(map_, places, np.asarray(prepared.frames[position]).shape[:2])
        box = tuple(float(v) for v in prepared.boxes[position]) if len(prepared.boxes) else None
        found.append(
            _UnitMap(
                unit=unit,
                map=map_,
                strength=float(attribution.strengths[k]),
                faithfulness=figures[0] if looked.whole else figures[k],
                frame=int(prepared.indices[position]),
                time=float(prepared.times[position]),
                box=box,  # type: ignore[arg-type]
                layer=mapped.layer,
            )
        )
    return found


def _position(prepared: Any, judged: Judged, looked: views.Looked, k: int) -> int:
    """Which prepared frame row k of the view is."""
    unit = judged.units[looked.units[k]]
    if unit.kind != "segment":
        return looked.units[k]
    return _frames_of_segment(prepared, unit, looked)[k]


def _frames_of_segment(prepared: Any, unit: Unit, looked: views.Looked) -> list[int]:
    """The frames that a multimodal network saw with this segment, chosen as its inputs were."""
    own = [u for u in range(len(prepared.frames)) if int(prepared.tracks[u]) == unit.track]
    if prepared.audio is None or not len(prepared.audio):
        return own
    return inputs.frames_between(prepared.times, own, unit.t0, unit.t1)


def _in_crop(map_: np.ndarray, places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The map of a part of an unresized picture, in that picture; NaN where the part does not reach."""
    full = np.full(size, np.nan, np.float32)
    full[places[..., 0], places[..., 1]] = map_
    return full


def _join_spans(found: Sequence[_UnitMap]) -> list[_UnitMap]:
    """Maps of parts of one picture become one: the mean where they overlap."""
    groups: dict[tuple[int, int], list[_UnitMap]] = {}
    for one in found:
        groups.setdefault((one.unit, one.frame), []).append(one)
    joined = []
    for parts in groups.values():
        if len(parts) == 1:
            joined.append(replace(parts[0], map=np.nan_to_num(parts[0].map)))
            continue
        stack = np.stack([p.map for p in parts])
        seen = np.isfinite(stack)
        map_ = np.where(seen, stack, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        figures = [p.faithfulness for p in parts if p.faithfulness]
        joined.append(
            replace(
                parts[0],
                map=map_.astype(np.float32),
                strength=float(np.mean([p.strength for p in parts])),
                faithfulness=_mean(figures),
            )
        )
    return joined


def _mean(figures: Sequence[Faithfulness]) -> Faithfulness | None:
    if not figures:
        return None
    drop, high = float(np.mean([f.drop for f in figures])), float(np.mean([f.random_high for f in figures]))
    return Faithfulness(
        share=figures[0].share,
        score=float(np.mean([f.score for f in figures])),
        drop=drop,
        random=float(np.mean([f.random for f in figures])),
        random_high=high,
        holds=holds(drop, high),
    )


def _render(
    one: _UnitMap, k: int, method: str, wish: Wish, prepared: Any, unit: Unit, frames: Frames
) -> HeatMap:
    """The three pictures of one map: the frame, the map alone, and both with the box."""
    picture = frames.get(one.frame)
    size, box = tuple(int(v) for v in prepared.frame_size), one.box
    if picture is None:  # the file could not be read a second time: the crop stands for the frame
        crop = np.asarray(prepared.frames[_index_of(prepared, one)])
        picture, size, box = pictures.reduce_picture(crop), (crop.shape[1], crop.shape[0]), None
    height, width = picture.shape[:2]
    scale = (width / size[0], height / size[1])
    place = None if box is None else tuple(v * scale[k % 2] for k, v in enumerate(box))
    on_frame = pictures.on_frame(one.map, place, (width, height))  # type: ignore[arg-type]
    name = f"{wish.stem}-{k:02d}-frame{one.frame}-person{unit.track}-{method}"
    paths = {part: wish.out / f"{name}{end}" for part, end in (("path", ".jpg"), ("overlay", "-map.png"))}
    frame_path = wish.out / f"{wish.stem}-frame{one.frame}.jpg"
    if not frame_path.exists():
        pictures.save_jpeg(frame_path, picture)
    pictures.save_grey(paths["overlay"], on_frame)
    both = pictures.blend(picture, on_frame)
    if box is not None and unit.kind == "face":
        label = numbers.number(unit.score) if wish.scored else f"person {unit.track + 1}"
        both = pictures.draw_boxes(both, [(box, label)], size)  # type: ignore[arg-type]
    pictures.save_jpeg(paths["path"], both)
    return HeatMap(
        method=method,
        kind="picture",
        unit=one.unit,
        path=str(paths["path"]),
        overlay=str(paths["overlay"]),
        frame=str(frame_path),
        t0=one.time,
        t1=one.time,
        faithfulness=one.faithfulness,
        layer=one.layer,
    )


def _index_of(prepared: Any, one: _UnitMap) -> int:
    return int(np.flatnonzero(np.asarray(prepared.indices) == one.frame)[0])


def sound_of(prepared: Any, recipe: Recipe) -> dict[str, Any] | None:
    """The sound as it is drawn; None where the file has none that was judged."""
    if recipe.modality not in ("audio", "multimodal") or prepared.audio is None or not len(prepared.audio):
        return None
    return sound.picture(np.asarray(prepared.audio), recipe.sample_rate, float(prepared.audio_start))


def explain_sound(
    detector: Detector, judged: Judged, wish: Wish, drawn: dict[str, Any]
) -> tuple[tuple[HeatMap, ...], dict[str, Any]]:
    """One map over the whole recording, put together from its windows; a figure of faithfulness for each."""
    explainer = explanations.method(sound_method(detector, wish.method))
    windows, figures, weights = [], [], []
    with alone(detector.network):
        everything = range(len(judged.units))
        for looked in views.of_sound(detector, judged.pieces, everything):
            attribution = looked.explained(explainer)
            rate = detector.recipe.sample_rate
            figures += faithfulness.of_sound(
                looked.scores, looked.inputs, attribution.maps, looked.hertz, rate, attribution.scores
            )
            for unit, map_, weight in zip(looked.units, attribution.maps, attribution.strengths, strict=True):
                own = judged.units[unit]
                windows.append(sound.WindowMap(own.t0, own.t1, map_, looked.hertz))
                weights.append(float(weight))
    if not windows:
        return (), drawn
    mapped = sound.with_map(drawn, windows)
    paths = _window_pictures(mapped, windows, judged, wish, explainer.name)
    kind = "sound" if np.asarray(mapped["map"]).ndim == 2 else "time"
    top = max(weights) or 1.0
    maps = tuple(
        HeatMap(
            method=explainer.name,
            kind=kind,
            unit=k,
            path=str(path),
            t0=window.t0,
            t1=window.t1,
            faithfulness=figure,
            importance=weight / top,
        )
        for k, (window, figure, weight, path) in enumerate(zip(windows, figures, weights, paths, strict=True))
    )
    wish.on_map(maps[0])
    return maps, mapped


def _window_pictures(
    mapped: dict[str, Any], windows: Sequence[sound.WindowMap], judged: Judged, wish: Wish, method: str
) -> list[Path]:
    """Of each window a picture of its own span; of a long recording the least suspicious share the whole
    one."""
    whole = wish.out / f"{wish.stem}-sound-{method}.jpg"
    pictures.save_jpeg(whole, pictures.sound_picture(mapped))
    paths = [whole] * len(windows)
    if len(windows) == 1:
        return paths
    for k in most_suspicious(judged.units[: len(windows)], MOST_UNITS):
        paths[k] = wish.out / f"{wish.stem}-sound-{method}-{k:03d}.jpg"
        part = sound.between(mapped, windows[k].t0, windows[k].t1)
        # Shown small, beside others.
        pictures.save_jpeg(paths[k], pictures.sound_picture(part, 480, 180, letters=0.6))
    return paths


def sound_method(detector: Detector, wished: str) -> str:
    """The method asked for where the network allows it; without a layer to weigh, or fused, it is over
    time."""
    if not views.has_gradients(detector):
        return "occlusion"
    if wished in explanations.TIME_METHODS:
        return wished
    if detector.modality == "audio" and views.layer_of(detector) is not None:
        return picture_method(wished)
    return "integrated_gradients"
