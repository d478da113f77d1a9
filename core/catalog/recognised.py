"""What recognising gives: datasets at their places, and what was seen of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.catalog.claims import Claim, Key, Lists
from core.catalog.layouts.base import Evidence, Layout, normal
from core.catalog.paths import inside, parent_of
from core.catalog.walk import Tree

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
