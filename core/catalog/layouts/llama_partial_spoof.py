"""LlamaPartialSpoof: whole and partial text-to-speech, with the stretches that are fake."""

from __future__ import annotations

import re

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import FAKE, Labels, Layout, Part, Rule, Site
from core.catalog.layouts.protocols import Protocol, Protocols, Utterance
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

PARTS = ("R01TTS.0.a", "R01TTS.0.b")
LISTS = tuple(f"label_{part}.txt" for part in PARTS)
_STRETCH = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)-(\w+)")
_SOURCE = re.compile(r"(?<!\d)(\d+)_(\d+)_(\d{6})_(\d{6})")  # of LibriTTS: speaker_chapter_…


class LlamaPartialSpoof(Layout):
    slug = "llama-partial-spoof"
    dataset = "LlamaPartialSpoof"
    kinds = ("audio",)
    rules = tuple(Rule(part, method=part, strong=True) for part in PARTS)
    lists = LISTS
    source = "https://zenodo.org/records/14214149"
    licence = "CC BY 4.0"
    size = "130 hours"
    descends_from = "LibriTTS"
    notes = ("Many recordings are fake in part only; the table holds the stretches.",)

    def read(self, site: Site, problems: Problems) -> Protocols:
        found = Protocols(problems)
        for about, name in zip(PARTS, LISTS, strict=True):
            for path in site.find(name):
                one = Protocol(path.name, None, about)
                for line in (text_of(path, problems) or "").splitlines():
                    if cells := line.split():
                        one.rows[cells[0].removesuffix(".wav")] = _utterance(cells, path.name, problems)
                found.lists.append(one)
        if not found.lists:
            problems.report_damaged(site.anchor / LISTS[0], "is missing, so nothing has a label")
        return found

    def label(self, part: Part, lists: Protocols) -> Labels:
        return lists.labels(part, None, [_keys(stem) for stem in part.stems])

    def finish(self, lists: Protocols, problems: Problems) -> None:
        lists.finish(".wav")


def _utterance(cells: list[str], source: str, problems: Problems) -> Utterance:
    """`<id> <duration> <bonafide|spoof> 0.00-1.20-bonafide 1.20-2.40-spoof …`"""
    label = label_word(cells[2]) if len(cells) > 2 else None
    if label is None:
        problems.add("bad label", cells[0], f"a line of {source}")
    matches = [m for cell in cells[3:] if (m := _STRETCH.fullmatch(cell))]
    fake = [[float(m[1]), float(m[2])] for m in matches if label_word(m[3]) == FAKE]
    part = "partial" if any(label_word(m[3]) == 0 for m in matches) else "whole"
    return Utterance(label, part if label == FAKE else None, segments=fake if matches else None)


def _keys(stem: str) -> tuple[str, ...]:
    match = _SOURCE.search(stem)
    return (f"speaker:{match[1]}", f"utterance:{match[0]}") if match else ()
