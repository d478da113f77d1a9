"""The families, found in this folder, and the registry's entry of each: `published:<family>`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, partial
from pathlib import Path
from typing import Any

from torch import nn

from models.cards import Builder, ModelCard, UnknownModel
from models.published.base import Family, Given, Match, PublishedNetwork, Reading, Refused
from models.registry import PUBLISHED_PREFIX as PREFIX
from models.shapes import without_values

SHOWN = 3  # names of tensors in a message
NEAR = 0.2  # so many of a family's tensors make a file one of its kind that is not whole


@cache
def families() -> dict[str, Family]:
    """Every module here with a FAMILY, by its name."""
    found: dict[str, Family] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        family = getattr(importlib.import_module(f"models.published.{module.name}"), "FAMILY", None)
        if family is not None:
            found[family.name] = family
    return found


def family(name: str) -> Family:
    known = families()
    if name not in known:
        raise UnknownModel(f"unknown family {name!r}; known are {', '.join(sorted(known))}")
    return known[name]


def recognise(given: Given, only: str | None = None) -> tuple[Family, Match]:
    """The family whose names and shapes these are; `only` asks that one alone."""
    for one in [family(only)] if only else families().values():
        match = one.recognise(given)
        if match is not None:
            return one, match
    asked = [family(only)] if only else list(families().values())
    because = next((why for one in asked if (why := one.explain(given))), "")
    begins = f"its {len(given.tensors)} tensors begin with {', '.join(list(given.tensors)[:SHOWN]) or 'none'}"
    if only:
        because = because or (_missing(family(only), given) if family(only).compared else "")
        raise Refused(f"{given.name} is not of the family {only}: {because or begins}")
    raise Refused(
        f"{given.name} is of no family known here: {because or _nearest(given) or begins}; "
        f"known are {', '.join(sorted(families()))}"
    )


def _nearest(given: Given) -> str:
    """What a file with part of a family's tensors lacks; empty where it has less than a few of any."""
    found = {one: _shared(one, given) for one in families().values() if one.compared}
    one = max(found, key=lambda one: found[one])
    return f"it is nearest to {one.name}, and {_missing(one, given)}" if found[one] >= NEAR else ""


def _shared(one: Family, given: Given) -> float:
    wanted = shapes(one, {})
    return sum(name in given.tensors for name in wanted) / len(wanted)


def _missing(one: Family, given: Given) -> str:
    wanted = shapes(one, {})
    missing = [name for name in wanted if name not in given.tensors]
    over = [name for name in given.tensors if name not in wanted]
    parts = [
        f"{len(names)} {what} ({', '.join(names[:SHOWN])}{', …' if len(names) > SHOWN else ''})"
        for names, what in ((missing, f"of its {len(wanted)} tensors are missing"), (over, "are left over"))
        if names
    ]
    return ", ".join(parts)


def entry(name: str) -> tuple[ModelCard, Builder]:
    """Card and builder of `published:<family>`; its options are those of the match, and how its outputs are read."""
    one = family(name.removeprefix(PREFIX))
    reading = {"outputs": 2, "fake": [1], "words": "", "label": "fake"}
    options = {**one.defaults(), "reading": reading}
    card = ModelCard(name=name, modality=one.modality, about=one.about, source=one.source, options=options)
    return card, partial(build, one)


def build(one: Family, *, pretrained: bool = False, reading: dict[str, Any], **options: Any) -> nn.Module:
    """The network of a match. Its weights come from the detector's own file, never from here."""
    options = {**one.defaults(), **options}
    net = PublishedNetwork(one.build(**options), one.head(**options), as_reading(reading))
    card = one.card(**options)
    net.cam_candidates = one.cam_candidates(**options)
    net.cam_layer = card.cam_layer or next(iter(net.cam_candidates), "")
    net.card_changes = {
        name: getattr(card, name)
        for name in ("modality", "size", "sample_rate", "seconds", "resize", "mean", "std")
    }
    return net


def as_reading(values: dict[str, Any]) -> Reading:
    fake = tuple(int(i) for i in values["fake"])
    outputs, independent = int(values["outputs"]), values.get("independent") is True
    most = outputs if independent else outputs - 1
    wrong = outputs > 1 and not 0 < len(fake) <= most
    if outputs < 1 or any(not 0 <= i < outputs for i in fake) or wrong:
        raise Refused(f"fake outputs {list(fake)} of {outputs} leave nothing to decide")
    words, label = str(values.get("words", "")), str(values.get("label", "fake"))
    return Reading(outputs, fake, words, label, independent)


def shapes(one: Family, options: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Published names and shapes of what `build` makes, without allocating it."""
    with without_values():
        net = one.build(**{**one.defaults(), **options})
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
