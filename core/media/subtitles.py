"""Words that a media file brings: beside it under its name, or as subtitles in its container."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import av.error
from av.container import InputContainer
from av.subtitles.subtitle import AssSubtitle

from core.errors import MediaError
from core.media import shards
from core.media.container import open_container
from core.media.limits import Limits
from core.media.sidecar_text import LARGEST, plain, read_sidecar_text

# Written ones; pictures of words are none.
CODECS = (
    "mov_text",
    "subrip",
    "srt",
    "webvtt",
    "ass",
    "ssa",
    "text",
)
log = logging.getLogger(__name__)

BESIDE, INSIDE = "a file beside it", "its subtitles"
# `{\i1}` of ASS and `<i>` of the others; `\N` is a line's end.
_STYLE = re.compile(r"\{[^}]*\}|<[^>]*>|\\[Nnh]")


def read(path: Path | str, limits: Limits | None = None) -> dict[str, str]:
    """`words` and where they are from; empty texts where there are none."""
    path = Path(path)
    if words := read_sidecar_text(path):
        return {"words": words, "source": BESIDE}
    words = subtitles(path, limits)
    return {"words": words, "source": INSIDE if words else ""}


def subtitle_codec(container: InputContainer) -> str | None:
    """The codec of the first stream of written subtitles."""
    names = (stream.codec_context.name for stream in container.streams.subtitles if stream.codec_context)
    return next((name for name in names if name in CODECS), None)


def subtitles(path: Path, limits: Limits | None = None) -> str:
    """What the first such stream says, in its order. Damaged lines are left out."""
    limits = limits or Limits.from_settings()
    if shards.address(path) is None and not path.is_file():
        return ""
    said: list[str] = []
    try:
        with open_container(path, limits) as container:
            if subtitle_codec(container) is None:
                return ""
            deadline = limits.deadline()
            stream = next(s for s in container.streams.subtitles if s.codec_context.name in CODECS)
            length = 0
            for packet in container.demux(stream):
                deadline.check(path.name)
                try:
                    lines = [_words(line) for line in packet.decode()]
                except (av.error.FFmpegError, ValueError) as error:
                    log.warning("%s: a damaged subtitle is left out (%s)", path.name, error)
                    continue
                said += [line for line in lines if line]
                length += sum(map(len, lines))
                if length > LARGEST:
                    break
    # As far as it goes; the clip itself is read too, and says what is wrong with it.
    except MediaError:
        return plain(" ".join(said))
    return plain(" ".join(said))[:LARGEST]


def _words(line: object) -> str:
    """One line without its styles; FFmpeg gives all of them in the form of ASS."""
    if not isinstance(line, AssSubtitle):
        return ""
    text = line.dialogue.decode("utf-8", "replace")
    return plain(_STYLE.sub(" ", text).replace("\0", ""))
