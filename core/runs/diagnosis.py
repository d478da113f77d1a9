"""What went wrong with a run, and what to try: each remedy a set of changes for a pre-filled clone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import numbers
from core.runs.curves import Series
from core.runs.summaries import Summary

WAITING = 0.3  # share of the time in which training waits for data: reading is the bottleneck
IDLE_GPU = 50.0  # per cent
IDLE_FOR = 180.0  # seconds over which a card is judged
FEW = 200  # samples of a class in training
OVERFITTED = 0.15  # how much better AUC is in training than in validation
SMALLEST_PICTURE = 64


@dataclass(frozen=True)
class Remedy:
    """One thing to try."""

    title: str
    why: str
    changes: dict[str, Any]  # fields of the configuration
    resume: bool = False  # go on with the same run instead of a clone


@dataclass(frozen=True)
class Finding:
    """What was seen, and the remedies, the most promising first."""

    kind: str  # failed | slow | learned nothing | overfitted
    text: str
    remedies: tuple[Remedy, ...]


def diagnose(
    run: Summary,
    config: Mapping[str, Any],
    series: Mapping[str, Series],
    metrics: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """All that can be said of a run; empty where nothing is wrong."""
    found = []
    if run.state in ("failed", "interrupted"):
        found.append(_diagnose_failure(run, config, plan))
    if slow := _slow(config, series):
        found.append(slow)
    elif idle := idle_card(series):
        found.append(Finding("slow", idle, (_larger_batch(),)))
    if run.learned_nothing:
        found.append(_diagnose_learned_nothing(config, metrics or {}, plan))
    elif run.state == "completed" and (over := _diagnose_overfitting(config, series)):
        found.append(over)
    return found


def _diagnose_failure(run: Summary, config: Mapping[str, Any], plan: Mapping[str, Any] | None) -> Finding:
    text = run.error or "it ended without a reason"
    again = Remedy("resume", "go on from the last checkpoint", {}, resume=True)
    if re.search(r"out of memory|SIGKILL|SIGBUS|MemoryError|Cannot allocate|CUDA error", text, re.I):
        return Finding("failed", text, (*_smaller(config, plan), again))
    if re.search(r"not finite|nan\b|inf\b", text, re.I):
        return Finding("failed", text, _calmer(config))
    return Finding("failed", text, (again,))


def _smaller(config: Mapping[str, Any], plan: Mapping[str, Any] | None) -> tuple[Remedy, ...]:
    """Less memory: batch, frames, picture size; precision and workers where they apply."""
    batch = _given(config, plan, "batch_size")
    frames, size = _given(config, plan, "frames"), _given(config, plan, "image_size")
    remedies = []
    if batch and batch > 1:
        remedies.append(
            Remedy(
                "half the batch",
                "needs about half the memory; two batches then make one step, as large as before",
                {"batch_size": batch // 2, "accumulation": int(config.get("accumulation") or 1) * 2},
            )
        )
    if frames and frames > 1 and config.get("modality") in ("video", "multimodal"):
        remedies.append(
            Remedy("half the frames", "memory grows with the frames of a clip", {"frames": frames // 2})
        )
    if size and size >= 2 * SMALLEST_PICTURE and config.get("modality") != "audio":
        smaller = max(SMALLEST_PICTURE, int(size * 0.7) // 16 * 16)
        remedies.append(
            Remedy("smaller pictures", "memory grows with the square of the side", {"image_size": smaller})
        )
    if config.get("workers") not in (0, None):
        remedies.append(
            Remedy("no reading ahead", "each reading process needs memory of its own", {"workers": 0})
        )
    return tuple(remedies)


def _calmer(config: Mapping[str, Any]) -> tuple[Remedy, ...]:
    rate = config.get("learning_rate")
    remedies = [
        Remedy(
            "a tenth of the learning rate",
            "steps that are too long make the loss infinite",
            {"learning_rate": rate / 10 if isinstance(rate, float) else 1e-5},
        )
    ]
    if config.get("precision") == "fp16":
        remedies.append(Remedy("bfloat16", "has the range that 16 bit lacks", {"precision": "bf16"}))
    if not config.get("clip_norm"):
        remedies.append(
            Remedy("clip the gradients", "no single batch can throw the weights away", {"clip_norm": 1.0})
        )
    return tuple(remedies)


def _slow(config: Mapping[str, Any], series: Mapping[str, Series]) -> Finding | None:
    """Waiting for data, or a GPU that idles; judged on the later half, when the cache is filled."""
    waiting, gpu = _later(series.get("data_wait")), _later(series.get("gpu"))
    if waiting is None or waiting < WAITING:
        return None
    text = f"training waits for data in {100 * waiting:.0f} % of the time"
    if idle := idle_card(series):
        text = idle
    elif gpu is not None and gpu < IDLE_GPU:
        text += f"; the GPU works {gpu:.0f} % of it"
    given = config.get("workers")
    workers = given if isinstance(given, int) else 1
    remedies = [
        Remedy(
            "more reading processes", "decoding goes on while the network learns", {"workers": workers + 2}
        )
    ]
    if config.get("sampling") == "exact" and config.get("modality") in ("image", "video", "multimodal"):
        remedies.append(
            Remedy("fast frames", "takes the frames that are cheap to decode", {"sampling": "fast"})
        )
    if isinstance(config.get("frames"), int) and config["frames"] > 4:
        remedies.append(Remedy("half the frames", "less to decode", {"frames": config["frames"] // 2}))
    return Finding("slow", text, tuple(remedies))


def idle_card(series: Mapping[str, Series]) -> str | None:
    """In words, why a card whose use was under half for minutes waits; None where it does not, or where there
    is none."""
    gpu = series.get("gpu")
    if gpu is None or len(gpu) < 2 or gpu.time[-1] - gpu.time[0] < IDLE_FOR:
        return None
    late = gpu.time >= gpu.time[-1] - IDLE_FOR
    use = float(np.mean(gpu.value[late]))
    if use >= IDLE_GPU:
        return None
    text = f"the GPU waits: {use:.0f} % of it was in use over the last {IDLE_FOR / 60:.0f} min; "
    waited = series.get("data_wait")
    share = None if waited is None else waited.value[waited.time >= gpu.time[-1] - IDLE_FOR]
    if share is None or not len(share):
        return text + "files are being prepared or scored"
    if float(np.mean(share)) >= WAITING:
        return text + "the reading processes are too slow: take more of them, or prepare the files first"
    return text + "its steps are too small: take a larger batch, or let its size be automatic"


def _larger_batch() -> Remedy:
    return Remedy("a batch that fills the GPU", "larger steps keep it busy", {"batch_size": "auto"})


def _diagnose_learned_nothing(
    config: Mapping[str, Any], metrics: Mapping[str, Any], plan: Mapping[str, Any] | None
) -> Finding:
    """Against imbalance first, then more data, then other ways to learn."""
    reason = str(metrics.get("learned_nothing_reason") or "no figure differs from chance beyond its interval")
    real, fake = _training_counts(plan)
    remedies = []
    balancing = list(config.get("balancing") or [])
    imbalanced = max(real, fake) > 1.5 * min(real, fake)  # never where the plan does not tell: 0 and 0
    if imbalanced and "sampler" not in balancing:
        remedies.append(
            Remedy(
                "weighted sampler",
                f"{real:,} real and {fake:,} fake samples: both are drawn equally often",
                {"balancing": [*balancing, "sampler"]},
            )
        )
    if imbalanced and config.get("loss") == "cross_entropy":
        remedies.append(Remedy("focal loss", "easy samples of the majority count less", {"loss": "focal"}))
    if config.get("max_samples_per_class"):
        cap = int(config["max_samples_per_class"])
        remedies.append(
            Remedy(
                "more data", f"only {cap:,} samples a class were allowed", {"max_samples_per_class": cap * 5}
            )
        )
    if config.get("tune") != "head" and 0 < min(real, fake) < FEW:
        remedies.append(
            Remedy("only the head", "few samples teach a head better than a whole network", {"tune": "head"})
        )
    if not config.get("pretrained"):
        remedies.append(
            Remedy("pre-trained weights", "the network need not learn to see first", {"pretrained": True})
        )
    epochs = int(config.get("epochs") or 0)
    if epochs < 10:
        remedies.append(
            Remedy(
                "more epochs",
                f"it was trained for {numbers.count_of(epochs, 'epoch')} only",
                {"epochs": max(10, epochs * 4)},
            )
        )
    return Finding("learned nothing", reason, tuple(remedies))


def _diagnose_overfitting(config: Mapping[str, Any], series: Mapping[str, Series]) -> Finding | None:
    train, val = series.get("train/auc"), series.get("val/auc")
    if not train or not val or not len(train) or not len(val):
        return None
    gap = float(train.value[-1] - val.value[-1])
    if gap < OVERFITTED:
        return None
    remedies = []
    if not config.get("augmentation"):
        changes = (
            ["audio_noise", "audio_codec"] if config.get("modality") == "audio" else ["flip", "jpeg", "blur"]
        )
        remedies.append(
            Remedy("augmentation", "no two epochs show the same picture", {"augmentation": changes})
        )
    decay = float(config.get("weight_decay") or 0)
    remedies.append(
        Remedy("stronger weight decay", "keeps the weights small", {"weight_decay": max(1e-2, decay * 10)})
    )
    return Finding(
        "overfitted", f"AUC is {numbers.number(gap)} better in training than in validation", tuple(remedies)
    )


def _later(found: Series | None) -> float | None:
    if found is None or not len(found):
        return None
    return float(np.mean(found.value[len(found) // 2 :]))


def _given(config: Mapping[str, Any], plan: Mapping[str, Any] | None, name: str) -> int | None:
    """What the run used: as configured, else as its plan records what the network's card said."""
    recipe = (plan or {}).get("recipe") or {}
    for value in (config.get(name), (plan or {}).get(name), recipe.get(name)):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return {"batch_size": 8}.get(name)


def _training_counts(plan: Mapping[str, Any] | None) -> tuple[int, int]:
    counts = ((plan or {}).get("counts") or {}).get("train") or {}
    return int(counts.get("real") or 0), int(counts.get("fake") or 0)
