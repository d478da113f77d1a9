"""A rule: a pattern of folders, and what it says of the files below them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.catalog.layouts.words import SPLIT_WORDS, class_of, normal


@dataclass(frozen=True)
class Rule:
    """Folders of one kind. `pattern` is a path below the dataset's own folder, one component each:

    `Celeb-real`, `train|test`, `{method:Deepfakes|FaceSwap}` (the capture has the spelling of the rule),
    `dfdc_train_part_*`, `{split}` (any usual word), `{label}` (any usual word). Everything below matches too.
    With `marker` the rule is about a folder that holds such a file, and everything below it.
    """

    pattern: str = ""
    label: int | None = None
    split: str | None = None
    method: str | None = None
    strong: bool = False  # alone enough to know the dataset
    marker: str = ""  # a file name
    holder: str = ""  # the marker lies in a folder of this name, one level down
    check: Callable[[Path], bool] | None = None  # of the marker's content
    ignore: str = ""  # why files here are never counted
    edition: str = ""
    label_video: int | None = None
    label_audio: int | None = None
    own: bool = False  # the matched folder is the dataset's own, not the folder above it
    direct: bool = False  # only files directly in the folder
    meta: tuple[tuple[str, str], ...] = ()

    @cached_property
    def components(self) -> tuple[Component, ...]:
        return tuple(Component.parse(text) for text in self.pattern.split("/") if text)


@dataclass(frozen=True)
class Component:
    """One folder of a pattern: literal names, else a regular expression, and what it captures."""

    capture: str
    names: dict[str, str]
    regex: re.Pattern[str] | None

    @property
    def any(self) -> bool:
        """Whether every name fits."""
        return self.regex is not None and self.regex.pattern == ".*"

    @classmethod
    def parse(cls, text: str) -> Component:
        capture = ""
        if match := re.fullmatch(r"\{(\w+)(?::(.*))?\}", text):
            capture, text = match[1], match[2] or ""
            if not text and capture == "split":
                return cls(capture, dict(SPLIT_WORDS), None)
            if not text:
                return cls(capture, {}, re.compile(".*"))
        if "*" in text:
            folded = re.sub(r"[\s_\-]+", "_", text.casefold())
            options = (".*".join(re.escape(p) for p in option.split("*")) for option in folded.split("|"))
            return cls(capture, {}, re.compile("|".join(options)))
        return cls(capture, {normal(option): option for option in text.split("|")}, None)

    def match(self, name: str) -> str | None:
        """The captured value if the folder's name fits."""
        if self.capture == "label":
            label = class_of(name)
            return None if label is None else str(label)
        if self.regex is not None:
            return name if self.regex.fullmatch(normal(name)) else None
        return self.names.get(normal(name))
