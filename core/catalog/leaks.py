"""The leak report: what a plan lets cross between train, val and test, and what is no independent test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from core import numbers
from core.access import LOCAL, Person
from core.catalog import components, copies, duplicates, info
from core.catalog.duplicates import MOST_FILES, Pair, Progress
from core.catalog.sources import bare, is_full_name, of_family, shared_keys, sharing
from core.workspace import Workspace, workspace, write_json

# Sequences that are cut from one YouTube video but lie in two parts of the official FaceForensics++ lists.
FF_SAME_VIDEO = (
    ("605", "606"),
    ("639", "640"),
    ("755", "756"),
    ("837", "838"),
    ("875", "876"),
    ("954", "955"),
    ("982", "983"),
)


SAME_PEOPLE = "the same name"


@dataclass(frozen=True)
class Leak:
    kind: str
    detail: str
    count: int
    examples: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LastReport:
    """What the latest report on a plan of one dataset said."""

    protocol: str
    leaks: int  # kinds of leaks; what was only not compared is none


def remember(
    dataset: str, protocol: str, found: list[Leak], space: Workspace | None = None, person: Person = LOCAL
) -> None:
    """Keep the outcome, so that everybody's table of datasets marks it."""
    person.require_operator("mark a dataset's leaks")
    worst = [leak for leak in found if leak.kind != "not compared"]
    write_json(_file(dataset, space), asdict(LastReport(protocol, len(worst))))


def last_report(dataset: str, space: Workspace | None = None) -> LastReport | None:
    """What was found the last time; None where no report was made, or the dataset was scanned anew since."""
    path, scanned = _file(dataset, space), info.file_of(dataset, space)
    try:
        if path.stat().st_mtime_ns < scanned.stat().st_mtime_ns:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        return LastReport(str(document["protocol"]), int(document["leaks"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none yet, or damaged: the next report replaces it


def _file(dataset: str, space: Workspace | None) -> Path:
    return (space or workspace()).cache / "leaks" / f"{info.file_of(dataset, space).stem}.json"


def report(
    table: pd.DataFrame,
    *,
    media: bool = True,
    most: int = MOST_FILES,
    space: Workspace | None = None,
    progress: Progress | None = None,
) -> list[Leak]:
    """What leaks in the table of a plan; with `media` files are read to find duplicates."""
    kept = table[table["split"] != ""].reset_index(drop=True)
    found = [
        *crossing_groups(kept),
        *crossing_datasets(kept),
        *faceforensics_sources(kept),
        *celeb_identities(kept),
        *contradicting_copies(kept),
    ]
    if media and len(kept):
        same = duplicates.exact(kept, space, progress)
        exact = {(pair.one, pair.two) for pair in same}
        alike = [
            p for p in duplicates.near_duplicates(kept, space, progress, most) if (p.one, p.two) not in exact
        ]
        found += [*_duplicates("exact duplicates", same), *_duplicates("near duplicates", alike)]
        found += _warn_of_sampling(kept, most)
    return [*found, *same_people(kept), *find_shared_sources(kept["dataset"].unique())]


def crossing_groups(kept: pd.DataFrame) -> list[Leak]:
    """Connected components with samples in more than one part, dataset by dataset."""
    found = []
    for name, part in kept.groupby("dataset", sort=True):
        groups = list(part["groups"])
        label = components.components(groups)
        sides = pd.Series(part["split"].to_numpy()).groupby(label).nunique()
        crossing = set(sides.index[sides > 1])
        if crossing:
            touched = sum(c in crossing for c in label.tolist())
            ids = list(part["id"])
            named = components.names(ids, groups, label)
            first = dict(zip(reversed(label.tolist()), reversed(ids), strict=True))
            examples = sorted(
                {
                    f"copies of {first[c]}" if n.startswith(copies.KEY) else n
                    for n, c in zip(named, label.tolist(), strict=True)
                    if c in crossing
                }
            )
            several = numbers.count_of(len(crossing), "group is", "groups are")
            inside = numbers.count_of(touched, "sample")
            text = f"{name}: {several} in more than one part, {inside} in {'it' if len(crossing) == 1 else 'them'}"
            found.append(Leak("crossing groups", text, len(crossing), examples[:10]))
    return found


def crossing_datasets(kept: pd.DataFrame) -> list[Leak]:
    """Originals or people that two datasets of one source share, in different parts of the plan.

    FaceForensics++ 000.mp4 (sequence:000) in train and DF40 simswap/ff/frames/000_003 in test
    """
    found = []
    shared = shared_keys(kept)
    families = sharing(map(str, kept["dataset"].unique()))
    known = {name for mine in families.values() for name in mine}
    named = {key: sets for key, sets in shared.items() if is_full_name(key) and not sets <= known}
    if named:
        families[SAME_PEOPLE] = sorted(set().union(*named.values()))
    for source, mine in families.items():
        wanted = named if source == SAME_PEOPLE else shared
        part = kept[kept["dataset"].isin(mine)]
        sides: dict[str, set[tuple[str, str]]] = {}
        for dataset, split, keys in zip(part["dataset"], part["split"], part["groups"], strict=True):
            for key in filter(wanted.__contains__, map(bare, keys)):
                sides.setdefault(key, set()).add((str(dataset), str(split)))
        crossing = sorted(key for key, places in sides.items() if _crosses(places))
        if crossing:
            text = (
                f"{' and '.join(mine)} share {len(crossing):,} originals or people of {source} that lie in two "
                "parts; divide by person, source or clip (group), which keeps them together, or train and test on one of them"
            )
            found.append(Leak("shared across datasets", text, len(crossing), crossing[:10]))
    return found


def same_people(kept: pd.DataFrame) -> list[Leak]:
    """Chosen datasets, of whatever source, that have people of the same full name: In-the-Wild's public figures in a
    collection of one's own."""
    people = {key: sets for key, sets in shared_keys(kept).items() if is_full_name(key)}
    found = []
    for mine in sorted({tuple(sorted(sets)) for sets in people.values()}):
        names = sorted(key.partition(":")[2] for key, sets in people.items() if tuple(sorted(sets)) == mine)
        several = numbers.count_of(len(names), "person", "people")
        text = f"{' and '.join(mine)} have {several} of the same name; they are no independent test of each other"
        found.append(Leak("same people", text, len(names), names[:10]))
    return found


def _crosses(places: set[tuple[str, str]]) -> bool:
    """Whether a key is in two datasets in two parts."""
    return any(a[0] != b[0] and a[1] != b[1] for a in places for b in places)


def faceforensics_sources(kept: pd.DataFrame) -> list[Leak]:
    """FaceForensics++ sequences of one YouTube video in two parts (seven pairs in the official lists)."""
    mine = kept[_of_family(kept["dataset"], ("faceforensics",))]
    if mine.empty:
        return []
    sides: dict[str, set[str]] = {}
    for path, split in zip(mine["path"], mine["split"], strict=True):
        for number in re.findall(r"(?<!\d)\d{3}(?!\d)", path.rsplit("/", 1)[-1]):
            sides.setdefault(number, set()).add(split)
    crossing = [
        (a, b) for a, b in FF_SAME_VIDEO if a in sides and b in sides and len(sides[a] | sides[b]) > 1
    ]
    if not crossing:
        return []
    tests = [number for pair in crossing for number in pair if "test" in sides[number]]
    several = numbers.count_of(len(crossing), "source video has", "source videos have")
    text = f"FaceForensics++: {several} sequences in two parts" + (
        f"; {', '.join(tests)} touch the test part" if tests else ""
    )
    return [Leak("shared source video", text, len(crossing), [f"{a} and {b}" for a, b in crossing])]


def celeb_identities(kept: pd.DataFrame) -> list[Leak]:
    """Celebrities of Celeb-DF's test part that are also learned from (nearly all, in the official lists)."""
    found = []
    for name in sorted(set(kept["dataset"][_of_family(kept["dataset"], ("celebdf",))])):
        mine = kept[kept["dataset"] == name]
        people: dict[str, set[str]] = {}
        for path, split in zip(mine["path"], mine["split"], strict=True):
            for person in re.findall(r"id\d+", path.rsplit("/", 1)[-1]):
                people.setdefault(person, set()).add(split)
        in_test = [p for p, sides in people.items() if "test" in sides]
        both = sorted((p for p in in_test if people[p] - {"test"}), key=lambda p: int(p[2:]))
        if both:
            are = "is" if len(both) == 1 else "are"
            text = f"{name}: {len(both)} of the {len(in_test)} celebrities of the test part {are} also in training or validation"
            found.append(Leak("shared identities", text, len(both), both[:10]))
    return found


def contradicting_copies(kept: pd.DataFrame) -> list[Leak]:
    """Files whose bytes lie here under both labels, as the plan tied them."""
    pairs = copies.contradictions(kept)
    examples = [f"{real} and {fake}" for real, fake in pairs[:10]]
    return [Leak("same bytes, two labels", copies.describe(pairs), len(pairs), examples)] if pairs else []


def find_shared_sources(names: Iterable[str]) -> list[Leak]:
    """Chosen datasets that descend from the same recordings: no independent test of each other."""
    return [
        Leak(
            "same source",
            f"{', '.join(mine)} descend from {source}; they are no independent test of each other",
            len(mine),
            mine,
        )
        for source, mine in sharing(names).items()
    ]


def _of_family(names: pd.Series, families: tuple[str, ...]) -> pd.Series:
    family = {n: of_family(str(n), families) for n in names.unique()}
    return names.map(family).astype(bool)


def _duplicates(kind: str, pairs: list[Pair]) -> list[Leak]:
    if not pairs:
        return []
    several = numbers.count_of(len(pairs), "pair of files in two parts is", "pairs of files in two parts are")
    text = f"{several} {'the same' if kind.startswith('exact') else 'nearly the same'}"
    return [Leak(kind, text, len(pairs), [f"{p.one} and {p.two}" for p in pairs[:10]])]


def _warn_of_sampling(kept: pd.DataFrame, most: int) -> list[Leak]:
    """Not a leak, but what was not looked at."""
    large = [(n, len(part)) for n, part in kept.groupby("dataset", sort=True) if len(part) > most]
    return [
        Leak("not compared", f"{name}: {most:,} of {n:,} files were compared for near duplicates", n - most)
        for name, n in large
    ]
