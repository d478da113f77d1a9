"""ForenSynths (CNNDetection) and what is laid out like it: `<generator>/[<class>/]{0_real,1_fake}`."""

from __future__ import annotations

from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Published, Rule, split_of

GENERATORS = (
    *("progan", "stylegan", "stylegan2", "biggan", "cyclegan", "stargan", "gaugan", "deepfake", "seeingdark"),
    *("san", "crn", "imle", "whichfaceisreal", "guided", "dalle", "dalle2", "stable_diffusion_v_1_4"),
    *("stable_diffusion_v_1_5", "midjourney", "adm", "glide", "vqdm", "wukong", "sd_xl"),
    *("ldm_100", "ldm_200", "ldm_200_cfg", "glide_100_10", "glide_100_27", "glide_50_27"),
)
CLASSES = (("0_real", REAL), ("1_fake", FAKE))
LSUN = (  # what ProGAN was trained on, one network each: the folders of its training part
    *("airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable"),
    *("dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


class ForenSynths(Layout):
    slug = "forensynths"
    dataset = "ForenSynths"
    nicknames = ("CNNDetection", "CNN_synth_testset", "UniversalFakeDetect", "AIGCDetectBenchmark")
    kinds = ("image",)
    rules = tuple(
        rule
        for folder, label in CLASSES
        for rule in (
            Rule(f"{{method}}/{folder}", label),  # a generator that is not known, beside those that are
            Rule(f"{{method:{'|'.join(GENERATORS)}}}/{folder}", label, strong=True),
            Rule(f"{{method:{'|'.join(GENERATORS)}}}/*/{folder}", label, strong=True),
            Rule(f"progan_train/*/{folder}", label, split="train", method="progan", strong=True),
            Rule(f"progan_val/*/{folder}", label, split="val", method="progan", strong=True),
            Rule(f"{{split}}/{{class:{'|'.join(LSUN)}}}/{folder}", label, method="progan", strong=True),
            Rule(f"{{split}}/{{method:{'|'.join(GENERATORS)}}}/{folder}", label, strong=True),
            Rule(f"{{split}}/{{method:{'|'.join(GENERATORS)}}}/*/{folder}", label, strong=True),
            Rule(f"CNN_synth_testset/{{method}}/{folder}", label, split="test", strong=True),
            Rule(f"CNN_synth_testset/{{method:{'|'.join(GENERATORS)}}}/*/{folder}", label, split="test"),
        )
    )
    published = Published(364_000, 364_000)  # ProGAN, training and validation; the test sets come on top
    source = "https://github.com/PeterWang512/CNNDetection"
    licence = "CC BY-NC-SA 4.0"
    size = "72 GB training, 19 GB test"
    descends_from = "LSUN"
    notes = ("Trained on ProGAN alone by its authors; the other generators are the test.",)

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        if labels.split is None:
            way = (name for name in part.folder.split("/"))
            labels.split = next((split for name in way if (split := split_of(name))), None)
        return labels
