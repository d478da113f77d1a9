"""What becomes of a trained network, and where it computes: threshold, calibration, devices, precision."""

from __future__ import annotations

from dataclasses import dataclass

from core.thresholds import methods as threshold_methods
from core.training.options.choices import AUTO, PRECISIONS
from core.training.options.fields import option


@dataclass(frozen=True)
class OutcomeOptions:
    """The groups `evaluation` and `machine`."""

    threshold_method: str = option(
        threshold_methods.DEFAULT,
        f"how the threshold is chosen on validation: {', '.join(threshold_methods.usages())}",
        group="evaluation",
    )
    score_test: bool = option(
        True,
        "score the test part once, at the end; off leaves it closed, as a search for settings does",
        group="evaluation",
    )
    prevalence: float | None = option(
        None,
        "share of fakes where the detector will work, for a second precision; empty: not stated",
        low=0,
        high=1,
        group="evaluation",
    )
    calibration: str = option(
        "platt",
        "how scores become probabilities",
        choices=("platt", "temperature", "isotonic"),
        group="evaluation",
    )
    bootstrap: int = option(
        1000,
        "how often samples are drawn anew for the 95 % intervals; more draws take longer and make them steadier",
        unit="draws",
        low=20,
        high=100_000,
        group="evaluation",
    )

    device: str = option(
        "auto",
        "where it computes",
        choices=("auto", "cpu", "cuda"),
        group="machine",
    )
    devices: int = option(1, "processes that train together, one a device", low=1, high=64, group="machine")
    precision: str = option(
        AUTO,
        "arithmetic of the network; auto: bfloat16 on cards that have it, 16 bit on older ones, 32 bit on a processor",
        choices=PRECISIONS,
        group="machine",
    )
    workers: int | str = option(
        AUTO,
        "processes that read ahead; 0: the training process reads; auto: as many as the first batches show to be "
        "needed, of the cores that are left over",
        choices=(AUTO,),
        unit="processes",
        low=0,
        high=64,
        group="machine",
    )
    compile: bool = option(
        False,
        "the first step takes minutes, those after it less time (torch.compile)",
        group="machine",
    )
    deterministic: bool = option(
        False,
        "the same seed gives the same run on a GPU too (on a CPU it always does); slower",
        group="machine",
    )
    checkpoint_minutes: float = option(
        5.0,
        "a checkpoint is also saved this often inside an epoch; 0: after every step",
        unit="min",
        low=0,
        group="machine",
    )
