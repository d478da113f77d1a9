"""A configuration of others may ask for a billion layers: that is refused before the first is made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from models.published.base import Given, Refused

MOST_LAYERS = 512
LARGEST = 10_000_000  # any whole number of a configuration: a width, a vocabulary
MOST_ABOVE = 4  # times as many parameters asked for as there are: below, names say what is missing
MOST_LABELS = 10_000


def require_bounded(config: Mapping[str, Any], name: str) -> None:
    for key, value in _entries(config):
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
            raise Refused(f"{name}: config.json asks for {key} = {str(value)[:40]}; it is not built")
        if not re.search(r"layer|depth|block|stage|stack|repeat", key):
            continue
        numbers = value if isinstance(value, list) else [value]
        counts = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool)]
        counted = re.search(r"num_.*layers|depth|num_blocks|num_stages|^layers$|repeat", key)
        too_many = len(numbers) > MOST_LAYERS or any(n > MOST_LAYERS * 64 for n in counts)
        if too_many or (counted and sum(n for n in counts if n > 0) > MOST_LAYERS):
            raise Refused(f"{name}: config.json asks for {key} = {str(value)[:40]}; it is not built")


def _entries(config: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key with its value, those of tables in tables too."""
    for key, value in config.items():
        yield str(key), value
        if isinstance(value, Mapping) and depth < 4:
            yield from _entries(value, depth + 1)


def require_as_many(asked: int, tensors: Mapping[str, torch.Tensor]) -> None:
    """The file has to hold about as many numbers as the configuration asks for."""
    given = sum(tensor.numel() for tensor in tensors.values())
    if asked > MOST_ABOVE * given:
        raise Refused(f"config.json asks for {asked:,} parameters, and the file holds {given:,}")


def labels_asked(given: Given, key: str) -> int:
    count = given.config.get(key, 2)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_LABELS:
        raise Refused(f"{given.name}: config.json asks for {str(count)[:40]} labels")
    return count
