"""best_model.pth: weights with everything that is needed to use them; only tensors and plain values, no
pickles."""

from __future__ import annotations

import io
import platform
import warnings
from dataclasses import asdict, fields
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import torch

import models
from core.errors import BadInput
from core.media.recipe import Recipe
from core.runs.folder import RunFolder, open_run
from core.training.learning import checkpoint_size
from core.training.learning.heads import build_head
from core.workspace import write_atomic
from models.cards import ModelCard

SCHEMA = 1
FIELDS = ("state_dict", "model", "model_options", "recipe", "card", "versions")


class Loaded(NamedTuple):
    """A trained network, its card as it was in training, and the recipe of its inputs."""

    network: torch.nn.Module
    card: ModelCard
    recipe: Recipe


def document(
    network: torch.nn.Module,
    card: ModelCard,
    recipe: Recipe,
    model: str,
    model_options: dict[str, Any],
    head: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What best_model.pth holds."""
    weights = {name: value.detach().to("cpu").clone() for name, value in network.state_dict().items()}
    return {
        "schema": SCHEMA,
        "state_dict": weights,
        "model": model,
        "model_options": dict(model_options),
        "recipe": recipe.to_dict(),
        "card": _plain(asdict(card)),
        "head": head,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of the code and packages that made a file."""
    import numpy

    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": metadata.version("torchvision"),
        "numpy": str(numpy.__version__),
        "schema": str(SCHEMA),
    }


def save(path: Path, content: dict[str, Any]) -> None:
    """Written whole or not at all, also after a crash."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())


def read(path: Path) -> dict[str, Any]:
    """A checkpoint as plain values and tensors; nothing in it is executed."""
    try:
        checkpoint_size.check_archive(path)
        with warnings.catch_warnings():  # what it refuses is said in one line below
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadInput(
            f"there is no {path.name} in {path.parent}; the run has not finished an epoch"
        ) from error
    except BadInput:
        raise
    except Exception as error:  # torch raises whatever a damaged or hostile file provokes
        raise BadInput(f"{path} is not a checkpoint of this workbench ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} is not a checkpoint of this workbench")
    check_schema(content.get("schema"), path)
    return content


def check_schema(stated: object, path: Path) -> None:
    """A file of a newer program may mean something else by the same names."""
    if isinstance(stated, int) and stated > SCHEMA:
        raise BadInput(
            f"{path} was made by a newer workbench (schema {stated}, this program knows {SCHEMA}); update the program"
        )


def load(run: RunFolder | str | Path, device: torch.device | str = "cpu") -> Loaded:
    """The detector of a run (folder, id or path), ready to score."""
    folder = run if isinstance(run, RunFolder) else open_run(run)
    return build(read(folder.best_model), folder.best_model, device)


def build(content: dict[str, Any], path: Path, device: torch.device | str = "cpu") -> Loaded:
    """A network from what best_model.pth holds."""
    missing = [name for name in FIELDS if name not in content]
    if missing:
        raise BadInput(f"{path} lacks {', '.join(missing)}; it is not a checkpoint of this workbench")
    for name in ("state_dict", "model_options", "recipe", "card"):
        if not isinstance(content[name], dict):
            raise BadInput(f"{path}: {name} is no table of names; it is not a checkpoint of this workbench")
    recipe = Recipe.from_dict(content["recipe"])
    card = _card(content["card"], path)
    try:
        network = models.create(content["model"], pretrained=False, **content["model_options"])
        if content.get("head"):
            network.head = build_head(**content["head"])
        network.load_state_dict(content["state_dict"])
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadInput(f"{path} does not fit the network {content['model']!r} ({error})") from error
    return Loaded(network.to(device).eval(), card, recipe)


def _card(values: dict[str, Any], path: Path) -> ModelCard:
    known = {f.name for f in fields(ModelCard)}
    chosen: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
    }
    if isinstance(chosen.get("objectives"), tuple):  # names alone, as they were kept until version 0.2
        chosen["objectives"] = dict.fromkeys(map(str, chosen["objectives"]), 0.0)
    try:
        card = ModelCard(**chosen)
    except TypeError as error:
        raise BadInput(f"{path} holds no usable card of its network ({error})") from error
    usual = ModelCard("", "", "", "")
    for field in fields(ModelCard):
        value, kind = getattr(card, field.name), type(getattr(usual, field.name))
        if not isinstance(value, (int, float) if kind is float else kind):
            raise BadInput(f"{path} holds no usable card of its network ({field.name}: {value!r})")
    for name in ("mean", "std"):
        values = getattr(card, name)
        if len(values) != 3 or not all(isinstance(v, (int, float)) for v in values):
            raise BadInput(f"{path} holds no usable card of its network ({name}: {values!r})")
    return card


def _plain(value: Any) -> Any:
    """Without tuples, which JSON and weights_only readers do not share."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
