"""Words that lie beside a media file under its name: `clip.txt`, `clip.srt`, `clip.vtt`.

2                                  00:00:01.000 --> 00:00:02.000
00:00:01,000 --> 00:00:02,000      <v Ada>Hello there
Hello there                                                       both are read as `Hello there`
"""

from __future__ import annotations

import errno
import logging
import re
from pathlib import Path

from core.media import shards

log = logging.getLogger(__name__)

ENDINGS = (".txt", ".srt", ".vtt")
LARGEST = 65_536  # bytes that are read of one file
_TIME = re.compile(r"^\s*(\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s+-->\s")
_TAG = re.compile(r"<[^>]*>")
_HEADER = ("WEBVTT", "NOTE", "STYLE", "REGION", "Kind:", "Language:")


def read_sidecar_text(path: Path | str) -> str:
    """The text of the first of them that is there and holds words; empty where there is none."""
    path = Path(path)
    if shards.address(path):  # nothing lies beside a row
        return ""
    for ending in ENDINGS:
        beside = path.with_suffix(ending)
        if beside == path:
            continue
        try:
            with beside.open("rb") as file:
                raw = file.read(LARGEST)
        # Nothing of that name lies there.
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                log.warning(
                    "the words of %s are not used: %s cannot be read (%s)", path.name, beside, error.strerror
                )
            continue
        text = raw.decode("utf-8-sig", errors="replace").replace("\0", "")
        words = plain(text) if ending == ".txt" else spoken(text)
        if words:
            return words
    return ""


def spoken(text: str) -> str:
    """The lines that are spoken, without numbers, times, tags and headers."""
    lines = [line.strip() for line in text.splitlines()]
    timed = {i for i, line in enumerate(lines) if _TIME.match(line)}
    kept = [
        _TAG.sub("", line)
        for i, line in enumerate(lines)
        if line
        and i not in timed
        and i + 1 not in timed  # the cue's number or name
        and not line.startswith(_HEADER)
    ]
    return plain(" ".join(kept))


def plain(text: str) -> str:
    return " ".join(text.split())
