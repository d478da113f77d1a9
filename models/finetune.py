"""Which parts of a network learn, and how fast: a pre-trained part ten times slower than what is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from models.cards import BadOption

TUNE = ("all", "layernorm", "last_blocks", "head")
SLOWER = 0.1  # of a pre-trained part against a new one
LAST_BLOCKS = 2
NORMS = ("LayerNorm", "RMSNorm", "BatchNorm", "GroupNorm", "InstanceNorm", "SyncBatchNorm")


def parameter_groups(net: nn.Module, learning_rate: float, tune: str = "all") -> list[dict[str, Any]]:
    """Freeze what `tune` leaves out and give the optimiser's groups: `{"params", "lr", "name"}`.

    all: everything; layernorm: the backbone's norms and all that is new; last_blocks: the backbone's last blocks
    and all that is new; head: only what is new. A backbone without pre-trained weights learns at full speed.
    """
    if tune not in TUNE:
        raise BadOption(f"tune {tune!r} must be one of {', '.join(TUNE)}")
    backbones = [net.get_submodule(name) for name in getattr(net, "backbones", ("encoder",))]
    known = {id(p) for backbone in backbones for p in backbone.parameters()}
    if tune != "all" and not known:
        raise BadOption(f"{type(net).__name__} has no backbone to freeze; choose tune=all")
    chosen = {id(p) for backbone in backbones for p in _parameters_to_tune(backbone, tune)}
    for parameter in net.parameters():
        parameter.requires_grad_(id(parameter) not in known or id(parameter) in chosen)
    net.train(net.training)  # frozen parts go still at once
    learning = [p for p in net.parameters() if p.requires_grad]
    slow = SLOWER if getattr(net, "pretrained", False) else 1.0
    groups = [
        {
            "params": [p for p in learning if id(p) in known],
            "lr": learning_rate * slow,
            "name": "backbone",
        },
        {"params": [p for p in learning if id(p) not in known], "lr": learning_rate, "name": "new"},
    ]
    return [group for group in groups if group["params"]]


def _parameters_to_tune(backbone: nn.Module, tune: str) -> Iterator[nn.Parameter]:
    if tune == "all":
        yield from backbone.parameters()
    elif tune == "layernorm":
        for module in backbone.modules():
            if is_norm(module):
                yield from module.parameters(recurse=False)
    elif tune == "last_blocks":
        for part in last_blocks(backbone):
            yield from part.parameters()


def is_norm(module: nn.Module) -> bool:
    """Also the norms that libraries derive from torch's."""
    return any(base.__name__.startswith(NORMS) for base in type(module).__mro__)


def last_blocks(backbone: nn.Module) -> list[nn.Module]:
    """The backbone's last two blocks and whatever stands behind them, in any architecture.

    Containers that hold most of the network are opened until it is a row of parts; the parts with a real share of
    the parameters are its blocks.
    """
    row: list[nn.Module] = [backbone]
    total = max(_size(backbone), 1)
    while True:
        widest = max(row, key=_size)
        inner = [child for child in widest.children() if _size(child)]
        blocks = [part for part in row if _size(part) > 0.02 * total]
        if not inner or (len(blocks) >= 4 and _size(widest) <= 0.7 * total):
            break
        at = next(i for i, part in enumerate(row) if part is widest)
        row[at : at + 1] = inner
    starts = [i for i, part in enumerate(row) if _size(part) > 0.02 * total]
    return row[starts[-LAST_BLOCKS:][0] :] if starts else row


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
