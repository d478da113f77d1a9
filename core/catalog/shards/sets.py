"""Which shards are one dataset: those below one folder that is named for it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from core.catalog.claims import Claim, Key
from core.catalog.layouts.base import FAKE, Evidence, Labels, Layout, Part, Rule, class_of, normal, split_of
from core.catalog.paths import inside, name_of, parent_of
from core.catalog.recognised import Owned
from core.catalog.walk import Tree
from core.media.kinds import SHARD

# Folders that do not name a dataset.
VAGUE = frozenset(
    (
        *(
            "data",
            "dataset",
            "datasets",
            "default",
            "parquet",
            "shards",
            "tar",
            "tars",
            "webdataset",
            "snapshots",
        ),
        *("plain_text", "files", "images", "image", "audio", "video", "videos", "main", "refs", "convert"),
    )
)
_HASH = re.compile(r"[0-9a-f]{40}")
_HUB = re.compile(r"datasets--[^-].*?--(.+)")  # how a hub's cache names its folders


class ShardSet(Layout):
    """Parquet or tar files with media in them, under the name of their folder."""

    slug = "shards"
    dataset = ""
    kinds = ("image", "audio", "video")
    rules = (Rule(),)

    def __init__(self, name: str, one_is: int = FAKE) -> None:
        self.name, self.one_is, self.numbers = name, one_is, 0

    def name_of(self, evidence: Evidence) -> str:
        return self.name

    def label(self, part: Part, lists: Any) -> Labels:
        return Labels()

    def notes_on(self, lists: Any) -> tuple[str, ...]:
        """Nobody says what a bare number means."""
        if not self.numbers:
            return ()
        one, zero = ("fake", "real") if self.one_is == FAKE else ("real", "fake")
        return (
            f"{self.numbers:,} labels are bare numbers: 1 was taken as {one}, 0 as {zero}; if it is the other way "
            'round, turn it under "Name and labels" on the Datasets page.',
        )


def holding(tree: Tree, folder: str) -> bool:
    """Whether the first shard of the folder that can be read holds media."""
    from core.catalog.shards import archives, tables

    root = next((r for r in tree.roots if inside(folder, r)), folder)
    labelled = any(class_of(part) is not None for part in folder[len(root) :].split("/"))
    for name in tree.folders[folder].files[SHARD].list()[:3]:
        path = Path(folder, name)
        packed = not name.lower().endswith(".parquet")
        if archives.holds_media(path, labelled) if packed else tables.holds_media(path):
            return True
    return False


def torn_tables(tree: Tree, left: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parquet files that nobody took and that lack the mark at either end, as problems of the walk."""
    found = []
    for folder, kind in left:
        for name in tree.folders[folder].files[SHARD].list() if kind == SHARD else ():
            path = f"{folder.rstrip('/')}/{name}"
            if name.lower().endswith(".parquet") and not _has_marks(path):
                found.append(("torn table", path))
    return found


def _has_marks(path: str) -> bool:
    """`PAR1 … PAR1`, or `PARE` at the end where the footer is encrypted."""
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            file.seek(-4, os.SEEK_END)
            return start[:3] == file.read(4)[:3] == b"PAR"
    # Too short to hold a mark, or not to be opened: either way nothing in it can be counted.
    except OSError:
        return False


def shard_sets(tree: Tree, left: list[tuple[str, str]]) -> list[Owned]:
    """Folders with shards, each under the folder that names its dataset."""
    return [
        Owned(Claim(Key("shards", "", anchor_of(folder, tree.roots)), 0, folder, ()), folder, kind)
        for folder, kind in left
        if kind == SHARD
    ]


def anchor_of(folder: str, roots: list[str]) -> str:
    """The nearest folder around the shards that names something, within the data root."""
    root = next((r for r in roots if inside(folder, r)), folder)
    here = folder
    while here != root and _is_vague(name_of(here)) and parent_of(here):
        here = parent_of(here)
    return here


def name_for(anchor: str) -> str:
    """The dataset's name: that of the folder, or of what a hub's cache keeps there."""
    here = anchor
    while parent_of(here) and _is_vague(name_of(here)):
        here = parent_of(here)
    name = name_of(here) or name_of(anchor) or "dataset"
    match = _HUB.fullmatch(name)
    return match[1] if match else name


def _is_vague(name: str) -> bool:
    return normal(name) in VAGUE or split_of(name) is not None or _HASH.fullmatch(name) is not None
