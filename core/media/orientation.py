"""Turning frames upright by the display matrix that phones write instead of turning the pixels."""

from __future__ import annotations

import av
import numpy as np


def upright(picture: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """The picture as a player shows it: turned by quarter turns and mirrored as the frame's matrix says."""
    matrix = _matrix(frame)
    if matrix is None:
        return picture
    a, b, c, d = matrix
    if abs(a) + abs(d) < abs(b) + abs(c):  # rows become columns
        picture = picture.transpose(1, 0, 2)
        flip_x, flip_y = c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    if flip_x:
        picture = picture[:, ::-1]
    if flip_y:
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def _matrix(frame: av.VideoFrame) -> tuple[int, int, int, int] | None:
    """a, b, c, d of x' = a x + c y, y' = b x + d y; None for the identity."""
    side = frame.side_data.get("DISPLAYMATRIX")
    if side is None or side.buffer_size < 36:
        return None
    values = np.frombuffer(bytes(side), dtype=np.int32)
    a, b, c, d = (int(values[i]) for i in (0, 1, 3, 4))
    return None if (b, c) == (0, 0) and a > 0 and d > 0 else (a, b, c, d)
