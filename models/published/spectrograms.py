"""Spectrograms as the feature extractors of transformers make them, in torch, so that gradients reach the sound."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Kaldi:
    """Kaldi's filter banks: Audio Spectrogram Transformer."""

    rate: int
    bands: int
    steps: int  # cut or filled up with silence
    centre: float
    spread: float

    def of(self, sound: torch.Tensor) -> torch.Tensor:
        """(batch, samples) -> (batch, steps, bands)"""
        from torchaudio.compliance.kaldi import fbank

        rows = []
        for one in sound:
            bank = fbank(
                one[None], sample_frequency=self.rate, window_type="hanning", num_mel_bins=self.bands
            )
            bank = bank[: self.steps]
            rows.append(functional.pad(bank, (0, 0, 0, self.steps - len(bank))))
        return (torch.stack(rows) - self.centre) / (2 * self.spread)


@dataclass(frozen=True)
class Whisper:
    """The logarithm of mel bands over half a minute, at most 8 below the loudest, brought near -1 to 1."""

    rate: int
    bands: int
    steps: int
    window: int  # samples
    hop: int  # samples

    def of(self, sound: torch.Tensor) -> torch.Tensor:
        """(batch, samples) -> (batch, bands, steps)"""
        samples = self.steps * self.hop
        sound = functional.pad(sound[:, :samples], (0, max(0, samples - sound.shape[1])))
        shape = torch.hann_window(self.window, device=sound.device, dtype=sound.dtype)
        waves = torch.stft(sound, self.window, self.hop, window=shape, return_complex=True)
        power = waves[..., :-1].abs() ** 2
        mel = _mel_filters(self.window, self.bands, self.rate).to(sound).T @ power
        loud = mel.clamp(min=1e-10).log10()
        loud = torch.maximum(loud, loud.amax(dim=(1, 2), keepdim=True) - 8)
        return (loud + 4) / 4


@cache
def _mel_filters(window: int, bands: int, rate: int) -> torch.Tensor:
    """(frequencies, bands)"""
    from transformers.audio_utils import mel_filter_bank

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bands so narrow that no frequency lies in them
        filters = mel_filter_bank(
            num_frequency_bins=1 + window // 2,
            num_mel_filters=bands,
            min_frequency=0.0,
            max_frequency=8000.0,
            sampling_rate=rate,
            norm="slaney",
            mel_scale="slaney",
        )
    return torch.from_numpy(filters).float()
