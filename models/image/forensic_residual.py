"""Our compact forensic network: how the finest detail of neighbouring pixels varies together, and in which colours.

Generators and cameras correlate neighbouring pixels differently, in ways that resizing destroys. So it sees unresized
crops, takes from each patch of 5x5 pixels (neighbours, and every third pixel) its mean, pools the covariance of what
is left over the crop (as it is, and evened out so that flat skin counts as much as hair), and learns on the
logarithms of these covariances.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

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

PATCH = 5  # pixels, the side of a patch
SPACINGS = (1, 3)  # pixels between the neighbours of a patch
CELL = 32  # pixels, the side of a square of the local map
EVENING = (
    2.0  # grey levels of 255: patches with less contrast than this stay quiet when contrast is evened out
)
LEVEL = 127.5  # grey levels in one unit of the network's input
SMALLEST = 1e-2  # squared grey levels, what the logarithm of a plain covariance sees of nothing
SMALLEST_EVEN = 1e-5  # the same where contrast is evened out


@register(
    ModelCard(
        name="forensic_residual",
        modality="image",
        about="compact: looks at the fine noise of a picture (log-covariances of high-frequency residuals); learns from little data",
        source="this workbench; after covariance pooling (Li et al. 2017) and rich models (Fridrich and Kodovsky 2012)",
        size=224,
        resize="native",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        cam_layer="encoder.local",
        learning_rate=1e-3,
        tune="head",
        objectives={},  # nothing before the head learns, so nothing could hide the dataset
    )
)
class ForensicResidual(CovarianceNetwork):
    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3) -> None:
        encoder = CovarianceEncoder()
        super().__init__(encoder, encoder.width, dropout)


class CovarianceEncoder(LocalEncoder):
    """(n, 3, H, W) -> (n, width): the logarithms of all covariances, each the upper half of a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = 3 * PATCH * PATCH
        self.residuals = nn.ModuleList(patches(PATCH, spacing, channels=3) for spacing in SPACINGS)
        self.local = LocalCovariance()
        self.kinds = 2 * len(SPACINGS)  # as they are and evened out, for each spacing
        self.width = self.kinds * self.channels * (self.channels + 1) // 2

    def describe(self, pictures: torch.Tensor) -> torch.Tensor:
        rows, columns = (-(-side // CELL) for side in pictures.shape[2:])
        cells = (rows, columns) if self.is_looked_into(pictures) else (1, 1)
        # Energies span more than half precision holds.
        with torch.autocast(pictures.device.type, enabled=False):
            levels = pictures.float() * LEVEL
            maps = self.local([residual(levels) for residual in self.residuals], cells)
            matrices = maps.mean((2, 3), dtype=torch.float64).unflatten(
                1, (self.kinds, self.channels, self.channels)
            )
            floors = torch.tensor([SMALLEST, SMALLEST_EVEN] * len(SPACINGS), dtype=matrices.dtype)
            floors = floors.to(matrices.device, non_blocking=True)
            return upper_half(SymmetricLog.apply(matrices, floors[:, None]).float()).flatten(1)


class LocalCovariance(nn.Module):
    """The covariances in each cell, (n, kinds·d·d, rows, columns); their mean is that of the whole picture, which is
    found at once where one cell is asked for.

    Grad-CAM at this layer is exact: the score is nearly linear in what each cell adds.
    """

    def forward(self, residuals: list[torch.Tensor], cells: tuple[int, int]) -> torch.Tensor:
        found = []
        for maps in residuals:
            even = maps / (maps.square().mean(1, keepdim=True) + EVENING**2).sqrt()
            found += [self.by_cell(maps, cells), self.by_cell(even, cells)]
        return torch.cat(found, 1)

    @staticmethod
    def by_cell(maps: torch.Tensor, cells: tuple[int, int]) -> torch.Tensor:
        n, d, height, width = maps.shape
        rows, columns = cells
        if cells == (1, 1):
            return covariance(maps).flatten(1)[:, :, None, None]
        # Cells at the edge are filled with zeros, which add nothing; the share makes up for their size.
        filled = functional.pad(maps, (0, columns * CELL - width, 0, rows * CELL - height))
        squares = (
            filled.reshape(n, d, rows, CELL, columns, CELL).permute(0, 2, 4, 1, 3, 5).flatten(4).double()
        )
        # Exact enough for the sum of the cells to be what the whole has at once.
        products = torch.matmul(squares, squares.transpose(3, 4)) * (rows * columns / (height * width))
        return products.flatten(3).permute(0, 3, 1, 2)
