"""From walked folders to datasets: which layout owns which folder. Looks at folder names and list files only."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.catalog.claims import (
    Claim,
    Key,
    LayoutIndex,
    Lists,
    claims_above,
    claims_of,
    lies_directly,
    list_files,
    merge_claims,
)
from core.catalog.layouts import layouts
from core.catalog.layouts.base import FAKE, Evidence, Layout, normal
from core.catalog.paths import inside, parent_of
from core.catalog.walk import OTHER, Tree

EXAMPLES = 20


class Owned(NamedTuple):
    """Media of one kind in one folder, and the claim under which they belong to a dataset."""

    claim: Claim
    folder: str
    kind: str


@dataclass
class Found:
    """A dataset at its place."""

    layout: Layout
    key: Key
    root: str
    evidence: Evidence
    owned: list[Owned]
    lists: dict[str, list[str]] = field(default_factory=dict)
    name: str = ""  # given by the analyst


@dataclass
class Recognised:
    found: list[Found]
    left: list[tuple[str, str]]  # folder and kind that nobody owns
    ignored: dict[tuple[str, str], int]  # outermost ignored folder, reason: media files
    lists: Lists


def recognise(tree: Tree) -> Recognised:
    """Every dataset below the roots, and what is left."""
    index = LayoutIndex.build()
    lists = list_files(tree, index)
    claims = {root: claims_above(root, index) for root in tree.roots}
    wanted: dict[Key, list[Owned]] = defaultdict(list)
    media: list[tuple[str, str]] = []
    offers: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for path, folder in tree.folders.items():
        inherited = claims.get(path.rpartition("/")[0] or "/", claims.get(path, ()))
        mine = merge_claims(inherited, claims_of(path, folder, index, tree, lists))
        claims[path] = mine
        for kind in folder.files:
            if kind == OTHER:
                continue
            media.append((path, kind))
            for claim in mine:
                layout = layouts()[claim.key.layout]
                rule = layout.rules[claim.rule]
                if rule.direct and not lies_directly(path, claim.folder):
                    continue
                if kind in layout.kinds or rule.ignore:
                    wanted[claim.key].append(Owned(claim, path, kind))
                    offers[path, kind].append(claim.key)
    return _assign(tree, wanted, media, lists)


def _assign(
    tree: Tree, wanted: dict[Key, list[Owned]], media: list[tuple[str, str]], lists: Lists
) -> Recognised:
    """Give each folder to the best layout that accepts what it sees."""
    order = {slug: i for i, slug in enumerate(layouts())}
    taken: dict[tuple[str, str], Key] = {}
    ignored: dict[tuple[str, str], int] = defaultdict(int)
    found: list[Found] = []
    for key in sorted(wanted, key=lambda k: (order[k.layout], _edition(k), k.anchor.count("/"), k.anchor)):
        layout = layouts()[key.layout]
        owned = [o for o in wanted[key] if (o.folder, o.kind) not in taken]
        counted = [o for o in owned if not layout.rules[o.claim.rule].ignore]
        evidence = evidence_of(key, counted, tree)
        if not counted or not layout.accepts(evidence):
            continue
        for o in owned:
            taken[o.folder, o.kind] = key
            if reason := layout.rules[o.claim.rule].ignore:
                ignored[o.claim.folder, reason] += tree.folders[o.folder].files[o.kind].total
        found.append(Found(layout, key, "", evidence, counted))
    found = _pair_sets(_together(found, tree), tree)
    left = [item for item in media if item not in taken]
    return Recognised(found, left, dict(ignored), lists)


def _together(found: list[Found], tree: Tree) -> list[Found]:
    """Folders side by side that each hold one share of a dataset become one dataset.

    GenImage/Midjourney/imagenet_midjourney/…   ┐
    GenImage/ADM/imagenet_ai_0508_adm/…         ┴ both are shares of the one below GenImage
    """
    whole: dict[tuple[str, str, str], Found] = {}
    kept: list[Found] = []
    for item in found:
        capture, around = item.layout.siblings, parent_of(item.key.anchor)
        mate = whole.get((item.layout.slug, item.key.edition, around)) if capture else None
        mine = item.evidence.captures.get(capture, frozenset())
        if mate is not None and not mine & mate.evidence.captures.get(capture, frozenset()):
            mate.owned += item.owned
            mate.key = mate.key._replace(anchor=around)
            mate.evidence = evidence_of(mate.key, mate.owned, tree)
            continue
        kept.append(item)
        if capture and any(inside(around, root) for root in tree.roots):
            whole[item.layout.slug, item.key.edition, around] = item
    return kept


def _pair_sets(found: list[Found], tree: Tree) -> list[Found]:
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
            mate.owned += item.owned
            mate.key = mate.key._replace(anchor=shared)
            mate.evidence = evidence_of(mate.key, mate.owned, tree)
            gone.append(item)
    return [item for item in found if not any(item is other for other in gone)]


def _has_fakes(item: Found) -> bool:
    return any(item.layout.rules[i].label == FAKE for i in item.evidence.rules)


def _edition(key: Key) -> int:
    return layouts()[key.layout].editions[key.edition]


def evidence_of(key: Key, owned: list[Owned], tree: Tree) -> Evidence:
    captures: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, int] = defaultdict(int)
    counts: dict[int, int] = defaultdict(int)
    below: set[str] = set()
    for o in owned:
        below.update(normal(p) for p in o.folder[len(o.claim.folder) :].split("/") if p)
        n = tree.folders[o.folder].files[o.kind].total
        kinds[o.kind] += n
        counts[o.claim.rule] += n
        for name, value in o.claim.captures:
            captures[name].add(value)
    root = next((r for r in tree.roots if inside(key.anchor, r)), key.anchor)
    parts = [normal(p) for p in key.anchor[len(parent_of(root)) :].split("/") if p]
    return Evidence(
        Path(key.anchor),
        key.edition,
        frozenset(counts),
        {k: frozenset(v) for k, v in captures.items()},
        dict(kinds),
        tuple(reversed(parts)),
        dict(counts),
        frozenset(below),
        tuple(
            tree.folders[o.folder].files[o.kind].names.partition(b"\0")[0].decode() for o in owned[:EXAMPLES]
        ),
    )
