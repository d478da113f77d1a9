"""The spectrogram inside a network: raw waveform in, log energies out, the same in training, detection and
export."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.cards import BadOption

SCALES = ("mel", "linear")


class LogSpectrogram(nn.Module):
    """(batch, samples) -> (batch, 1, bands, frames), independent of the recording's level."""

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
        self.register_buffer("shape", torch.hann_window(window), persistent=False)
        edges = band_edges(bands, scale, low, sample_rate / 2)
        bank = triangles(edges, torch.linspace(0, sample_rate / 2, window // 2 + 1))
        self.register_buffer("bank", bank, persistent=False)  # (bands, bins)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        # Energies span more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            sound = waveform.float()
            sound = sound - sound.mean(1, keepdim=True)
            sound = sound / sound.square().mean(1, keepdim=True).add(1e-10).sqrt()
            power = power_spectrum(sound, self.shape, self.hop, centred=True) / self.window
            energy = torch.matmul(self.bank.float(), power)
            levels = (energy + self.floor).log().unsqueeze(1)
            centre = levels.mean((2, 3), keepdim=True)
            spread = levels.var((2, 3), correction=0, keepdim=True).add(1e-5).sqrt()
            return (levels - centre) / spread


def power_spectrum(sound: torch.Tensor, shape: torch.Tensor, hop: int, *, centred: bool) -> torch.Tensor:
    """(batch, samples) -> (batch, bins, frames) of windows of this shape; `centred`: also of half windows at both ends,
    with silence beyond.

    As torchaudio.functional.spectrogram, which torch.compile cannot trace (it asks torch.jit.isinstance).
    """
    waves = torch.stft(
        sound, len(shape), hop, window=shape.float(), center=centred, pad_mode="constant", return_complex=True
    )
    return torch.view_as_real(waves).square().sum(-1)


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
