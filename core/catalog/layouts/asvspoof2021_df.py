"""ASVspoof 2021 DF: an evaluation set in four parts, labelled through keys/CM/trial_metadata.txt."""

from __future__ import annotations

from typing import ClassVar

from core.catalog.layouts.asvspoof2019_la import Utterances, _label
from core.catalog.layouts.base import Labels, Layout, Part, Rule, Site
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

KEYS = "trial_metadata.txt"


class ASVspoof2021DF(Layout):
    slug = "asvspoof2021-df"
    dataset = "ASVspoof 2021 DF"
    kinds = ("audio",)
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("ASVspoof2021_DF_eval_part*", split="test", strong=True),
        Rule("ASVspoof2021_DF_eval", split="test", strong=True, edition="one folder"),
    )
    lists = (KEYS,)
    source = "https://zenodo.org/records/4835108"
    licence = "ODC-By"
    size = "34 GB"
    descends_from = "VCTK"
    notes: ClassVar[tuple[str, ...]] = (
        "Only an evaluation set: a test for a detector trained on ASVspoof 2019 LA.",
    )
    prefix: ClassVar[str] = "DF_"  # of its utterances

    def read(self, site: Site, problems: Problems) -> Utterances:
        """Lines `SPEAKER UTTERANCE codec source attack KEY …`: the label is the sixth column."""
        found = Utterances(problems=problems)
        for path in site.find(KEYS):
            for line in (text_of(path, problems) or "").splitlines():
                cells = line.split()
                if len(cells) >= 6 and cells[1].startswith(self.prefix):
                    found.rows[cells[1]] = (cells[0], cells[4], _label(cells[5], cells[1], problems))
        if not found.rows:
            problems.report_damaged(site.anchor / "keys" / "CM" / KEYS, "is missing, so nothing has a label")
        return found

    def label(self, part: Part, lists: Utterances) -> Labels:
        return lists.labels(part, "test")

    def finish(self, lists: Utterances, problems: Problems) -> None:
        lists.finish(problems, ".flac")
