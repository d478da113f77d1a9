"""Features that were computed before: an analytic encoder gives the same for the same input, epoch after epoch.

frame ──hash──▶ known? ──yes──▶ its features
                  └──no───▶ encoder ──▶ features, kept while there is room
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import torch
from torch import nn

DIGEST = 16  # bytes of a hash
Key = tuple[torch.Size, torch.dtype, bytes]


class FeatureMemory:
    """What is full takes nothing more: on data larger than it, the part that it holds is still found every time."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._found: dict[Key, torch.Tensor] = {}
        self._weights: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._found)

    def features(self, encoder: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """(n, …) -> (n, width). Row by row, so that nothing depends on which others were new."""
        # On a GPU hashing would wait for the copy, and encoding costs little.
        if inputs.device.type != "cpu" or torch.is_grad_enabled():
            return encoder(inputs)
        self._forget_other_weights(encoder)
        return torch.cat([self._row(encoder, row) for row in inputs.split(1)])

    def _row(self, encoder: nn.Module, row: torch.Tensor) -> torch.Tensor:
        key = _key_of(row)
        known = self._found.get(key)
        if known is None:
            known = encoder(row)
            size = known.numel() * known.element_size()
            if self.bytes + size <= self.most_bytes:
                self._found[key] = known
                self.bytes += size
        return known

    def _forget_other_weights(self, encoder: nn.Module) -> None:
        """Every change in place counts up a tensor's version; another tensor lies elsewhere."""
        weights = [(p.data_ptr(), p._version) for p in (*encoder.parameters(), *encoder.buffers())]
        if weights != self._weights:
            self._found.clear()
            self.bytes, self._weights = 0, weights


def _key_of(row: torch.Tensor) -> Key:
    content = row.detach().contiguous().flatten().view(torch.uint8).numpy()
    return row.shape, row.dtype, hashlib.blake2b(content, digest_size=DIGEST).digest()


class Remembering(nn.Module):
    """A module around an encoder in which nothing learns. It remembers only where it was told to."""

    memory: FeatureMemory | None = None

    def encode_with(self, encoder: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
        """The encoder, or what is remembered of it."""
        memory = self.memory
        return encoder if memory is None else lambda inputs: memory.features(encoder, inputs)


def remember_features(network: nn.Module, most_bytes: int) -> None:
    """For a training, which sees the same files again and again; the modules share the room."""
    modules = [module for module in network.modules() if isinstance(module, Remembering)]
    for module in modules:
        module.memory = FeatureMemory(most_bytes // len(modules))
