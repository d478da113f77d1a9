"""SpoofCeleb: VoxCeleb1 speech and attacks on it, `flac/<split>/<attack>/<speaker>`; `a00` is real."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Rule, Site, split_of
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

ATTACKS = [f"a{number:02d}" for number in range(1, 41)]
LISTS = ("train.csv", "development.csv", "evaluation.csv")


@dataclass
class Counted:
    listed: dict[str, int] = field(default_factory=dict)  # rows by split
    here: Counter[str] = field(default_factory=Counter)


class SpoofCeleb(Layout):
    slug = "spoofceleb"
    dataset = "SpoofCeleb"
    kinds = ("audio",)
    siblings = ("split",)
    rules = (
        Rule(f"flac/{{split}}/{{method:{'|'.join(ATTACKS)}}}", FAKE, strong=True),
        Rule("flac/{split}/a00", REAL, strong=True),
        Rule(f"{{split}}/{{method:{'|'.join(ATTACKS)}}}", FAKE, edition="without flac"),
        Rule("{split}/a00", REAL, strong=True, edition="without flac"),
    )
    lists = LISTS
    source = "https://www.jungjee.com/spoofceleb"
    licence = "CC BY 4.0"
    size = "2.5 million utterances"
    descends_from = "VoxCeleb1"
    notes = ("Attack a00 is the real recording.", "Speakers are disjoint between its three parts.")

    def read(self, site: Site, problems: Problems) -> Counted:
        found = Counted()
        for name in LISTS:
            for path in site.find(name):
                if split := split_of(name.partition(".")[0]):
                    lines = (text_of(path, problems) or "").splitlines()
                    found.listed[split] = sum(bool(line.strip()) for line in lines[1:])
        return found

    def label(self, part: Part, lists: Counted) -> Labels:
        labels = self.stated_labels(part)
        lists.here[labels.split] += len(part.names)
        labels.identity = part.below[0] if part.below else None
        labels.groups = (f"speaker:{part.below[0]}",) if part.below else ()
        return labels

    def finish(self, lists: Counted, problems: Problems) -> None:
        for split, n in lists.listed.items():
            if lists.here[split] < n:
                text = f"{lists.here[split]:,} of the {n:,} recordings that are listed are here"
                problems.add("part missing", f"SpoofCeleb, {split}", f"{text}; download the rest")
