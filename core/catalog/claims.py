"""Which layouts claim a folder: rules matched against its path and its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.catalog.layouts import layouts
from core.catalog.layouts.base import Layout, Rule, normal
from core.catalog.paths import inside, name_of, parent_of, plain_name
from core.catalog.walk import OTHER, Folder, Tree

ANCESTORS = 4  # folders above a root that may tell what the root is
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


@dataclass
class Lists:
    """Files that some layout reads, by folder."""

    by_folder: dict[str, list[str]]

    def inside(self, root: str) -> Iterator[str]:
        for folder, files in self.by_folder.items():
            if inside(folder, root):
                yield from files


@dataclass
class LayoutIndex:
    """Rules by the normalised name of their last folder, so that most folders are looked at once."""

    literal: dict[str, list[tuple[Layout, int]]]
    wild: list[tuple[Layout, int]]
    markers: dict[str, list[tuple[Layout, int]]]
    holders: frozenset[str]
    lists: frozenset[str]
    seen: dict[str, list[tuple[Layout, int]]] = field(default_factory=dict)

    @classmethod
    def build(cls) -> LayoutIndex:
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


def claims_of(path: str, folder: Folder | None, index: LayoutIndex, tree: Tree, lists: Lists) -> list[Claim]:
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
            for layout, i in index.markers.get(plain_name(file), ()):
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
            while here and is_skippable(here, below) and component.match(name_of(here)) is None:
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


def lies_directly(path: str, claimed: str) -> bool:
    between = [normal(p) for p in path[len(claimed) :].split("/") if p]
    return all(p in TRANSPARENT or p == normal(name_of(claimed)) for p in between)


def claims_above(root: str, index: LayoutIndex) -> tuple[Claim, ...]:
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
        claims = merge_claims(claims, begun)
    return claims


def merge_claims(inherited: tuple[Claim, ...], begun: list[Claim]) -> tuple[Claim, ...]:
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


def list_files(tree: Tree, index: LayoutIndex) -> Lists:
    """Files that some layout reads; of one that lies beside its compressed form the plain one."""
    found: dict[str, list[str]] = {}
    for path, folder in tree.folders.items():
        if OTHER in folder.files:
            names = [n for n in folder.files[OTHER].list() if plain_name(n) in index.lists]
            plain = {n.casefold() for n in names}
            names = [n for n in names if plain_name(n) == n.casefold() or plain_name(n) not in plain]
            if names:
                found[path] = [f"{path.rstrip('/')}/{name}" for name in names]
    return Lists(found)


def is_skippable(path: str, below: str) -> bool:
    return normal(name_of(path)) in TRANSPARENT or normal(name_of(path)) == normal(name_of(below))
