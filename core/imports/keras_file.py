"""The arrays of a Keras .h5 file, read within limits: links out of it and arrays kept elsewhere are refused.

/conv2d_1/conv2d_1/kernel:0 (3, 3, 3, 8)  ──▶  "conv2d_1/kernel" float32
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadInput
from core.media.limits import Limits, reason
from core.training.learning.checkpoint_size import check_bytes

DEEPEST, MOST = 12, 10_000  # groups in groups; arrays


def arrays(path: Path, limits: Limits) -> dict[str, np.ndarray]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            found = dict(_walk(root, path.name))
            unpacked = sum(int(one.size) * one.dtype.itemsize for one in found.values())
            check_bytes(path.name, unpacked, path.stat().st_size, limits)
            return {_short(name): np.asarray(one[()], np.float32) for name, one in found.items()}
    except BadInput:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise BadInput(f"{path.name} is no HDF5 file that can be read ({reason(error)})") from error


def _walk(group: Any, name: str, at: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    import h5py

    if depth > DEEPEST or len(group) > MOST:
        raise BadInput(f"{name}: groups lie too deep or are too many for a file of weights")
    for key in group:
        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise BadInput(f"{name}: {at}{key} is a link to elsewhere; such a file is not opened")
        one = group[key]
        if isinstance(one, h5py.Group):
            yield from _walk(one, name, f"{at}{key}/", depth + 1)
        elif isinstance(one, h5py.Dataset):
            if one.external or one.is_virtual:
                raise BadInput(f"{name}: {at}{key} is kept in another file; such a file is not opened")
            if one.dtype.kind in "fiu":
                yield at + key, one


def _short(name: str) -> str:
    """`conv2d_1/conv2d_1/kernel:0` as `conv2d_1/kernel`."""
    parts = name.split(":")[0].split("/")
    return "/".join(parts[-2:])
