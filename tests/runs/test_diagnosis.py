"""Remedies fit what went wrong, and each is a configuration that training accepts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.runs.curves import Series
from core.runs.diagnosis import Finding, diagnose, idle_card
from core.runs.presets import presets, sizes
from core.runs.summaries import Summary
from core.training.options.choices import MODALITIES
from core.training.options.config import TrainConfig

VIDEO = TrainConfig.from_dict(
    {"modality": "video", "datasets": ["d"], "batch_size": 8, "frames": 16}
).to_dict()
IMAGE = TrainConfig.from_dict({"modality": "image", "datasets": ["d"], "epochs": 3}).to_dict()
PLAN = {
    "recipe": {"image_size": 224, "frames": 8},
    "batch_size": 4,
    "counts": {"train": {"real": 50, "fake": 900}},
}


def summary(state: str = "completed", **fields: Any) -> Summary:
    return Summary(id="r", name="r", state=state, **fields)


def series(*values: float) -> Series:
    x = np.arange(1.0, len(values) + 1)
    return Series(x, x, x, np.array(values))


def titles(found: list[Finding]) -> list[str]:
    return [remedy.title for finding in found for remedy in finding.remedies]


def accepted(found: list[Finding], config: dict[str, Any]) -> None:
    for finding in found:
        for remedy in finding.remedies:
            changed = TrainConfig.from_dict({**config, **remedy.changes}).to_dict()
            assert remedy.resume or changed != config, remedy.title


@pytest.mark.parametrize(
    "error", ["OutOfMemoryError: CUDA out of memory", "the worker was ended by SIGKILL: …"]
)
def test_out_of_memory_makes_everything_smaller(error: str) -> None:
    found = diagnose(summary("failed", error=error), VIDEO, {}, None, PLAN)
    assert titles(found) == [
        "half the batch",
        "half the frames",
        "smaller pictures",
        "no reading ahead",
        "resume",
    ]
    accepted(found, VIDEO)
    assert found[0].remedies[0].changes == {"batch_size": 4, "accumulation": 2}


def test_a_loss_that_is_not_finite_is_calmed() -> None:
    found = diagnose(
        summary("failed", error="the loss is not finite in epoch 2"), {**IMAGE, "precision": "fp16"}, {}
    )
    assert titles(found) == ["a tenth of the learning rate", "bfloat16"]
    accepted(found, IMAGE)


def test_any_other_failure_can_be_resumed() -> None:
    assert titles(diagnose(summary("interrupted", error="its process is gone"), IMAGE, {})) == ["resume"]


def test_waiting_for_data_is_slow() -> None:
    found = diagnose(summary(), VIDEO, {"data_wait": series(0.9, 0.9, 0.6, 0.6), "gpu": series(5, 5, 20, 20)})
    assert found[0].kind == "slow" and "60 %" in found[0].text and "20 %" in found[0].text
    assert titles(found) == ["more reading processes", "fast frames", "half the frames"]
    accepted(found, VIDEO)
    assert diagnose(summary(), VIDEO, {"data_wait": series(0.9, 0.9, 0.01, 0.01)}) == []


def test_nothing_learned_names_balance_data_and_time() -> None:
    config = {**IMAGE, "max_samples_per_class": 20}
    found = diagnose(
        summary(learned_nothing=True), config, {}, {"learned_nothing_reason": "AUC holds 0.5"}, PLAN
    )
    assert found[0].text == "AUC holds 0.5"
    assert titles(found) == [
        "weighted sampler",
        "focal loss",
        "more data",
        "only the head",
        "pre-trained weights",
        "more epochs",
    ]
    accepted(found, config)


def test_nothing_is_said_of_imbalance_where_no_plan_tells() -> None:
    for plan in (None, {"counts": {"train": {"real": 40, "fake": 40}}}):
        offered = titles(diagnose(summary(learned_nothing=True), {**IMAGE}, {}, {}, plan))
        assert offered and not {"weighted sampler", "focal loss"} & set(offered)


def test_overfitting_is_seen_in_the_gap() -> None:
    found = diagnose(summary(), IMAGE, {"train/auc": series(0.99), "val/auc": series(0.7)})
    assert found[0].kind == "overfitted" and "0.29" in found[0].text
    accepted(found, IMAGE)


def test_a_good_run_has_no_findings() -> None:
    fine = {"train/auc": series(0.95), "val/auc": series(0.93), "data_wait": series(0.01)}
    assert diagnose(summary(), IMAGE, fine, {}, PLAN) == []


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_preset_is_a_configuration_and_takes_back_the_one_before(modality: str) -> None:
    for first in presets(modality):
        for second in presets(modality):
            both = {"modality": modality, **first.changes, **second.changes}
            alone = {"modality": modality, **second.changes}
            assert TrainConfig.from_dict(both) == TrainConfig.from_dict(alone)
    for size in sizes(modality):
        TrainConfig.from_dict({"modality": modality, **size.changes})


def minutes(*values: float) -> Series:
    """A measurement every minute."""
    x = np.arange(len(values), dtype=float)
    return Series(x, x, x * 60, np.array(values))


def test_a_card_that_waits_is_told_in_words() -> None:
    waits = {"gpu": minutes(90, 90, 30, 30, 20, 20), "data_wait": minutes(0, 0, 0.8, 0.8, 0.8, 0.8)}
    assert idle_card(waits) == (
        "the GPU waits: 25 % of it was in use over the last 3 min; "
        "the reading processes are too slow: take more of them, or prepare the files first"
    )
    small = {**waits, "data_wait": minutes(0, 0, 0.01, 0.01, 0.01, 0.01)}
    found = diagnose(summary(), {**IMAGE, "workers": "auto"}, small)
    assert "its steps are too small" in found[0].text
    accepted(found, IMAGE)
    assert "prepared or scored" in (idle_card({"gpu": minutes(0, 0, 0, 0)}) or "")


def test_a_card_that_works_or_is_not_there_is_not_spoken_of() -> None:
    assert idle_card({"gpu": minutes(0, 90, 90, 90, 90)}) is None
    assert idle_card({"gpu": minutes(0, 0)}) is None, "one minute says nothing"
    assert idle_card({"cpu": minutes(0, 0, 0, 0, 0)}) is None


def test_more_readers_are_offered_also_where_they_were_automatic() -> None:
    found = diagnose(summary(), {**IMAGE, "workers": "auto"}, {"data_wait": series(0.9, 0.9, 0.9)})
    assert found[0].remedies[0].changes == {"workers": 3}
