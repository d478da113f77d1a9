"""What a media file may cost: bytes, pixels, frames, streams, duration, decode time. settings.toml, `[limits]`."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import BadInput, MediaError
from core.media import shards
from core.workspace import Workspace, workspace


@dataclass(frozen=True)
class Limits:
    """Checked before a file is opened, from its header, and again while it is decoded (headers lie)."""

    bytes: int = 2_000_000_000
    pixels: int = 100_000_000  # of one picture or frame
    frames: int = 1_000_000  # of one video track
    streams: int = 64
    duration: float = 4 * 3600.0  # seconds
    decode_seconds: float = 300.0  # wall clock for one file
    memory: int = 4_000_000_000  # bytes of address space on top of the idle worker, for uploads
    cache_bytes: int = 20_000_000_000  # the whole prepared cache

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise BadInput(
                    f"limit {field.name} ({value!r}) must be a number > 0; mend settings.toml, [limits]"
                )

    @classmethod
    def from_settings(cls, space: Workspace | None = None) -> Limits:
        """The defaults with what settings.toml says under `[limits]`."""
        values: dict[str, Any] = (space or workspace()).settings().get("limits", {})
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadInput(
                f"settings.toml, [limits]: unknown {unknown[0]!r}; known are {', '.join(sorted(known))}"
            )
        return cls(**values)

    def check_file(self, path: Path) -> int:
        """The size of a readable, regular, non-empty file within the limit, else a MediaError."""
        if not path.name:
            raise MediaError("the name is empty; name a file")
        if shards.address(path):
            return shards.length(path, self)
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise MediaError(f"{path.name}: cannot be opened ({reason(error)})") from error
        if not path.is_file():
            raise MediaError(f"{path.name}: is not a file")
        if status.st_size == 0:
            raise MediaError(f"{path.name}: the file is empty")
        if status.st_size > self.bytes:
            raise MediaError(
                f"{path.name}: {status.st_size:,} bytes; the limit is {self.bytes:,} (settings, [limits])"
            )
        return status.st_size

    def check_pixels(self, name: str, width: int, height: int) -> None:
        if width * height > self.pixels:
            raise MediaError(
                f"{name}: {width} x {height} pixels are more than the limit of {self.pixels:,} (settings, [limits])"
            )

    def check_frames(self, name: str, frames: int) -> None:
        if frames > self.frames:
            raise MediaError(f"{name}: more than {self.frames:,} frames, the limit (settings, [limits])")

    def check_streams(self, name: str, streams: int) -> None:
        if streams > self.streams:
            raise MediaError(f"{name}: more than {self.streams} streams, the limit (settings, [limits])")

    def check_duration(self, name: str, seconds: float) -> None:
        if seconds > self.duration:
            raise MediaError(
                f"{name}: lasts {seconds:,.0f} s; the limit is {self.duration:,.0f} s (settings, [limits])"
            )

    def deadline(self) -> Deadline:
        return Deadline(self.decode_seconds)


class Deadline:
    """The moment by which one file must be decoded; `check` raises after it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def check(self, name: str) -> None:
        if time.monotonic() > self.end:
            raise MediaError(
                f"{name}: decoding takes longer than the limit of {self.seconds:g} s (settings, [limits])"
            )


def reason(error: BaseException) -> str:
    """An error of the system or a library in a few words, without the path (it is in front already)."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:200]
