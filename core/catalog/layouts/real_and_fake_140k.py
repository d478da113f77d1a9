"""140k Real and Fake Faces: FFHQ against StyleGAN, with train.csv, valid.csv and test.csv."""

from __future__ import annotations

from pathlib import Path

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import (
    FAKE,
    REAL,
    Evidence,
    Labels,
    Layout,
    Part,
    Published,
    Rule,
    Site,
    starts_with_any,
)
from core.catalog.list_files import head_of, rows_of
from core.catalog.listing import Listing
from core.catalog.paths import plain_name
from core.catalog.problems import Problems

METHOD = "StyleGAN"
LISTS = ("train.csv", "valid.csv", "test.csv")


def _is_list(path: Path) -> bool:
    head = head_of(path, 300).lower()
    return b"label_str" in head or b"original_path" in head


class RealAndFake140k(Layout):
    slug = "140k"
    dataset = "140k Real and Fake Faces"
    kinds = ("image",)
    rules = (
        Rule("real-vs-fake/{split}/{label}", method=METHOD, strong=True),
        Rule("{split}/{label}", method=METHOD, edition="by list"),
        *(Rule(marker=name, check=_is_list, method=METHOD, strong=True, edition="by list") for name in LISTS),
    )
    published = Published(70_000, 70_000)
    lists = LISTS
    source = "https://www.kaggle.com/datasets/xhlulu/140k-real-and-fake-faces"
    licence = "FFHQ: CC BY-NC-SA 4.0"
    size = "4 GB"
    descends_from = "FFHQ"
    notes = ("One generator: a detector trained here is a StyleGAN detector.",)

    def accepts(self, evidence: Evidence) -> bool:
        return super().accepts(evidence) or starts_with_any(evidence, "140k")

    def read(self, site: Site, problems: Problems) -> list[Listing]:
        return [_listing(path, problems) for path in site.find(*LISTS)]

    def label(self, part: Part, lists: list[Listing]) -> Labels:
        labels = self.stated_labels(part)
        rows = [next((r for r in (one.take(path) for one in lists) if r), None) for path in part.paths]
        if labels.label is None:
            labels.label = [row["label"] if row else None for row in rows]
            labels.split = [row["split"] if row else None for row in rows]
            labels.method = [METHOD if value == FAKE else None for value in labels.label]
            return labels
        for path, row in zip(part.paths, rows, strict=True):
            if row and row["label"] not in (None, labels.label):
                lists[0].problems.add("contradiction", path)
        return labels

    def finish(self, lists: list[Listing], problems: Problems) -> None:
        for one in lists:
            one.finish(problems)


def _listing(path: Path, problems: Problems) -> Listing:
    """Trap: in these lists 1 = real and 0 = fake; the word, where there is one, decides."""
    found = Listing(path, problems=problems)
    split = {"train": "train", "valid": "val", "test": "test"}[plain_name(path.name).partition(".")[0]]
    for row in rows_of(path, problems, needed=("path", "label")):
        stated = label_word(row.get("label_str", ""))
        number = {"1": REAL, "0": FAKE, "1.0": REAL, "0.0": FAKE}.get(row.get("label", "").strip())
        label = stated if stated is not None else number
        if label is None:
            problems.add("bad label", row["path"], f"{row.get('label')!r} in {path.name}")
        found.add(row["path"], {"label": label, "split": split})
    return found
