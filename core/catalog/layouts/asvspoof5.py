"""ASVspoof 5: flac files in three partitions, labelled through space-separated protocols without a header."""

from __future__ import annotations

from core.catalog.label_lists import label_word
from core.catalog.layouts.base import FAKE, Labels, Layout, Part, Published, Rule, Site
from core.catalog.layouts.protocols import Protocol, Protocols, Utterance
from core.catalog.list_files import text_of
from core.catalog.problems import Problems

PROTOCOLS = {
    "ASVspoof5.train.tsv": "train",
    "ASVspoof5.dev.track_1.tsv": "val",
    "ASVspoof5.eval.track_1.tsv": "test",
}
# speaker file gender codec codec_q codec_seed attack_tag attack_label key tmp
SPEAKER, FILE, CODEC, ATTACK, KEY = 0, 1, 3, 7, 8
PARTS = (("flac_T", "train", "train"), ("flac_D", "dev", "val"), ("flac_E_eval|flac_E", "eval", "test"))


class ASVspoof5(Layout):
    slug = "asvspoof5"
    dataset = "ASVspoof 5"
    kinds = ("audio",)
    siblings = ("split",)
    rules = tuple(
        rule
        for folder, outer, split in PARTS
        for rule in (
            Rule(folder, split=split, strong=True),
            Rule(f"ASVspoof5_{outer}/{folder}", split=split, strong=True),
        )
    )
    published = Published(18_797 + 31_334 + 138_688, 163_560 + 109_616 + 542_086)
    lists = tuple(PROTOCOLS)
    source = "https://zenodo.org/records/14498691"
    licence = "ODC-By"
    size = "142 GB"
    descends_from = "MLS"
    notes = ("Speakers and attacks are disjoint between its three partitions; never divide it anew.",)

    def read(self, site: Site, problems: Problems) -> Protocols:
        found = Protocols(problems)
        for name, split in PROTOCOLS.items():
            for path in site.find(name):
                one = Protocol(path.name, split)
                for line in (text_of(path, problems) or "").splitlines():
                    cells = line.split()
                    if len(cells) > KEY:
                        one.rows[cells[FILE]] = _utterance(cells, problems)
                    elif cells:
                        problems.add("bad label", cells[0], f"a line of {path.name} is cut short")
                found.lists.append(one)
        if not found.lists:
            problems.report_damaged(site.anchor / "ASVspoof5_protocols", "is missing, so nothing has a label")
        return found

    def label(self, part: Part, lists: Protocols) -> Labels:
        return lists.labels(part, part.rule.split)

    def finish(self, lists: Protocols, problems: Problems) -> None:
        lists.finish(".flac")
        coded = {one.split: sum(bool(one.rows[s].codec) for s in one.taken) for one in lists.lists}
        if coded.get("test") and not coded.get("train") and not coded.get("val"):
            text = (
                f"{coded['test']:,} utterances of the test part went through a codec and none of the others"
            )
            problems.add("codecs", "ASVspoof5.eval.track_1.tsv", text)


def _utterance(cells: list[str], problems: Problems) -> Utterance:
    label = label_word(cells[KEY])
    if label is None:
        problems.add("bad label", cells[FILE], f"{cells[KEY]!r} in the protocol")
    codec = cells[CODEC] if cells[CODEC] != "-" else None
    return Utterance(label, cells[ATTACK] if label == FAKE else None, cells[SPEAKER], codec)
