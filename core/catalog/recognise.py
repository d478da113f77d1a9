"""From walked folders to datasets: which layout owns which folder. Looks at folder names and list files only."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.catalog.layouts import layouts
from core.catalog.layouts.base import FAKE, Evidence, Layout, Rule, normal
from core.catalog.paths import inside, name_of, parent_of
from core.catalog.walk import OTHER, Folder, Tree

ANCESTORS = 4  # folders above a root that may tell what the root is
EXAMPLES = 20
TRANSPARENT = frozenset({"videos"})


class Key(NamedTuple):
    """One copy of one dataset."""

    layout: str
    edition: str
    anchor: str


class Claim(NamedTuple):
    """A folder that fits a rule."""

    key: Key
    rule: int
    folder: str
    captures: tuple[tuple[str, str], ...]


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
class Lists:
    """Files that some layout reads, by folder."""

    by_folder: dict[str, list[str]]

    def inside(self, root: str) -> Iterator[str]:
        for folder, files in self.by_folder.items():
            if inside(folder, root):
                yield from files


@dataclass
class Recognised:
    found: list[Found]
    left: list[tuple[str, str]]  # folder and kind that nobody owns
    ignored: dict[tuple[str, str], int]  # outermost ignored folder, reason: media files
    lists: Lists


@dataclass
class _Index:
    """Rules by the normalised name of their last folder, so that most folders are looked at once."""

    literal: dict[str, list[tuple[Layout, int]]]
    wild: list[tuple[Layout, int]]
    markers: dict[str, list[tuple[Layout, int]]]
    holders: frozenset[str]
    lists: frozenset[str]
    seen: dict[str, list[tuple[Layout, int]]] = field(default_factory=dict)

    @classmethod
    def build(cls) -> _Index:
        literal: dict[str, list[tuple[Layout, int]]] = defaultdict(list)
        markers: dict[str, list[tuple[Layout, int]]] = defaultdict(list)
        wild: list[tuple[Layout, int]] = []
        names: set[str] = set()
        for layout in layouts().values():
            names |= {name.casefold() for name in layout.lists}
            for i, rule in enumerate(layout.rules):
                if rule.marker:
                    markers[rule.marker.casefold()].append((layout, i))
                    names.add(rule.marker.casefold())
                elif rule.components[-1].regex is None and rule.components[-1].capture != "label":
                    for name in rule.components[-1].names:
                        literal[name].append((layout, i))
                else:
                    wild.append((layout, i))
        holders = {rule.holder for layout in layouts().values() for rule in layout.rules if rule.holder}
        return cls(literal, wild, markers, frozenset(holders), frozenset(names))

    def candidates(self, name: str) -> list[tuple[Layout, int]]:
        key = normal(name)
        if key not in self.seen:
            fits = [(lo, i) for lo, i in self.wild if lo.rules[i].components[-1].match(name) is not None]
            self.seen[key] = self.literal.get(key, []) + fits
        return self.seen[key]


def recognise(tree: Tree) -> Recognised:
    """Every dataset below the roots, and what is left."""
    index = _Index.build()
    lists = _list_files(tree, index)
    claims = {root: _claims_above(root, index) for root in tree.roots}
    wanted: dict[Key, list[Owned]] = defaultdict(list)
    media: list[tuple[str, str]] = []
    offers: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for path, folder in tree.folders.items():
        inherited = claims.get(path.rpartition("/")[0] or "/", claims.get(path, ()))
        mine = _merge_claims(inherited, _claims_of(path, folder, index, tree, lists))
        claims[path] = mine
        for kind in folder.files:
            if kind == OTHER:
                continue
            media.append((path, kind))
            for claim in mine:
                layout = layouts()[claim.key.layout]
                rule = layout.rules[claim.rule]
                if rule.direct and not _directly(path, claim.folder):
                    continue
                if kind in layout.kinds or rule.ignore:
                    wanted[claim.key].append(Owned(claim, path, kind))
                    offers[path, kind].append(claim.key)
    return _assign(tree, wanted, media, lists)


def _claims_of(path: str, folder: Folder | None, index: _Index, tree: Tree, lists: Lists) -> list[Claim]:
    """The claims that begin at this folder."""
    name = path.rpartition("/")[2]
    begun = [
        claim
        for layout, i in index.candidates(name)
        if (claim := _match(path, layout, i, tree.roots)) is not None
    ]
    held = (
        [(normal(n), f"{path.rstrip('/')}/{n}") for n in folder.folders] if folder and index.holders else []
    )
    for holder, place in [("", path), *(item for item in held if item[0] in index.holders)]:
        for file in lists.by_folder.get(place, ()):
            for layout, i in index.markers.get(file.rpartition("/")[2].casefold(), ()):
                rule = layout.rules[i]
                if rule.holder == holder and (rule.check is None or _run_check(rule.check, file)):
                    begun.append(Claim(Key(layout.slug, rule.edition, path), i, path, ()))
    return begun


def _run_check(check: Callable[[Path], bool], file: str) -> bool:
    """What cannot be read is no marker; reading it later says so."""
    try:
        return check(Path(file))
    except OSError:
        return False


def _match(path: str, layout: Layout, number: int, roots: list[str]) -> Claim | None:
    """Whether the folder fits the rule's last component and the folders above it the others."""
    rule = layout.rules[number]
    captures: list[tuple[str, str]] = []
    here = path
    for position, component in enumerate(reversed(rule.components)):
        if position:
            below, here = here, parent_of(here)
            while here and _skippable(here, below) and component.match(name_of(here)) is None:
                here = parent_of(here)
        value = component.match(name_of(here)) if here else None
        if value is None:
            return None
        if component.capture:
            captures.append((component.capture, value))
    first = rule.components[0]
    while parent_of(here) and not first.any and first.match(name_of(parent_of(here))) and not rule.own:
        here = parent_of(here)
    anchor = here if rule.own else parent_of(here) or "/"
    root = next((r for r in roots if inside(path, r) or inside(r, path)), path)
    anchor = root if inside(root, anchor) else anchor
    return Claim(Key(layout.slug, rule.edition, anchor), number, path, tuple(captures))


def _directly(path: str, claimed: str) -> bool:
    between = [normal(p) for p in path[len(claimed) :].split("/") if p]
    return all(p in TRANSPARENT or p == normal(name_of(claimed)) for p in between)


def _skippable(path: str, below: str) -> bool:
    return normal(name_of(path)) in TRANSPARENT or normal(name_of(path)) == normal(name_of(below))


def _claims_above(root: str, index: _Index) -> tuple[Claim, ...]:
    """Claims that begin above a root: it was given as a folder inside of a dataset."""
    above: list[str] = []
    path = parent_of(root)
    while path and len(above) < ANCESTORS:
        above.append(path)
        path = parent_of(path)
    claims: tuple[Claim, ...] = ()
    for path in reversed(above):
        begun = [
            claim
            for layout, i in index.candidates(name_of(path))
            if (layout.rules[i].strong or layout.rules[i].ignore)
            and (claim := _match(path, layout, i, [root])) is not None
        ]
        claims = _merge_claims(claims, begun)
    return claims


def _merge_claims(inherited: tuple[Claim, ...], begun: list[Claim]) -> tuple[Claim, ...]:
    """What begins deeper replaces what was inherited for the same dataset, but an ignored folder stays ignored."""
    if not begun:
        return inherited
    fresh: dict[Key, Claim] = {}
    for claim in begun:
        old = fresh.get(claim.key)
        if old is None or _precise(claim) >= _precise(old):
            fresh[claim.key] = claim
    kept = tuple(c for c in inherited if c.key not in fresh or _rule(c).ignore)
    blocked = {c.key for c in kept}
    return kept + tuple(c for c in fresh.values() if c.key not in blocked)


def _precise(claim: Claim) -> tuple[int, int]:
    """How much a rule states: a longer pattern, then one with fewer folders that may be called much."""
    components = _rule(claim).components
    return len(components), sum(2 if one.regex is None else 0 if one.any else 1 for one in components)


def _rule(claim: Claim) -> Rule:
    return layouts()[claim.key.layout].rules[claim.rule]


def _list_files(tree: Tree, index: _Index) -> Lists:
    found: dict[str, list[str]] = {}
    for path, folder in tree.folders.items():
        if OTHER in folder.files:
            names = [n for n in folder.files[OTHER].list() if n.casefold() in index.lists]
            if names:
                found[path] = [f"{path.rstrip('/')}/{name}" for name in names]
    return Lists(found)


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
