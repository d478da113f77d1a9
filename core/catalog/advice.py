"""What to do about an imbalance and why: advice by band, with the training options that it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core import numbers, words
from core.catalog import statistics
from core.catalog.info import DatasetInfo
from core.catalog.published import Suggestion, suggestions


@dataclass(frozen=True)
class Technique:
    """One thing to do, why, and the training options that do it."""

    name: str
    why: str
    options: dict[str, Any]
    cost: str = ""  # what it changes and takes, with this network


@dataclass(frozen=True)
class Path:
    """One of several ways out, side by side."""

    name: str
    what: str
    options: dict[str, Any]
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Advice:
    severity: str
    headline: str
    techniques: tuple[Technique, ...] = ()
    paths: tuple[Path, ...] = ()
    preset: dict[str, Any] = field(default_factory=dict)  # training options, all techniques together

    @property
    def beside_badge(self) -> str:
        """The headline where a badge says the band already."""
        return self.headline.replace(f", {words.SEVERITIES[self.severity]})", ")")

    @property
    def text(self) -> str:
        parts = [self.headline, *(f"{t.name}: {t.why}" for t in self.techniques)]
        parts += [f"{p.name}: {p.what}" for p in self.paths]
        return " ".join(part.rstrip(".") + "." for part in parts)


AUDIO_VISUAL = frozenset({"fakeavceleb", "lav-df", "av-deepfake1m", "av-deepfake1m-plus"})
THRESHOLD = Technique(
    "Choose the threshold",
    "0.5 is rarely the best line on imbalanced data; choose it on validation by macro F1",
    {"threshold_method": "macro_f1"},
    "the network stays as it is; nothing is trained again",
)
FOCAL = Technique(
    "Focal loss",
    "easy samples of the majority stop drowning the few hard ones",
    {"loss": "focal"},
    "it takes no time; scores move towards 0.5, so choose the threshold anew",
)
SAMPLER = Technique(
    "Weighted sampler",
    "each batch sees both classes equally often",
    {"balancing": ["sampler"]},
    "an epoch takes as long as before; false alarms usually rise, and the threshold takes some of them back",
)
SMOTE = Technique(
    "SMOTE on embeddings",
    "adds minority samples between real neighbours, in embedding space and inside the training part only",
    {"balancing": ["smote"]},
    "the backbone is frozen already, so it costs seconds",
)
SMOTE_ELSEWHERE = Technique(
    SMOTE.name,
    SMOTE.why,
    {},
    "not chosen: it needs tune: head, where the backbone is frozen and only the last layer learns (seconds, but the "
    "network no longer learns what is peculiar to your data)",
)
AUGMENTATION = {
    "image": ["flip", "rotation", "color", "affine", "jpeg", "blur", "noise"],
    "audio": ["audio_noise", "audio_codec", "speed"],
    "video": ["flip", "color", "jpeg", "blur", "downscale"],
    "multimodal": ["flip", "color", "jpeg", "audio_noise", "audio_codec"],
}


def text(about: DatasetInfo) -> str:
    return advise(about).text


def advise(about: DatasetInfo, infos: Iterable[DatasetInfo] = ()) -> Advice:
    """The advice for a dataset as it was counted; those of `infos` that would help count as they are in the catalogue.

    Demo data is no help to real data.
    """
    here = {i.name: statistics.count(i.counts) for i in infos if about.demo or not i.demo}
    total = statistics.count(about.counts)
    modalities = statistics.count_by(about, "modality")
    modality = max(modalities, key=lambda m: modalities[m].samples) if modalities else "video"
    if about.layout in AUDIO_VISUAL:
        modality = "multimodal"
    return for_counts(total.real, total.fake, modality, name=about.name, layout=about.layout, catalogued=here)


def for_counts(
    real: int,
    fake: int,
    modality: str,
    name: str = "this dataset",
    layout: str = "",
    *,
    frozen: bool = False,
    catalogued: Mapping[str, statistics.Count] | None = None,
) -> Advice:
    """The advice for a number of real and fake samples of a modality; `layout` is never advised to itself.

    `frozen` says that the network's backbone stays as it is (tune: head): what works on embeddings is for such alone.
    """
    band = statistics.severity(real, fake)
    count = statistics.Count(real, fake)
    said = f"{name}: {real:,} real and {fake:,} fake"
    if band == "single-class":
        return _single_class(said, count, suggestions(real, fake, modality, layout, catalogued))
    headline = f"{said} samples ({numbers.ratio(count.ratio)}, {words.SEVERITIES[band]})."
    if band == "balanced":
        return Advice(
            band, f"{headline} Train on it as it is: nothing needs balancing.", preset=_merge_steps(())
        )
    techniques = [FOCAL, THRESHOLD]
    if band in ("moderate", "severe", "extreme"):
        techniques += [SAMPLER, _augmentation(modality, count.minority)]
    if band == "extreme":
        techniques.append(SMOTE if frozen else SMOTE_ELSEWHERE)
    preset = _merge_steps(tuple(techniques))
    added = suggestions(real, fake, modality, layout, catalogued)
    paths = _paths(name, count, added, preset) if band in ("severe", "extreme") else ()
    return Advice(band, headline, tuple(techniques), paths, preset)


def _augmentation(modality: str, minority: str) -> Technique:
    return Technique(
        "Stronger augmentation of the minority",
        f"the {minority} samples are seen often, so each time they should look different",
        {
            "balancing": ["minority_augmentation"],
            "augmentation": AUGMENTATION.get(modality, AUGMENTATION["video"]),
        },
        "each sample takes longer to read, and an epoch with it",
    )


def _merge_steps(techniques: tuple[Technique, ...]) -> dict[str, Any]:
    """All options together; lists are joined."""
    merged: dict[str, Any] = {"balancing": [], "loss": "cross_entropy", "threshold_method": "macro_f1"}
    for technique in techniques:
        for key, value in technique.options.items():
            merged[key] = [*merged.get(key, []), *value] if isinstance(value, list) else value
    return merged


def _paths(
    name: str, count: statistics.Count, added: tuple[Suggestion, ...], preset: dict[str, Any]
) -> tuple[Path, ...]:
    """Ways out that exist: a set that is better balanced by itself, what improves the ratio when added, or neither."""
    better = _better_alone(added, count)
    plain = _merge_steps(())
    alone = Path("All techniques together", f"train on {name} alone with everything above", preset)
    found = []
    if better:
        names = words.listed((_part(s) for s in better), "or")
        even = statistics.severity(better[0].real, better[0].fake) == "balanced"
        title = "A balanced dataset instead" if even else "A better balanced dataset instead"
        found.append(Path(title, f"train on {names}", plain, better))
    if added:
        best = added[0]
        found.append(
            Path(
                "The two combined",
                f"train on {name} and {_part(best)}: {best.gain}. Each of the two is drawn equally often",
                {**preset, "dataset_weights": {name: 1.0, best.dataset: 1.0}},
                added,
            )
        )
    return (*found, alone)


def _better_alone(added: tuple[Suggestion, ...], count: statistics.Count) -> tuple[Suggestion, ...]:
    """Those of the best band that has any, where that is better than the data's own; each as it is by itself."""
    for band in statistics.SEVERITIES[: statistics.SEVERITIES.index(count.severity)]:
        found = tuple(s for s in added if s.real and s.fake and statistics.severity(s.real, s.fake) == band)
        if found:
            return tuple(replace(s, ratio_before=None, ratio_after=None) for s in found)
    return ()


def _part(one: Suggestion) -> str:
    """`WaveFake (one vocoder of LJSpeech) with LJSpeech-1.1`"""
    part = f" ({one.part})" if one.part else ""
    return f"{one.dataset}{part}{f' with {one.partner}' if one.partner else ''}"


def _single_class(said: str, count: statistics.Count, added: tuple[Suggestion, ...]) -> Advice:
    if not count.real and not count.fake:
        headline = f"{said}: no sample has a label, so it can be looked at but not learned from."
        return Advice("single-class", headline)
    lacking = "real" if count.fake else "fake"
    return Advice(
        "single-class",
        f"{said} samples. A detector cannot be trained on one class: {lacking} samples are missing.",
        paths=(
            Path(
                "Add the other class",
                f"combine it with a dataset that has {lacking} samples, e.g. "
                + ", ".join(f"{_part(s)} ({s.gain})" for s in added),
                _merge_steps((SAMPLER, THRESHOLD)),
                added,
            ),
        ),
        preset=_merge_steps((SAMPLER, THRESHOLD)),
    )
