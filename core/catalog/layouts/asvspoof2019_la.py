"""ASVspoof 2019 LA: flac files by split, labelled through the countermeasure protocols."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import FAKE, REAL, Evidence, Labels, Layout, Part, Published, Rule, Site, Whole
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

PROTOCOLS = (
    "ASVspoof2019.LA.cm.train.trn.txt",
    "ASVspoof2019.LA.cm.dev.trl.txt",
    "ASVspoof2019.LA.cm.eval.trl.txt",
)
_TRIAL = re.compile(r"LA_[TDE]_A\d+")  # utterances of the speaker verification trials


@dataclass
class Utterances:
    """Rows of protocols by utterance: speaker, attack (`-` for bona fide), label."""

    rows: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)

    def labels(self, part: Part, split: str | None) -> Labels:
        rows = [self.rows.get(stem) for stem in part.stems]
        self.taken.update(part.stems)
        if None in rows and self.rows:
            for path, row, stem in zip(part.paths, rows, part.stems, strict=True):
                if row is None and not _TRIAL.match(stem):
                    self.problems.add("unlisted", path)
        keys = {speaker: (f"speaker:{speaker}",) for speaker in {row[0] for row in rows if row}}
        return Labels(
            label=[row[2] if row else None for row in rows],
            method=[row[1] if row and row[2] == FAKE else None for row in rows],
            split=split,
            groups=[keys[row[0]] if row else () for row in rows],
            identity=[row[0] if row else None for row in rows],
        )

    def finish(self, problems: Problems, suffix: str) -> None:
        for name in self.rows:
            if name not in self.taken:
                problems.add("absent", f"{name}{suffix}", "listed in the protocol")


class ASVspoof2019LA(Layout):
    slug = "asvspoof2019-la"
    dataset = "ASVspoof 2019 LA"
    nicknames = ("LA",)
    kinds = ("audio",)
    rules = (
        Rule("ASVspoof2019_LA_train", split="train", strong=True),
        Rule("ASVspoof2019_LA_dev", split="val", strong=True),
        Rule("ASVspoof2019_LA_eval", split="test", strong=True),
        Rule("ASVspoof2019_LA_asv_*", ignore="ASV trials"),
    )
    published = Published(2_580 + 2_548 + 7_355, 22_800 + 22_296 + 63_882)
    lists = PROTOCOLS
    source = "https://datashare.ed.ac.uk/handle/10283/3336"
    licence = "ODC-By"
    size = "7 GB"
    descends_from = "VCTK"
    notes = (
        "The test part holds only attacks that training has not seen; its splits are disjoint in speakers.",
        "Bona fide recordings have longer silence at both ends; trim it, or a detector learns the silence.",
    )

    def whole(self, evidence: Evidence) -> Whole:
        return Whole(lists=PROTOCOLS)

    def read(self, site: Site, problems: Problems) -> Utterances:
        found = Utterances(problems=problems)
        paths = site.find(*PROTOCOLS)
        if not paths:
            problems.report_damaged(
                site.anchor / "ASVspoof2019_LA_cm_protocols", "is missing, so nothing has a label"
            )
        for path in paths:
            before = len(found.rows)
            for line in (text_of(path, problems) or "").splitlines():
                cells = line.split()
                if len(cells) >= 5:
                    found.rows[cells[1]] = (cells[0], cells[3], _label(cells[4], cells[1], problems))
                elif cells:
                    problems.add("bad label", cells[0], f"a line of {path.name} is cut short")
            if len(found.rows) == before:
                problems.report_damaged(path, "lists nothing")
        return found

    def label(self, part: Part, lists: Utterances) -> Labels:
        labels = lists.labels(part, part.rule.split)
        labels.keep = [stem in lists.rows or not _TRIAL.match(stem) for stem in part.stems]
        labels.why = "ASV trials"
        return labels

    def finish(self, lists: Utterances, problems: Problems) -> None:
        lists.finish(problems, ".flac")


def _label(key: str, utterance: str, problems: Problems) -> int | None:
    """The word decides: code around this dataset says 1 = bona fide."""
    label = label_word(key)
    if label not in (REAL, FAKE):
        problems.add("bad label", utterance, f"{key!r} in the protocol")
    return label
