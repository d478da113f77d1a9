"""Everything that a run needs, built and checked before anything starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

import models
from core import option_words
from core.catalog import table as catalog
from core.errors import BadInput
from core.media.recipe import Recipe
from core.training.balancing import Balancing, TrainingSet, make_balancing
from core.training.options import unused_options
from core.training.options.checks import check_tune
from core.training.options.config import TrainConfig
from core.training.reading.examples import Changes, Source
from core.training.reading.recipes import recipe_for
from core.training.reading.samples import Planned, plan_samples, select
from core.training.reading.texts import about_texts, known_texts, texts_for
from core.workspace import Workspace, workspace
from models.cards import BadOption, MissingWeights, ModelCard, UnknownModel


@dataclass(frozen=True)
class Setup:
    """A run ready to start; the network is built from `model_options`, seeded."""

    config: TrainConfig
    card: ModelCard
    recipe: Recipe
    planned: Planned
    network: torch.nn.Module
    model_options: dict[str, Any]
    tune: str
    learning_rate: float
    objectives: dict[str, float]  # beside the verdict, with their weights
    notes: tuple[str, ...]  # what the log says of how the network was built
    space: Workspace

    def source(self, split: str) -> Source:
        return self.source_of(self.planned.split(split))

    def source_of(self, rows: pd.DataFrame) -> Source:
        names = {name: k for k, name in enumerate(sorted(self.planned.rows["dataset"].unique()))}
        return Source(
            files=rows["file"].tolist(),
            labels=rows["label"].to_numpy(dtype=np.int64),
            texts=texts_for(rows, self.network, self.space),
            domains=rows["dataset"].map(names).to_numpy(dtype=np.int64),
            recipe=self.recipe,
            space=self.space,
            metadata=bool(getattr(self.network, "metadata_tensors", lambda rows: None)([{}])),
            roots=tuple(catalog.root_of(name, self.space) for name in names),
        )

    @property
    def idle(self) -> list[str]:
        """A line for each option that somebody has set for nothing."""
        usual = TrainConfig().to_dict()
        found = unused_options.set_for_nothing(self.config.to_dict(), usual, facts_of(self.card))
        return [f"{name}: does nothing here, {why}" for name, why in found.items()]

    def training_set(self) -> TrainingSet:
        rows = self.planned.split("train")
        weights = self.config.dataset_weights
        return TrainingSet(
            labels=rows["label"].to_numpy(dtype=np.int64),
            dataset_weights=rows["dataset"]
            .map(lambda d: float(weights.get(d, 1.0)))
            .to_numpy(dtype=np.float64),
            groups=[frozenset(map(str, keys)) for keys in rows["groups"]],
            datasets=rows["dataset"].astype("category").cat.codes.to_numpy() if weights else None,
        )

    def balancing(self) -> list[Balancing]:
        return make_balancing(self.config.balancing, self.training_set(), self.config)

    def changes(self) -> Changes:
        techniques = self.balancing()
        stronger = frozenset(y for y in (0, 1) if any(t.strengthens(y) for t in techniques))
        return Changes(tuple(self.config.augmentation), stronger)


def trained_how(setup: Setup) -> str:
    """`size large (width 512, layers 4, heads 8, …), batches of 2, one step after 8 batches, 16 bit arithmetic`"""
    options, config = setup.model_options, setup.config
    parts = []
    if "size" in options:
        named = [f"{name} {options[name]}" for name in ("width", "layers", "heads") if options.get(name)]
        named += _encoders(config.model_name, options)
        parts.append(f"size {options['size']} ({', '.join(named)})")
    automatic = config.batch_size == "auto"
    parts.append("batches as large as the device takes" if automatic else f"batches of {config.batch}")
    if (config.accumulation or 1) > 1:
        parts.append(f"one step after {config.accumulation} batches")
    arithmetic = option_words.choice("precision", config.precision)
    parts.append(f"arithmetic {arithmetic}" if config.precision == "auto" else f"{arithmetic} arithmetic")
    return ", ".join(parts)


def _encoders(model: str, options: dict[str, Any]) -> list[str]:
    """`picture: ResNet-50, sound: wav2vec 2.0 base`, by the names under which a form offers them."""
    asked = models.asked_options(model)
    kinds = {
        "visual_encoder": "picture",
        "audio_encoder": "sound",
        "text_encoder": "text",
        "encoder": "encoder",
    }
    return [
        f"{kind}: {dict(asked[name].choices).get(options[name], options[name])}"
        for name, kind in kinds.items()
        if options.get(name) and name in asked
    ]


def card_for(config: TrainConfig) -> ModelCard:
    """The card of the network asked for, refused where it is unknown or of another modality."""
    try:
        card = models.card(config.model_name)
    except UnknownModel as error:
        raise BadInput(f"model: {error}") from error
    if card.modality != config.modality:
        fitting = ", ".join(models.list_models(config.modality))
        raise BadInput(
            f"model: {card.name} is for modality {card.modality}, not {config.modality}; it may be {fitting}"
        )
    with options_understood(config):
        return models.card(config.model_name, **config.model_options)


def model_options_for(
    config: TrainConfig, card: ModelCard, domains: int, *, words: bool = True
) -> dict[str, Any]:
    """The arguments of the network: the configuration's own, and the fields that stand for one."""
    options = dict(config.model_options)
    if config.dropout is not None:
        if "dropout" not in card.options:
            raise BadInput(f"dropout: {card.name} has none; leave it empty")
        options["dropout"] = config.dropout
    for name, value in (("image_size", config.image_size), ("sample_rate", config.sample_rate)):
        if name in card.options and value is not None:
            options.setdefault(name, value)
    if not words and "text_encoder" in card.options:
        options["text_encoder"] = ""
    if "domains" not in options and domains:
        options["domains"] = domains
    # Left empty the network would ask a GPU that this run does not use.
    if "memory_gb" in card.options and options.get("memory_gb") is None and config.device == "cpu":
        options["memory_gb"] = 0.0
    return options


def create_network(config: TrainConfig, options: dict[str, Any], space: Workspace) -> torch.nn.Module:
    """The network with seeded weights."""
    torch.manual_seed(config.seed)
    try:
        with options_understood(config):
            return models.create(
                config.model_name, pretrained=config.pretrained, weights_folder=str(space.weights), **options
            )
    except MissingWeights as error:
        raise BadInput(f"pretrained: {error}") from error


@contextlib.contextmanager
def options_understood(config: TrainConfig) -> Iterator[None]:
    """What a network (or the library under it) says of values that it cannot be built with is bad input."""
    try:
        yield
    except BadOption as error:
        raise BadInput(f"model_options: {error}") from error
    except (TypeError, ValueError, RuntimeError, AssertionError, LookupError) as error:
        if isinstance(error, MissingWeights) or not config.model_options:
            raise
        raise BadInput(f"model_options: {config.model_options} cannot be built ({error})") from error


def check_dataset_weights(config: TrainConfig, planned: Planned) -> None:
    """Where no dataset is named, only the catalogue says which there are to weigh."""
    known = sorted(planned.rows["dataset"].unique())
    for name in config.dataset_weights:
        if name not in known:
            raise BadInput(f"dataset_weights: {name!r} must be one of datasets: {', '.join(known)}")


def check_objectives(config: TrainConfig, card: ModelCard) -> None:
    """An objective that the network gives nothing for would silently do nothing."""
    for objective in ("domain", "contrastive"):
        field = f"{objective}_weight"
        if getattr(config, field) and objective not in card.objectives:
            others = models.list_models(config.modality)
            fitting = ", ".join(n for n in others if objective in models.card(n).objectives)
            raise BadInput(
                f"{field}: {getattr(config, field):g} does nothing with {card.name}; it may be 0, or model one of {fitting}"
            )


def facts_of(card: ModelCard) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ("tune", "options", "objectives", "pretrained")}


def objective_weights(config: TrainConfig, card: ModelCard, tune: str, datasets: int) -> dict[str, float]:
    """As the configuration says; where it says nothing, as the card brings them, as far as they can do
    something."""
    if config.domain_weight and datasets < 2:
        raise BadInput("domain_weight: needs at least two datasets to tell apart; set it to 0")
    found = {}
    for objective, usual in card.objectives.items():
        given = getattr(config, f"{objective}_weight")
        idle = tune == "head" or (objective == "domain" and datasets < 2)
        found[objective] = float(given) if given is not None else 0.0 if idle else usual
    return found


def with_recipe_of(config: TrainConfig, card: ModelCard) -> TrainConfig:
    """What the configuration leaves open, as the network's card wants it: LARGE takes 2 clips at a time in half
    precision and steps after 8 of them. What the configuration says stays."""
    found: dict[str, Any] = {}
    if config.batch_size is None and card.batch:
        found["batch_size"] = card.batch
    if config.accumulation is None:
        found["accumulation"] = card.accumulation
    if config.precision == "auto" and card.precision and config.device != "cpu" and torch.cuda.is_available():
        found["precision"] = card.precision
    return replace(config, **found)


def set_up(config: TrainConfig, space: Workspace | None = None, recipe: Recipe | None = None) -> Setup:
    """From the configuration to everything built. A resumed run gives the recipe that it began with."""
    space = space or workspace()
    card = card_for(config)
    check_objectives(config, card)
    tune = config.tune or card.tune
    check_tune(config, tune)
    table = select(config, space)
    catalog.require_roots(catalog.root_of(name, space) for name in table["dataset"].unique())
    planned = plan_samples(config, table, space)
    check_dataset_weights(config, planned)
    if recipe is None:
        recipe = recipe_for(config, planned.split("train"), card=card, space=space)
    datasets = int(planned.rows["dataset"].nunique())
    objectives = objective_weights(config, card, tune, datasets)
    learned = planned.split("train")
    asked = bool(config.model_options.get("text_encoder"))
    words = sum(map(bool, known_texts(learned, space, inside=asked))) if "text_encoder" in card.options else 0
    options = model_options_for(config, card, datasets if objectives.get("domain") else 0, words=words > 0)
    network = create_network(config, options, space)
    notes = []
    if "text_encoder" in card.options:
        notes.append(about_texts(words, len(learned), network.options.get("text_encoder", "")))
    return Setup(
        config=with_recipe_of(config, network.card),
        card=network.card,  # as built: the layer for heat maps may depend on an option
        recipe=recipe,
        planned=planned,
        network=network,
        model_options=network.options,  # with every `auto` decided, so that it opens the same elsewhere
        tune=tune,
        learning_rate=config.learning_rate or card.learning_rate,
        objectives=objectives,
        notes=tuple(notes),
        space=space,
    )
