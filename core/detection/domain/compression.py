"""Lossy compression that a file states, where the files that a detector knows have none, or milder."""

from __future__ import annotations

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


WITHIN_RATE = 1.5  # a measured rate stands for one that is lower by this factor: what is asked of a codec is not what it takes
WITHIN_QUALITY = 10  # likewise, of a JPEG
# Compressed so hard, its loss is stated also where some of the known files were.
HARD_QUALITY = 75
HARD_RATE = 140  # kbit/s
LOWER_QUALITY = 5  # than any known JPEG, for one to count as compressed again


@dataclass(frozen=True)
class Compression:
    """How a file was compressed: the codec, and its kbit/s or its quality where it tells."""

    codec: str
    kbits: float | None = None
    quality: int | None = None
    known: bool = False  # some of the known files were compressed as hard: it costs no verdict, and is stated

    @property
    def words(self) -> str:
        if self.quality is not None:
            return f"JPEG of quality {self.quality}"
        return self.codec if self.kbits is None else f"{self.codec}, {self.kbits:.0f} kbit/s"

    def among(self, processed: tuple[Processed, ...]) -> list[Processed]:
        """The measured kinds that stand for it: of its own codec the mildest that was compressed as hard."""
        mine = self._of_its_codec(processed)
        if self.known and not self._is_hard:
            return []
        if not mine:
            return [one for one in processed if one.name.split()[0] in SOUND | {"JPEG"}]
        if self._least is None:
            return mine
        return sorted((one for one in mine if _strength(one) <= self._least), key=_strength)[-1:]

    def is_harder_than_any(self, processed: tuple[Processed, ...]) -> bool:
        """Whether its codec was measured, and never as hard."""
        return not self.known and bool(self._of_its_codec(processed)) and not self.among(processed)

    @property
    def _is_hard(self) -> bool:
        """Harder than cameras and recorders do it: somebody passed the file on."""
        if self.quality is not None:
            return self.quality <= HARD_QUALITY
        return self.kbits is not None and self.kbits <= HARD_RATE

    @property
    def _least(self) -> float | None:
        """The strength that a measured kind may have at most."""
        if self.quality is not None:
            return self.quality + WITHIN_QUALITY
        return self.kbits * WITHIN_RATE if self.kbits and LOSSY[self.codec] in SOUND else None

    def _of_its_codec(self, processed: tuple[Processed, ...]) -> list[Processed]:
        return [one for one in processed if one.name.split()[0] == LOSSY[self.codec]]


def _strength(one: Processed) -> float:
    """kbit/s or quality: the lower, the harder."""
    return float(one.name.split()[-1])


def compression_of(info: MediaInfo, known: Reference, modality: str) -> Compression | None:
    """None where the file states none, or no codec of the known files is on record."""
    heard = modality == "audio" and info.kind == "video"
    codec = str((info.audio_codec if heard else info.codec) or "").casefold()
    if codec not in LOSSY or not known.codecs:
        return None
    kbits = info.bitrate / 1000 if info.bitrate and info.kind == "audio" else None
    harder = _all_lossless(known) or _is_lower(info, known)
    return Compression(codec, kbits, info.quality, known=not harder)


def _all_lossless(known: Reference) -> bool:
    return all(codec.casefold() in LOSSLESS or codec.casefold().startswith("pcm_") for codec in known.codecs)


def _is_lower(info: MediaInfo, known: Reference) -> bool:
    """Whether a JPEG is of clearly lower quality than all that are known."""
    if info.quality is None or "quality" not in known.spans:
        return False
    return info.quality < known.spans["quality"][0] - LOWER_QUALITY
