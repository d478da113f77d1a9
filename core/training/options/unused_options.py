"""Options that do nothing here: not offered by the form, and said in the log where a configuration sets them.

An option may be idle by the modality, by another option, or by the network, as its card says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.training import losses
from core.training.balancing import TECHNIQUES, Balancing
from core.training.losses import Loss

PICTURE = ("frames", "sampling", "image_size", "faces", "face_margin")
SOUND = ("sample_rate", "seconds", "trim_silence")
OF_HEAD_MODE = ("head", "views")


def find_unused(config: Mapping[str, Any], card: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The options that do nothing with this configuration, and why. `card` has the network's tune, options,
    objectives and pretrained; without it only what does not depend on the network is found."""
    return {**_by_modality(config), **_by_others(config), **_by_settings(config), **_by_network(config, card)}


def set_for_nothing(
    config: Mapping[str, Any], usual: Mapping[str, Any], card: Mapping[str, Any]
) -> dict[str, str]:
    """Those of them that somebody has set all the same."""
    return {
        name: why for name, why in find_unused(config, card).items() if config.get(name) != usual.get(name)
    }


def _by_modality(config: Mapping[str, Any]) -> dict[str, str]:
    modality = config["modality"]
    found: dict[str, str] = {}
    if modality == "audio":
        found |= dict.fromkeys(PICTURE, "sound has no pictures")
    if modality in ("image", "video"):
        found |= dict.fromkeys(SOUND, "only the picture is seen")
    if modality == "video":
        found["aggregation"] = "the network judges a clip as a whole"
    if modality != "multimodal":
        found["contrastive_weight"] = "there is one modality only"
    return found


def _by_others(config: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if config["protocol"] != "heldout_method":
        found["heldout"] = f"the protocol is {config['protocol']}"
    if config["scheduler"] != "plateau":
        found |= dict.fromkeys(
            ("plateau_patience", "plateau_watches"), f"the scheduler is {config['scheduler']}"
        )
    if config["scheduler"] != "cosine":
        found["warmup"] = f"the scheduler is {config['scheduler']}"
    if config["faces"] is False:
        found["face_margin"] = "no face is cropped"
    if len(config["datasets"]) == 1:
        found |= dict.fromkeys(("dataset_weights", "domain_weight"), "there is one dataset only")
    return found


def _by_settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Settings of techniques and losses that are not chosen."""
    kinds: list[tuple[str, type[Balancing] | type[Loss]]] = [*TECHNIQUES.items(), *losses.LOSSES.items()]
    chosen = {*config["balancing"], config["loss"]}
    used = {one.name for name, kind in kinds if name in chosen for one in fields(kind.Settings)}
    return {
        one.name: f"{name} is not chosen"
        for name, kind in kinds
        for one in fields(kind.Settings)
        if one.name not in used
    }


def _by_network(config: Mapping[str, Any], card: Mapping[str, Any] | None) -> dict[str, str]:
    if card is None:
        return {}
    found: dict[str, str] = {}
    head = (config["tune"] or card.get("tune")) == "head"
    if not head:
        found |= dict.fromkeys(OF_HEAD_MODE, "the whole network learns (tune is not head)")
    if not head and "dropout" not in card.get("options", ("dropout",)):
        found["dropout"] = "this network has none"
    if "pretrained" in card and not card["pretrained"]:
        found["pretrained"] = "there are no weights for this network"
    for objective in ("domain", "contrastive"):
        if objective not in card.get("objectives", (objective,)):
            found.setdefault(f"{objective}_weight", "this network has nothing for it")
        elif head:
            found.setdefault(f"{objective}_weight", "the backbone is frozen (tune: head)")
    return found
