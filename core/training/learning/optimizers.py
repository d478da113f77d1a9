"""The optimiser and what the learning rate does over time."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from core.errors import BadInput
from core.training.options.config import TrainConfig
from models.cards import BadOption
from models.finetune import parameter_groups

FACTOR = 0.5  # of plateau


Groups = list[dict[str, Any]]


def make_optimizer(groups: Groups, config: TrainConfig, learning_rate: float) -> torch.optim.Optimizer:
    """The optimiser asked for, over groups of parameters with their rate and weight decay; on a GPU in one
    kernel."""
    fused = True if groups and all(p.is_cuda for group in groups for p in group["params"]) else None
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, lr=learning_rate, fused=fused)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=learning_rate, momentum=0.9, nesterov=True, fused=fused)
    return torch.optim.AdamW(groups, lr=learning_rate, fused=fused)


def parameters_of(network: nn.Module, config: TrainConfig, tune: str, learning_rate: float) -> Groups:
    """The groups of a network; also freezes what `tune` leaves out. Weight decay spares norms and biases."""
    try:
        groups = parameter_groups(network, learning_rate, tune)
    except BadOption as error:
        raise BadInput(f"tune: {error}") from error
    return [part for group in groups for part in _by_decay(group, config.weight_decay)]


def _by_decay(group: dict[str, Any], weight_decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in group["params"] if p.ndim > 1]
    vectors = [p for p in group["params"] if p.ndim <= 1]
    parts = [
        {"params": matrices, "lr": group["lr"], "weight_decay": weight_decay},
        {"params": vectors, "lr": group["lr"], "weight_decay": 0.0},
    ]
    return [part for part in parts if part["params"]]


class Schedule:
    """`after_step` and `after_epoch` are called by the loop; one of them moves the learning rate.

    after_epoch(monitored=0.91, loss=0.30): plateau looks at one of the two, as the configuration says
    """

    def __init__(self, optimizer: torch.optim.Optimizer, config: TrainConfig, steps: int) -> None:
        self.plateau: torch.optim.lr_scheduler.ReduceLROnPlateau | None = None
        self.cosine: torch.optim.lr_scheduler.LambdaLR | None = None
        self.watches_loss = config.plateau_watches == "loss"
        if config.scheduler == "plateau":
            falls = self.watches_loss or config.lower_is_better
            self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, mode="min" if falls else "max", factor=FACTOR, patience=config.plateau_patience
            )
        elif config.scheduler == "cosine":
            rise = max(1, round(config.warmup * steps)) if config.warmup else 0
            self.cosine = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: cosine(k, rise, steps))

    def after_step(self) -> None:
        if self.cosine is not None:
            self.cosine.step()

    def after_epoch(self, monitored: float, loss: float) -> None:
        if self.plateau is not None:
            self.plateau.step(loss if self.watches_loss else monitored)

    def state_dict(self) -> dict[str, Any]:
        chosen = self.plateau or self.cosine
        if chosen is None:
            return {}
        return {k: v for k, v in chosen.state_dict().items() if k != "lr_lambdas"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.plateau is not None:
            self.plateau.load_state_dict(state)
        elif self.cosine is not None:
            self.cosine.load_state_dict({**state, "lr_lambdas": [None] * len(self.cosine.lr_lambdas)})


def cosine(step: int, rise: int, steps: int) -> float:
    """Up in a line over `rise` steps, then down to nothing along half a cosine."""
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, steps - rise))))
