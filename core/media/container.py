"""Opening video and audio containers with FFmpeg (in PyAV's wheel), safely: only media formats, only this file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import av.logging
from av.container import InputContainer

from core.errors import MediaError
from core.media import file_signatures, shards
from core.media.limits import Limits, reason

# Containers of media only: playlists (they open other files), picture sequences and text are left out.
# fmt: off
FORMATS = (
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "ivf", "obu", "nut",
    "h264", "hevc", "m4v", "mpegvideo", "dv", "rm", "3gp", "yuv4mpegpipe", "swf", "wtv", "gxf", "vc1",
    "wav", "w64", "flac", "mp3", "aac", "aiff", "au", "caf", "amr", "amrnb", "amrwb", "ac3", "eac3", "ape", "wv",
    "tta", "dts", "mpc", "mpc8", "voc", "sox", "tak", "rso", "nistsphere",
)
# fmt: on

av.logging.set_level(None)
logging.getLogger("libav").setLevel(logging.CRITICAL)

# Everything that PyAV raises on damaged input; ValueError and the like come from its own checks.
FAILURES = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    MemoryError,
    RuntimeError,
)

SHORT_OF_MEMORY = (MemoryError, BlockingIOError)  # the second: no memory for another decoder thread


HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx")


def _refuse_heic(path: Path) -> None:
    """A HEIC picture is stored like a clip of its tiles: FFmpeg would show one of them."""
    try:
        with shards.reader(path) as file:
            head = file.read(12)
    except OSError as error:
        raise MediaError(f"{path.name}: cannot be opened ({reason(error)})") from error
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        raise MediaError(f"{path.name}: is a damaged HEIC picture")


NOT_COUNTED = 0x7FFFFF00  # what writes to a pipe puts this or more where the size belongs


def stated_bytes(path: Path) -> int | None:
    """How long the file says it is, where its kind says so at the start (WAV, AIFF)."""
    with shards.reader(path) as file:
        head = file.read(8)
    if head[:4] == b"RIFF":
        size = int.from_bytes(head[4:], "little")
    elif head[:4] in (b"RIFX", b"FORM"):
        size = int.from_bytes(head[4:], "big")
    else:
        return None
    return size + 8 if 0 < size < NOT_COUNTED else None


@contextmanager
def open_container(path: Path, limits: Limits) -> Iterator[InputContainer]:
    """The container with its header read and checked against the limits; library errors become MediaError."""
    limits.check_file(path)
    _refuse_heic(path)
    options = {
        "format_whitelist": ",".join(FORMATS),
        "protocol_whitelist": "file",
        # One more than allowed, so that a file at the limit opens and one above it is told apart.
        "max_streams": str(limits.streams + 1),
    }
    try:
        inside = shards.source(path) if shards.address(path) else None
        place = inside or f"file:{path.absolute()}"
        container = av.open(place, options=options, metadata_errors="replace")
    except SHORT_OF_MEMORY as error:
        raise MediaError(f"{path.name}: decoding needs more memory than there is") from error
    except FAILURES as error:
        words = file_signatures.describe(path) or f"is not media that can be decoded ({reason(error)})"
        raise MediaError(f"{path.name}: {words}") from error
    try:
        limits.check_streams(path.name, len(container.streams))
        if container.duration:
            limits.check_duration(path.name, container.duration / av.time_base)
        yield container
    except MediaError:
        raise
    except SHORT_OF_MEMORY as error:
        raise MediaError(f"{path.name}: decoding needs more memory than there is") from error
    except FAILURES as error:
        raise MediaError(f"{path.name}: the media is damaged ({reason(error)})") from error
    finally:
        container.close()
