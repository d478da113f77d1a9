"""Pictures: any format that Pillow decodes safely comes out as upright RGB, 8 bit."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from core.errors import MediaError
from core.media import shards
from core.media.limits import Limits, reason
from core.media.memo import decode_once

# Only decoders of pictures: no EPS (starts Ghostscript), no PDF, no scientific containers.
FORMATS: tuple[str, ...] = (
    "JPEG",
    "MPO",
    "PNG",
    "WEBP",
    "BMP",
    "DIB",
    "TIFF",
    "GIF",
    "AVIF",
    "PPM",
    "JPEG2000",
    "HEIF",
)

# Our own limit is checked against the header before anything is decoded; Pillow's warning comes below it.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

register_heif_opener()  # what iPhones take pictures in
Image.init()  # registers every decoder; the list of allowed ones needs them known
FORMATS = tuple(name for name in FORMATS if name in Image.OPEN)


class NotAPicture(MediaError):
    """The file does not begin like a picture; it may be video or audio."""


def open_image(path: Path | str, limits: Limits | None = None) -> np.ndarray:
    """The picture as uint8 (height, width, 3); of an animation the first frame."""
    path = Path(path)
    limits = limits or Limits.from_settings()
    limits.check_file(path)
    return decode_once("picture", path, lambda picture: picture.nbytes, lambda: _open(path, limits))


def _open(path: Path, limits: Limits) -> np.ndarray:
    try:
        with open_header(path, limits) as image:
            return _upright_rgb(image)
    except MediaError:
        raise
    except FAILURES as error:
        raise MediaError(f"{path.name}: the picture is damaged ({reason(error)})") from error


# What Pillow raises on damaged files, as its own fuzzing and ours found them.
FAILURES = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    MemoryError,
    struct.error,
    AttributeError,
    AssertionError,
    ZeroDivisionError,
    RuntimeError,
    NotImplementedError,
    Image.DecompressionBombError,
)


def open_header(path: Path, limits: Limits) -> Image.Image:
    """The picture with its header read and its size checked; nothing is decoded yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(shards.source(path), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise NotAPicture(f"{path.name}: is not a picture in a known format") from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{path.name}: more pixels than the limit of {limits.pixels:,} (settings, [limits])"
        ) from error
    except FAILURES as error:
        raise MediaError(f"{path.name}: the picture cannot be opened ({reason(error)})") from error
    try:
        limits.check_pixels(path.name, *image.size)
    except MediaError:
        image.close()
        raise
    return image


def _upright_rgb(image: Image.Image) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        grey = _eight_bit(np.asarray(upright))
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.array(upright.convert("RGB"))


def _eight_bit(values: np.ndarray) -> np.ndarray:
    """Greyscale of 16 or 32 bits, or floating point, to 8 bits by the range its type is written for."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return (values >> 8).astype(np.uint8)
    floating = values.dtype.kind == "f"
    values = np.nan_to_num(values.astype(np.float64))
    top = float(values.max(initial=0.0))
    full = 1.0 if floating and top <= 1.0 else 255.0 if top <= 255.0 else 65535.0
    return np.clip(np.round(values / full * 255.0), 0, 255).astype(np.uint8)
