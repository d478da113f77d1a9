"""What a layout says: which folders belong to a published dataset, and what their files are.

A layout is one file in this folder. It lists rules (folder patterns with a label, a split, a method) and says
how a file's name or a list file gives the rest. Matching ignores case, and spaces, hyphens and underscores are
equal; a `videos` level, doubled folders and wrappers around the dataset do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from core.catalog.layouts.rules import Rule
from core.catalog.layouts.words import FAKE, REAL, SPLIT_WORDS, class_of, normal, split_in, split_of
from core.catalog.problems import Problems

# What a layout is written with comes from here: rules.py and words.py stand behind it.
__all__ = [
    "COMPRESSIONS",
    "FAKE",
    "FRAME_FOLDERS",
    "NEAR",
    "REAL",
    "SPLIT_WORDS",
    "Evidence",
    "Labels",
    "Layout",
    "Part",
    "Published",
    "Rule",
    "Site",
    "Value",
    "Whole",
    "class_of",
    "clips",
    "each",
    "normal",
    "split_in",
    "split_of",
    "starts_with_any",
]

NEAR = 3  # folders whose names may tell the dataset: its own and two around it
Value = Any  # one value for all files of a part, or a list with one a file
COMPRESSIONS = {"raw": "raw", "c0": "raw", "c23": "c23", "c40": "c40"}  # of FaceForensics++ clips
FRAME_FOLDERS = frozenset({"frames", "faces", "images", "raw", "c0", "c23", "c40"})


@dataclass(frozen=True)
class Evidence:
    """What was found of a dataset at one place, for the layout to accept or not."""

    anchor: Path  # the folder that the patterns are relative to
    edition: str
    rules: frozenset[int]  # indexes of the rules that have media
    captures: dict[str, frozenset[str]]  # all values of each capture
    kinds: dict[str, int]  # media kind: files
    names: tuple[str, ...]  # normalised names of the anchor and the folders above it, inner first
    counts: dict[int, int]  # files by rule
    below: frozenset[str] = frozenset()  # normalised names of the folders below those that fit a rule
    examples: tuple[str, ...] = ()  # a file name from each of some folders


@dataclass(frozen=True)
class Part:
    """Files of one kind in one folder, all under one rule."""

    rule: Rule
    facts: dict[str, str]  # captures
    below: tuple[str, ...]  # folders between the rule's folder and the files, without `videos`
    folder: str  # relative to the dataset's root
    kind: str
    names: list[str]
    inside: list[str] | None = None  # of files in a shard: their own names there

    @property
    def inner_names(self) -> list[str]:
        """The names, in a shard continued by the file's own path there: `1.tar/1/fake/35/0.png`."""
        if self.inside is None:
            return self.names
        return [f"{name.rpartition('#')[0]}/{own}" for name, own in zip(self.names, self.inside, strict=True)]

    @cached_property
    def stems(self) -> list[str]:
        return [name[: name.rfind(".")] for name in self.names]

    @property
    def paths(self) -> list[str]:
        """Relative to the dataset's root, without a `videos` level: as lists write them."""
        kept = [name for name in self.folder.split("/") if name and normal(name) != "videos"]
        prefix = "".join(f"{name}/" for name in kept)
        return [prefix + name for name in self.names]


@dataclass
class Labels:
    """What a layout says of a part's files: a value for all, or a list with one each."""

    label: Value = None
    label_video: Value = None
    label_audio: Value = None
    method: Value = None
    split: Value = None
    groups: Value = ()  # a tuple of keys for all, or a list of tuples
    identity: Value = None
    text: Value = None
    meta: Value = None  # a dictionary, or a list of dictionaries
    segments: Value = None
    keep: list[bool] | None = None  # files that are never counted are False
    why: str = ""  # they are not


@dataclass(frozen=True)
class Site:
    """Where a dataset lies, for reading its lists."""

    root: Path  # the dataset's outermost folder
    anchor: Path
    lists: dict[str, list[Path]]  # normalised file name: where such files are, inside the root
    evidence: Evidence

    def find(self, *names: str) -> list[Path]:
        return [path for name in names for path in self.lists.get(name.casefold(), ())]


@dataclass(frozen=True)
class Published:
    real: int | None
    fake: int | None


@dataclass(frozen=True)
class Whole:
    """What a whole download holds: folders with media, and list files."""

    folders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


class Layout:
    """A published dataset on disk. A subclass states its facts and, where names or lists say more, how to read them."""

    slug: ClassVar[str]
    dataset: ClassVar[str]  # the published name
    kinds: ClassVar[tuple[str, ...]]  # media that count
    rules: ClassVar[tuple[Rule, ...]]
    published: ClassVar[Published | None] = None
    # Of parts that one would take by themselves.
    published_parts: ClassVar[Mapping[str, Published]] = MappingProxyType({})
    lists: ClassVar[tuple[str, ...]] = ()  # names of its list files
    nicknames: ClassVar[tuple[str, ...]] = ()  # other names that folders around it have
    priority: ClassVar[int] = 50  # higher wins where two layouts fit
    # Captures: folders side by side are one dataset where they differ in one.
    siblings: ClassVar[tuple[str, ...]] = ()
    pairs: ClassVar[bool] = False  # folders of one class only are joined to a copy that lacks that class
    source: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    size: ClassVar[str] = ""
    descends_from: ClassVar[str] = ""  # the pool of people or recordings that it was made of
    notes: ClassVar[tuple[str, ...]] = ()  # what an analyst should know of this dataset

    @cached_property
    def editions(self) -> dict[str, int]:
        """The order in which editions are tried: that of the rules."""
        return {name: i for i, name in enumerate(dict.fromkeys(rule.edition for rule in self.rules))}

    def accepts(self, evidence: Evidence) -> bool:
        return any(self.rules[i].strong for i in evidence.rules)

    def name_of(self, evidence: Evidence) -> str:
        return self.dataset

    def published_of(self, evidence: Evidence) -> Published | None:
        return self.published

    def whole(self, evidence: Evidence) -> Whole:
        """What must be there before the dataset counts as found whole."""
        return Whole()

    def copies(self, evidence: Evidence) -> int:
        """How many copies of each sample there may be (compressions, editions), for comparing with what was published."""
        return 1

    def read(self, site: Site, problems: Problems) -> Any:
        """Read the list files once; what it gives is passed to `label` and `finish`."""
        return None

    def label(self, part: Part, lists: Any) -> Labels:
        return self.stated_labels(part)

    def finish(self, lists: Any, problems: Problems) -> None:
        """After all files were labelled: what was listed but is absent."""

    def notes_on(self, lists: Any) -> tuple[str, ...]:
        """What an analyst should know of this copy."""
        return self.notes

    def stated_labels(self, part: Part) -> Labels:
        """What the rule and its captures say."""
        rule, facts = part.rule, part.facts
        label = int(facts["label"]) if "label" in facts else rule.label
        return Labels(
            label=label,
            label_video=rule.label_video,
            label_audio=rule.label_audio,
            method=facts.get("method", rule.method) if label == FAKE else None,
            split=SPLIT_WORDS.get(normal(facts["split"])) if "split" in facts else rule.split,
            meta=dict(rule.meta) or None,
        )


def starts_with_any(evidence: Evidence, *starts: str) -> bool:
    """Whether the name of the dataset's folder, or of one close around it, begins so."""
    return any(name.startswith(start) for name in evidence.names[:NEAR] for start in starts)


def clips(part: Part) -> list[str] | str:
    """The clip of each file: its own name, or for extracted frames the one folder that holds them."""
    inner = [name for name in part.below if normal(name) not in FRAME_FOLDERS]
    return inner[-1] if part.kind == "image" and inner else part.stems


def each(names: list[str] | str, said: Callable[[str], Value]) -> Value:
    """What `said` makes of every name, or of the one that all files share."""
    return said(names) if isinstance(names, str) else [said(name) for name in names]
