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

from models.cards import ModelCard
from models.published.base import Family, Figure, Given, Match, Reading

RATE, SAMPLES, KERNEL = 16_000, 64_600, 129
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


class Residual(nn.Module):
    """Two convolutions over bands and time. The published network never uses what `bn1` gives: nor does this."""

    def __init__(self, inputs: int, outputs: int, *, first: bool) -> None:
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1))
        self.conv_downsample = (
            nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1)) if inputs != outputs else nn.Identity()
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        inner = self.conv2(functional.selu(self.bn2(self.conv1(maps))))
        return functional.max_pool2d(inner + self.conv_downsample(maps), (1, 3))


def normed(norm: nn.BatchNorm1d, nodes: torch.Tensor) -> torch.Tensor:
    return norm(nodes.flatten(0, 1)).unflatten(0, nodes.shape[:2])


class Graph(nn.Module):
    """Every node takes in all others, weighted by a small network over the product of both."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.att_proj = nn.Linear(inputs, outputs)
        self.att_weight = nn.Parameter(torch.zeros(outputs, 1))
        self.proj_with_att = nn.Linear(inputs, outputs)
        self.proj_without_att = nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)
        self.temperature = temperature

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:  # (batch, nodes, inputs)
        pairs = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        share = (pairs @ self.att_weight / self.temperature).softmax(-2).squeeze(-1)
        taken = self.proj_with_att(share @ nodes) + self.proj_without_att(nodes)
        return functional.selu(normed(self.bn, taken))


class MixedGraph(nn.Module):
    """Two kinds of nodes in one graph, with weights for each kind of pair, and a master node that sees all."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.proj_type1, self.proj_type2 = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        self.att_proj, self.att_projM = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        for kind in ("11", "22", "12", "M"):
            self.register_parameter(f"att_weight{kind}", nn.Parameter(torch.zeros(outputs, 1)))
        self.proj_with_att, self.proj_without_att = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.proj_with_attM, self.proj_without_attM = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)
        self.temperature = temperature

    def forward(
        self, first: torch.Tensor, second: torch.Tensor, master: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        count = first.shape[1]
        nodes = torch.cat([self.proj_type1(first), self.proj_type2(second)], dim=1)
        pairs = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        top = torch.cat(
            [pairs[:, :count, :count] @ self.att_weight11, pairs[:, :count, count:] @ self.att_weight12], 2
        )
        low = torch.cat(
            [pairs[:, count:, :count] @ self.att_weight12, pairs[:, count:, count:] @ self.att_weight22], 2
        )
        share = (torch.cat([top, low], 1) / self.temperature).softmax(-2).squeeze(-1)
        seen = torch.tanh(self.att_projM(nodes * master)) @ self.att_weightM / self.temperature
        master = self.proj_with_attM(seen.softmax(-2).transpose(1, 2) @ nodes) + self.proj_without_attM(
            master
        )
        taken = self.proj_with_att(share @ nodes) + self.proj_without_att(nodes)
        taken = functional.selu(normed(self.bn, taken))
        return taken[:, :count], taken[:, count:], master


class Pool(nn.Module):
    """Keeps the share of nodes that a learned score ranks highest, each weighted by its score."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 1)
        self.share = share

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        scores = torch.sigmoid(self.proj(nodes))  # (batch, nodes, 1)
        kept = scores.topk(max(int(nodes.shape[1] * self.share), 1), dim=1).indices
        return (nodes * scores).gather(1, kept.expand(-1, -1, nodes.shape[2]))


class Aasist(nn.Module):
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
        steps = zip([1, *widths], widths, strict=False)
        self.encoder = nn.Sequential(
            *(nn.Sequential(Residual(a, b, first=i == 0)) for i, (a, b) in enumerate(steps))
        )
        wide, (node, mixed) = widths[-1], graphs
        self.pos_S = nn.Parameter(torch.zeros(1, bands, wide))
        self.master1, self.master2 = (nn.Parameter(torch.zeros(1, 1, node)) for _ in range(2))
        self.GAT_layer_S = Graph(wide, node, temperatures[0])
        self.GAT_layer_T = Graph(wide, node, temperatures[1])
        self.pool_S, self.pool_T = Pool(node, pools[0]), Pool(node, pools[1])
        for stack in "12":
            setattr(self, f"HtrgGAT_layer_ST{stack}1", MixedGraph(node, mixed, temperatures[2]))
            setattr(self, f"HtrgGAT_layer_ST{stack}2", MixedGraph(mixed, mixed, temperatures[2]))
            setattr(self, f"pool_hS{stack}", Pool(mixed, pools[2]))
            setattr(self, f"pool_hT{stack}", Pool(mixed, pools[2]))
        self.out_layer = nn.Linear(5 * mixed, 2)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """A few at a time: 70 filters over four seconds take 18 MB a recording, and much more on the way."""
        return torch.cat([self._of_few(rows) for rows in waveform.split(AT_ONCE)])

    def _of_few(self, waveform: torch.Tensor) -> torch.Tensor:
        filtered = functional.conv1d(waveform.unsqueeze(1), self.sinc).abs().unsqueeze(1)
        maps = self.encoder(functional.selu(self.first_bn(functional.max_pool2d(filtered, 3))))
        spectral = self.GAT_layer_S(maps.abs().amax(3).transpose(1, 2) + self.pos_S)
        temporal = self.GAT_layer_T(maps.abs().amax(2).transpose(1, 2))
        pooled = self.pool_T(temporal), self.pool_S(spectral)
        times, bands, master = (
            torch.maximum(a, b)
            for a, b in zip(self._stack("1", *pooled), self._stack("2", *pooled), strict=True)
        )
        parts = [times.abs().amax(1), times.mean(1), bands.abs().amax(1), bands.mean(1), master.squeeze(1)]
        return self.out_layer(torch.cat(parts, dim=1))

    def _stack(self, number: str, times: torch.Tensor, bands: torch.Tensor) -> tuple[torch.Tensor, ...]:
        master = getattr(self, f"master{number}").expand(len(times), -1, -1)
        times, bands, master = getattr(self, f"HtrgGAT_layer_ST{number}1")(times, bands, master)
        times, bands = getattr(self, f"pool_hT{number}")(times), getattr(self, f"pool_hS{number}")(bands)
        more = getattr(self, f"HtrgGAT_layer_ST{number}2")(times, bands, master)
        return tuple(a + b for a, b in zip((times, bands, master), more, strict=True))


class AasistFamily(Family):
    name = "aasist"
    about = "AASIST: raw sound, spectral and temporal graphs (about 300,000 parameters)"
    source = "Jung et al. 2022, github.com/clovaai/aasist; ASVspoof 5 baseline of the same names"
    licence = "MIT"
    modality = "audio"
    classifier = "out_layer"

    def recognise(self, given: Given) -> Match | None:
        convolutions = [given.shape(f"encoder.{i}.0.conv1.weight") for i in range(BLOCKS)]
        node, mixed = given.shape("GAT_layer_S.att_weight"), given.shape("HtrgGAT_layer_ST11.att_weight11")
        place = given.shape("pos_S")
        if None in convolutions or node is None or mixed is None or place is None or len(place) != 3:
            return None
        light = node[0] < 64
        options = {
            "filters": 70,
            "widths": [int(shape[0]) for shape in convolutions if shape],
            "graphs": [int(node[0]), int(mixed[0])],
            "pools": [0.4, 0.5, 0.7, 0.5] if light else [0.5, 0.7, 0.5, 0.5],
            "temperatures": [2.0, 2.0, 100.0, 100.0],
            "bands": int(place[1]),
        }
        words = "the authors' code scores by output 1, bona fide; output 0 is spoof"
        return Match(
            options,
            "AASIST-L" if light else "AASIST",
            Reading(2, (0,), words, "spoof"),
            (Figure("EER 0.99 %", PROTOCOL),)
            if light
            else (Figure("EER 0.83 %", PROTOCOL), Figure("EER 43.0 %", WILD)),
            (
                "The figures are those of the weights the authors published; the ASVspoof 5 baseline has the same names.",
            ),
        )

    def build(self, **options: Any) -> nn.Module:
        return Aasist(**options)

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name, modality="audio", about=self.about, source=self.source,
            sample_rate=RATE, seconds=SAMPLES / RATE,
        )  # fmt: skip

    def recipe(self, **options: Any) -> dict[str, Any]:
        return {"windows": "first", "level": "as_is", "trim_silence": False}

    def defaults(self) -> dict[str, Any]:
        return {
            "filters": 70, "widths": [32, 32, 64, 64, 64, 64], "graphs": [64, 32],
            "pools": [0.5, 0.7, 0.5, 0.5], "temperatures": [2.0, 2.0, 100.0, 100.0], "bands": 23,
        }  # fmt: skip


FAMILY = AasistFamily()
