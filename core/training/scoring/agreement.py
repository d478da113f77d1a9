"""Scoring in half precision where that changes no probability by more than a thousandth; else in full."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

import numpy as np
import torch

from core.training.process.arithmetic import autocast_for, precision_for
from core.training.scoring.aggregation import Scored
from core.training.scoring.forward import Autocast

log = logging.getLogger(__name__)

TOLERANCE = 1e-3  # of a probability


class Arithmetic:
    """What a network scores in. The first pass runs twice, in full precision too; if they differ, full it stays.

    On a GPU that is fp16: its pictures are as quick as in bf16, and it has three more binary digits.
    """

    def __init__(self, precision: str) -> None:
        self.precision, self.checked = precision, precision == "fp32"

    @classmethod
    def on(cls, device: torch.device, asked: str) -> Arithmetic:
        """`asked` is the configuration's; who asks for fp32 gets it here too."""
        half = device.type == "cuda" and precision_for(asked, device) != "fp32"
        return cls("fp16" if half else "fp32")

    def autocast(self, device: torch.device) -> Autocast:
        return autocast_for(self.precision, device) if self.precision != "fp32" else contextlib.nullcontext

    def check(self, quick: Sequence[Scored], exact: Sequence[Scored]) -> bool:
        """Whether the scores agree; where they do not, all later ones are made in full precision."""
        self.checked = True
        pairs = [(a, b) for q, e in zip(quick, exact, strict=True) for a, b in _scores(q, e)]
        apart = np.abs(np.array([a - b for a, b in pairs])) if pairs else np.zeros(1)
        if np.all(apart <= TOLERANCE):
            return True
        log.info("scores in %s differ by up to %.2g; scoring goes on in fp32", self.precision, apart.max())
        self.precision = "fp32"
        return False


def _scores(quick: Scored, exact: Scored) -> list[tuple[float, float]]:
    whole = [] if quick.score is None or exact.score is None else [(quick.score, exact.score)]
    units = zip(quick.units, exact.units, strict=True)
    return whole + [(float(a.score or 0.0), float(b.score or 0.0)) for a, b in units]
