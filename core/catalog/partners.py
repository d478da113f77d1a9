"""Which catalogued sets complete one of fakes only or of reals only, and what the pairing gives away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core import numbers
from core.catalog import statistics
from core.catalog.info import DatasetInfo
from core.catalog.layouts import layouts
from core.catalog.published import PARTNERS, of_two_collections
from core.catalog.sources import sharing

# What is spoken, by layout; several where one set has them side by side.
LANGUAGES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "asvspoof2019-la",
            "asvspoof2021-la",
            "asvspoof2021-df",
            "asvspoof5",
            "in-the-wild",
            "for",
            "dfadd",
            "llama-partial-spoof",
            "codecfake-vctk",
            "deep-voice",
        ),
        ("English",),
    ),
    "wavefake": ("English", "Japanese"),
    "codecfake": ("English", "Chinese"),
    "add2023": ("Chinese",),
    "habla": ("Spanish",),
}


@dataclass(frozen=True)
class Partner:
    """A set that has the class which is lacking."""

    name: str
    adds: int  # samples of the class that is lacking
    same_source: bool
    why: str
    shortcut: str  # what a detector may learn instead of forgery
    together: statistics.Count  # of the pair
    same_language: bool | None = None  # None: not known, or nobody speaks


def lacking(info: DatasetInfo) -> str | None:
    """The class that a set does not have; None where it has both or none."""
    total = statistics.count(info.counts)
    if bool(total.real) == bool(total.fake):
        return None
    return "real" if total.fake else "fake"


def partners(info: DatasetInfo, infos: Iterable[DatasetInfo]) -> list[Partner]:
    """The catalogued sets of the same media that complete it, those of the same source first."""
    wanted = lacking(info)
    if wanted is None:
        return []
    own = statistics.count(info.counts)
    kinds = set(statistics.count_by(info, "modality"))
    found = []
    for other in infos:
        count = statistics.count(other.counts)
        adds = count.real if wanted == "real" else count.fake
        common = kinds & set(statistics.count_by(other, "modality"))
        if other.name == info.name or not adds or not common:
            continue
        same = _same_source(info, other)
        spoken = _same_language(info, other) if "audio" in kinds else None
        why = (
            f"made of the same recordings; {numbers.count_of(adds, f'{wanted} sample')}"
            if same
            else f"{numbers.count_of(adds, f'{wanted} sample')} of another source{_IN_LANGUAGE[spoken]}"
        )
        shortcut = (
            "the same sources, so mainly the forgery differs; formats may still differ"
            if same
            else of_two_collections(next(iter(common)) if len(common) == 1 else "multimodal")
        )
        if spoken is False:
            shortcut = f"the language alone may give the class away; {shortcut}"
        found.append(Partner(other.name, adds, same, why, shortcut, own + count, spoken))
    return sorted(found, key=lambda p: (not p.same_source, p.same_language is not True, -p.adds))


_IN_LANGUAGE = {True: " in the same language", False: " in another language", None: ""}


def _same_language(one: DatasetInfo, other: DatasetInfo) -> bool | None:
    spoken = [set(LANGUAGES.get(info.layout, ())) for info in (one, other)]
    return bool(spoken[0] & spoken[1]) if all(spoken) else None


def _same_source(one: DatasetInfo, other: DatasetInfo) -> bool:
    named = (*PARTNERS.get(one.layout, ()), *PARTNERS.get(other.layout, ()))
    if any(name.casefold() in (one.name.casefold(), other.name.casefold()) for name in named):
        return True
    if sharing([one.name, other.name]):
        return True
    pools = [layout.descends_from for i in (one, other) if (layout := layouts().get(i.layout)) is not None]
    return len(pools) == 2 and pools[0] == pools[1] != ""
