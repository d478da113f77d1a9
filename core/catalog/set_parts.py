"""Folders that each hold a part of one published dataset: its halves, its generators, its reals beside its fakes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import numpy as np

from core.catalog.claims import Lists
from core.catalog.layouts.base import FAKE, Layout, class_of, normal, split_of
from core.catalog.paths import inside, parent_of, plain_name
from core.catalog.recognised import Found, evidence_of
from core.catalog.walk import Tree

COMPARED = 32  # files of one name and size that are looked into
BEGINNING = 1 << 16  # bytes of each
DEEPEST = 3  # folders below the common one
_PART = re.compile(r"(?:part|pt|vol|volume|disk|disc|cd|chunk|batch|subset)?\d*|set|split|partition|only|and")


def join_parts(found: list[Found], tree: Tree, lists: Lists) -> list[Found]:
    """Each dataset once, where its parts lie side by side; a copy stays a dataset of its own.

    DF40_train/simswap/ff/…   ┐ one name but for the word that says which part, and no file that is in both
    DF40_test/simswap/ff/…    ┘

    GenImage/Midjourney/imagenet_midjourney/…   ┐ its layout says that folders differ in the generator
    GenImage/ADM/imagenet_ai_0508_adm/…         ┘
    """
    return _join_reals(_join_siblings(found, tree, lists), tree)


def _join_siblings(found: list[Found], tree: Tree, lists: Lists) -> list[Found]:
    kept: list[Found] = []
    places: list[list[str]] = []  # of each that is kept: the anchors of its parts
    for item in found:
        for mate, parts in zip(kept, places, strict=True):
            if _are_parts(item, mate, parts, tree, lists):
                parts.append(item.key.anchor)
                _take_over(mate, item, os.path.commonpath([item.key.anchor, mate.key.anchor]), tree)
                break
        else:
            kept.append(item)
            places.append([item.key.anchor])
    return kept


def _take_over(mate: Found, item: Found, anchor: str, tree: Tree) -> None:
    mate.owned += item.owned
    mate.key = mate.key._replace(anchor=anchor)
    mate.evidence = evidence_of(mate.key, mate.owned, tree)


def _are_parts(item: Found, mate: Found, places: list[str], tree: Tree, lists: Lists) -> bool:
    """Whether the item is a further part of a dataset whose parts lie at these places."""
    layout, anchor = item.layout, item.key.anchor
    if layout is not mate.layout or item.key.edition != mate.key.edition or anchor in places:
        return False
    around = os.path.commonpath([anchor, *places])
    if around in (anchor, *places) or not any(inside(around, root) for root in tree.roots):
        return False
    if all(parent_of(place) == around for place in (anchor, *places)) and _differ(layout, item, mate):
        return True
    if layout.name_of(item.evidence) != layout.name_of(mate.evidence):
        return False
    if not all(_named_as_parts(anchor, place, around) for place in places):
        return False
    return not _share(item, mate, tree) and not any(_lists_differ(layout, anchor, p, lists) for p in places)


def _differ(layout: Layout, one: Found, two: Found) -> bool:
    """Whether they differ in what the published parts differ in."""
    for capture in layout.siblings:
        mine, other = (_values(layout, found, capture) for found in (one, two))
        if mine and other and not mine & other:
            return True
    return False


def _values(layout: Layout, found: Found, capture: str) -> set[str]:
    stated = set(found.evidence.captures.get(capture, ()))
    if capture == "split":
        stated = {split_of(word) or word for word in stated}
        stated |= {split for i in found.evidence.rules if (split := layout.rules[i].split)}
    return stated


def _named_as_parts(one: str, two: str, around: str) -> bool:
    """Whether two folders below `around` have one name but for the words of a part: `DF40_train/data`, `DF40_test/data`."""
    ways = [place[len(around) :].strip("/").split("/") for place in (one, two)]
    if len(ways[0]) != len(ways[1]) or len(ways[0]) > DEEPEST:
        return False
    return all(_stem(a) == _stem(b) for a, b in zip(*ways, strict=True))


def _stem(name: str) -> tuple[str, ...]:
    words = normal(name).split("_")
    return tuple(w for w in words if split_of(w) is None and class_of(w) is None and not _PART.fullmatch(w))


def _share(one: Found, two: Found, tree: Tree) -> bool:
    """Whether a file of the one is in the other too: at the same place below its folder, of the same size and content."""
    mine, other = (dict(_folders(found)) for found in (one, two))
    pairs: list[tuple[str, str]] = []
    for place in mine.keys() & other.keys():
        kind = place[1]
        files = [tree.folders[folder].files[kind] for folder in (mine[place], other[place])]
        sizes = [dict(zip(f.list(), np.frombuffer(f.sizes, np.int64).tolist(), strict=True)) for f in files]
        both = [name for name, size in sizes[0].items() if sizes[1].get(name) == size]
        pairs += [(f"{mine[place]}/{name}", f"{other[place]}/{name}") for name in both]
    step = max(1, len(pairs) // COMPARED)
    return any(_begin_alike(a, b) for a, b in sorted(pairs)[::step])


def _lists_differ(layout: Layout, one: str, two: str, lists: Lists) -> bool:
    """Whether each has a list of its own under one name: it speaks for its folder only."""
    wanted = {name.casefold() for name in layout.lists}
    mine, other = ({plain_name(file): file for file in lists.inside(place)} for place in (one, two))
    return any(not _begin_alike(mine[name], other[name]) for name in wanted & mine.keys() & other.keys())


def _folders(found: Found) -> Iterator[tuple[tuple[str, str], str]]:
    for owned in found.owned:
        yield (owned.folder[len(found.key.anchor) :], owned.kind), owned.folder


def _begin_alike(one: str, two: str) -> bool:
    """What cannot be read counts as the same: then nothing is joined."""
    try:
        with open(one, "rb") as first, open(two, "rb") as second:
            return first.read(BEGINNING) == second.read(BEGINNING)
    except OSError:
        return True


def _join_reals(found: list[Found], tree: Tree) -> list[Found]:
    """Reals that lie beside a dataset of fakes only become its reals, where both are below one root."""
    with_fakes = [f for f in found if f.layout.pairs and _has_fakes(f)]
    gone: list[Found] = []
    for item in found:
        if not item.layout.pairs or _has_fakes(item):
            continue
        near = [(os.path.commonpath([item.key.anchor, f.key.anchor]), f) for f in with_fakes]
        near = [(p, f) for p, f in near if f.layout is item.layout and any(inside(p, r) for r in tree.roots)]
        if near:
            shared, mate = max(near, key=lambda pair: pair[0].count("/"))
            _take_over(mate, item, shared, tree)
            gone.append(item)
    return [item for item in found if not any(item is other for other in gone)]


def _has_fakes(item: Found) -> bool:
    return any(item.layout.rules[i].label == FAKE for i in item.evidence.rules)
