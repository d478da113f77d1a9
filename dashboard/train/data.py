"""What the Train page knows of the data: which datasets fit, how they can be divided, what the imbalance advises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.catalog import advice as advisor
from core.catalog import table
from core.catalog.split_protocols import divides_anew
from core.catalog.statistics import severity
from core.runs import cards
from core.training.augmentation import fitting as fitting_augmentations
from core.training.options.choices import DEFAULT_MODELS, MODALITIES, PROTOCOLS
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
        # The dots end a line where there is more than one.
        parts = [self.name, theme.unbroken(theme.severity_word(self.severity)), *["demo"] * self.demo]
        return "\u00a0· ".join(parts)


def fitting(modality: str, space: Workspace) -> list[Dataset]:
    """The datasets of the catalogue that have something of this modality, both classes first."""
    found = []
    for name in table.datasets(space):
        one = fits.fit(name, modality, space)
        if one.why is None:
            band = severity(one.real, one.fake)
            found.append(Dataset(name, one.real, one.fake, band, table.info(name, space).demo))
    return sorted(found, key=lambda d: (min(d.real, d.fake) == 0, d.name.casefold()))


def not_fitting(modality: str, space: Workspace) -> dict[str, str]:
    """Why each of the other datasets cannot be used for this modality."""
    found = {name: fits.fit(name, modality, space).why for name in table.datasets(space)}
    return {name: why for name, why in found.items() if why is not None}


def first_choice(space: Workspace, modality: str | None = None) -> dict[str, Any]:
    """A modality that there is data for, and its first dataset with both classes."""
    for name in [modality] if modality else FIRST_MODALITIES:
        if found := fitting(name, space):
            first = max(found, key=lambda d: (min(d.real, d.fake) > 0, _brings(d, name, space)))
            return {"modality": name, "datasets": [first.name], "model": "", "augmentation": []}
    return {"modality": modality or "video", "datasets": [], "model": "", "augmentation": []}


def _brings(dataset: Dataset, modality: str, space: Workspace) -> int:
    """What learns from video with sound can do with one of them; a set that brings both comes first."""
    if modality != "multimodal":
        return 0
    return sum(fits.fit(dataset.name, kind, space).why is None for kind in ("video", "audio"))


def chosen_names(config: Mapping[str, Any], space: Workspace) -> list[str]:
    """The datasets that it learns from; where none is named, those that training takes by itself."""
    known = table.datasets(space)
    if config["datasets"]:
        return [name for name in config["datasets"] if name in known]
    return fits.fitting_datasets(config["modality"], space) if fitting(config["modality"], space) else []


def chosen(config: Mapping[str, Any], space: Workspace) -> list[Dataset]:
    names = chosen_names(config, space)
    return [d for d in fitting(config["modality"], space) if d.name in names]


def missing_class(datasets: Sequence[Dataset]) -> str:
    """The class that none of these has; empty where there are both, or no datasets."""
    totals = {"real": sum(d.real for d in datasets), "fake": sum(d.fake for d in datasets)}
    return next((label for label, n in totals.items() if datasets and not n), "")


def methods(config: Mapping[str, Any], space: Workspace) -> list[str]:
    """The manipulation methods in the chosen datasets, for the one that is held out."""
    return sorted({name for one in _methods_of_each(config, space) for name in one})


def _methods_of_each(config: Mapping[str, Any], space: Workspace) -> list[set[str]]:
    infos = (table.info(name, space) for name in chosen_names(config, space))
    return [{str(row["method"]) for row in info.counts if row["method"]} for info in infos]


def _own_parts(config: Mapping[str, Any], space: Workspace) -> list[set[str]]:
    """The parts that each chosen dataset has of its own."""
    infos = (table.info(name, space) for name in chosen_names(config, space))
    return [{str(row["split"]) for row in info.counts if row["split"]} for info in infos]


def usual_protocol(config: Mapping[str, Any], space: Workspace) -> str:
    """The datasets' own splits where each has one; else one rule for all, so that none goes whole into a part."""
    own = _own_parts(config, space)
    return "official" if own and all(own) else "group"


def protocols(config: Mapping[str, Any], space: Workspace) -> list[str]:
    """The ways of dividing that the chosen data allows."""
    allowed = {
        "official": any(_own_parts(config, space)),
        "heldout_method": any(len(found) > 1 for found in _methods_of_each(config, space)),
    }
    return [name for name in PROTOCOLS if allowed.get(name, True)]


def shares_matter(config: Mapping[str, Any], space: Workspace) -> bool:
    """Not where every dataset brings all of its parts."""
    return any(divides_anew(config["protocol"], own) for own in _own_parts(config, space))


def signature(config: dict[str, Any]) -> tuple[Any, ...]:
    """What the advice depends on."""
    # Not on the network: it may be changed without new ticks.
    return config["modality"], tuple(config["datasets"])


def advice(config: dict[str, Any], space: Workspace) -> advisor.Advice | None:
    """What the imbalance of the chosen data suggests; None while nothing is chosen."""
    found = chosen(config, space)
    if not found:
        return None
    name = found[0].name if len(found) == 1 else "The chosen data"
    real, fake = sum(d.real for d in found), sum(d.fake for d in found)
    return advisor.for_counts(real, fake, config["modality"], name=name, frozen=frozen(config, space))


def apply_advice(config: dict[str, Any], space: Workspace) -> dict[str, Any]:
    """The options that the advice ticks, as far as this modality has them, and how such data is divided."""
    found = advice(config, space)
    if found is None:
        return {}
    by_data = config["protocol"] in ("official", "group")  # another way was chosen by hand
    protocol = usual_protocol(config, space) if by_data else config["protocol"]
    preset = {"augmentation": [], **found.preset, "protocol": protocol}
    return usable({**preset, "modality": config["modality"]})


def usable(preset: Mapping[str, Any]) -> dict[str, Any]:
    """A preset of another page as this form takes it: only what the modality has."""
    fixed = dict(preset)
    if "augmentation" in fixed and fixed.get("modality") in MODALITIES:
        allowed = fitting_augmentations(fixed["modality"])
        fixed["augmentation"] = [a for a in fixed["augmentation"] if a in allowed]
    return fixed


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
        st.markdown(
            "  \n".join(f"**{theme.safe(name)}** {theme.safe(why)}." for name, why in reasons.items())
        )
