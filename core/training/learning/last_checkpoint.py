"""Where a run stands: everything that last.pth keeps so that a resumed run ends bit for bit like one that
never stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from core.runs.folder import RunFolder
from core.training.learning import best_model
from core.training.learning.optimizers import Schedule
from core.training.learning.step import Stepper, StepResult
from core.training.reading.examples import Unusable

NOTHING = np.zeros(0)


@dataclass
class Seen:
    """What training has shown in this epoch so far."""

    loss: float = 0.0
    labels: list[np.ndarray] = field(default_factory=list)
    margins: list[np.ndarray] = field(default_factory=list)
    domains: tuple[int, int] = (0, 0)  # samples whose dataset the discriminator named, and all that it saw

    def add(self, result: StepResult) -> None:
        self.loss += result.loss
        self.labels.append(result.labels)
        self.margins.append(result.margins)
        self.domains = (self.domains[0] + result.domains[0], self.domains[1] + result.domains[1])

    @property
    def count(self) -> int:
        return sum(len(part) for part in self.labels)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        if not self.labels:
            return NOTHING.astype(np.int64), NOTHING
        return np.concatenate(self.labels), np.concatenate(self.margins)


@dataclass
class Progress:
    epoch: int = 1  # the one that is under way
    batch: int = 0  # batches of it that are done
    step: int = 0  # optimiser steps in all
    best: float | None = None
    best_loss: float | None = None  # of validation, in the best epoch
    best_epoch: int | None = None
    waited: int = 0  # epochs since the best
    elapsed: float = 0.0  # seconds of training in earlier sittings
    parts: int = 1  # into how many each batch is cut
    finished: bool = False
    seen: Seen = field(default_factory=Seen)
    unusable: dict[str, str] = field(default_factory=dict)  # sample id: why it could not be used
    unreadable: int = 0  # of these, how many could not be read
    began: float = field(default_factory=time.monotonic)

    def note_unusable(self, found: list[Unusable], ids: Any) -> list[str]:
        """Remember what could not be used; gives the lines for the log, one a sample the first time."""
        lines = []
        for one in found:
            name = str(ids[one.sample])
            if name not in self.unusable:
                self.unusable[name] = one.reason
                self.unreadable += one.unreadable
                word = "unreadable, skipped" if one.unreadable else "not applicable, skipped"
                lines.append(f"{name}: {word} ({one.reason})")
        return lines

    def note_epoch(self, monitored: float, loss: float, *, lower_is_better: bool = False) -> bool:
        """Whether this is the best epoch so far; among equals the lower validation loss is the better one."""
        sign = -1 if lower_is_better else 1
        better = self.best is None or (sign * monitored, -loss) > (
            sign * self.best,
            -(self.best_loss or 0.0),
        )
        if better:
            self.best, self.best_loss, self.best_epoch, self.waited = monitored, loss, self.epoch, 0
        else:
            self.waited += 1
        return better

    @property
    def minutes(self) -> float:
        return (self.elapsed + time.monotonic() - self.began) / 60

    def to_plain(self) -> dict[str, Any]:
        labels, margins = self.seen.arrays()
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
            "elapsed": self.minutes * 60,
            "parts": self.parts,
            "finished": self.finished,
            "unusable": dict(self.unusable),
            "unreadable": self.unreadable,
            "seen_loss": self.seen.loss,
            "seen_domains": list(self.seen.domains),
            "seen_labels": torch.from_numpy(labels.copy()),
            "seen_margins": torch.from_numpy(margins.copy()),
        }

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Progress:
        right, count = values.get("seen_domains", (0, 0))  # earlier checkpoints lack it
        seen = Seen(values["seen_loss"], domains=(right, count))
        if len(values["seen_labels"]):
            seen.labels.append(values["seen_labels"].numpy())
            seen.margins.append(values["seen_margins"].numpy())
        plain = {k: v for k, v in values.items() if not k.startswith("seen_")}
        return cls(**plain, seen=seen)


def learning_state(network: nn.Module, stepper: Stepper, schedule: Schedule) -> dict[str, Any]:
    """Everything that learns, as last.pth keeps it."""
    return {
        "network": network.state_dict(),
        "optimizer": stepper.optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "scaler": stepper.scaler.state_dict(),
    }


def load_learning(content: dict[str, Any], network: nn.Module, stepper: Stepper, schedule: Schedule) -> None:
    """The way back from `learning_state`."""
    network.load_state_dict(content["network"])
    _load_optimizer(content["optimizer"], stepper.optimizer)
    schedule.load_state_dict(content["schedule"])
    stepper.scaler.load_state_dict(content["scaler"])


def _load_optimizer(content: dict[str, Any], optimizer: torch.optim.Optimizer) -> None:
    """A run may go on on another device: one kernel for all weights, and their channels last, are of a GPU alone.

    A kernel takes averages for laid out as the weights are, so on the other device it would mix them up.
    """
    own = optimizer.state_dict()["param_groups"]
    groups = [
        {**kept, **({"fused": mine["fused"]} if "fused" in mine else {})}
        for kept, mine in zip(content["param_groups"], own, strict=True)
    ]
    optimizer.load_state_dict({**content, "param_groups": groups})
    for weights, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == weights.shape:
                state[name] = torch.empty_like(weights, dtype=value.dtype).copy_(value)


def save(folder: RunFolder, progress: Progress, parts: dict[str, Any]) -> None:
    """last.pth: the progress and the state of everything that learns."""
    best_model.save(folder.last_checkpoint, {"progress": progress.to_plain(), **parts})


def load(folder: RunFolder) -> dict[str, Any] | None:
    """What last.pth holds; None where the run has none yet."""
    return best_model.read(folder.last_checkpoint) if folder.last_checkpoint.exists() else None
