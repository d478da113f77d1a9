"""ADD 2023, tracks 1.2: `Track1.2/<part>/{label.txt,wav}` with the words genuine and fake."""

from __future__ import annotations

from pathlib import Path

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import Labels, Layout, Part, Rule, Site, normal
from core.catalog.layouts.protocols import Protocol, Protocols, Utterance
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

LIST = "label.txt"
PARTS = {"train": "train", "dev": "val", "testr1": "test", "testr2": "test", "test": "test"}


class ADD2023(Layout):
    slug = "add2023"
    dataset = "ADD 2023"
    kinds = ("audio",)
    rules = (Rule("Track1.2/{part:train|dev|testR1|testR2|test}", strong=True),)
    lists = (LIST,)
    source = "http://addchallenge.cn/add2023"
    licence = "research only"
    size = "30 GB"
    descends_from = "AISHELL-3"
    notes = ("Two rounds of the test (testR1, testR2) are both the test part.",)

    def read(self, site: Site, problems: Problems) -> dict[str, Protocols]:
        found: dict[str, Protocols] = {}
        for path in site.find(LIST):
            one = Protocol(f"{path.parent.name}/{path.name}", None)
            for line in (text_of(path, problems) or "").splitlines():
                if cells := line.split():
                    label = label_word(cells[1]) if len(cells) > 1 else None
                    if label is None:
                        problems.add("bad label", cells[0], f"a line of {one.name}")
                    one.rows[Path(cells[0]).stem] = Utterance(label)
            found[normal(path.parent.name)] = Protocols(problems, [one])
        if not found:
            problems.report_damaged(site.anchor / LIST, "is missing, so nothing has a label")
        return found

    def label(self, part: Part, lists: dict[str, Protocols]) -> Labels:
        name = normal(part.facts["part"])
        if name not in lists:
            return Labels(split=PARTS[name])
        return lists[name].labels(part, PARTS[name])

    def finish(self, lists: dict[str, Protocols], problems: Problems) -> None:
        for one in lists.values():
            one.finish(".wav")
