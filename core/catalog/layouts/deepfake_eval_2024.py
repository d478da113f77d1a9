"""Deepfake-Eval-2024: what circulated on social media in 2024, three modalities with a CSV each."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import Evidence, Labels, Layout, Part, Rule, Site, normal, starts_with_any
from core.catalog.list_files import rows_of
from core.catalog.listing import Listing
from core.catalog.paths import plain_name
from core.catalog.problems import Problems

KINDS = ("audio", "image", "video")
LISTS = tuple(
    f"{kind}-metadata-publish{end}.csv" for kind in KINDS for end in ("", "-with-links", "_with_links")
)
SPLITS = {"train": "train", "test": "test"}  # of `Finetuning Set`
_SEGMENT = re.compile(r"_\d{4}$")
BROKEN = "#name?"  # what a spreadsheet made of a file name


@dataclass
class Lists:
    by_kind: dict[str, Listing] = field(default_factory=dict)


class DeepfakeEval2024(Layout):
    slug = "deepfake-eval-2024"
    dataset = "Deepfake-Eval-2024"
    kinds = KINDS
    rules = tuple(Rule(f"{kind}-data") for kind in KINDS)
    lists = LISTS
    source = "https://huggingface.co/datasets/nuriachandra/Deepfake-Eval-2024 (after its form is filled in)"
    licence = "CC BY-SA 4.0"
    size = "45 hours of video, 57 hours of sound, 1,975 pictures"
    descends_from = "social media of 2024"
    notes = ("Meant as a test: open detectors lose about half of their AUC here.",)

    def accepts(self, evidence: Evidence) -> bool:
        return starts_with_any(evidence, "deepfake_eval") or _holds_list(evidence.anchor)

    def read(self, site: Site, problems: Problems) -> Lists:
        lists = Lists()
        for name in LISTS:
            for path in site.find(name):
                kind = name.partition("-")[0]
                lists.by_kind.setdefault(kind, Listing(path, problems=problems))
                _read(path, lists.by_kind[kind], problems)
        if not lists.by_kind:
            problems.report_damaged(site.anchor / LISTS[0], "is missing, so nothing has a label")
        return lists

    def label(self, part: Part, lists: Lists) -> Labels:
        listing = lists.by_kind.get(normal(part.rule.pattern).partition("_")[0])
        labels = listing.label(part) if listing else Labels()
        if part.kind == "audio":
            labels.groups = [(f"recording:{_SEGMENT.sub('', stem)}",) for stem in part.stems]
        return labels

    def finish(self, lists: Lists, problems: Problems) -> None:
        for listing in lists.by_kind.values():
            listing.finish(problems)


def _holds_list(folder: Path) -> bool:
    wanted = {name.casefold() for name in LISTS}
    try:
        return any(plain_name(name) in wanted for name in os.listdir(folder))
    # The walk has made a problem of a folder that cannot be read.
    except OSError:
        return False


def _read(path: Path, listing: Listing, problems: Problems) -> None:
    for row in rows_of(path, problems, needed=("filename", "ground_truth")):
        name, word = row["filename"].strip(), row["ground_truth"].strip()
        if not name or name.casefold() == BROKEN:
            problems.add("broken name", path, f"a row is called {name or 'nothing'!r}")
            continue
        label = label_word(word)
        if label is None and normal(word) == "other":
            problems.add("no label", name, f"{word!r} in {path.name}")
        elif label is None:
            problems.add("bad label", name, f"{word!r} in {path.name}")
        split = SPLITS.get(normal(row.get("finetuning_set", "")))
        listing.add(name, {"label": label, "split": split})
