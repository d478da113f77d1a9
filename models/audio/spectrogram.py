"""The spectrogram inside a network: raw waveform in, log energies out, the same in training, detection and
export."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.cards import BadOption

SCALES = ("mel", "linear")


class LogSpectrogram(nn.Module):
    """(batch, samples) -> (batch, 1, bands, frames), independent of the recording's level.

    The transform is a convolution with windowed cosines and sines: torch.stft has no ONNX export.
    """

    def __init__(
        self,
        *,
        bands: int = 128,
        scale: str = "mel",
        window: int = 512,
        hop: int = 160,
        sample_rate: int = 16_000,
        low: float = 20.0,
        floor: float = 1e-6,
    ) -> None:
        super().__init__()
        if scale not in SCALES:
            raise BadOption(f"scale {scale!r} must be one of {', '.join(SCALES)}")
        self.window, self.hop, self.floor = window, hop, floor
        self.register_buffer("kernels", fourier_kernels(window), persistent=False)  # (2·bins, 1, window)
        edges = band_edges(bands, scale, low, sample_rate / 2)
        bank = triangles(edges, torch.linspace(0, sample_rate / 2, window // 2 + 1))
        self.register_buffer("bank", bank, persistent=False)  # (bands, bins)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        # Energies span more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            sound = waveform.float()
            sound = sound - sound.mean(1, keepdim=True)
            sound = sound / sound.square().mean(1, keepdim=True).add(1e-10).sqrt()
            sound = functional.pad(sound.unsqueeze(1), (self.window // 2, self.window // 2))
            parts = functional.conv1d(sound, self.kernels.float(), stride=self.hop)
            real, imaginary = parts.chunk(2, dim=1)  # (batch, bins, frames)
            energy = torch.matmul(self.bank.float(), real.square() + imaginary.square())
            levels = (energy + self.floor).log().unsqueeze(1)
            centre = levels.mean((2, 3), keepdim=True)
            spread = levels.var((2, 3), correction=0, keepdim=True).add(1e-5).sqrt()
            return (levels - centre) / spread


def fourier_kernels(window: int) -> torch.Tensor:
    time = torch.arange(window, dtype=torch.float64)
    bins = torch.arange(window // 2 + 1, dtype=torch.float64)[:, None]
    phase = 2 * torch.pi * bins * time / window
    shape = torch.hann_window(window, dtype=torch.float64) / window**0.5
    return torch.cat([phase.cos() * shape, -phase.sin() * shape]).float().unsqueeze(1)


def band_edges(bands: int, scale: str, low: float, high: float) -> torch.Tensor:
    """Edges in hertz of `bands` overlapping triangles, even on the scale."""
    if scale == "linear":
        return torch.linspace(low, high, bands + 2)
    ends = 2595 * torch.log10(1 + torch.tensor([low, high]) / 700)  # mel, HTK's formula
    steps = torch.linspace(0, 1, bands + 2)
    return 700 * (10 ** ((ends[0] + steps * (ends[1] - ends[0])) / 2595) - 1)


def triangles(edges: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """(bands, bins): each band a triangle over its neighbours' centres; one narrower than a bin takes the
    nearest."""
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - left) / (centre - left)
    falling = (right - frequencies) / (right - centre)
    bank = torch.minimum(rising, falling).clamp(min=0)
    nearest = functional.one_hot((frequencies - centre).abs().argmin(1), len(frequencies)).to(bank.dtype)
    return torch.where(bank.sum(1, keepdim=True) > 0, bank, nearest)
