"""Codecfake: speech through seven neural codecs, listed in label/{train,dev,C7}.txt (`name.wav fake 1`)."""

from __future__ import annotations

import re
from pathlib import Path

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import FAKE, Labels, Layout, Part, Published, Rule, Site, split_of
from core.catalog.layouts.protocols import Protocol, Protocols, Utterance
from core.catalog.list_files import head_of, text_of
from core.catalog.problems import Problems

LISTS = ("train.txt", "dev.txt", "eval.txt", *(f"{part}{n}.txt" for part in "CA" for n in range(1, 8)))
_CODED = re.compile(r"([A-Z]\d{2})_(.+)")
_SPEAKER = re.compile(r"(SSB\d{4})\d{4}|(p\d{3})_\d+")


def _is_list(path: Path) -> bool:
    cells = head_of(path, 300).partition(b"\n")[0].split()
    return len(cells) >= 2 and cells[1] in (b"real", b"fake")


class Codecfake(Layout):
    slug = "codecfake"
    dataset = "Codecfake"
    kinds = ("audio",)
    rules = tuple(
        Rule(marker=name, holder="label", check=_is_list, strong=True, edition="by list") for name in LISTS
    )
    published = Published(132_277, 925_939)
    lists = LISTS
    source = "https://github.com/xieyuankun/Codecfake"
    licence = "CC BY-NC-ND 4.0"
    size = "34 GB"
    descends_from = "VCTK"
    notes = ("A codec alone makes its fakes: a detector trained here calls coded real speech fake.",)

    def read(self, site: Site, problems: Problems) -> Protocols:
        found = Protocols(problems)
        for name in LISTS:
            for path in site.find(name):
                stem = name.partition(".")[0]
                one = Protocol(path.name, split_of(stem) or "test", stem)
                for line in (text_of(path, problems) or "").splitlines():
                    if cells := line.split():
                        one.rows[Path(cells[0]).stem] = _utterance(cells, path, problems)
                found.lists.append(one)
        return found

    def label(self, part: Part, lists: Protocols) -> Labels:
        labels = lists.labels(part, None, [_keys(stem) for stem in part.stems])
        nearest = lists.of_folder(part.folder)
        labels.split = [_split_of(stem, nearest) for stem in part.stems]
        return labels

    def finish(self, lists: Protocols, problems: Problems) -> None:
        lists.finish(".wav")


def _utterance(cells: list[str], path: Path, problems: Problems) -> Utterance:
    label = label_word(cells[1]) if len(cells) > 1 else None
    if label is None:
        problems.add("bad label", cells[0], f"a line of {path.name}")
    match = _CODED.match(cells[0])
    method = match[1] if match else cells[2] if len(cells) > 2 else None
    return Utterance(label, method if label == FAKE else None)


def _split_of(stem: str, lists: list[Protocol]) -> str | None:
    return next((one.split for one in lists if stem in one.rows), None)


def _keys(stem: str) -> tuple[str, ...]:
    """`F01_SSB13650058` is the utterance SSB13650058, of the speaker SSB1365, through codec F01."""
    match = _CODED.match(stem)
    name = match[2] if match else stem
    speaker = _SPEAKER.match(name)
    keys = (f"utterance:{name}",)
    return (*keys, f"speaker:{speaker[1] or speaker[2]}") if speaker else keys
