"""XLS-R with AASIST's back end (Tak et al. 2022, arXiv 2202.12233): fairseq's names, `module.` before them.

(batch, 64600) ─XLS-R─▶ (201, 1024) ─LL─▶ (201, 128) ─pool 3x3─▶ (42, 67) ─residual blocks─▶ attention over each axis ─▶ graphs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.published import fairseq
from models.published.aasist import BLOCKS
from models.published.base import Figure, Given, Match
from models.published.graphs import GraphReadout, residuals
from models.published.raw_sound import READING, RawSoundFamily

EVALUATION = (
    "ASVspoof 2021 {} evaluation, XLS-R 300M trained on ASVspoof 2019 LA with RawBoost (Tak et al. 2022)"
)


class XlsrAasist(GraphReadout):
    def __init__(
        self,
        speech: Mapping[str, Any],
        linear: int,
        widths: list[int],
        graphs: list[int],
        bands: int,
        inner: int,
    ) -> None:
        super().__init__()
        wide = widths[-1]
        self.ssl_model = fairseq.build(speech)
        self.LL = nn.Linear(int(speech["width"]), linear)
        self.first_bn, self.first_bn1 = nn.BatchNorm2d(1), nn.BatchNorm2d(wide)
        self.encoder = residuals(widths, shorten=1)
        self.attention = nn.Sequential(
            nn.Conv2d(wide, inner, 1), nn.SELU(), nn.BatchNorm2d(inner), nn.Conv2d(inner, wide, 1)
        )
        self.add_graphs(wide, graphs, [0.5] * 4, [2.0, 2.0, 100.0, 100.0], bands)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        tokens = self.LL(self.ssl_model(waveform).last_hidden_state)  # (batch, steps, linear)
        maps = functional.max_pool2d(tokens.transpose(1, 2).unsqueeze(1), 3)
        maps = self.encoder(functional.selu(self.first_bn(maps)))
        maps = functional.selu(self.first_bn1(maps))  # (batch, wide, bands, steps)
        share = self.attention(maps)
        by_band, by_step = (maps * share.softmax(-1)).sum(-1), (maps * share.softmax(-2)).sum(-2)
        return self.readout(by_band.transpose(1, 2), by_step.transpose(1, 2))


class XlsrAasistFamily(RawSoundFamily):
    name = "xlsr_aasist"
    about = "wav2vec 2.0 or XLS-R with AASIST's back end"
    source = "Tak et al. 2022, github.com/TakHemlata/SSL_Anti-spoofing"
    licence = "MIT"
    classifier = "out_layer"
    unused = fairseq.UNUSED

    def recognise(self, given: Given) -> Match | None:
        speech, linear, place = fairseq.sizes(given), given.shape("LL.weight"), given.shape("pos_S")
        blocks = [given.shape(f"encoder.{i}.0.conv1.weight") for i in range(BLOCKS)]
        node, mixed = given.shape("GAT_layer_S.att_weight"), given.shape("HtrgGAT_layer_ST11.att_weight11")
        inner = given.shape("attention.0.weight")
        if None in (speech, linear, place, node, mixed, inner, *blocks) or len(place or ()) != 3:
            return None
        options = {
            "speech": speech,
            "linear": _first(linear),
            "widths": [_first(shape) for shape in blocks],
            "graphs": [_first(node), _first(mixed)],
            "bands": (place or (0, 0))[1],
            "inner": _first(inner),
        }
        figures = (
            Figure("EER 0.82 %", EVALUATION.format("LA")),
            Figure("EER 2.85 %", EVALUATION.format("DF")),
        )
        notes = (
            "The figures are those of the two files that the authors published, one for LA and one for DF.",
        )
        return Match(options, "XLS-R + AASIST", READING, figures, notes)

    def build(self, **options: Any) -> nn.Module:
        return XlsrAasist(**options)

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        return fairseq.renamed(tensors)

    def defaults(self) -> dict[str, Any]:
        return {
            "speech": fairseq.XLSR_300M,
            "linear": 128,
            "widths": [32, 32, 64, 64, 64, 64],
            "graphs": [64, 32],
            "bands": 42,
            "inner": 128,
        }


def _first(shape: tuple[int, ...] | None) -> int:
    return int(shape[0]) if shape else 0


FAMILY = XlsrAasistFamily()
