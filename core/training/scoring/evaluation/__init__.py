"""From the score files of a run to figures that cannot flatter themselves. No torch."""

from __future__ import annotations

from core.training.scoring.evaluation.documents import write
from core.training.scoring.evaluation.figures import breakdown, measure

__all__ = ["breakdown", "measure", "write"]
