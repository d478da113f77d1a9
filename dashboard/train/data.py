"""What the Train page knows of the data: which datasets fit, how they are divided, what the imbalance advises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.catalog import advice as advisor
from core.catalog import exclusions, table
from core.catalog import leaks as leak_report
from core.catalog.shares import shares_reached
from core.catalog.statistics import severity
from core.errors import BadInput, one_line
from core.runs import cards
from core.training.augmentation import fitting as fitting_augmentations
from core.training.options.choices import DEFAULT_MODELS, MODALITIES
from core.training.options.config import TrainConfig
from core.training.reading import samples
from core.training.reading import usable_datasets as fits
from core.workspace import Workspace
from dashboard import theme, words

# In this order a modality is looked for that there is data for.
FIRST_MODALITIES = ("image", "video", "audio", "multimodal")


@dataclass(frozen=True)
class Dataset:
    name: str
    real: int
    fake: int
    severity: str
    demo: bool

    @property
    def shown(self) -> str:
        """For a list that knows no Markdown, short enough to stay whole where it is chosen."""
        return f"{self.name} · {theme.severity_word(self.severity)}" + (" · demo" if self.demo else "")


def fitting(modality: str, space: Workspace) -> list[Dataset]:
    """The datasets of the catalogue that have something of this modality, both classes first."""
    found = []
    for name in table.datasets(space):
        one = fits.fit(name, modality, space)
        if one.why is None:
            band = severity(one.real, one.fake)
            found.append(Dataset(name, one.real, one.fake, band, table.info(name, space).demo))
    return sorted(found, key=lambda d: (min(d.real, d.fake) == 0, d.name))


def not_fitting(modality: str, space: Workspace) -> dict[str, str]:
    """Why each of the other datasets cannot be used for this modality."""
    found = {name: fits.fit(name, modality, space).why for name in table.datasets(space)}
    return {name: why for name, why in found.items() if why is not None}


def first_choice(space: Workspace, modality: str | None = None) -> dict[str, Any]:
    """A modality that there is data for, and its first dataset with both classes."""
    for name in [modality] if modality else FIRST_MODALITIES:
        if found := fitting(name, space):
            return {"modality": name, "datasets": [found[0].name], "model": "", "augmentation": []}
    return {"modality": modality or "video", "datasets": [], "model": "", "augmentation": []}


def methods(config: dict[str, Any], space: Workspace) -> list[str]:
    """The manipulation methods in the chosen datasets, for the one that is held out."""
    known = set(table.datasets(space))
    return sorted(
        {
            str(row["method"])
            for name in config["datasets"]
            if name in known
            for row in table.info(name, space).counts
            if row["method"]
        }
    )


def signature(config: dict[str, Any]) -> tuple[Any, ...]:
    """What the advice depends on."""
    # Not on the network: it may be changed without new ticks.
    return config["modality"], tuple(config["datasets"])


def advice(config: dict[str, Any], space: Workspace) -> advisor.Advice | None:
    """What the imbalance of the chosen data suggests; None while nothing is chosen."""
    chosen = [d for d in fitting(config["modality"], space) if d.name in config["datasets"]]
    if not chosen:
        return None
    name = chosen[0].name if len(chosen) == 1 else "the chosen data"
    real, fake = sum(d.real for d in chosen), sum(d.fake for d in chosen)
    return advisor.for_counts(real, fake, config["modality"], name=name, frozen=frozen(config, space))


def apply_advice(config: dict[str, Any], space: Workspace) -> dict[str, Any]:
    """The options that the advice ticks, as far as this modality has them."""
    found = advice(config, space)
    if found is None:
        return {}
    return usable({"augmentation": [], **found.preset, "modality": config["modality"]})


def usable(preset: Mapping[str, Any]) -> dict[str, Any]:
    """A preset of another page as this form takes it: only what the modality has."""
    fixed = dict(preset)
    if "augmentation" in fixed and fixed.get("modality") in MODALITIES:
        allowed = fitting_augmentations(fixed["modality"])
        fixed["augmentation"] = [a for a in fixed["augmentation"] if a in allowed]
    return fixed


CONSEQUENCES = {
    "train": "a detector cannot learn what it never sees",
    "val": "neither the best epoch nor the threshold can be chosen there",
    "test": "AUC, precision and false alarms cannot be measured there",
}


def frozen(config: Mapping[str, Any], space: Workspace) -> bool:
    """Whether the network that is meant has a frozen backbone; without its card, unless told, it has none."""
    card = card_of(config, space)
    return (config.get("tune") or (card or {}).get("tune")) == "head"


def card_of(config: Mapping[str, Any], space: Workspace) -> Mapping[str, Any] | None:
    """The card of the network that is meant; None while one of somebody's own is looked up for the first time."""
    name = config.get("model") or DEFAULT_MODELS[config["modality"]]
    return next((card for card in cards.cards(space) if card["name"] == name), None)


def draw_not_fitting(modality: str, space: Workspace) -> None:
    """What the catalogue has beside that, and why it is not offered."""
    reasons = not_fitting(modality, space)
    if not reasons:
        return
    with st.expander(
        f"{theme.count_of(len(reasons), 'dataset')} not offered for {words.modality(modality)}",
        key="train-not-fitting",
    ):
        st.markdown("  \n".join(f"**{theme.safe(name)}** {theme.safe(why)}" for name, why in reasons.items()))


def draw_plan(config: dict[str, Any], space: Workspace) -> None:
    """How the data is divided, what a part without one class brings about, and the leaks."""
    try:
        counts, protocol, dropped, leaks = _plan(*_plan_key(config, space))
    except BadInput as error:
        st.warning(theme.safe(one_line(error)))
        return
    shares = shares_reached(counts)
    parts = [
        f"{words.split(part)} {theme.count(c['real'])} real, {theme.count(c['fake'])} fake "
        f"({100 * (shares[part]['all'] or 0):.0f} %)"
        for part, c in counts.items()
    ]
    left_out = f" · {theme.count(dropped)} left out" if dropped else ""
    used = (
        ""
        if protocol == config["protocol"]
        else f"Divided {theme.safe(words.choice('protocol', protocol))}: "
    )
    st.caption(f"{used}{' · '.join(parts)}{left_out}")
    if config["protocol"] == "official":
        st.caption(
            f"The shares of {theme.safe(config['shares'])} are for samples that the dataset puts into no part."
        )
    for part, c in counts.items():
        for label in ("real", "fake"):
            if not c[label] and part in CONSEQUENCES:
                st.warning(
                    f"The {words.split(part)} part has no {label} sample: {CONSEQUENCES[part]}. "
                    "Divide the data another way, or add a dataset.",
                    icon=":material/warning:",
                )
    if leaks:
        st.warning("Leaks: " + theme.safe("; ".join(f"{leak.detail} ({leak.count:,})" for leak in leaks[:3])))
    else:
        st.caption(":green-badge[✔ no leaks] no person, source or clip is in two parts")


def _plan_key(config: dict[str, Any], space: Workspace) -> tuple[Any, ...]:
    known = set(table.datasets(space))
    names = tuple(name for name in config["datasets"] if name in known)
    files = [table.file_of(name, space) for name in names] + [exclusions.file_of(space)]
    stamps = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    options = tuple(
        (k, config[k]) for k in ("modality", "protocol", "shares", "heldout", "seed", "max_samples_per_class")
    )
    return names, options, str(space.root), stamps


@st.cache_data(show_spinner="Dividing the samples", max_entries=64)
def _plan(names: tuple[str, ...], options: tuple[Any, ...], root: str, stamps: tuple[int, ...]) -> Any:
    """The very plan that training makes."""
    space = Workspace(Path(root))
    config = TrainConfig.from_dict({**dict(options), "datasets": list(names)})
    planned = samples.plan_samples(config, samples.select(config, space), space)
    return (
        planned.counts(),
        planned.protocol,
        planned.dropped,
        leak_report.report(planned.rows, media=False, space=space),
    )
