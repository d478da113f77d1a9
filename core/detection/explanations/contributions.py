"""What each modality adds: the fused score with it, and without it (masked as missing, as in training)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def leave_one_out(
    score: Callable[[frozenset[str]], float], modalities: Sequence[str], whole: float
) -> tuple[dict[str, Any], ...]:
    """`score(missing)` judges the file without these modalities; one alone has nothing to be left out for."""
    if len(modalities) < 2:
        return ()
    falls = {name: whole - score(frozenset([name])) for name in modalities}
    size = sum(abs(fall) for fall in falls.values()) or 1.0
    return tuple(
        {"modality": name, "without": whole - fall, "adds": fall, "share": abs(fall) / size}
        for name, fall in falls.items()
    )
