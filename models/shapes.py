"""Networks laid out with their names and shapes, without a value in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def without_values() -> Iterator[None]:
    """What is built inside has shapes only."""
    # It has constants that are tensors: first imported inside, they would have no values for the rest of the
    # process.
    import torchaudio  # noqa: F401

    with torch.device("meta"):
        yield
