"""The registry of networks: a card beside each, from which pages, commands and tests are generated.

A network registers itself: every module of this package is imported once, so adding a network is one file.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from models import domain, network, weights
from models.cards import (
    MODALITIES,
    TIMM_PREFIX,
    BadOption,
    Builder,
    MissingWeights,
    ModelCard,
    ModelOption,
    UnknownModel,
)
from models.shapes import without_values

PUBLISHED_PREFIX = "published:"  # detectors of others, opened with their own weights; never trained here
FOLDERS_VARIABLE = "DEEPFAKE_MODELS"  # folders with further network files, parted as in PATH
_registry: dict[str, tuple[ModelCard, Builder]] = {}
_asked: dict[str, dict[str, ModelOption]] = {}  # of each network, how its options are asked for
_loaded: set[str] = set()


def register(
    model_card: ModelCard, asked: Mapping[str, ModelOption] | None = None
) -> Callable[[Builder], Builder]:
    """Decorate a builder (a class or a function) that takes its options as keywords, `pretrained` among
    them. `asked` says of an option how a form asks for it; without that it stands under its key."""
    if model_card.modality not in MODALITIES:
        raise ValueError(f"modality {model_card.modality!r} must be one of {', '.join(MODALITIES)}")

    def add(builder: Builder) -> Builder:
        options = {**_defaults(builder), **model_card.options}
        _registry[model_card.name] = (replace(model_card, options=options), builder)
        _asked[model_card.name] = dict(asked or {})
        return builder

    return add


def list_models(modality: str | None = None) -> list[str]:
    """Names of all registered networks, of one modality if asked; `timm:<name>` is understood besides."""
    _discover()
    return sorted(name for name, (entry, _) in _registry.items() if modality in (None, entry.modality))


def asked_options(name: str) -> dict[str, ModelOption]:
    """How a form asks for the options of a network, as far as its file says so."""
    _entry(name)
    return dict(_asked.get(name, {}))


def card(name: str, **options: object) -> ModelCard:
    """The card of a network; with options, of what they build: another encoder may want other pictures."""
    if not options:
        return _entry(name)[0]
    with without_values():
        found: ModelCard = create(name, pretrained=False, **options).card
    return found


def create(name: str, *, pretrained: bool = False, **options: object) -> nn.Module:
    """Build a network; `net.card` is its card as built, `net.options` builds the same network on any machine.
    `weights_folder=` (else DEEPFAKE_WEIGHTS) is where pre-trained files are looked for first; `domains=` is
    the number of datasets that a domain head beside the network's own tells apart (0: none)."""
    model_card, builder = _entry(name)
    folder = options.pop("weights_folder", None)
    domains = 0 if "domains" in model_card.options else domain.number(options.pop("domains", 0))
    unknown = sorted(set(options) - set(model_card.options))
    if unknown:
        raise BadOption(
            f"{name} has no option {unknown[0]!r}; it has {', '.join(sorted(model_card.options))}"
        )
    if pretrained and not model_card.pretrained:
        raise MissingWeights(f"{name} has no pre-trained weights; choose pretrained=false")
    with weights.folder_in_force(str(folder) if folder else None):
        net = builder(pretrained=pretrained, **options)
    if domains:
        domain.attach(net, domains)
    network.protect_batch_norm(net)
    layer = getattr(net, "cam_layer", "") or model_card.cam_layer
    net.card = replace(model_card, **{"cam_layer": layer, **getattr(net, "card_changes", {})})
    if pretrained and not net.card.pretrained:
        raise MissingWeights(f"nothing in this {name} has pre-trained weights; choose pretrained=false")
    net.options = {**options, **getattr(net, "options", {}), **({"domains": domains} if domains else {})}
    net.pretrained = pretrained  # a part that already knows something learns slower: models.finetune
    return net


def count_parameters(name: str, **options: object) -> int:
    """Parameters of the network, counted without allocating them."""
    with without_values():
        net = create(name, pretrained=False, **options)
    return sum(parameter.numel() for parameter in net.parameters())


def load_file(path: Path | str) -> None:
    """Import one file with a network in it; its decorator registers it."""
    path = Path(path).resolve()
    if str(path) in _loaded:
        return
    spec = importlib.util.spec_from_file_location(f"models_extra_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UnknownModel(f"{path} is not a Python file with a network")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    _loaded.add(str(path))


def _discover() -> None:
    """Import every module of this package, and every file in the folders that DEEPFAKE_MODELS names."""
    package = importlib.import_module("models")
    for module in pkgutil.walk_packages(package.__path__, "models."):
        importlib.import_module(module.name)
    for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        for path in sorted(Path(folder).glob("*.py")) if folder else ():
            load_file(path)


def _entry(name: str) -> tuple[ModelCard, Builder]:
    _discover()
    if name in _registry:
        return _registry[name]
    if name.startswith(TIMM_PREFIX):
        from models.image.timm_any import entry

        return entry(name)
    if name.startswith(PUBLISHED_PREFIX):
        from models.published.families import entry as published_entry

        return published_entry(name)
    raise UnknownModel(f"unknown model {name!r}; {_near(name, list(_registry))}")


def _near(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
    if close:
        return f"did you mean {', '.join(close)}? (`timm:NAME` takes any timm backbone)"
    return f"known are {', '.join(sorted(known))}, and timm:NAME for any timm backbone"


def _defaults(builder: Builder) -> dict[str, Any]:
    """The builder's keywords with their defaults; a class that passes `**options` on has its parent's too."""
    fixed = builder.keywords if isinstance(builder, partial) else {}
    given = len(builder.args) if isinstance(builder, partial) else 0
    target = builder.func if isinstance(builder, partial) else builder
    found: dict[str, Any] = {}
    for step in inspect.getmro(target) if inspect.isclass(target) else (target,):
        parameters = inspect.signature(step).parameters.values()
        for p in list(parameters)[given:]:
            if p.kind is not p.VAR_KEYWORD and p.default is not p.empty:
                found.setdefault(p.name, fixed.get(p.name, p.default))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    if "pretrained" not in found:
        raise TypeError(f"{target} must take `pretrained`")
    return {name: value for name, value in found.items() if name != "pretrained"}
