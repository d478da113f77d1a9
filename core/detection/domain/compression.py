"""Lossy compression that a file's container states, where the files that a detector knows have none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.training.reference.rule import Processed, Reference

if TYPE_CHECKING:
    from core.media.probe import MediaInfo

LOSSLESS = frozenset(("flac", "alac", "wavpack", "tta", "ape", "png", "bmp", "ppm"))
# The kinds of processing (by the first word of their names) that a codec is measured as; empty: as the likest of any.
# fmt: off
LOSSY = {
    "mp3": "MP3", "mp3float": "MP3", "mp2": "MP3", "aac": "AAC", "aac_latm": "AAC", "opus": "Opus",
    "vorbis": "", "wmav1": "", "wmav2": "", "ac3": "", "eac3": "", "amr_nb": "", "amr_wb": "", "speex": "",
    "jpeg": "JPEG", "mjpeg": "JPEG", "mpo": "JPEG",
}
# fmt: on
SOUND = frozenset(("MP3", "AAC", "Opus"))


@dataclass(frozen=True)
class Compression:
    """How a file was compressed: the codec, and kbit/s where it has a rate."""

    codec: str
    kbits: float | None = None

    def among(self, processed: tuple[Processed, ...]) -> list[Processed]:
        """The measured kinds that stand for it: of its own codec the nearest in rate."""
        family = LOSSY[self.codec]
        mine = [one for one in processed if one.name.split()[0] == family]
        if mine and self.kbits and family in SOUND:
            return [min(mine, key=lambda one: abs(math.log(_strength(one) / (self.kbits or 1))))]
        return mine or [one for one in processed if one.name.split()[0] in SOUND | {"JPEG"}]


def _strength(one: Processed) -> float:
    return float(one.name.split()[-1])


def compression_of(info: MediaInfo, known: Reference, modality: str) -> Compression | None:
    """None where the file states none, or where some of the known files were compressed too."""
    heard = modality == "audio" and info.kind == "video"
    codec = str((info.audio_codec if heard else info.codec) or "").casefold()
    if codec not in LOSSY or not known.codecs or not all(map(_is_lossless, known.codecs)):
        return None
    kbits = info.bitrate / 1000 if info.bitrate and info.kind == "audio" else None
    return Compression(codec, kbits)


def _is_lossless(codec: str) -> bool:
    return codec.casefold() in LOSSLESS or codec.casefold().startswith("pcm_")
