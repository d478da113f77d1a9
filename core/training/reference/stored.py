"""reference.npz: a run's reference as one file of plain arrays; read as untrusted, whoever wrote it.

about              JSON: version, files, spans, codecs, names of views and of processed kinds
own, weights       distances of the run's own files, and what each counts
<view>.mean .spread .axes .whitening
processed.<n>.<view>   the shift of the n-th kind
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from core.errors import BadInput
from core.training.reference.rule import CONTAINER, NETWORK, Processed, Reference, Scale, statistics
from core.training.reference.views import View

VERSION = 1
FILE_NAME = "reference.npz"
MOST_BYTES = 200_000_000  # unpacked
MOST_VALUES = 40_000_000
MEASURED = ("auc", "auc_before", "agreement", "mark")  # of a kind of processing; each may be null
INTERVALS = ("auc_interval", "auc_before_interval")
PARTS = ("mean", "spread", "axes", "whitening")


def pack(reference: Reference) -> bytes:
    about = {
        "version": VERSION,
        "files": reference.files,
        "spans": {name: list(span) for name, span in reference.spans.items()},
        "codecs": list(reference.codecs),
        "views": {name: view.left_over for name, view in reference.views.items()},
        "processed": [
            {k: getattr(one, k) for k in ("name", "limit", "files", *MEASURED, *INTERVALS)}
            for one in reference.processed
        ],
    }
    arrays: dict[str, np.ndarray] = {
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        "points": reference.points.astype(np.float16),
        "own": reference.own,
        **({} if reference.weights is None else {"weights": reference.weights}),
        **{f"media.{part}": getattr(reference.media, part) for part in Scale._fields},
        **{f"scale.{part}": getattr(reference.scale, part) for part in Scale._fields},
    }
    for name, view in reference.views.items():
        arrays |= {f"{name}.{part}": getattr(view, part).astype(np.float32) for part in PARTS}
    for number, one in enumerate(reference.processed):
        arrays |= {f"processed.{number}.{n}": shift.astype(np.float32) for n, shift in one.shift.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(content: bytes, source: str) -> Reference:
    """The reference, or a BadInput that says in one line what is wrong with it."""
    try:
        arrays = _arrays(content)
        return _reference(arrays)
    except BadInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"{source} cannot be used ({str(error).splitlines()[0] if str(error) else type(error).__name__}); delete it, and it is made again"
        ) from error


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    """Sizes are summed before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
            raise ValueError("it unpacks to more than any reference holds")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _reference(arrays: dict[str, np.ndarray]) -> Reference:
    about = json.loads(arrays["about"].astype(np.uint8).tobytes())
    if about["version"] != VERSION:
        raise ValueError(f"its version {about['version']!r} is not {VERSION}")
    views = {str(name): _view(arrays, str(name), bool(left)) for name, left in about["views"].items()}
    columns = sum(1 + views[name].left_over for name in statistics(views))
    joined_from = 2 + bool(columns) + sum(name in views for name in CONTAINER)
    own = _array(arrays, "own", (None, joined_from))
    if not len(own):
        raise ValueError("it compares with no file")
    return Reference(
        _array(arrays, "points", (None, views[NETWORK].width)),
        views,
        _scale(arrays, "media", columns),
        _scale(arrays, "scale", joined_from),
        own,
        {str(split): _whole(count) for split, count in about["files"].items()},
        {str(name): (_finite(low), _finite(high)) for name, (low, high) in about["spans"].items()},
        tuple(str(codec)[:60] for codec in about["codecs"])[:100],
        tuple(_read_processed(arrays, number, one, views) for number, one in enumerate(about["processed"])),
        _weights(arrays, len(own)),
    )


def _weights(arrays: dict[str, np.ndarray], files: int) -> np.ndarray | None:
    """One from before groups counted once has none: each of its files stands for itself."""
    if "weights" not in arrays:
        return None
    weights = _array(arrays, "weights", (files,))
    if not ((weights > 0) & (weights <= 1)).all():
        raise ValueError("a weight is not between 0 and 1")
    return weights


def _scale(arrays: dict[str, np.ndarray], name: str, columns: int) -> Scale:
    spread = _array(arrays, f"{name}.spread", (columns,))
    if not (spread > 0).all():
        raise ValueError(f"a spread of {name} is not above 0")
    return Scale(_array(arrays, f"{name}.centre", (columns,)), spread)


def _view(arrays: dict[str, np.ndarray], name: str, left_over: bool) -> View:
    mean = _array(arrays, f"{name}.mean", (None,))
    axes = _array(arrays, f"{name}.axes", (len(mean), None))
    spread = _array(arrays, f"{name}.spread", mean.shape)
    if not (spread > 0).all():
        raise ValueError(f"a spread of {name} is not above 0")
    side = axes.shape[1]
    return View(mean, spread, axes, _array(arrays, f"{name}.whitening", (side, side)), left_over)


def _read_processed(
    arrays: dict[str, np.ndarray], number: int, stated: dict[str, Any], views: dict[str, View]
) -> Processed:
    shift = {
        name: _array(arrays, f"processed.{number}.{name}", (view.width,)) for name, view in views.items()
    }
    # One from before there were marks states none.
    figures = {k: None if stated.get(k) is None else _finite(stated[k]) for k in MEASURED}
    ends = {k: None if stated.get(k) is None else _ends(stated[k]) for k in INTERVALS}
    name, limit, files = str(stated["name"])[:60], _finite(stated["limit"]), _whole(stated["files"])
    return Processed(name, shift, limit, files, **figures, **ends)  # type: ignore[arg-type]


def _ends(value: Any) -> tuple[float, float]:
    low, high = value
    return _finite(low), _finite(high)


def _array(arrays: dict[str, np.ndarray], name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    found = arrays[name]
    if found.dtype.kind != "f" or found.size > MOST_VALUES:
        raise ValueError(f"{name} holds no such numbers")
    fits = found.ndim == len(shape) and all(
        w is None or w == s for w, s in zip(shape, found.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has shape {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    return found.astype(np.float64)


def _finite(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError("a figure is not finite")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"a count is {value!r}")
    return value
