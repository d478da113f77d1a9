"""XLS-R with SLS, the selection of sensitive layers (Zhang et al. 2024): all layers weighted, one linear classifier.

(batch, 64600) ─XLS-R─▶ layers (24, 201, 1024) ─sigmoid of their means─▶ sum (201, 1024) ─pool 3x3─▶ 22847 ─▶ 1024 ─▶ 2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.published import fairseq
from models.published.base import Figure, Given, Match
from models.published.raw_sound import READING, RawSoundFamily

PROTOCOL = "{}, XLS-R 300M trained on ASVspoof 2019 LA (the authors' README)"


class SeluLinear(nn.Linear):
    """The published classifier has an activation behind its last layer."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return functional.selu(super().forward(inputs))


class XlsrSls(nn.Module):
    def __init__(self, speech: Mapping[str, Any], flat: int, hidden: int) -> None:
        super().__init__()
        self.ssl_model = fairseq.build(speech)
        self.first_bn = nn.BatchNorm2d(1)
        self.fc0 = nn.Linear(int(speech["width"]), 1)
        self.fc1, self.fc3 = nn.Linear(flat, hidden), SeluLinear(hidden, 2)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        # (batch, layers, steps, width)
        layers = torch.stack(fairseq.layers_of(self.ssl_model, waveform), dim=1)
        share = torch.sigmoid(self.fc0(layers.mean(2))).unsqueeze(-1)
        summed = (layers * share).sum(1, keepdim=True)
        pooled = functional.max_pool2d(functional.selu(self.first_bn(summed)), 3)
        return self.fc3(functional.selu(self.fc1(pooled.flatten(1))))


class XlsrSlsFamily(RawSoundFamily):
    name = "xlsr_sls"
    about = "wav2vec 2.0 or XLS-R, all layers weighted (SLS)"
    source = "Zhang et al. 2024, github.com/QiShanZhang/SLSforASVspoof-2021-DF"
    licence = "not stated by its authors"
    classifier = "fc3"
    unused = fairseq.UNUSED

    def recognise(self, given: Given) -> Match | None:
        speech, weigh, flat = fairseq.sizes(given), given.shape("fc0.weight"), given.shape("fc1.weight")
        if speech is None or weigh is None or flat is None or len(flat) != 2:
            return None
        figures = (
            Figure("EER 2.87 %", PROTOCOL.format("ASVspoof 2021 LA")),
            Figure("EER 1.92 %", PROTOCOL.format("ASVspoof 2021 DF")),
            Figure("EER 7.46 %", PROTOCOL.format("In-the-Wild")),
        )
        options = {"speech": speech, "flat": flat[1], "hidden": flat[0]}
        return Match(options, "XLS-R + SLS", READING, figures)

    def build(self, **options: Any) -> nn.Module:
        return XlsrSls(**options)

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        return fairseq.renamed(tensors)

    def defaults(self) -> dict[str, Any]:
        return {"speech": fairseq.XLSR_300M, "flat": 22_847, "hidden": 1024}


FAMILY = XlsrSlsFamily()
