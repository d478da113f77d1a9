"""Deepfake image detection dataset: parts of a Google Drive folder, train-<date>-001/train/{fake,real}."""

from __future__ import annotations

from core.catalog.layouts.base import FAKE, Evidence, Layout, Rule, starts_with_any


class DeepfakeImageDetection(Layout):
    slug = "deepfake-image-detection"
    dataset = "Deepfake image detection dataset"
    kinds = ("image",)
    priority = 58
    rules = (
        Rule("train-*/train/{label}", split="train", strong=True),
        Rule("test-*/test/{label}", split="test", strong=True),
        Rule("val-*|valid-*|validation-*/val|valid|validation/{label}", split="val", strong=True),
        Rule("Sample_fake_images", FAKE),
        Rule("Sample_real_images", 0),
        Rule("{split}/{label}", edition="by name"),
    )
    source = "https://www.kaggle.com/datasets/saurabhbagchi/deepfake-image-detection"

    def accepts(self, evidence: Evidence) -> bool:
        return super().accepts(evidence) or starts_with_any(evidence, "deepfake_image_detection")
