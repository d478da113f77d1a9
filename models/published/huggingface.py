"""Folders from Hugging Face: image and audio classification of transformers, by config.json and preprocessor_config.json.

No code of a folder is ever run: what transformers does not know by its `model_type` is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.cards import ModelCard
from models.published import bounds, cam_layers, labels
from models.published.base import ONNX_TENSOR, Family, Given, Match, Refused
from models.published.pictures import picture_options
from models.published.sound import sound_options
from models.published.spectrograms import Kaldi, Whisper
from models.published.timm_folder import WRAPPED
from models.published.usual_input import USUAL_INPUT, card_of
from models.shapes import without_values

LEFT_OUT = ("auto_map", "_name_or_path", "torch_dtype", "dtype", "quantization_config", "attn_implementation")
SHORTEST = 400  # samples: what the convolutions of wav2vec 2.0 need


class HuggingFaceFamily(Family):
    name = "huggingface"
    about = "a classifier of transformers for pictures or sound"
    source = "a folder from Hugging Face"
    licence = "as its model card says"
    modality = "image"
    classifier = "model.classifier"

    def recognise(self, given: Given) -> Match | None:
        kind = _kind(given)
        if kind is None or kind == WRAPPED or given.has(ONNX_TENSOR):
            return None
        modality = _modality(kind, given)
        _require_classifier(kind, modality, given)
        known = labels.of_config(given.config, given.name) or _without_names(given)
        several = given.config.get("problem_type") == "multi_label_classification"
        reading, undecided = labels.read_labels(known, given.name, independent=several)
        bounds.require_bounded(given.config, given.name)
        config = {k: v for k, v in given.config.items() if k not in LEFT_OUT} | {"model_type": kind}
        feeding = picture_options(given) if modality == "image" else sound_options(kind, given)
        options = {"modality": modality, "config": config, "labels": list(known.values()), **feeding}
        title = next(iter(_architectures(given)), kind)
        notes = (
            ("Several of its labels can hold at once: each output is read by its own sigmoid.",)
            if several
            else ()
        )
        return Match(options, title, reading, notes=notes, undecided=undecided)

    def explain(self, given: Given) -> str:
        """Why a folder that looks like one of these is none."""
        if given.has(ONNX_TENSOR) or "architecture" in given.config:
            return ""
        if given.config:
            return (
                "its config.json names neither model_type nor an architecture of transformers, so nothing says which "
                "network this is; take the config.json of the published folder"
            )
        if given.weights.startswith(("model.safetensors", "pytorch_model.bin")):
            return (
                f"config.json is missing beside {given.weights}, and it says which network these tensors are; put it "
                "there, with preprocessor_config.json"
            )
        return ""

    def build(self, **options: Any) -> nn.Module:
        return Transformer(options["modality"], options["config"], options)

    def card(self, **options: Any) -> ModelCard:
        return card_of(self, options)

    def cam_candidates(self, **options: Any) -> tuple[str, ...]:
        if options["modality"] != "image":
            return ()
        with without_values():
            net = Transformer("image", options["config"], options)
        return tuple(f"encoder.{name}" for name in cam_layers.candidates(net, int(options.get("size", 224))))

    def recipe(self, **options: Any) -> dict[str, Any]:
        if options["modality"] == "audio":
            return {"windows": "whole", "level": "as_is", "trim_silence": False}
        return {"shorter_side": options["shorter_side"], "filter": options["filter"]}

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """Under the names that transformers has today: it knows how those of older files became them."""
        made = _config(options["config"])
        with without_values():
            shape: Any = _maker(options["modality"]).from_config(made)
        bounds.require_as_many(sum(parameter.numel() for parameter in shape.parameters()), tensors)
        with _silent():
            model, report = type(shape).from_pretrained(
                None,
                config=made,
                state_dict=dict(tensors),
                output_loading_info=True,
                dtype=torch.float32,
                attn_implementation="eager",
                ignore_mismatched_sizes=True,
            )
        other = {
            str(m[0]): torch.empty(tuple(m[1]), device="meta") for m in report.get("mismatched_keys", ())
        }
        missing = set(report["missing_keys"]) - set(other)
        found = {f"model.{n}": other.get(n, t) for n, t in model.state_dict().items() if n not in missing}
        return found | {n: tensors[n] for n in report["unexpected_keys"] if n in tensors}

    def defaults(self) -> dict[str, Any]:
        return {
            **USUAL_INPUT,
            "config": {"model_type": "vit"},
            "bands": 0,
            "steps": 0,
            "centre": 0.0,
            "spread": 1.0,
            "window": 0,
            "hop": 0,
        }


class Transformer(nn.Module):
    """The published classifier; of sound also what its feature extractor does before."""

    def __init__(self, modality: str, config: Mapping[str, Any], feeding: Mapping[str, Any]) -> None:
        super().__init__()
        self.model = _model(modality, config)
        self.modality, self.feeding = modality, feeding

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.modality == "image":
            return self.model(pixel_values=inputs).logits
        if self.feeding["hop"]:
            return self.model(input_features=_whisper(self.feeding).of(inputs)).logits
        if self.feeding["bands"]:
            return self.model(input_values=_kaldi(self.feeding).of(inputs)).logits
        if self.feeding["normalise"]:  # each recording to zero mean and unit variance
            inputs = functional.layer_norm(inputs, inputs.shape[1:], eps=1e-7)
        if inputs.shape[1] < SHORTEST:
            inputs = functional.pad(inputs, (0, SHORTEST - inputs.shape[1]))
        return self.model(input_values=inputs).logits


def _kaldi(feeding: Mapping[str, Any]) -> Kaldi:
    return Kaldi(
        feeding["sample_rate"], feeding["bands"], feeding["steps"], feeding["centre"], feeding["spread"]
    )


def _whisper(feeding: Mapping[str, Any]) -> Whisper:
    return Whisper(
        feeding["sample_rate"], feeding["bands"], feeding["steps"], feeding["window"], feeding["hop"]
    )


@contextmanager
def _silent() -> Iterator[None]:
    """What does not fit is counted and said in one line; transformers would draw a bar and a table."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _maker(modality: str) -> Any:
    from transformers import AutoModelForAudioClassification, AutoModelForImageClassification

    return AutoModelForImageClassification if modality == "image" else AutoModelForAudioClassification


def _config(config: Mapping[str, Any]) -> Any:
    from transformers import AutoConfig

    values = {k: v for k, v in config.items() if k not in (*LEFT_OUT, "model_type")}
    return AutoConfig.for_model(str(config["model_type"]), **values)


def _model(modality: str, config: Mapping[str, Any]) -> nn.Module:
    return _maker(modality).from_config(_config(config), trust_remote_code=False, attn_implementation="eager")


def _classifiers(modality: str) -> Mapping[str, str | tuple[str, ...]]:
    """model_type -> the names of its classifiers."""
    from transformers.models.auto import modeling_auto as known

    if modality == "image":
        return known.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    return known.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES


def _names_of(kind: str, modality: str) -> tuple[str, ...]:
    found = _classifiers(modality).get(kind, ())
    return (found,) if isinstance(found, str) else tuple(found)


def _kind(given: Given) -> str | None:
    """model_type, and where that is not stated the one whose classifier the architectures name."""
    kind = given.config.get("model_type")
    if isinstance(kind, str):
        return kind
    named = _architectures(given)
    for modality in ("image", "audio"):
        for kind in _classifiers(modality):
            if set(named) & set(_names_of(kind, modality)):
                return kind
    return None


def _architectures(given: Given) -> list[str]:
    named = given.config.get("architectures")
    return [str(name)[:100] for name in named] if isinstance(named, list) else []


def _modality(kind: str, given: Given) -> str:
    for modality in ("image", "audio"):
        if _names_of(kind, modality):
            return modality
    raise Refused(
        f"{given.name}: transformers has no classifier of pictures or sound for model_type {kind[:60]!r}; "
        "code of the folder's own is never run; name a folder of one that it has, or an ONNX export"
    )


def _require_classifier(kind: str, modality: str, given: Given) -> None:
    """A backbone has no outputs for fake and real, whatever its config.json calls it."""
    named, known = _architectures(given), _names_of(kind, modality)
    if named and not set(named) & set(known) and not any("classifier" in name for name in given.tensors):
        raise Refused(
            f"{given.name} has no head: its config.json calls it {named[0]}, which is no classifier; name the folder of "
            f"one that was trained as {known[0]}"
        )


def _without_names(given: Given) -> dict[int, str]:
    """What transformers calls outputs that nobody named; it leaves these names out of the file."""
    return {i: f"LABEL_{i}" for i in range(max(1, bounds.labels_asked(given, "num_labels")))}


FAMILY = HuggingFaceFamily()
