"""Published datasets to add: what each would make of an imbalance, by its published counts."""

from __future__ import annotations

from dataclasses import dataclass

from core import numbers
from core.catalog.layouts import layouts
from core.catalog.statistics import SEVERITIES, Count, severity

OPEN = "download it, no form"
KAGGLE = "download it with a free Kaggle account"
FORM = "fill in the form on its page; an answer takes days"


@dataclass(frozen=True)
class Offer:
    """A set, a named part of one, or two that complete each other, as published."""

    slug: str  # of its layout; empty where it is a corpus of reals without one
    folder: str  # below a data root
    real: int
    fake: int
    ask: str
    why: str
    part: str = ""  # what of it is meant
    partner: str = ""  # the set that completes it
    shortcut: str = ""  # what the pairing gives away
    name: str = ""
    source: str = ""
    licence: str = ""
    size: str = ""


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

    @property
    def own_ratio(self) -> float | None:
        return Count(self.real, self.fake).ratio

    @property
    def gain(self) -> str:
        """`42:1 becomes 2.9:1`, `together almost 1:1` for what had one class, or what it has alone."""
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
ANOTHER = "reals and fakes come from two collections: format, loudness or resolution may give the class away"
# fmt: off
OFFERS: dict[str, tuple[Offer, ...]] = {
    "image": (
        Offer("140k", "140k Real and Fake Faces/real_vs_fake/real-vs-fake", 70_000, 70_000, KAGGLE,
              "faces, one generator (StyleGAN), as many real as fake"),
        Offer("genimage", "GenImage", 1_331_167, 1_350_000, OPEN,
              "eight generators against ImageNet; one archive a generator, so a part is enough"),
        Offer("forensynths", "CNNDetection", 364_000, 364_000, OPEN,
              "ProGAN in twenty scenes; what other detectors of generated pictures learn from"),
        Offer("ciplab", "real_and_fake_face", 1_081, 960, KAGGLE, "faces edited by hand"),
        Offer("", "FFHQ", 70_000, 0, OPEN, "photographs of faces, where real ones are lacking", name="FFHQ",
              source="https://github.com/NVlabs/ffhq-dataset", licence="CC BY-NC-SA 4.0", size="90 GB",
              shortcut=ANOTHER),
    ),
    "audio": (
        Offer("for", "The Fake-or-Real (FoR) Dataset/for-2sec", 8_800, 8_921, KAGGLE,
              "as many real as fake utterances, many voices", part="for-2sec"),
        Offer("in-the-wild", "release_in_the_wild", 19_963, 11_816, OPEN,
              "public figures from the internet: reals where they are lacking, and nobody's laboratory"),
        Offer("wavefake", "WaveFake/generated_audio", 13_100, 13_100, OPEN,
              "each utterance once real and once through a vocoder", part="one vocoder of LJSpeech",
              partner="LJSpeech-1.1", shortcut="one voice and the same sentences: only the vocoder differs"),
        Offer("asvspoof5", "ASVspoof5", 188_819, 815_262, OPEN,
              "the largest with speakers and attacks apart; codecs in its test"),
        Offer("asvspoof2019-la", "LA", 12_483, 108_978, OPEN,
              "speakers apart, and a test with attacks that training has not seen"),
        Offer("codecfake", "Codecfake", 132_277, 925_939, OPEN, "fakes made by neural codecs"),
        Offer("", "LJSpeech-1.1", 13_100, 0, OPEN, "recordings of one voice, where real ones are lacking",
              name="LJSpeech-1.1", source="https://keithito.com/LJ-Speech-Dataset", licence="public domain",
              size="3 GB", shortcut=ANOTHER),
        Offer("", "VCTK-Corpus-0.92", 44_000, 0, OPEN, "109 speakers, where real ones are lacking", name="VCTK",
              source="https://datashare.ed.ac.uk/handle/10283/3443", licence="CC BY 4.0", size="11 GB",
              shortcut=ANOTHER),
    ),
    "video": (
        Offer("faceforensics", "FaceForensics++", 1_000, 1_000, FORM,
              "one manipulation at a time is balanced exactly", part="one manipulation"),
        Offer("dfdc-preview", "dfdc_preview", 1_131, 4_119, FORM, "paid actors in many scenes"),
        Offer("celeb-df", "Celeb-DF-v2", 890, 5_639, FORM, "swaps of good quality; better kept as a test"),
        Offer("dfdc", "DFDC", 19_154, 100_000, KAGGLE, "many people, places and methods"),
    ),
    "multimodal": (
        Offer("lav-df", "LAV-DF", 36_431, 99_873, FORM,
              "labels for picture and sound, and the fake stretches"),
        Offer("av-deepfake1m", "AV-Deepfake1M", 286_721, 860_039, FORM,
              "as LAV-DF, larger, with newer generators"),
        Offer("fakeavceleb", "FakeAVCeleb_v1.2", 500, 21_044, FORM,
              "all four combinations of real and fake picture and sound"),
    ),
}
# fmt: on


def suggestions(real: int, fake: int, modality: str, exclude: str = "") -> tuple[Suggestion, ...]:
    """What improves these counts when it is added, the best first; never what makes them worse.

    500 : 21,044 and LAV-DF (36,431 : 99,873)  →  36,931 : 120,917, 42.1:1 becomes 3.27:1
    `exclude` is the layout of the data itself.
    """
    before = Count(real, fake)
    found = []
    for offer in offers(modality):
        add_real, add_fake = _useful(offer, real, fake)
        after = Count(real + add_real, fake + add_fake)
        if (offer.slug == exclude and exclude) or after.ratio is None:
            continue
        if before.ratio is None or after.ratio < before.ratio:
            found.append(suggestion(offer, add_real, add_fake, before.ratio, after.ratio))
    mates = PARTNERS.get(exclude, ())

    def order(one: Suggestion) -> tuple[bool, int]:
        return one.dataset not in mates, SEVERITIES.index(severity(real + one.real, fake + one.fake))

    return tuple(sorted(found, key=order))


def _useful(offer: Offer, real: int, fake: int) -> tuple[int, int]:
    """What of the set is taken: of one class alone only what is lacking, else all that is meant."""
    if offer.fake == 0:
        return min(offer.real, max(0, fake - real)), 0
    if offer.real == 0:
        return 0, min(offer.fake, max(0, real - fake))
    return offer.real, offer.fake


def offers(modality: str) -> tuple[Offer, ...]:
    return OFFERS.get(modality, OFFERS["video"])


def balanced_datasets(modality: str) -> tuple[Suggestion, ...]:
    """The standing table of a modality: sets with both classes, the most balanced first."""
    both = [
        suggestion(offer, offer.real, offer.fake) for offer in offers(modality) if offer.real and offer.fake
    ]
    return tuple(sorted(both, key=lambda s: SEVERITIES.index(severity(s.real, s.fake))))


def suggestion(
    offer: Offer, real: int, fake: int, before: float | None = None, after: float | None = None
) -> Suggestion:
    layout = layouts().get(offer.slug)
    return Suggestion(
        offer.name or (layout.dataset if layout else offer.slug),
        offer.source or (layout.source if layout else ""),
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
