"""How fast training goes, and what the log says of an epoch."""

from __future__ import annotations

import time

import torch

from core.training.learning.last_checkpoint import Progress, Seen


class Pace:
    """How fast the steps come and how long they wait for data, between two events."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.steps = self.samples = 0
        self.waited = 0.0
        self.loss_before, self.count_before = 0.0, 0
        self.began = self.last = time.monotonic()

    def receive(self, samples: int) -> float:
        """So many samples are there; the seconds that were waited for them."""
        waited = time.monotonic() - self.last
        self.waited += waited
        self.samples += samples
        return waited

    def count_step(self) -> None:
        self.last = time.monotonic()
        self.steps += 1

    def due(self) -> bool:
        return self.steps >= self.every

    def measurements(self, seen: Seen, optimizer: torch.optim.Optimizer) -> dict[str, float]:
        """Since the last time: mean loss, learning rate, samples a second, share of the time spent waiting.

        The loss is `step/loss`; `train/loss` is the mean of a whole epoch, as `val/loss` is.
        """
        now = time.monotonic()
        took = max(1e-9, now - self.began)
        count = seen.count - self.count_before
        values = {
            "lr": max(float(group["lr"]) for group in optimizer.param_groups),
            "throughput": self.samples / took,
            "data_wait": min(1.0, self.waited / took),
        }
        if count > 0:
            values["step/loss"] = (seen.loss - self.loss_before) / count
        self.loss_before, self.count_before = seen.loss, seen.count
        self.steps = self.samples = 0
        self.waited, self.began = 0.0, now
        return values


def summary(state: Progress, values: dict[str, float], epochs: int, monitor: str, better: bool) -> str:
    """The epoch in one line of the log."""
    shown = [f"epoch {state.epoch}/{epochs}"]
    for name in ("loss", monitor, "balanced_accuracy", "f1"):
        pair = [values.get(f"{side}/{name}") for side in ("train", "val")]
        if all(v is not None for v in pair) and not any(s.startswith(name + " ") for s in shown):
            shown.append(f"{name} {pair[0]:.4f}/{pair[1]:.4f}")
    if state.unusable:
        shown.append(f"{len(state.unusable)} skipped")
    return ", ".join(shown) + (" (best so far)" if better else "")
