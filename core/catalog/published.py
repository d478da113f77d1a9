"""Published datasets to add: what each would make of an imbalance, by its published counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core import numbers
from core.catalog.layouts import layouts
from core.catalog.statistics import SEVERITIES, Count, severity

OPEN = "download it, no form"
KAGGLE = "download it with a free Kaggle account"
FORM = "fill in the form on its page; an answer takes days"
BESIDE_ADDRESS = " (after its form is filled in)"  # in a layout's source; how to ask says it already


@dataclass(frozen=True)
class Offer:
    """A set, a named part of one, or two that complete each other, as published."""

    slug: str  # of its layout; empty where it is a corpus of reals without one
    folder: str  # below a data root
    ask: str
    why: str
    part: str = ""  # what of it is meant
    partner: str = ""  # the set that completes it
    shortcut: str = ""  # what the pairing gives away
    name: str = ""
    source: str = ""
    licence: str = ""
    size: str = ""
    real: int = 0  # of a corpus without layout; the others have theirs from the layout

    @property
    def title(self) -> str:
        return self.name or layouts()[self.slug].dataset

    @property
    def count(self) -> Count:
        """As published, by what the layout says of the set or of its part."""
        layout = layouts().get(self.slug)
        if layout is None:
            return Count(self.real)
        known = layout.published_parts[self.part] if self.part else layout.published
        return Count(known.real or 0, known.fake or 0) if known else Count()


@dataclass(frozen=True)
class Suggestion:
    """A published dataset to fetch, and what becomes of the ratio with it."""

    dataset: str
    source: str
    licence: str
    size: str
    folder: str  # below a data root
    why: str
    ask: str = OPEN
    real: int = 0  # what it adds
    fake: int = 0
    part: str = ""
    partner: str = ""
    shortcut: str = ""
    ratio_before: float | None = None
    ratio_after: float | None = None
    here: bool = False  # in the catalogue, and counted as it is there

    @property
    def own_ratio(self) -> float | None:
        return Count(self.real, self.fake).ratio

    @property
    def gain(self) -> str:
        """`42:1 becomes 2.9:1`, `together almost 1:1` for what had one class, or what it has alone; and with what is here."""
        return f"{self._gain} with what is in the catalogue" if self.here else self._gain

    @property
    def _gain(self) -> str:
        if self.ratio_after is not None:
            after = _in_words(self.ratio_after)
            return (
                f"{_in_words(self.ratio_before)} becomes {after}"
                if self.ratio_before
                else f"together {after}"
            )
        return f"{_in_words(self.own_ratio)} by itself" if self.own_ratio else "one class alone"


def _in_words(ratio: float) -> str:
    """1.0003 as nobody would say it: almost 1:1."""
    return "almost 1:1" if 1 < ratio < 1.005 else numbers.ratio(ratio)


# Sets of fakes only, and the recordings or clips that they were made of.
PARTNERS: dict[str, tuple[str, ...]] = {
    "wavefake": ("LJSpeech-1.1", "JSUT"),
    "mlaad": ("M-AILABS",),
    "codecfake-vctk": ("VCTK",),
    "df40": ("FaceForensics++", "Celeb-DF-v2"),
}
TWO_COLLECTIONS = "reals and fakes come from two collections"
# What marks a collection, by what its files are.
MARKS = {"audio": "format or loudness", "multimodal": "format, loudness or resolution"}


def of_two_collections(modality: str) -> str:
    """What may be learned instead of forgery where reals and fakes were collected apart."""
    return f"{TWO_COLLECTIONS}: {MARKS.get(modality, 'format or resolution')} may give the class away"


# fmt: off
OFFERS: dict[str, tuple[Offer, ...]] = {
    "image": (
        Offer("140k", "140k Real and Fake Faces/real_vs_fake/real-vs-fake", KAGGLE,
              "faces, one generator (StyleGAN), as many real as fake"),
        Offer("genimage", "GenImage", OPEN,
              "eight generators against ImageNet; one archive a generator, so a part is enough"),
        Offer("forensynths", "CNNDetection", OPEN,
              "ProGAN in twenty scenes; what other detectors of generated pictures learn from"),
        Offer("ciplab", "real_and_fake_face", KAGGLE, "faces edited by hand"),
        Offer("", "FFHQ", OPEN, "photographs of faces, where real ones are lacking", real=70_000,
              name="FFHQ",
              source="https://github.com/NVlabs/ffhq-dataset", licence="CC BY-NC-SA 4.0", size="90 GB",
              shortcut=of_two_collections("image")),
    ),
    "audio": (
        Offer("for", "The Fake-or-Real (FoR) Dataset/for-2sec", KAGGLE,
              "as many real as fake utterances, many voices", part="for-2sec"),
        Offer("in-the-wild", "release_in_the_wild", OPEN,
              "public figures from the internet: reals where they are lacking, and nobody's laboratory"),
        Offer("wavefake", "WaveFake/generated_audio", OPEN,
              "each utterance once real and once through a vocoder", part="one vocoder of LJSpeech",
              partner="LJSpeech-1.1", shortcut="one voice and the same sentences: only the vocoder differs"),
        Offer("asvspoof5", "ASVspoof5", OPEN,
              "the largest with speakers and attacks apart; codecs in its test"),
        Offer("asvspoof2019-la", "LA", OPEN,
              "speakers apart, and a test with attacks that training has not seen"),
        Offer("codecfake", "Codecfake", OPEN, "fakes made by neural codecs"),
        Offer("", "LJSpeech-1.1", OPEN, "recordings of one voice, where real ones are lacking", real=13_100,
              name="LJSpeech-1.1", source="https://keithito.com/LJ-Speech-Dataset", licence="public domain",
              size="3 GB", shortcut=of_two_collections("audio")),
        Offer("", "VCTK-Corpus-0.92", OPEN, "109 speakers, where real ones are lacking", real=44_000,
              name="VCTK",
              source="https://datashare.ed.ac.uk/handle/10283/3443", licence="CC BY 4.0", size="11 GB",
              shortcut=of_two_collections("audio")),
    ),
    "video": (
        Offer("faceforensics", "FaceForensics++", FORM,
              "one manipulation at a time is balanced exactly", part="one manipulation"),
        Offer("dfdc-preview", "dfdc_preview", FORM, "paid actors in many scenes"),
        Offer("celeb-df", "Celeb-DF-v2", FORM, "swaps of good quality; better kept as a test"),
        Offer("dfdc", "DFDC", KAGGLE, "many people, places and methods"),
    ),
    "multimodal": (
        Offer("lav-df", "LAV-DF", FORM,
              "labels for picture and sound, and the fake stretches"),
        Offer("av-deepfake1m", "AV-Deepfake1M", FORM,
              "as LAV-DF, larger, with newer generators"),
        Offer("fakeavceleb", "FakeAVCeleb_v1.2", FORM,
              "all four combinations of real and fake picture and sound"),
    ),
}
# fmt: on


def suggestions(
    real: int,
    fake: int,
    modality: str,
    exclude: str = "",
    catalogued: Mapping[str, Count] | None = None,
) -> tuple[Suggestion, ...]:
    """What improves these counts when it is added, the best first; never what makes them worse.

    500 : 21,044 and LAV-DF (36,431 : 99,873)  →  36,931 : 120,917, 42.1:1 becomes 3.27:1
    `exclude` is the layout of the data itself. `catalogued` sets count as they are here, and come first.
    """
    before = Count(real, fake)
    found = []
    for offer in offers(modality):
        mine = (catalogued or {}).get(offer.title)
        if mine and mine.ratio is None and offer.count.ratio:
            mine = None  # what is here lacks a class, and would be completed by what is offered
        add_real, add_fake = (mine.real, mine.fake) if mine else _useful(offer, real, fake)
        after = Count(real + add_real, fake + add_fake)
        if (offer.slug == exclude and exclude) or after.ratio is None:
            continue
        if before.ratio is None or after.ratio < before.ratio:
            one = suggestion(offer, add_real, add_fake, before.ratio, after.ratio)
            found.append(replace(one, here=True, part="", partner="") if mine else one)
    mates = PARTNERS.get(exclude, ())

    def order(one: Suggestion) -> tuple[bool, bool, int]:
        return (
            not one.here,
            one.dataset not in mates,
            SEVERITIES.index(severity(real + one.real, fake + one.fake)),
        )

    return tuple(sorted(found, key=order))


def _useful(offer: Offer, real: int, fake: int) -> tuple[int, int]:
    """What of the set is taken: of one class alone only what is lacking, else all that is meant."""
    published = offer.count
    if published.fake == 0:
        return min(published.real, max(0, fake - real)), 0
    if published.real == 0:
        return 0, min(published.fake, max(0, real - fake))
    return published.real, published.fake


def offers(modality: str) -> tuple[Offer, ...]:
    return OFFERS.get(modality, OFFERS["video"])


def balanced_datasets(modality: str) -> tuple[Suggestion, ...]:
    """The standing table of a modality: sets with both classes, the most balanced first."""
    known = [(offer, offer.count) for offer in offers(modality)]
    both = [suggestion(offer, n.real, n.fake) for offer, n in known if n.real and n.fake]
    return tuple(sorted(both, key=lambda s: Count(s.real, s.fake).ratio or 0.0))


def suggestion(
    offer: Offer, real: int, fake: int, before: float | None = None, after: float | None = None
) -> Suggestion:
    layout = layouts().get(offer.slug)
    return Suggestion(
        offer.title,
        offer.source or (layout.source.replace(BESIDE_ADDRESS, "") if layout else ""),
        offer.licence or (layout.licence if layout else ""),
        offer.size or (layout.size if layout else ""),
        offer.folder,
        offer.why,
        offer.ask,
        real,
        fake,
        offer.part,
        offer.partner,
        offer.shortcut,
        before,
        after,
    )
