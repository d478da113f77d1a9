"""A folder that is no known dataset: `real` and `fake` folders under any usual name, or a list of path and label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.catalog import label_lists, overrides
from core.catalog.claims import Claim, Key
from core.catalog.dataset_root import set_roots
from core.catalog.layouts.base import (
    FAKE,
    Evidence,
    Labels,
    Layout,
    Part,
    Rule,
    class_of,
    normal,
    split_in,
    split_of,
)
from core.catalog.paths import plain_name
from core.catalog.problems import Problems
from core.catalog.recognised import Found, Owned, Recognised, evidence_of
from core.catalog.shards import listed as packed_lists
from core.catalog.shards.sets import ShardSet, holding, name_for, shard_sets
from core.catalog.walk import OTHER, Tree
from core.media.kinds import SHARD
from core.workspace import Workspace

MAX_METHODS = 20  # more folders than this below `fake` are clips, not methods
# Said alone, without the other class beside it, these are still meant as labels.
PLAIN_WORDS = frozenset(
    ("real", "fake", "reals", "fakes", "bonafide", "bona_fide", "spoof", "deepfake", "deepfakes", "genuine")
)
VAGUE_NAMES = frozenset(
    ("dataset", "datasets", "data", "archive", "images", "videos", "audio", "media", "files")
)


class Generic(Layout):
    """Real and fake folders, or a list file, under the name of their folder."""

    slug = "generic"
    dataset = ""  # its own name, see name_of
    kinds = ("image", "audio", "video", SHARD)
    rules = (Rule(),)

    def __init__(self, name: str, listing: str = "", one_is: int = FAKE) -> None:
        self.name, self.listing, self.one_is = name, listing, one_is

    def name_of(self, evidence: Evidence) -> str:
        return self.name

    def read(self, site: Any, problems: Problems) -> Any:
        if not self.listing:
            return None
        reader = packed_lists if self.listing.lower().endswith(".parquet") else label_lists
        return reader.read_labels(Path(self.listing), problems, self.one_is)

    def label(self, part: Part, listing: Any) -> Labels:
        if listing is None:
            labels = self.stated_labels(part)
            if clip := part.facts.get("clip"):
                labels.groups = (f"clip:{clip}",)
            return labels
        return listing.label(part)

    def finish(self, listing: Any, problems: Problems) -> None:
        if listing is not None:
            listing.finish(problems)

    def notes_on(self, listing: Any) -> tuple[str, ...]:
        """Nobody says what a bare number means, and several downloads say 1 = real."""
        if listing is None or not listing.numbers:
            return self.notes
        one, zero = ("fake", "real") if self.one_is == FAKE else ("real", "fake")
        return (
            f"{listing.numbers:,} labels in {listing.source.name} are bare numbers: 1 was taken as {one}, 0 as {zero}; "
            'if it is the other way round, turn it under "Name and labels" on the Datasets page.',
        )


@dataclass(frozen=True)
class _Class:
    """A folder whose name states a label."""

    folder: str
    anchor: str  # what would be the dataset
    label: int


def add(tree: Tree, recognised: Recognised, space: Workspace | None = None) -> None:
    """Make generic datasets of what no layout owns; they join `recognised.found` and leave `recognised.left`."""
    said = overrides.read(space)
    empty = {item for item in recognised.left if item[1] == SHARD and not holding(tree, item[0])}
    recognised.left = [item for item in recognised.left if item not in empty]
    owned = _by_override(tree, recognised, said)
    _take(recognised, owned)
    folders = _by_folders(tree, recognised)
    _take(recognised, folders)
    listed, listings = _by_lists(tree, recognised)
    _take(recognised, listed)
    sets = shard_sets(tree, recognised.left)
    _take(recognised, sets)
    recognised.left += sorted(empty)
    groups: dict[str, list[Owned]] = defaultdict(list)
    for item in owned + folders + listed:
        groups[item.claim.key.anchor].append(item)
    fresh = []
    for anchor, items in sorted(groups.items()):
        listing = listings.get(anchor, "")
        key = Key("generic", "", anchor)
        said_here = said.get(anchor)
        one_is = said_here.one_is if said_here else FAKE
        layout = Generic(anchor.rpartition("/")[2] or "dataset", listing, one_is)
        fresh.append(Found(layout, key, "", evidence_of(key, items, tree), items))
    recognised.found += [*fresh, *_of_shards(sets, tree, said)]
    set_roots(tree, recognised)
    for one in fresh:
        assert isinstance(one.layout, Generic)
        if normal(one.layout.name) in VAGUE_NAMES or split_of(one.layout.name):
            one.layout.name = one.root.rpartition("/")[2] or one.layout.name


def _of_shards(sets: list[Owned], tree: Tree, said: dict[str, overrides.Override]) -> list[Found]:
    """One dataset for all shards below one folder."""
    groups: dict[Key, list[Owned]] = defaultdict(list)
    for item in sets:
        groups[item.claim.key].append(item)
    fresh = []
    for key, items in sorted(groups.items()):
        one_is = said[key.anchor].one_is if key.anchor in said else FAKE
        layout = ShardSet(name_for(key.anchor), one_is)
        fresh.append(Found(layout, key, "", evidence_of(key, items, tree), items))
    return fresh


def _take(recognised: Recognised, owned: list[Owned]) -> None:
    gone = {(o.folder, o.kind) for o in owned}
    recognised.left = [item for item in recognised.left if item not in gone]


def _claim(anchor: str, folder: str, facts: dict[str, str]) -> Claim:
    return Claim(Key("generic", "", anchor), 0, folder, tuple(sorted(facts.items())))


def _by_override(tree: Tree, recognised: Recognised, said: dict[str, overrides.Override]) -> list[Owned]:
    """Folders that the analyst mapped by hand."""
    owned = []
    for folder, kind in recognised.left:
        for anchor, override in said.items():
            if not (override.labels and (folder == anchor or folder.startswith(anchor + "/"))):
                continue
            facts = override.facts(folder[len(anchor) + 1 :])
            if facts is not None:
                owned.append(Owned(_claim(anchor, folder, facts), folder, kind))
                break
    return owned


def _by_folders(tree: Tree, recognised: Recognised) -> list[Owned]:
    """Folders whose path names a class."""
    chains = {folder: _classes(folder, tree.roots) for folder, _ in recognised.left}
    seen: dict[str, set[int]] = defaultdict(set)
    below: dict[str, set[str]] = defaultdict(set)
    for folder, chain in chains.items():
        for item in chain:
            seen[item.anchor].add(item.label)
            rest = _rest(folder, item)
            if rest:
                below[item.anchor].add(rest[0])
    owned = []
    for folder, kind in recognised.left:
        chosen = next((c for c in chains[folder] if len(seen[c.anchor]) == 2), None) or next(
            (c for c in chains[folder] if normal(c.folder.rpartition("/")[2]) in PLAIN_WORDS), None
        )
        if chosen is None:
            continue
        outer = chosen.anchor.rpartition("/")[2] if chosen.anchor in tree.roots else ""
        facts = _facts(folder, chosen, len(below[chosen.anchor]), outer)
        owned.append(Owned(_claim(chosen.anchor, chosen.folder, facts), folder, kind))
    return owned


def _classes(folder: str, roots: list[str]) -> list[_Class]:
    """The folders on the way that state a label, outermost first."""
    root = next((r for r in roots if folder == r or folder.startswith(r.rstrip("/") + "/")), folder)
    parts = folder[len(root) :].strip("/").split("/") if folder != root else []
    chain = []
    path = root.rstrip("/")
    for part in parts:
        above, path = path, f"{path}/{part}"
        label = class_of(part)
        if label is not None:
            name = above.rpartition("/")[2]
            anchor = above if split_of(name) is None or above == root else above.rpartition("/")[0]
            chain.append(_Class(path, anchor, label))
    return chain


def _rest(folder: str, chosen: _Class) -> list[str]:
    parts = [p for p in folder[len(chosen.folder) :].split("/") if p]
    return [p for p in parts if split_of(p) is None and normal(p) != "videos"]


def _facts(folder: str, chosen: _Class, folders_below: int, outer: str) -> dict[str, str]:
    """What the folders on the way say; `outer` is the data root's name where the way begins there."""
    facts = {"label": str(chosen.label)}
    way = [p for p in folder[len(chosen.anchor) :].split("/") if p]
    split = next((found for p in [*way, outer] if (found := split_in(p))), None)
    if split:
        facts["split"] = split
    rest = _rest(folder, chosen)
    if rest and folders_below > MAX_METHODS:
        facts["clip"] = "/".join(([split] if split else []) + rest)  # alike in real and fake: one source
    elif rest and chosen.label == FAKE:
        facts["method"] = rest[0]
    return facts


def _by_lists(tree: Tree, recognised: Recognised) -> tuple[list[Owned], dict[str, str]]:
    """Folders with a list of path and label in them or above them."""
    found: dict[str, str] = {}
    owned = []
    for folder, kind in recognised.left:
        if kind == SHARD:
            continue
        here = folder
        while here in tree.folders:
            if here not in found:
                found[here] = _label_list(here, tree)
            if found[here]:
                owned.append(Owned(_claim(here, here, {}), folder, kind))
                break
            here = here.rpartition("/")[0]
    return owned, {folder: path for folder, path in found.items() if path}


def _label_list(folder: str, tree: Tree) -> str:
    """The list file in this folder that names files and labels, else an empty text."""
    files = tree.folders[folder].files.get(OTHER)
    for name in files.list() if files else ():
        path = f"{folder.rstrip('/')}/{name}"
        if plain_name(name).endswith((".csv", ".tsv", ".txt", ".json")):
            try:
                if label_lists.is_label_list(Path(path)):
                    return path
            except OSError:
                tree.problems.append(("unreadable", path))
    packed = tree.folders[folder].files.get(SHARD)
    for name in packed.list() if packed else ():
        if packed_lists.is_label_list(Path(folder, name)):
            return f"{folder.rstrip('/')}/{name}"
    return ""
