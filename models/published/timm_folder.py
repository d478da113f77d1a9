"""Folders of timm: `config.json` with an `architecture`, and the tensors under timm's own names.

`pretrained_cfg` says how pictures are scaled; `label_names` which output is fake. transformers wraps such folders too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models import timm_library
from models.cards import ModelCard
from models.published import bounds, cam_layers, labels
from models.published.base import Family, Given, Match, Refused
from models.shapes import without_values

WRAPPED = "timm_wrapper"  # what transformers calls them
PREFIX = "timm_model."
FILTERS = ("nearest", "bilinear", "bicubic", "lanczos")
PLAIN = (str, int, float, bool, type(None), list)


class TimmFamily(Family):
    name = "timm"
    about = "a classifier of timm for pictures"
    source = "a folder of timm from Hugging Face"
    licence = "as its model card says"
    modality = "image"
    classifier = "head"

    def recognise(self, given: Given) -> Match | None:
        architecture, kind = given.config.get("architecture"), given.config.get("model_type")
        if not isinstance(architecture, str) or kind not in (None, WRAPPED):
            return None
        timm = timm_library.load()

        if not timm.is_model(architecture):
            raise Refused(
                f"{given.name}: timm has no network {architecture[:80]!r}; code of the folder's own is never run"
            )
        bounds.require_bounded(given.config, given.name)
        count = bounds.labels_asked(given, "num_classes")
        if count == 0:
            raise Refused(
                f"{given.name} has no head (num_classes is 0); a head is never filled with random weights"
            )
        known = labels.of_config(_labelled(given), given.name) or {i: f"LABEL_{i}" for i in range(count)}
        if len(known) != count:
            raise Refused(f"{given.name}: config.json names {len(known)} labels of {count} outputs")
        reading, undecided = labels.read_labels(known, given.name)
        options = {
            "architecture": architecture,
            "count": count,
            "arguments": _arguments(given),
            "labels": list(known.values()),
            **picture_options(given),
        }
        return Match(options, architecture, reading, undecided=undecided)

    def build(self, **options: Any) -> nn.Module:
        timm = timm_library.load()

        arguments = dict(options["arguments"])
        try:
            return timm.create_model(
                options["architecture"], pretrained=False, num_classes=int(options["count"]), **arguments
            )
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            raise Refused(f"timm cannot build {options['architecture']} so: {error}") from error

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name,
            modality="image",
            about=self.about,
            source=self.source,
            size=int(options["size"]),
            mean=tuple(options["mean"]),
            std=tuple(options["std"]),
            resize=options["resize"],
        )

    def cam_candidates(self, **options: Any) -> tuple[str, ...]:
        with without_values():
            net = self.build(**options)
        return tuple(f"encoder.{name}" for name in cam_layers.candidates(net, int(options["size"])))

    def head(self, **options: Any) -> str:
        """The name of what timm itself calls the classifier."""
        with without_values():
            net: Any = self.build(**options)
        classifier = net.get_classifier()
        found = [name for name, module in net.named_modules() if module is classifier]
        if not found or isinstance(classifier, nn.Identity):
            raise Refused(
                f"{options['architecture']} has no single layer as its head; it cannot be read here"
            )
        return found[0]

    def recipe(self, **options: Any) -> dict[str, Any]:
        return {"shorter_side": options["shorter_side"], "filter": options["filter"]}

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        with without_values():
            asked = sum(parameter.numel() for parameter in self.build(**options).parameters())
        bounds.require_as_many(asked, tensors)
        return {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items()}

    def defaults(self) -> dict[str, Any]:
        return {
            "architecture": "resnet18",
            "count": 2,
            "arguments": {},
            "labels": [],
            "size": 224,
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "resize": "fit",
            "shorter_side": 0,
            "filter": "bicubic",
        }


def _labelled(given: Given) -> dict[str, Any]:
    """The names of the outputs as `id2label`, wherever the file keeps them."""
    inner = given.config.get("pretrained_cfg")
    places = [given.config, inner if isinstance(inner, Mapping) else {}]
    for place in places:
        if place.get("id2label"):
            return {"id2label": place["id2label"]}
        names = place.get("label_names")
        if isinstance(names, list) and names:
            return {"id2label": dict(enumerate(map(str, names)))}
        if isinstance(names, Mapping) and names:
            return {"id2label": names}
    return {}


def _arguments(given: Given) -> dict[str, Any]:
    """What the network is built with beyond its name: plain values only."""
    stated = given.config.get("model_args") or {}
    if not isinstance(stated, Mapping):
        raise Refused(f"{given.name}: config.json gives model_args = {str(stated)[:40]}, which is no table")
    found = dict(stated)
    pool = given.config.get("global_pool")
    if isinstance(pool, str) and pool:
        found.setdefault("global_pool", pool)
    for key in (
        "num_classes",
        "pretrained",
        "pretrained_cfg",
        "checkpoint_path",
        "features_only",
        "scriptable",
    ):
        found.pop(key, None)
    strange = [key for key, value in found.items() if not isinstance(value, PLAIN)]
    if strange:
        raise Refused(f"{given.name}: config.json gives {strange[0]} a value that no network takes")
    return found


def picture_options(given: Given) -> dict[str, Any]:
    """How pictures are scaled, in the words of the recipe: the shorter side to size / crop_pct, then the middle."""
    stated = given.config.get("pretrained_cfg")
    if not isinstance(stated, Mapping) or not {"input_size", "mean", "std"} <= set(stated):
        raise Refused(
            f"{given.name}: config.json has no pretrained_cfg with input_size, mean and std, and nothing else says "
            "how pictures are scaled; put it there"
        )
    try:
        channels, height, width = (int(n) for n in stated["input_size"])
        share = float(stated.get("crop_pct") or 0.875)
        mean, std = ([float(v) for v in stated[key]] for key in ("mean", "std"))
    except (TypeError, ValueError) as error:
        raise Refused(f"{given.name}: pretrained_cfg cannot be followed ({error})") from error
    mode, filter = str(stated.get("crop_mode") or "center"), str(stated.get("interpolation") or "bilinear")
    filter = "bilinear" if filter == "random" else filter
    if channels != 3 or height != width or not 8 <= height <= 4096 or len(mean) != 3 or len(std) != 3:
        raise Refused(
            f"{given.name}: takes pictures of {stated['input_size']}; only square ones in colour are known"
        )
    if not all(std) or not 0.1 <= share <= 1 or filter not in FILTERS:
        raise Refused(
            f"{given.name}: pretrained_cfg scales by {share} with {filter!r}, which is not known here"
        )
    if mode == "squash" and share == 1:
        resizing: dict[str, Any] = {"resize": "fit", "shorter_side": 0}
    elif mode == "center":
        resizing = {"resize": "crop", "shorter_side": int(height / share)}
    else:
        raise Refused(f"{given.name}: pretrained_cfg cuts pictures by {mode!r}; only center is known here")
    return {"size": height, **resizing, "filter": filter, "mean": mean, "std": std}


FAMILY = TimmFamily()
