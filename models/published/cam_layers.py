"""Which layers of somebody's network can carry a heat map: found by their names, else by a pass without data.

transformer ─▶ the norm before the last attention (behind it only the class token has a gradient), and one three quarters up
convolutions ─▶ the last layer that still gives a map, and the last whose map is finer
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import torch
from torch import nn

NORM_BEFORE = re.compile(r"(?:.*\.)?(?:layers?|blocks)\.\d+\.(layernorm_before|layer_norm1|norm1|layernorm)$")


def candidates(net: nn.Module, size: int) -> tuple[str, ...]:
    """Dotted names inside `net`, which lies on the meta device; the likeliest first."""
    norms = [name for name, _ in net.named_modules() if NORM_BEFORE.match(name)]
    if norms:
        return tuple(dict.fromkeys([norms[-1], norms[max(0, len(norms) * 3 // 4 - 1)]]))
    maps = _maps(net, size)
    if not maps:
        return tuple(name for name, module in net.named_modules() if isinstance(module, nn.Conv2d))[-1:]
    last, side = maps[-1]
    finer = [name for name, own in maps if own > side]
    return tuple(dict.fromkeys([last, *finer[-1:]]))


def _maps(net: nn.Module, size: int) -> list[tuple[str, int]]:
    """Every layer whose output is a map, with the map's side, in the order of the pass."""
    seen: list[tuple[str, int]] = []
    hooks = [
        part.register_forward_hook(partial(_note, seen, name)) for name, part in net.named_modules() if name
    ]
    try:
        net.eval()(torch.zeros(1, 3, size, size, device="meta"))
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError):
        return []  # a network that needs real numbers to run: its convolutions are taken by their names
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _note(seen: list[tuple[str, int]], name: str, _part: nn.Module, _inputs: Any, output: Any) -> None:
    if isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[1:]) > 1:
        seen.append((name, int(output.shape[-1])))
