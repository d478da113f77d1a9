"""GenImage: ImageNet photographs (`nature`) against eight generators (`ai`), one archive a generator."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
from core.catalog.problems import Problems

ARCHIVES = {
    "imagenet_ai_0419_sdv4": "Stable Diffusion V1.4",
    "imagenet_ai_0424_sdv5": "Stable Diffusion V1.5",
    "imagenet_ai_0419_biggan": "BigGAN",
    "imagenet_ai_0419_vqdm": "VQDM",
    "imagenet_ai_0424_wukong": "wukong",
    "imagenet_ai_0508_adm": "ADM",
    "imagenet_glide": "GLIDE",
    "imagenet_midjourney": "Midjourney",
}
GENERATORS = (
    *("Midjourney", "stable_diffusion_v_1_4", "stable_diffusion_v_1_5", "sdv4", "sdv5", "sdv14", "sdv15"),
    *("ADM", "GLIDE", "wukong", "VQDM", "BigGAN"),
)
NAMES = {"stable_diffusion_v_1_4": "Stable Diffusion V1.4", "stable_diffusion_v_1_5": "Stable Diffusion V1.5"}
NAMES |= {"sdv4": NAMES["stable_diffusion_v_1_4"], "sdv14": NAMES["stable_diffusion_v_1_4"]}
NAMES |= {"sdv5": NAMES["stable_diffusion_v_1_5"], "sdv15": NAMES["stable_diffusion_v_1_5"]} | ARCHIVES
LOSSY = frozenset({"jpg", "jpeg"})
PURE = 0.99  # share of one format from which a class counts as all of it


@dataclass
class Formats:
    """Files by label and by the ending of their names."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, label: int, names: list[str]) -> None:
        for ending, n in Counter(name[name.rfind(".") + 1 :].lower() for name in names).items():
            self.counts[label, "jpeg" if ending in LOSSY else ending] += n

    def main(self, label: int) -> str | None:
        """The format of nearly all files of a class."""
        mine = {ending: n for (one, ending), n in self.counts.items() if one == label}
        best = max(mine, key=mine.__getitem__, default="")
        return best if mine and mine[best] >= PURE * sum(mine.values()) else None


class GenImage(Layout):
    slug = "genimage"
    dataset = "GenImage"
    kinds = ("image",)
    siblings = ("method", "split")
    rules = (
        *(
            Rule(f"{{method:{'|'.join(ARCHIVES)}}}/{{split}}/{folder}", label, strong=True)
            for folder, label in (("ai", FAKE), ("nature", REAL))
        ),
        *(
            Rule(f"{{method:{'|'.join(GENERATORS)}}}/{{split}}/{folder}", label, edition="by generator")
            for folder, label in (("ai", FAKE), ("nature", REAL))
        ),
    )
    published = Published(1_331_167, 1_350_000)
    source = "https://github.com/GenImage-Dataset/GenImage"
    licence = "CC BY-NC-SA 4.0"
    size = "500 GB"
    descends_from = "ImageNet"
    notes = ("Each generator has its own photographs; leave one generator out to see how it generalises.",)

    def accepts(self, evidence: Evidence) -> bool:
        both = {self.rules[i].label for i in evidence.rules} == {REAL, FAKE}
        return super().accepts(evidence) or both or starts_with_any(evidence, "genimage", "gen_image")

    def read(self, site: Site, problems: Problems) -> Formats:
        return Formats()

    def label(self, part: Part, lists: Formats) -> Labels:
        labels = self.stated_labels(part)
        lists.add(labels.label, part.names)
        if labels.label == FAKE:
            labels.method = NAMES.get(labels.method, labels.method)
        else:  # the same photograph may stand beside two generators
            labels.groups = [(f"photograph:{stem}",) for stem in part.stems]
        return labels

    def finish(self, lists: Formats, problems: Problems) -> None:
        real, fake = lists.main(REAL), lists.main(FAKE)
        if real and fake and real != fake:
            text = f"all photographs are {real.upper()} and all generated pictures {fake.upper()}"
            problems.add("format", "GenImage", text)
