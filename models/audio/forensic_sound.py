"""Our compact forensic network for sound: how neighbouring points of the spectrogram vary together, band by band.

Vocoders smooth and repeat what a voice and a room do not. The network takes from each patch of 5x5 points of the log
spectrogram (every other point) its mean, pools the covariance of what is left over time in each of four bands, and
learns on the logarithms of these covariances. Level and, to first order, the colour of the recording cancel out.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.audio.spectrogram import power_spectrum
from models.cards import ModelCard
from models.covariance import (
    CovarianceNetwork,
    LocalEncoder,
    SymmetricLog,
    covariance,
    patches,
    upper_half,
)
from models.registry import register

PATCH = 5  # points, the side of a patch
SPACINGS = (2,)  # points between the neighbours of a patch
BANDS = 4  # of equal width in hertz
CELL = 32  # steps of time in a cell of the local map
WINDOW, HOP = 512, 128  # samples
QUIET = 1e-5  # energy below which a point counts as silence, against a mean square of one
SMALLEST = 1e-3  # what the logarithm of a covariance sees of nothing


@register(
    ModelCard(
        name="forensic_sound",
        modality="audio",
        about="compact: looks at the fine structure of each band of the sound (log-covariances of its spectrogram); learns "
        "from little data",
        source="this workbench; after covariance pooling (Li et al. 2017)",
        cam_layer="encoder.local",
        learning_rate=1e-3,
        tune="head",
        objectives={},  # nothing before the head learns, so nothing could hide the dataset
    )
)
class ForensicSound(CovarianceNetwork):
    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3) -> None:
        encoder = SpectralCovariance()
        super().__init__(encoder, encoder.width, dropout)


class SpectralCovariance(LocalEncoder):
    """(batch, samples) -> (batch, width)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shape", torch.hann_window(WINDOW), persistent=False)
        self.residuals = nn.ModuleList(patches(PATCH, spacing, channels=1) for spacing in SPACINGS)
        self.local = BandCovariance()
        self.kinds = len(SPACINGS) * BANDS
        self.width = self.kinds * PATCH**2 * (PATCH**2 + 1) // 2

    def describe(self, waveform: torch.Tensor) -> torch.Tensor:
        # Energies span more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            levels = self.levels(waveform.float())
            cells = -(-levels.shape[3] // CELL) if self.is_looked_into(waveform) else 1
            local = self.local([residual(levels) for residual in self.residuals], cells)
            matrices = (
                local.sum(2).mean(2, dtype=torch.float64).unflatten(1, (self.kinds, PATCH**2, PATCH**2))
            )
            floor = matrices.new_full((1, 1), SMALLEST)
            return upper_half(SymmetricLog.apply(matrices, floor).float()).flatten(1)

    def levels(self, waveform: torch.Tensor) -> torch.Tensor:
        """The log spectrogram at even loudness, (batch, 1, bins, steps)."""
        shortest = WINDOW + HOP * PATCH * max(SPACINGS)
        if waveform.shape[1] < shortest:
            waveform = functional.pad(waveform, (0, shortest - waveform.shape[1]))
        sound = waveform / waveform.square().mean(1, keepdim=True).add(1e-10).sqrt()
        return (power_spectrum(sound, self.shape, HOP, centred=False) + QUIET).log().unsqueeze(1)


class BandCovariance(nn.Module):
    """(batch, kinds·25·25, bands, cells): each covariance stands at its own band and cell, zero elsewhere.

    The sum over bands and mean over cells is the covariance of the whole, so Grad-CAM at this layer is exact. Where one
    cell is asked for, that is found at once.
    """

    def forward(self, residuals: list[torch.Tensor], cells: int) -> torch.Tensor:
        found = []
        for maps in residuals:
            for band, part in enumerate(maps.tensor_split(BANDS, dim=2)):
                local = self.by_cell(part, cells)  # (batch, 625, cells)
                before, behind = band, BANDS - 1 - band
                found.append(functional.pad(local.unsqueeze(2), (0, 0, before, behind)))
        return torch.cat(found, 1)

    @staticmethod
    def by_cell(maps: torch.Tensor, cells: int) -> torch.Tensor:
        batch, taps, bins, steps = maps.shape
        if cells == 1:
            return covariance(maps).flatten(1).unsqueeze(2)
        filled = functional.pad(maps, (0, cells * CELL - steps))
        squares = filled.reshape(batch, taps, bins, cells, CELL).permute(0, 3, 1, 2, 4).flatten(3).double()
        # Exact enough for the sum of the cells to be what the whole has at once.
        products = torch.matmul(squares, squares.transpose(2, 3)) * (cells / (bins * steps))
        return products.flatten(2).transpose(1, 2)
