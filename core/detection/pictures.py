"""Pictures of evidence: heat maps laid back over the full frame, boxes, sound pictures. NumPy and OpenCV
only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

WIDEST = 1280  # pixels of a frame as shown
OPACITY = 0.5
FLOOR = 0.15  # of the map's top: below it the frame shines through
FAKE_RGB = (213, 94, 0)
LETTERS = cv2.FONT_HERSHEY_SIMPLEX
Box = tuple[float, float, float, float]


def on_frame(map_: np.ndarray, box: Box | None, frame_size: tuple[int, int]) -> np.ndarray:
    """A crop's map (h, w) in 0..1 laid back to where its crop lies in the full frame (H, W); nothing outside.

    The box may reach beyond the frame (a face at the edge): that part of the map is cut off.
    """
    width, height = frame_size
    x0, y0, x1, y1 = box if box is not None else (0.0, 0.0, float(width), float(height))
    left, top, right, bottom = round(x0), round(y0), round(x1), round(y1)
    full = np.zeros((height, width), np.float32)
    if right <= left or bottom <= top:
        return full
    sized = cv2.resize(np.float32(map_), (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    inside_x0, inside_x1 = max(left, 0), min(right, width)
    inside_y0, inside_y1 = max(top, 0), min(bottom, height)
    if inside_x1 > inside_x0 and inside_y1 > inside_y0:
        full[inside_y0:inside_y1, inside_x0:inside_x1] = sized[
            inside_y0 - top : inside_y1 - top, inside_x0 - left : inside_x1 - left
        ]
    return full


def display_size(frame_size: tuple[int, int]) -> tuple[int, int]:
    width, height = frame_size
    scale = min(1.0, WIDEST / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


# Of each level of a map its colour (RGB) and its share of the full opacity, which grows with the level.
_COLOURS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)[:, 0, ::-1]
_SHARES = (np.clip((np.arange(256) / 255 - FLOOR) / (1 - FLOOR), 0, 1) ** 0.5).astype(np.float32)


def reduce_picture(picture: np.ndarray) -> np.ndarray:
    """A frame as large as it is shown."""
    width, height = display_size((picture.shape[1], picture.shape[0]))
    if (width, height) == (picture.shape[1], picture.shape[0]):
        return picture
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def blend(frame: np.ndarray, map_: np.ndarray, opacity: float = OPACITY) -> np.ndarray:
    """The map in colours over the RGB frame; its opacity grows with its value."""
    if map_.shape != frame.shape[:2]:
        map_ = cv2.resize(np.float32(map_), (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_LINEAR)
    mixed = frame.copy()
    rows, columns = (np.flatnonzero((map_ > FLOOR).any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return mixed
    place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # only where something shows
    levels = (np.clip(map_[place], 0, 1) * 255).astype(np.uint8)
    part, colours = mixed[place].astype(np.float32), _COLOURS[levels].astype(np.float32)
    part += (colours - part) * (_SHARES[levels] * np.float32(opacity))[..., None]
    mixed[place] = part.round()
    return mixed


def draw_boxes(
    frame: np.ndarray, boxes: Sequence[tuple[Box, str]], frame_size: tuple[int, int]
) -> np.ndarray:
    """Boxes in pixels of the full frame, drawn with their words on the shown one."""
    drawn = np.array(frame)
    scale_x, scale_y = frame.shape[1] / frame_size[0], frame.shape[0] / frame_size[1]
    thick = max(1, round(max(frame.shape[:2]) / 400))
    for (x0, y0, x1, y1), words in boxes:
        corner = (round(x0 * scale_x), round(y0 * scale_y))
        cv2.rectangle(drawn, corner, (round(x1 * scale_x), round(y1 * scale_y)), FAKE_RGB, thick)
        scale = 0.45 * max(1, thick)
        # Never above the top.
        place = (max(0, corner[0]) + 2, max(round(24 * scale) + thick + 2, corner[1] - 4))
        for colour, width in (((255, 255, 255), thick + 2), (FAKE_RGB, thick)):
            cv2.putText(
                drawn,
                words,
                place,
                LETTERS,
                scale,
                colour,
                width,
                cv2.LINE_AA,
            )
    return drawn


def save_jpeg(path: Path, picture: np.ndarray, quality: int = 88) -> None:
    flipped = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    _save(path, flipped, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def save_grey(path: Path, map_: np.ndarray) -> None:
    """A map in 0..1 as a greyscale PNG, to be coloured and blended where it is shown."""
    _save(
        path, (np.clip(map_, 0, 1) * 255).round().astype(np.uint8), ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )


def _save(path: Path, picture: np.ndarray, kind: str, options: list[int]) -> None:
    done, data = cv2.imencode(kind, np.ascontiguousarray(picture), options)
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    path.write_bytes(data.tobytes())  # a folder that is gone stays gone: the session ended meanwhile


def load(path: Path) -> np.ndarray:
    """A picture that this module saved: RGB, or grey in 0..1 for a map."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    return picture.astype(np.float32) / 255 if picture.ndim == 2 else picture[..., ::-1]


def sound_picture(
    sound: dict[str, Any], width: int = 960, height: int = 280, letters: float = 0.4
) -> np.ndarray:
    """The spectrogram with the map over it (or the curve under it), ticks in seconds and hertz."""
    from core.detection.sound import grid_of

    grid = grid_of(sound)
    grey = cv2.resize(np.flipud(grid.decibels), (width, height), interpolation=cv2.INTER_LINEAR)
    frame = np.repeat((np.clip(grey, 0, 1) * 200).astype(np.uint8)[..., None], 3, axis=2)
    map_ = grid.map if grid.map.ndim == 2 else np.repeat(grid.map[None], 2, axis=0)
    frame = blend(frame, np.flipud(cv2.resize(map_, (width, height))), 0.75)
    left = round(135 * letters)
    canvas = np.full((height + 34, width + left + 6, 3), 255, np.uint8)
    canvas[6 : height + 6, left : width + left] = frame
    for k in range(6):
        second = f"{grid.t0 + (grid.t1 - grid.t0) * k / 5:.1f} s"
        (long, _), _ = cv2.getTextSize(second, LETTERS, letters, 1)
        _words(canvas, second, (left + (width - long) * k // 5, height + 26), letters)
    for k in range(5):
        row = min(len(grid.hertz) - 1, round((len(grid.hertz) - 1) * k / 4))
        place = (1, height + 4 - int((height - 24 * letters) * k / 4))
        _words(canvas, f"{grid.hertz[row] / 1000:.1f} kHz", place, letters)
    return canvas


def _words(canvas: np.ndarray, words: str, place: tuple[int, int], letters: float) -> None:
    cv2.putText(canvas, words, place, LETTERS, letters, (40, 40, 40), 1, cv2.LINE_AA)
