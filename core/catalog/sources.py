"""Recordings that several published datasets were made from: a test across two of these sets is not independent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

import pandas as pd

SHARED_SOURCES = {
    "the FaceForensics++ videos": ("faceforensics", "faceshifter", "df40", "deeperforensics", "ffpp"),
    "the actors of DeepFakeDetection": ("deepfakedetection", "dfd", "dff"),
    "the Celeb-DF celebrities": ("celebdf", "dfgc", "df40"),
    "VoxCeleb2": ("fakeavceleb", "lavdf", "avdeepfake1m", "voxceleb2", "spokenavceleb"),
    "VCTK": ("asvspoof2019", "asvspoof2021", "vctk", "dfadd", "codecfake"),
    "recordings of the same public figures": (
        "inthewild",
        "releaseinthewild",
        "deepvoice",
        "deepfakeeval2024",
    ),
    "M-AILABS": ("mlaad", "mailabs"),
    "ImageNet": ("genimage", "imagenet", "diffusiondb"),
    "LibriTTS and LibriSpeech": ("llamapartialspoof", "libritts", "librispeech"),
    "VoxCeleb1": ("spoofceleb", "voxceleb1"),
    "LJSpeech": ("wavefake", "ljspeech"),
    "JSUT": ("wavefake", "jsut"),
    "FFHQ photographs": ("140k", "ffhq"),
    "DFDC's actors": ("dfdc", "deepfakedetectionchallenge"),
}


def of_family(name: str, families: Iterable[str]) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return any(plain.startswith(family) for family in families)


def sharing(names: Iterable[str]) -> dict[str, list[str]]:
    """Of these datasets those that descend from one source, by the source; none that stands alone there."""
    names = sorted(set(names))
    found = {
        source: [n for n in names if of_family(n, families)] for source, families in SHARED_SOURCES.items()
    }
    return {source: mine for source, mine in found.items() if len(mine) > 1}


PEOPLE = ("speaker", "person", "identity")  # kinds of group keys that name somebody
NOBODY = frozenset(
    ("speaker", "unknown", "male", "female", "voice", "person", "man", "woman", "reader", "actor")
)


def bare(key: str) -> str:
    """`person:African/men/id00076` and `person:id00076` are one person, `speaker:Barack_Obama` and
    `identity:barack obama` too."""
    kind, _, value = key.partition(":")
    value = value.rpartition("/")[2]
    name = full_name(value) if kind in PEOPLE else ""
    return f"person:{name}" if name else f"{kind}:{value}"


def full_name(value: str) -> str:
    """First and last name; empty for a number or a single word, which in two datasets need not be one person."""
    words = re.split(r"[\s_.-]+", value.casefold().strip())
    plain = len(words) > 1 and all(len(word) > 1 and word.isalpha() for word in words)
    return " ".join(words) if plain and not NOBODY & set(words) else ""


def shared_keys(table: pd.DataFrame) -> dict[str, set[str]]:
    """Bare keys that datasets of one source, or people with a full name, have in common, with those datasets.

    FaceForensics++  sequence:000 sequence:003        DF40  sequence:ff/000 sequence:ff/003
    """
    found: dict[str, set[str]] = {}
    names = sorted({str(name) for name in table["dataset"].unique()})
    places = {name: _bare_keys(table.loc[table["dataset"] == name, "groups"]) for name in names}
    for mine in sharing(names).values():
        _collect(places, mine, found, lambda key: True)
    _collect(places, names, found, is_full_name)
    return found


def is_full_name(key: str) -> bool:
    return key.startswith("person:") and " " in key


def _bare_keys(groups: Iterable[Iterable[str]]) -> set[str]:
    return {bare(key) for key in set(chain.from_iterable(groups))}


def _collect(
    places: dict[str, set[str]], names: list[str], found: dict[str, set[str]], wanted: Callable[[str], bool]
) -> None:
    count = Counter(key for name in names for key in places[name] if wanted(key))
    for key, times in count.items():
        if times > 1:
            found.setdefault(key, set()).update(name for name in names if key in places[name])


def together(shared: dict[str, set[str]]) -> list[list[str]]:
    """Datasets that shared keys tie, directly or through others."""
    sets: list[set[str]] = []
    for datasets in {frozenset(one) for one in shared.values()}:
        tied = [one for one in sets if one & datasets]
        sets = [one for one in sets if not one & datasets] + [set(datasets).union(*tied)]
    return sorted(sorted(one) for one in sets)
