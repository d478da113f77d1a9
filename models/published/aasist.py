"""AASIST and AASIST-L (Jung et al. 2021, arXiv 2110.01200): raw sound through sinc filters and two graphs.

(batch, 64600) ─sinc─▶ |·| ─residual blocks─▶ map (64, 23 bands, 29 steps)
    ├ max over time ─▶ spectral graph ─pool─┐
    └ max over bands ─▶ temporal graph ─pool┴▶ two stacks of heterogeneous graphs ─max─▶ readout ─▶ 2
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.published.base import Figure, Given, Match
from models.published.graphs import GraphReadout, residuals
from models.published.raw_sound import RATE, READING, RawSoundFamily

KERNEL = 129
BLOCKS = 6
AT_ONCE = 2  # recordings
PROTOCOL = "ASVspoof 2019 LA evaluation, trained on its training part (Jung et al. 2022)"
WILD = "In-the-Wild, the same weights (Müller et al. 2022)"


def sinc_filters(count: int) -> torch.Tensor:
    """(count, 1, KERNEL): band-pass filters whose edges are even on the mel scale, under a Hamming window."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, count + 1) / 2595) - 1)
    places = np.arange(-(KERNEL // 2), KERNEL // 2 + 1)
    low_pass = 2 * edges[:, None] / RATE * np.sinc(2 * edges[:, None] * places / RATE)
    return torch.tensor(np.hamming(KERNEL) * np.diff(low_pass, axis=0), dtype=torch.float32)[:, None]


class Aasist(GraphReadout):
    """The names are those of the published files. Sinc filters are made, not stored."""

    def __init__(
        self,
        filters: int,
        widths: list[int],
        graphs: list[int],
        pools: list[float],
        temperatures: list[float],
        bands: int,
    ) -> None:
        super().__init__()
        self.register_buffer("sinc", sinc_filters(filters), persistent=False)
        self.first_bn = nn.BatchNorm2d(1)
        self.encoder = residuals(widths)
        self.add_graphs(widths[-1], graphs, pools, temperatures, bands)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """A few at a time: 70 filters over four seconds take 18 MB a recording, and much more on the way."""
        return torch.cat([self._of_few(rows) for rows in waveform.split(AT_ONCE)])

    def _of_few(self, waveform: torch.Tensor) -> torch.Tensor:
        filtered = functional.conv1d(waveform.unsqueeze(1), self.sinc).abs().unsqueeze(1)
        maps = self.encoder(functional.selu(self.first_bn(functional.max_pool2d(filtered, 3))))
        return self.readout(maps.abs().amax(3).transpose(1, 2), maps.abs().amax(2).transpose(1, 2))


class AasistFamily(RawSoundFamily):
    name = "aasist"
    compared = True
    about = "AASIST: raw sound, spectral and temporal graphs (about 300,000 parameters)"
    source = "Jung et al. 2022, github.com/clovaai/aasist; ASVspoof 5 baseline of the same names"
    licence = "MIT"
    classifier = "out_layer"

    def recognise(self, given: Given) -> Match | None:
        convolutions = [given.shape(f"encoder.{i}.0.conv1.weight") for i in range(BLOCKS)]
        node, mixed = given.shape("GAT_layer_S.att_weight"), given.shape("HtrgGAT_layer_ST11.att_weight11")
        place = given.shape("pos_S")
        if None in convolutions or node is None or mixed is None or place is None or len(place) != 3:
            return None
        if given.has("LL.weight"):
            return None  # the same back end behind wav2vec 2.0: models.published.xlsr
        light = node[0] < 64
        options = {
            "filters": 70,
            "widths": [int(shape[0]) for shape in convolutions if shape],
            "graphs": [int(node[0]), int(mixed[0])],
            "pools": [0.4, 0.5, 0.7, 0.5] if light else [0.5, 0.7, 0.5, 0.5],
            "temperatures": [2.0, 2.0, 100.0, 100.0],
            "bands": int(place[1]),
        }
        return Match(
            options,
            "AASIST-L" if light else "AASIST",
            READING,
            (Figure("EER 0.99 %", PROTOCOL),)
            if light
            else (Figure("EER 0.83 %", PROTOCOL), Figure("EER 43.0 %", WILD)),
            (
                "The figures are those of the weights the authors published; the ASVspoof 5 baseline has the same names.",
            ),
        )

    def build(self, **options: Any) -> nn.Module:
        return Aasist(**options)

    def defaults(self) -> dict[str, Any]:
        return {
            "filters": 70,
            "widths": [32, 32, 64, 64, 64, 64],
            "graphs": [64, 32],
            "pools": [0.5, 0.7, 0.5, 0.5],
            "temperatures": [2.0, 2.0, 100.0, 100.0],
            "bands": 23,
        }


FAMILY = AasistFamily()
