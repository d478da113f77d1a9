"""Does a map mean anything? How the score falls when what it marks is removed, against as much at random.

Pictures: the marked cells are replaced by a strong blur of the same picture. Sound: the marked cells of the
short-time spectrum are attenuated by 40 dB. What is removed covers the same share in both cases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from core.detection.verdict import Faithfulness, holds

SHARE = 0.2  # of the picture or of the time-frequency plane that is removed
DRAWS = 4  # random removals
GRID = 8  # cells along each side of a picture
QUIET = 0.01  # 40 dB down
FFT, HOP = 512, 128

Score = Callable[[torch.Tensor], np.ndarray]  # inputs -> P(fake) of each row


def of_pictures(
    score: Score, inputs: torch.Tensor, maps: np.ndarray, before: np.ndarray | None = None, seed: int = 0
) -> list[Faithfulness]:
    """One figure a row of scores: a row for each picture, or a single one for a clip as a whole.

    `before`: the scores of the inputs as they are, where they are known.
    """
    blurred = _blur(inputs)
    cells = functional.adaptive_avg_pool2d(torch.from_numpy(maps)[:, None], GRID)[:, 0].numpy()

    def removed(chosen: np.ndarray) -> np.ndarray:
        mask = torch.from_numpy(chosen.astype(np.float32))[:, None].to(inputs)
        mask = functional.interpolate(mask, size=inputs.shape[-2:], mode="nearest")
        return score(torch.where(mask > 0, blurred, inputs))

    return _figures(score(inputs) if before is None else before, cells, removed, seed)


def of_sound(
    score: Score,
    inputs: torch.Tensor,
    maps: np.ndarray,
    hertz: np.ndarray | None = None,
    rate: int = 16_000,
    before: np.ndarray | None = None,
    seed: int = 0,
) -> list[Faithfulness]:
    """Windows (units, samples) with maps over moments (units, t), or over bands at `hertz` (units, bands,
    t)."""
    window = torch.hann_window(FFT, device=inputs.device)
    spectrum = torch.stft(inputs, FFT, HOP, window=window, return_complex=True)
    picture = torch.from_numpy(maps)[:, None] if maps.ndim == 3 else torch.from_numpy(maps)[:, None, None]
    rows = GRID if maps.ndim == 3 and hertz is not None else 1
    row = rows_of_bins(spectrum.shape[1], rate, hertz) if hertz is not None else None
    cells = functional.adaptive_avg_pool2d(picture, (rows, 4 * GRID))[:, 0].numpy()

    def removed(chosen: np.ndarray) -> np.ndarray:
        mask = torch.from_numpy(chosen.astype(np.float32))[:, None]
        if row is not None and rows > 1:
            mask = mask[:, :, row]
        size = (spectrum.shape[1], spectrum.shape[2])
        gain = 1 - (1 - QUIET) * functional.interpolate(mask, size=size, mode="nearest")[:, 0].to(inputs)
        sound = torch.istft(spectrum * gain, FFT, HOP, window=window, length=inputs.shape[1])
        return score(sound)

    return _figures(score(inputs) if before is None else before, cells, removed, seed)


def _figures(
    before: np.ndarray, cells: np.ndarray, removed: Callable[[np.ndarray], np.ndarray], seed: int
) -> list[Faithfulness]:
    """`removed` takes a mask of cells (units, rows, columns) and gives the scores that are left."""
    count = max(1, round(SHARE * cells[0].size))
    marked = before - removed(_top(cells, count))
    generator = np.random.default_rng(seed)
    draws = [before - removed(_top(generator.random(cells.shape), count)) for _ in range(DRAWS)]
    random = np.stack(draws)
    return [
        Faithfulness(
            share=SHARE,
            score=float(before[i]),
            drop=float(marked[i]),
            random=float(random[:, i].mean()),
            random_high=float(random[:, i].max()),
            holds=holds(float(marked[i]), float(random[:, i].max())),
        )
        for i in range(len(before))
    ]


def _top(cells: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest cells of each unit."""
    flat = cells.reshape(len(cells), -1)
    chosen = np.zeros(flat.shape, bool)
    np.put_along_axis(chosen, np.argsort(-flat, axis=1, kind="stable")[:, :count], True, axis=1)
    return chosen.reshape(cells.shape)


def _blur(inputs: torch.Tensor) -> torch.Tensor:
    coarse = functional.adaptive_avg_pool2d(inputs, 4)
    return functional.interpolate(coarse, size=inputs.shape[-2:], mode="bilinear", align_corners=False)


def rows_of_bins(bins: int, rate: int, hertz: np.ndarray) -> np.ndarray:
    """Of each bin of the spectrum the row of cells that its nearest band belongs to."""
    frequency = np.linspace(0, rate / 2, bins)
    edges = (hertz[1:] + hertz[:-1]) / 2
    band = np.searchsorted(edges, frequency)
    return np.minimum(band * GRID // len(hertz), GRID - 1)
