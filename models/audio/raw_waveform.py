"""A small spectro-temporal network on the raw waveform (AASIST class): band filters, residual blocks, two
graphs."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from models.audio.spectrogram import band_edges
from models.cards import ModelCard
from models.network import Average, Network
from models.registry import register

BANDS = 70
WIDTHS = (32, 32, 64, 64, 64, 64)
NODE = 112


@register(
    ModelCard(
        name="raw_waveform",
        modality="audio",
        about="band filters on raw sound, residual blocks, graph attention over bands and time; from scratch",
        source="after AASIST (Jung et al. 2021) and RawNet2 (Tak et al. 2021)",
        cam_layer="encoder.blocks.5",
        learning_rate=1e-3,
    )
)
class RawWaveform(Network):
    backbones = ()

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3) -> None:
        super().__init__()
        self.encoder = RawEncoder()
        self.aggregation = Average()  # of one unit, the window
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.encoder.width, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, samples) -> (batch, 1, width)


class RawEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filters = BandFilters(BANDS)
        self.blocks = nn.Sequential(*(ResidualBlock(a, b) for a, b in itertools.pairwise((1, *WIDTHS))))
        self.band_place = nn.Parameter(torch.randn(1, BANDS // 3, WIDTHS[-1]) * 0.02)
        self.over_bands = GraphAttention(WIDTHS[-1], NODE)
        self.over_time = GraphAttention(WIDTHS[-1], NODE)
        self.kind = nn.Parameter(torch.randn(2, NODE) * 0.02)
        self.together = GraphAttention(NODE, NODE)
        self.width = 4 * NODE

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:  # (batch, samples) -> (batch, width)
        maps = self.blocks(self.filters(waveform))  # (batch, channels, bands, time)
        bands = self.over_bands(maps.abs().amax(3).transpose(1, 2) + self.band_place)
        time = self.over_time(maps.abs().amax(2).transpose(1, 2))
        nodes = self.together(torch.cat([bands + self.kind[0], time + self.kind[1]], 1))
        bands, time = nodes[:, : bands.shape[1]], nodes[:, bands.shape[1] :]
        return torch.cat([bands.amax(1), bands.mean(1), time.amax(1), time.mean(1)], 1)


class BandFilters(nn.Module):
    """Fixed band-pass filters, even on the mel scale, and the log envelope of what each lets through."""

    def __init__(self, bands: int, length: int = 129, stride: int = 4, sample_rate: int = 16_000) -> None:
        super().__init__()
        edges = band_edges(bands - 1, "mel", 0.0, sample_rate / 2) / sample_rate
        time = torch.arange(length) - (length - 1) / 2
        low_pass = 2 * edges[:, None] * torch.sinc(2 * edges[:, None] * time)
        kernels = (low_pass[1:] - low_pass[:-1]) * torch.hamming_window(length, periodic=False)
        self.register_buffer("kernels", kernels.unsqueeze(1), persistent=False)  # (bands, 1, length)
        self.stride = stride
        self.norm = nn.BatchNorm2d(1)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        with torch.autocast(waveform.device.type, enabled=False):
            sound = waveform.float()
            sound = sound / sound.square().mean(1, keepdim=True).add(1e-10).sqrt()
            bands = functional.conv1d(sound.unsqueeze(1), self.kernels.float(), stride=self.stride)
            envelope = functional.max_pool2d(bands.abs().unsqueeze(1), 3)  # (batch, 1, bands/3, time)
            return self.norm((envelope + 1e-3).log())


class ResidualBlock(nn.Module):
    """Two convolutions around a shortcut; time shrinks to a third."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1), bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1), bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        inner = functional.selu(self.first_norm(self.first(maps)))
        joined = functional.selu(self.second_norm(self.second(inner)) + self.shortcut(maps))
        # ceil_mode keeps at least one step of time, so that a short recording passes too
        return functional.max_pool2d(joined, (1, 3), ceil_mode=True)


class GraphAttention(nn.Module):
    """Each node takes in the others, weighted by a small network over the product of both."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pair = nn.Linear(inputs, outputs)
        self.weight = nn.Linear(outputs, 1, bias=False)
        self.taken = nn.Linear(inputs, outputs)
        self.own = nn.Linear(inputs, outputs)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:  # (batch, nodes, inputs)
        pairs = torch.tanh(self.pair(nodes.unsqueeze(1) * nodes.unsqueeze(2)))
        share = self.weight(pairs).squeeze(-1).softmax(-1)  # (batch, nodes, nodes)
        return functional.selu(self.norm(self.taken(share @ nodes) + self.own(nodes)))
