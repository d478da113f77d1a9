"""Deepfake and Real Images (Kaggle manjilkarki, often unpacked as `archive`): Dataset/Train/Real and so on."""

from __future__ import annotations

from core.catalog.layouts.base import Evidence, Layout, Rule, starts_with_any


class DeepfakeAndRealImages(Layout):
    slug = "archive"
    dataset = "Deepfake and Real Images"
    kinds = ("image",)
    priority = 40
    rules = (
        Rule("Dataset/{split}/{label}"),
        Rule("{split}/{label}", edition="by name"),
    )
    source = "https://www.kaggle.com/datasets/manjilkarki/deepfake-and-real-images"
    licence = "not stated (derived from OpenForensics)"
    size = "2 GB"
    descends_from = "OpenForensics"
    notes = ("Near duplicates of one photo may cross its splits; look at the leak report.",)

    def accepts(self, evidence: Evidence) -> bool:
        known = starts_with_any(evidence, "deepfake_and_real_images", "deepfake_&_real_images")
        if evidence.edition:
            return known
        return known or starts_with_any(evidence, "archive") or len(evidence.captures.get("split", ())) > 1
