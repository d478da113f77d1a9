"""DF40: frames by forty methods, made of FaceForensics++ (`ff`) and Celeb-DF (`cdf`) videos; mostly fakes."""

from __future__ import annotations

import re
from functools import lru_cache

from core.catalog.layouts.base import (
    FAKE,
    REAL,
    Evidence,
    Labels,
    Layout,
    Part,
    Rule,
    Site,
    normal,
    split_of,
    starts_with_any,
)
from core.catalog.problems import Problems

METHODS = (
    *("fsgan", "faceswap", "simswap", "inswap", "blendface", "uniface", "mobileswap", "e4s", "facedancer"),
    *("fomm", "facevid2vid", "wav2lip", "MRAA", "one_shot_free", "pirender", "tpsm", "tpsmm", "lia", "danet"),
    *("sadtalker", "mcnet", "hyperreverse", "VQGAN", "StyleGAN2", "StyleGAN3", "StyleGANXL", "sd2.1", "ddim"),
    *("RDDM", "pixart", "DiT", "SiT", "e4e"),
)
# With reals of their own.
WHOLE = (
    *("deepfacelab", "heygen", "MidJourney", "stargan", "StarGAN2", "starganv2", "styleclip", "CollabDiff"),
    "Whichisreal",
)
OWN_REALS = f"{{method:{'|'.join(WHOLE)}}}"
_SEQUENCES = re.compile(r"(\d{3})(?:_(\d{3}))?$")
_PEOPLE = re.compile(r"(id\d+)(?:_(id\d+))?_\d+")
_INNER = frozenset({"frames", "fake_from_celeb_real"})


class DF40(Layout):
    slug = "df40"
    dataset = "DF40"
    kinds = ("image",)
    rules = (
        Rule("{method}/ff", FAKE, meta=(("source", "FaceForensics++"),)),
        Rule("{method}/cdf", FAKE, meta=(("source", "Celeb-DF"),)),
        Rule(f"{{method:{'|'.join(METHODS)}}}/ff", FAKE, strong=True, meta=(("source", "FaceForensics++"),)),
        Rule(f"{{method:{'|'.join(METHODS)}}}/cdf", FAKE, strong=True, meta=(("source", "Celeb-DF"),)),
        Rule(f"{{method:{'|'.join(WHOLE)}}}/fake", FAKE),
        Rule(f"{{method:{'|'.join(WHOLE)}}}/real", REAL),
    )
    source = "https://github.com/YZY-stack/DF40"
    licence = "CC BY-NC 4.0"
    size = "93 GB test, 50 GB training"
    descends_from = "FaceForensics++"
    notes = (
        "Nearly all fakes: its reals are those of FaceForensics++ and Celeb-DF.",
        "Made of the videos of FaceForensics++ and Celeb-DF, so neither is an independent test of it.",
    )

    def accepts(self, evidence: Evidence) -> bool:
        whole = evidence.captures.get("method", frozenset()) & set(WHOLE)
        return super().accepts(evidence) or starts_with_any(evidence, "df40") or len(whole) > 2

    def read(self, site: Site, problems: Problems) -> str | None:
        """The half that the whole copy is, by its folder's name."""
        return _half(site.root.name)

    def label(self, part: Part, lists: str | None) -> Labels:
        labels = self.stated_labels(part)
        labels.split = next((half for name in part.folder.split("/") if (half := _half(name))), lists)
        inner = [name for name in part.below if normal(name) not in _INNER]
        if part.rule.pattern.startswith(OWN_REALS):  # its numbers are no sequences of FaceForensics++
            one = part.facts["method"]
            clips = inner[-1:] * len(part.stems) or part.stems
            labels.groups = [(f"clip:{one}/{clip}",) for clip in clips]
        elif inner:
            labels.groups = _keys(inner[-1])
        else:
            labels.groups = [_keys(stem) for stem in part.stems]
        return labels


def _half(name: str) -> str | None:
    """`DF40_train`, `test`: it is published in two halves."""
    return split_of(normal(name).removeprefix("df40_"))


@lru_cache(maxsize=65536)
def _keys(clip: str) -> tuple[str, ...]:
    """The keys of the originals, as FaceForensics++ and Celeb-DF have them; else the clip itself.

    000_003 → sequence:000, sequence:003        id0_id1_0000 → person:id0, person:id1
    """
    if match := _PEOPLE.match(clip):
        return tuple(f"person:{person}" for person in match.groups() if person)
    if match := _SEQUENCES.match(clip):
        return tuple(f"sequence:{number}" for number in match.groups() if number)
    return (f"clip:{clip}",)
