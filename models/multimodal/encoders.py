"""Picture and sound as tokens of one width; text and metadata stand in files of their own."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from models import presence
from models.audio.forensic_sound import SpectralCovariance
from models.audio.spectrogram import LogSpectrogram
from models.audio.wav2vec2 import SpeechEncoder
from models.cards import BadOption
from models.covariance import Standardised
from models.feature_memory import Remembering
from models.image.forensic_residual import CovarianceEncoder
from models.network import over_frames
from models.timm_backbone import TimmEncoder, build

SPEECH_BUNDLES = {
    "wav2vec2_base": "WAV2VEC2_BASE",
    "wav2vec2_large": "WAV2VEC2_LARGE",
    "wav2vec2_xlsr_300m": "WAV2VEC2_XLSR_300M",
}
LOGMEL = "logmel:"
FORENSIC_PICTURE = "forensic_residual"  # the analytic encoders: nothing in them learns
FORENSIC_SOUND = "forensic_sound"
SPEECH_TOKENS = 32  # what a window of wav2vec 2.0 steps (one each 20 ms) is averaged down to

Tokens = tuple[torch.Tensor, torch.Tensor]  # (batch, count, width) and which are present, (batch, count)


class VisualTokens(nn.Module):
    """One token a frame: a timm backbone, a projection, the place in time."""

    def __init__(self, backbone: str, width: int, *, pretrained: bool) -> None:
        super().__init__()
        self.backbone = TimmEncoder(backbone, pretrained=pretrained)
        self.project = nn.Sequential(nn.Linear(self.backbone.width, width), nn.LayerNorm(width))

    def forward(self, frames: torch.Tensor, present: torch.Tensor) -> Tokens:  # (batch, frames, 3, H, W)
        features = over_frames(self.backbone, frames, present, self.backbone.width)
        return self.project(features) + places(
            features.shape[1], self.project[0].out_features, features
        ), present


class ForensicTokens(Remembering):
    """One token a frame, or one for the sound, from the log-covariances of a compact forensic network."""

    def __init__(
        self, encoder: CovarianceEncoder | SpectralCovariance, width: int, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.backbone = encoder
        self.project = nn.Sequential(
            Standardised(encoder.width),
            nn.Dropout(dropout),
            nn.Linear(encoder.width, width),
            nn.LayerNorm(width),
        )

    def forward(self, inputs: torch.Tensor, present: torch.Tensor) -> Tokens:
        # The patches are right as they are: training does not go through them, explanations do.
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.training):
            encode = self.encode_with(self.backbone)
            if inputs.ndim == 2:
                features = encode(inputs).unsqueeze(1)
                present = for_each_step(present, 1)
            else:
                features = over_frames(encode, inputs, present, self.backbone.width)
        there = presence.places(present)
        projected = self.project(features.flatten(0, 1)[there])
        tokens = projected.new_zeros(present.numel(), projected.shape[-1])
        tokens[there] = projected
        tokens = tokens.unflatten(0, present.shape)
        return tokens + places(tokens.shape[1], tokens.shape[2], tokens), present


class SpectrogramTokens(nn.Module):
    """A token for each step of time in the last map of a timm backbone over the log-mel spectrogram."""

    def __init__(self, backbone: str, width: int, *, pretrained: bool) -> None:
        super().__init__()
        self.spectrogram = LogSpectrogram()
        self.backbone = build(backbone, pretrained=pretrained, in_chans=1)
        self.project = nn.Sequential(nn.Linear(self.backbone.num_features, width), nn.LayerNorm(width))

    def forward(self, waveform: torch.Tensor, present: torch.Tensor) -> Tokens:  # (batch, samples)
        maps = self.backbone.forward_features(self.spectrogram(waveform))  # (batch, channels, bands, time)
        if maps.ndim != 4:
            raise BadOption(
                "audio_encoder logmel:… needs a backbone with maps, such as a convolution network"
            )
        steps = maps.mean(2).transpose(1, 2)
        tokens = self.project(steps) + places(steps.shape[1], self.project[0].out_features, steps)
        return tokens, for_each_step(present, steps.shape[1])


class SpeechTokens(nn.Module):
    """wav2vec 2.0 with its layers weighted; time averaged down to a few tokens."""

    def __init__(
        self, name: str, width: int, *, pretrained: bool, sizes: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.backbone = SpeechEncoder(SPEECH_BUNDLES[name], pretrained=pretrained, sizes=sizes)
        self.project = nn.Sequential(nn.Linear(self.backbone.width, width), nn.LayerNorm(width))

    def forward(self, waveform: torch.Tensor, present: torch.Tensor) -> Tokens:
        steps = self.backbone.tokens(waveform).transpose(1, 2)
        count = min(SPEECH_TOKENS, steps.shape[2])
        steps = nn.functional.adaptive_avg_pool1d(steps, count).transpose(1, 2)
        tokens = self.project(steps) + places(count, self.project[0].out_features, steps)
        return tokens, for_each_step(present, count)


def for_each_step(present: torch.Tensor, count: int) -> torch.Tensor:
    """(batch,) -> (batch, count)"""
    return presence.apply(lambda mask: mask.unsqueeze(1).expand(-1, count), present)


def visual_tokens(name: str, width: int, *, pretrained: bool) -> nn.Module:
    """`forensic_residual` or a timm name."""
    if name == FORENSIC_PICTURE:
        return ForensicTokens(CovarianceEncoder(), width)
    return VisualTokens(name, width, pretrained=pretrained)


def audio_tokens(
    name: str, width: int, *, pretrained: bool, sizes: dict[str, Any] | None = None
) -> nn.Module:
    """`forensic_sound`, `logmel:<timm name>` or one of the wav2vec 2.0 names."""
    if name == FORENSIC_SOUND:
        return ForensicTokens(SpectralCovariance(), width)
    if name.startswith(LOGMEL):
        return SpectrogramTokens(name.removeprefix(LOGMEL), width, pretrained=pretrained)
    if name not in SPEECH_BUNDLES:
        raise BadOption(
            f"audio_encoder {name!r} must be {FORENSIC_SOUND}, logmel:<timm name> or one of "
            f"{', '.join(SPEECH_BUNDLES)}"
        )
    return SpeechTokens(name, width, pretrained=pretrained, sizes=sizes)


def places(count: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of the place in the row, (count, width)."""
    place = torch.arange(count, device=like.device, dtype=torch.float32)[:, None]
    speed = torch.exp(
        torch.arange(0, width, 2, device=like.device, dtype=torch.float32) * (-math.log(10_000.0) / width)
    )
    table = torch.stack([(place * speed).sin(), (place * speed).cos()], -1).flatten(1)[:, :width]
    return table.to(like.dtype)
