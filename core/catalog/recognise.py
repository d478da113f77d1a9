"""From walked folders to datasets: which layout owns which folder. Looks at folder names and list files only."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.catalog.layouts import layouts
from core.catalog.layouts.base import FAKE, Evidence, Layout, Rule, normal
from core.catalog.walk import OTHER, Folder, Tree

ANCESTORS = 4  # folders above a root that may tell what the root is
EXAMPLES = 20
COMMON_LISTS = frozenset(
    (
        "train.json",
        "val.json",
        "test.json",
        "metadata.json",
        "metadata.min.json",
        "dataset.json",
        "labels.csv",
    )
    + ("train.csv", "valid.csv", "test.csv", "meta.csv")
)  # names that any folder may hold
TRANSPARENT = frozenset({"videos"})
ALIKE = 5  # leading letters that the names of one dataset share: Celeb V2, Celeb-DF-v2
_WORD = "deepfake"  # which many names begin with
_ARCHIVE = re.compile(r"archive(_?\(?\d+\)?)?")
_NEUTRAL = frozenset(
    ("data", "dataset", "datasets", "download", "downloads", "media", "input", "kaggle", "videos", "video")
    + ("images", "image", "audio", "files", "deepfake", "deepfakes", "train", "test", "real", "fake")
)  # names that tell of no dataset


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
            if _inside(folder, root):
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
        return cls(literal, wild, markers, frozenset(names))

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
        mine = _merged(inherited, _claims_of(path, folder, index, tree, lists))
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
    for file in lists.by_folder.get(path, ()):
        for layout, i in index.markers.get(file.rpartition("/")[2].casefold(), ()):
            rule = layout.rules[i]
            if rule.check is None or _checked(rule.check, file):
                begun.append(Claim(Key(layout.slug, rule.edition, path), i, path, ()))
    return begun


def _checked(check: Callable[[Path], bool], file: str) -> bool:
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
            below, here = here, _parent(here)
            while here and _skippable(here, below) and component.match(_name(here)) is None:
                here = _parent(here)
        value = component.match(_name(here)) if here else None
        if value is None:
            return None
        if component.capture:
            captures.append((component.capture, value))
    first = rule.components[0]
    while _parent(here) and first.match(_name(_parent(here))) is not None and not rule.own:
        here = _parent(here)
    anchor = here if rule.own else _parent(here) or "/"
    root = next((r for r in roots if _inside(path, r) or _inside(r, path)), path)
    anchor = root if _inside(root, anchor) else anchor
    return Claim(Key(layout.slug, rule.edition, anchor), number, path, tuple(captures))


def _directly(path: str, claimed: str) -> bool:
    between = [normal(p) for p in path[len(claimed) :].split("/") if p]
    return all(p in TRANSPARENT or p == normal(_name(claimed)) for p in between)


def _skippable(path: str, below: str) -> bool:
    return normal(_name(path)) in TRANSPARENT or normal(_name(path)) == normal(_name(below))


def _claims_above(root: str, index: _Index) -> tuple[Claim, ...]:
    """Claims that begin above a root: it was given as a folder inside of a dataset."""
    above: list[str] = []
    path = _parent(root)
    while path and len(above) < ANCESTORS:
        above.append(path)
        path = _parent(path)
    claims: tuple[Claim, ...] = ()
    for path in reversed(above):
        begun = [
            claim
            for layout, i in index.candidates(_name(path))
            if (layout.rules[i].strong or layout.rules[i].ignore)
            and (claim := _match(path, layout, i, [root])) is not None
        ]
        claims = _merged(claims, begun)
    return claims


def _merged(inherited: tuple[Claim, ...], begun: list[Claim]) -> tuple[Claim, ...]:
    """What begins deeper replaces what was inherited for the same dataset, but an ignored folder stays ignored."""
    if not begun:
        return inherited
    fresh: dict[Key, Claim] = {}
    for claim in begun:
        old = fresh.get(claim.key)
        if old is None or len(_rule(claim).components) >= len(_rule(old).components):
            fresh[claim.key] = claim
    kept = tuple(c for c in inherited if c.key not in fresh or _rule(c).ignore)
    blocked = {c.key for c in kept}
    return kept + tuple(c for c in fresh.values() if c.key not in blocked)


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
    found = _paired(found, tree)
    left = [item for item in media if item not in taken]
    return Recognised(found, left, dict(ignored), lists)


def _paired(found: list[Found], tree: Tree) -> list[Found]:
    """Reals that lie beside a dataset of fakes only become its reals, where both are below one root."""
    with_fakes = [f for f in found if f.layout.pairs and _has_fakes(f)]
    gone: list[Found] = []
    for item in found:
        if not item.layout.pairs or _has_fakes(item):
            continue
        near = [(os.path.commonpath([item.key.anchor, f.key.anchor]), f) for f in with_fakes]
        near = [(p, f) for p, f in near if f.layout is item.layout and any(_inside(p, r) for r in tree.roots)]
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
    root = next((r for r in tree.roots if _inside(key.anchor, r)), key.anchor)
    parts = [normal(p) for p in key.anchor[len(_parent(root)) :].split("/") if p]
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


def set_roots(tree: Tree, recognised: Recognised) -> None:
    """The dataset's own outermost folder: neither a wrapper that is not named for it nor shared with anything."""
    busy = [f.key.anchor for f in recognised.found] + [folder for folder, _ in recognised.left]
    for item in recognised.found:
        item.root = _own_root(item, tree, busy, recognised.lists)
    _give_lists(tree, recognised)


def _own_root(item: Found, tree: Tree, busy: list[str], lists: Lists) -> str:
    """Up from the anchor while nothing else lies below, as far as a folder's name or lists tell that it belongs."""
    anchor = _below_shared(item, tree, busy, lists)
    chain = [anchor]  # it and the folders around it that hold nothing else
    while chain[-1] not in tree.roots and (above := _parent(chain[-1])):
        if any(_inside(other, above) and not _inside(other, anchor) for other in busy):
            break
        chain.append(above)
    own = [
        path
        for path in chain[1:]
        if _is_own(path, anchor, item.layout, path in tree.roots) or _holds_lists(path, item.layout, lists)
    ]
    if own or anchor in tree.roots:
        return own[-1] if own else anchor
    inner = [path for path in chain if path not in tree.roots]
    return next((path for path in inner if _letters(_name(path)) not in _NEUTRAL), inner[-1])


def _holds_lists(folder: str, layout: Layout, lists: Lists) -> bool:
    held = {_name(file).casefold() for file in lists.by_folder.get(folder, ())}
    return any(name.casefold() in held for name in layout.lists)


def _below_shared(item: Found, tree: Tree, busy: list[str], lists: Lists) -> str:
    """The anchor; where that is a data root with other things in it, the one folder that holds the whole dataset."""
    anchor = item.key.anchor
    name = _name(anchor)
    if anchor not in tree.roots or _is_named_for(name, item.layout) or _ARCHIVE.fullmatch(normal(name)):
        return anchor
    claimed = {o.claim.folder for o in item.owned}
    inner = os.path.commonpath(claimed)
    if not _inside(inner, anchor) or inner == anchor:
        return anchor
    shared = any(not _inside(other, inner) for other in busy if other != anchor)
    if not shared and _holds_lists(anchor, item.layout, lists):
        return anchor
    child = f"{anchor.rstrip('/')}/{inner[len(anchor) :].strip('/').partition('/')[0]}"
    return child if len(claimed) > 1 or shared else anchor


def _is_own(folder: str, anchor: str, layout: Layout, is_root: bool) -> bool:
    """Whether a folder around a dataset is named for it, or is what its archive was unpacked to."""
    name = _name(folder)
    if _ARCHIVE.fullmatch(normal(name)):
        return not is_root
    return _is_named_for(name, layout) or (_letters(name) not in _NEUTRAL and _alike(name, _name(anchor)))


def _is_named_for(name: str, layout: Layout) -> bool:
    if _letters(name) in map(_letters, layout.nicknames):
        return True
    return _letters(name) not in _NEUTRAL and any(
        _alike(name, other) for other in (layout.dataset, *layout.nicknames)
    )


def _alike(name: str, other: str) -> bool:
    """Whether two folder names are those of one dataset: `Celeb V2` and `Celeb-DF-v2`."""
    one, two = _letters(name), _letters(other)
    shared = next((i for i, (a, b) in enumerate(zip(one, two)) if a != b), min(len(one), len(two)))
    needed = len(_WORD) + ALIKE if one.startswith(_WORD) and shared >= len(_WORD) else ALIKE
    return one == two != "" or shared >= min(needed, max(4, min(len(one), len(two))))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _give_lists(tree: Tree, recognised: Recognised) -> None:
    """Each dataset's list files: those inside it, else those beside it that lie in no dataset."""
    roots = [item.root for item in recognised.found]
    every = [file for files in recognised.lists.by_folder.values() for file in files]
    free = [f for f in every if _telling(f) and not any(_inside(f, root) for root in roots)]
    for item in recognised.found:
        item.lists = {}
        for file in recognised.lists.inside(item.root):
            item.lists.setdefault(_name(file).casefold(), []).append(file)
        shared = next((root for root in tree.roots if _inside(item.root, root)), item.root)
        wanted = {name.casefold() for name in item.layout.lists} - set(item.lists)
        for file in free:
            if _name(file).casefold() in wanted and _inside(file, shared):
                item.lists.setdefault(_name(file).casefold(), []).append(file)


def _telling(file: str) -> bool:
    """Whether a list's name, or the `splits` folder it lies in, tells what it belongs to."""
    return _name(file).casefold() not in COMMON_LISTS or normal(_name(_parent(file))) == "splits"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
