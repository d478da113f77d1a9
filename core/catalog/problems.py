"""What is wrong with a dataset's files: counted by kind, the first of each with its path and what to do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

SHOWN = 20  # of each kind
ADVICE = {
    "empty": "the file is empty; download it again or delete it",
    "empty row": "holds no media, so it was not counted; download the shard again or ask its publisher",
    "cut off": "the archive ends before the file does; download the archive again",
    "not UTF-8": "the name is not valid UTF-8; rename it",
    "broken link": "the link leads nowhere; restore its target or delete it",
    "unreadable": "cannot be read; check its permissions",
    "unreadable folder": "the folder cannot be read; check its permissions and scan again",
    "not a file": "is no ordinary file (a pipe or device); move it away",
    "link back": "the link leads into a folder that is already scanned, so it was not followed; remove the link",
    "link out": "the link leads out of the data roots, so it was not followed; add its target as a root of its own",
    "absent": "is not there; download it again or correct the list",
    "unlisted": "is not in the dataset's list, so its label is unknown; complete the list",
    "no JSON": "is to describe media and is no JSON, so what it says of them is lost; download the archive again",
    "torn table": "is no whole Parquet file, so nothing in it was counted; download it again",
    "bad label": "is labelled neither real nor fake, so it has no label; correct the list",
    "cut short": "the row was left out; complete the list",
    "part missing": "",
    "no media": "holds no media that is known here, so nothing in it was counted",
    "no label": "is neither real nor fake in the dataset's own words, so it has no label and is not learned from",
    "broken name": "a spreadsheet broke the name, so the file cannot be told; it stays without a label",
    "format": "a detector would learn the format; augment with JPEG, or convert one of them",
    "codecs": "a detector that never heard a codec is judged on them; augment with codecs (audio_codec)",
    "contradiction": "is labelled differently by its folder and by the list; correct one of them",
}


@dataclass
class Problems:
    """A collector: counts everything, keeps the first of each kind."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, path: object, detail: str = "", count: int = 1) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + count
        lines = self.lines.setdefault(kind, [])
        if len(lines) < SHOWN:
            advice = ADVICE.get(kind, "")
            lines.append(f"{printable(str(path))}: {'; '.join(t for t in (detail, advice) if t)}")

    def merge(self, other: Problems) -> None:
        """Take over what another collector holds."""
        for kind, lines in other.lines.items():
            self.counts[kind] = self.counts.get(kind, 0) + other.counts[kind]
            mine = self.lines.setdefault(kind, [])
            mine += lines[: max(0, SHOWN - len(mine))]

    def report_damaged(self, path: object, detail: str) -> None:
        """A list file that cannot be used."""
        self.add(f"damaged {path}", path, f"{detail}; download it again; the rest is still counted")

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def texts(self) -> list[str]:
        out: list[str] = []
        for kind, lines in self.lines.items():
            out += lines
            if (more := self.counts[kind] - len(lines)) > 0:
                out.append(f"and {more:,} more of this kind ({kind})")
        return out


def printable(path: str) -> str:
    """The path as text that can be shown and stored, also where it is not valid UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
