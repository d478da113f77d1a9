"""CNNDetection (Wang et al. 2020, arXiv 1912.11035): a ResNet-50 with one output on unresized pictures."""

from __future__ import annotations

from typing import Any

from torch import nn

from models.cards import ModelCard
from models.published.base import Family, Figure, Given, Match, Reading
from models.timm_library import compiler_later

FORENSYNTHS = "mean over 13 test sets of uncropped pictures, trained on ProGAN alone (the authors' README)"


class CnnDetectionFamily(Family):
    name = "cnndetection"
    about = "CNNDetection: ResNet-50 with one output, trained on ProGAN"
    source = "Wang et al. 2020, github.com/PeterWang512/CNNDetection"
    licence = "CC BY-NC-SA 4.0"
    modality = "image"
    compared = True
    classifier = "fc"

    def recognise(self, given: Given) -> Match | None:
        stem, block = given.shape("conv1.weight"), given.shape("layer1.0.conv3.weight")
        head = given.shape("fc.weight")
        if stem != (64, 3, 7, 7) or block is None or not given.has("layer3.5.conv3.weight"):
            return None
        if head is not None and head != (1, 2048):
            return None  # a ResNet-50 for something else
        words = "the authors' code takes the sigmoid of the one output for P(synthetic)"
        figures = (Figure("AP 93.0 % (blur_jpg_prob0.5), 94.0 % (blur_jpg_prob0.1)", FORENSYNTHS),)
        return Match({}, "CNNDetection", Reading(1, (0,), words, "a high output"), figures)

    def build(self, **options: Any) -> nn.Module:
        with compiler_later():
            from torchvision.models import resnet50

        return resnet50(weights=None, num_classes=1)

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name,
            modality="image",
            about=self.about,
            source=self.source,
            resize="whole",
            cam_layer="encoder.layer4",
        )


FAMILY = CnnDetectionFamily()
