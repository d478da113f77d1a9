"""What a file that is no media is, by its first bytes: so that the line about it says what to do."""

from __future__ import annotations

from pathlib import Path

from core.media import shards

HEAD = 4096
ENCRYPTED = 1  # bit of a ZIP entry's flags
SIGNS = (
    (b"PK\x03\x04", "is a ZIP archive; unpack it and give the files in it"),
    (b"PK\x05\x06", "is an empty ZIP archive"),
    (b"Rar!\x1a\x07", "is a RAR archive; unpack it and give the files in it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive; unpack it and give the files in it"),
    (b"\x1f\x8b", "is a gzip archive; unpack it and give the files in it"),
    (b"BZh", "is a bzip2 archive; unpack it and give the files in it"),
    (b"\xfd7zXZ\0", "is an xz archive; unpack it and give the files in it"),
    (b"%PDF-", "is a PDF document; export its pictures first"),
    (b"\x7fELF", "is a program, not media"),
    (b"MZ", "is a program, not media"),
)


def describe(path: Path) -> str | None:
    """A few words, None where it is not told by its beginning."""
    try:
        with shards.reader(path) as file:
            head = file.read(HEAD)
    # Only a hint beside the error that the file itself has given.
    except OSError:
        return None
    if head.startswith(b"PK\x03\x04") and len(head) > 7 and head[6] & ENCRYPTED:
        return "is a password-protected ZIP archive; unpack it with its password and give the files in it"
    for sign, words in SIGNS:
        if head.startswith(sign):
            return words
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<"):
        if b"<svg" in start:
            return "is an SVG drawing, which can hold scripts and is not read; save it as PNG"
        return "is an HTML or XML page, not media"
    return None
