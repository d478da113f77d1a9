"""Recordings that several published datasets were made from: a test across two of these sets is not independent."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

SHARED_SOURCES = {
    "the FaceForensics++ videos": ("faceforensics", "faceshifter", "df40", "deeperforensics", "ffpp"),
    "the actors of DeepFakeDetection": ("deepfakedetection", "dfd", "dff"),
    "the Celeb-DF celebrities": ("celebdf", "dfgc", "df40"),
    "VoxCeleb2": ("fakeavceleb", "lavdf", "avdeepfake1m", "voxceleb2", "spokenavceleb"),
    "VCTK": ("asvspoof2019", "asvspoof2021", "vctk", "dfadd", "codecfake"),
    "the public figures of In-the-Wild": ("inthewild", "releaseinthewild"),
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


def bare(key: str) -> str:
    """`person:African/men/id00076` and `person:id00076` are one person."""
    kind, _, value = key.partition(":")
    return f"{kind}:{value.rpartition('/')[2]}"


def shared_keys(table: pd.DataFrame) -> dict[str, set[str]]:
    """Bare keys that datasets of one source have in common, with those datasets.

    FaceForensics++  sequence:000 sequence:003        DF40  sequence:ff/000 sequence:ff/003
    """
    found: dict[str, set[str]] = {}
    for mine in sharing(map(str, table["dataset"].unique())).values():
        part = table[table["dataset"].isin(mine)]
        places: dict[str, set[str]] = {}
        for dataset, keys in zip(part["dataset"], part["groups"], strict=True):
            for key in keys:
                places.setdefault(bare(key), set()).add(str(dataset))
        for key, datasets in places.items():
            if len(datasets) > 1:
                found[key] = found.get(key, set()) | datasets
    return found


def together(shared: dict[str, set[str]]) -> list[list[str]]:
    """Datasets that shared keys tie, directly or through others."""
    sets: list[set[str]] = []
    for datasets in {frozenset(one) for one in shared.values()}:
        tied = [one for one in sets if one & datasets]
        sets = [one for one in sets if not one & datasets] + [set(datasets).union(*tied)]
    return sorted(sorted(one) for one in sets)
