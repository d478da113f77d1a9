"""In-the-Wild: recordings of public figures beside one meta.csv (file, speaker, label)."""

from __future__ import annotations

from pathlib import Path

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import Labels, Layout, Part, Published, Rule, Site
from core.catalog.list_files import head_of, rows_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems


def _is_meta(path: Path) -> bool:
    head = head_of(path, 300).partition(b"\n")[0].lower()
    return all(word in head for word in (b"file", b"speaker", b"label"))


class InTheWild(Layout):
    slug = "in-the-wild"
    dataset = "In-the-Wild"
    kinds = ("audio",)
    rules = (
        Rule(marker="meta.csv", check=_is_meta, strong=True, edition="by list"),
        Rule("release_in_the_wild", strong=True, own=True, edition="by name"),
    )
    published = Published(19_963, 11_816)
    lists = ("meta.csv",)
    source = "https://deepfake-total.com/in_the_wild"
    licence = "Apache 2.0"
    size = "8 GB"
    descends_from = "In-the-Wild"
    notes = ("No official split: it is used as a test, or divided by speaker.",)

    def read(self, site: Site, problems: Problems) -> Listing:
        paths = [path for path in site.find("meta.csv") if path.parent == site.anchor] or site.find(
            "meta.csv"
        )
        if not paths:
            problems.report_damaged(site.anchor / "meta.csv", "is missing, so nothing has a label")
            return Listing(site.anchor / "meta.csv", problems=problems, report_unlisted=False)
        found = Listing(paths[0], problems=problems)
        for row in rows_of(paths[0], problems, needed=("file", "speaker", "label")):
            label = label_word(row.get("label", ""))
            if label is None:
                problems.add("bad label", row["file"], f"{row.get('label')!r} in meta.csv")
            speaker = row.get("speaker", "")
            keys = (f"speaker:{speaker}",) if speaker else ()
            found.add(row["file"], {"label": label, "identity": speaker or None, "groups": keys})
        found.report_unlisted = bool(found.rows)
        return found

    def label(self, part: Part, lists: Listing) -> Labels:
        return lists.label(part)

    def finish(self, lists: Listing, problems: Problems) -> None:
        lists.finish(problems)
