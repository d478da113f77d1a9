"""Which files are judged: those named, and of a folder the media files in it, in a stable order."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.media import shards

log = logging.getLogger(__name__)

PICTURES = {
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".bmp",
    ".tif",
    ".tiff",
    ".gif",
    ".heic",
    ".heif",
    ".avif",
    ".jfif",
}
VIDEOS = {
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".3gp",
    ".ts",
    ".mts",
}
SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aiff", ".aif"}
ENDINGS = PICTURES | VIDEOS | SOUNDS
# First bytes of media whose name does not say so: (offset, bytes).
SIGNS = (
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG\r\n"),
    (0, b"GIF8"),
    (0, b"fLaC"),
    (0, b"OggS"),
    (0, b"ID3"),
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (4, b"ftyp"),  # MP4, MOV, M4A, HEIC, AVIF
    (8, b"WAVE"),
    (8, b"WEBP"),
    (8, b"AVI "),
)


@dataclass(frozen=True)
class Given:
    """A file to judge: where it is, and as what it was given."""

    path: Path
    shown: str


def expand(names: Iterable[str]) -> list[Given]:
    """Files in the order given; a folder stands for the media files under it, by name."""
    found: list[Given] = []
    for name in names:
        path = _place(name)
        if name and os.path.isdir(path):
            inside = [p for p in _under(path) if is_media(p)]
            found += [Given(p, os.path.join(name, os.fspath(p.relative_to(path)))) for p in inside]
        else:
            found.append(Given(path, name))
    return found


def _place(name: str) -> Path:
    """Where a name leads; a file that is called ~x is that file, and a name too long for any file is no error
    here."""
    return Path(name if os.path.lexists(name) else os.path.expanduser(name))


def _under(folder: Path) -> list[Path]:
    """Files in the folder and its folders; hidden ones and links to folders are left out."""
    found = []
    for here, folders, names in os.walk(folder, onerror=_report_folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [Path(here, n) for n in names if not n.startswith(".")]
    return sorted(found)


def _report_folder(error: OSError) -> None:
    log.warning("%s is left out: the folder cannot be read (%s)", error.filename, error.strerror)


def seeming_kind(path: Path) -> str | None:
    """What the name says it is; decoding tells what it really is."""
    ending = path.suffix.casefold()
    kinds = {"image": PICTURES, "video": VIDEOS, "audio": SOUNDS}
    return next((kind for kind, endings in kinds.items() if ending in endings), None)


def is_media(path: Path) -> bool:
    """By its ending, else by its first bytes. Whether it can be decoded is for the judgement to say."""
    if path.suffix.casefold() in ENDINGS:
        return path.is_file() or path.is_symlink()
    if shards.address(path):
        return shards.is_file(path)
    try:
        if not path.is_file():  # a pipe or socket would block
            return False
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        log.warning("%s is left out: it cannot be read (%s)", path, error.strerror)
        return False
    return any(head[at : at + len(sign)] == sign for at, sign in SIGNS)
