"""Folders from Hugging Face: image and audio classification of transformers, by config.json and preprocessor_config.json.

No code of a folder is ever run: what transformers does not know by its `model_type` is refused.
"""

from __future__ import annotations

import math
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
from models.published.timm_folder import WRAPPED
from models.shapes import without_values

LEFT_OUT = ("auto_map", "_name_or_path", "torch_dtype", "dtype", "quantization_config", "attn_implementation")
SPECTROGRAM = "audio-spectrogram-transformer"
LONGEST = 30.0  # seconds of a recording that are heard
MOST_STEPS = 6_000  # of a spectrogram, a hundred a second
SHORTEST = 400  # samples: what the convolutions of wav2vec 2.0 need


class HuggingFaceFamily(Family):
    name = "huggingface"
    about = "a classifier of transformers for pictures or sound"
    source = "a folder from Hugging Face"
    licence = "as its model card says"
    modality = "image"
    classifier = "model.classifier"

    def recognise(self, given: Given) -> Match | None:
        kind = given.config.get("model_type")
        if not isinstance(kind, str) or kind == WRAPPED or given.has(ONNX_TENSOR):
            return None
        modality = _modality(kind, given)
        known = labels.of_config(given.config, given.name) or _without_names(given)
        several = given.config.get("problem_type") == "multi_label_classification"
        reading, undecided = labels.read_labels(known, given.name, independent=several)
        bounds.require_bounded(given.config, given.name)
        config = {k: v for k, v in given.config.items() if k not in LEFT_OUT}
        feeding = picture_options(given) if modality == "image" else sound_options(kind, given)
        options = {"modality": modality, "config": config, "labels": list(known.values()), **feeding}
        named = given.config.get("architectures")
        title = str(named[0])[:100] if isinstance(named, list) and named else kind
        notes = (
            ("Several of its labels can hold at once: each output is read by its own sigmoid.",)
            if several
            else ()
        )
        return Match(options, title, reading, notes=notes, undecided=undecided)

    def build(self, **options: Any) -> nn.Module:
        return Transformer(options["modality"], options["config"], options)

    def card(self, **options: Any) -> ModelCard:
        made = ModelCard(
            name=self.name, modality=options["modality"], about=self.about, source=self.source,
            size=int(options.get("size", 224)), mean=tuple(options.get("mean", (0.5,) * 3)),
            std=tuple(options.get("std", (0.5,) * 3)), resize=options.get("resize", "fit"),
            sample_rate=int(options.get("sample_rate", 16_000)), seconds=float(options.get("seconds", LONGEST)),
        )  # fmt: skip
        return made

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
                None, config=made, state_dict=dict(tensors), output_loading_info=True, dtype=torch.float32,
                attn_implementation="eager", ignore_mismatched_sizes=True,
            )  # fmt: skip
        other = {
            str(m[0]): torch.empty(tuple(m[1]), device="meta") for m in report.get("mismatched_keys", ())
        }
        missing = set(report["missing_keys"]) - set(other)
        found = {f"model.{n}": other.get(n, t) for n, t in model.state_dict().items() if n not in missing}
        return found | {n: tensors[n] for n in report["unexpected_keys"] if n in tensors}

    def defaults(self) -> dict[str, Any]:
        return {
            "modality": "image", "config": {"model_type": "vit"}, "labels": [], "size": 224, "mean": [0.5] * 3,
            "std": [0.5] * 3, "resize": "fit", "shorter_side": 0, "filter": "bilinear", "sample_rate": 16_000,
            "seconds": LONGEST, "normalise": False, "bands": 0, "steps": 0, "centre": 0.0, "spread": 1.0,
        }  # fmt: skip


class Transformer(nn.Module):
    """The published classifier; of sound also what its feature extractor does before."""

    def __init__(self, modality: str, config: Mapping[str, Any], feeding: Mapping[str, Any]) -> None:
        super().__init__()
        self.model = _model(modality, config)
        self.modality, self.feeding = modality, feeding

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.modality == "image":
            return self.model(pixel_values=inputs).logits
        if self.feeding["bands"]:
            return self.model(input_values=self._spectrogram(inputs)).logits
        if self.feeding["normalise"]:  # each recording to zero mean and unit variance
            inputs = functional.layer_norm(inputs, inputs.shape[1:], eps=1e-7)
        if inputs.shape[1] < SHORTEST:
            inputs = functional.pad(inputs, (0, SHORTEST - inputs.shape[1]))
        return self.model(input_values=inputs).logits

    def _spectrogram(self, sound: torch.Tensor) -> torch.Tensor:
        """(batch, steps, bands): Kaldi's filter banks, as the extractor of these transformers makes them."""
        from torchaudio.compliance.kaldi import fbank

        rows, feeding = [], self.feeding
        for one in sound:
            bank = fbank(
                one[None], sample_frequency=feeding["sample_rate"], window_type="hanning",
                num_mel_bins=feeding["bands"],
            )  # fmt: skip
            bank = bank[: feeding["steps"]]
            rows.append(functional.pad(bank, (0, 0, 0, feeding["steps"] - len(bank))))
        return (torch.stack(rows) - feeding["centre"]) / (2 * feeding["spread"])


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


def _modality(kind: str, given: Given) -> str:
    from transformers.models.auto import modeling_auto as known

    pictures = kind in known.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    sound = kind in known.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES
    if not pictures and not sound:
        raise Refused(
            f"{given.name}: transformers has no classifier of pictures or sound for model_type {kind!r}; "
            "code of the folder's own is never run"
        )
    return "image" if pictures else "audio"


def _without_names(given: Given) -> dict[int, str]:
    """What transformers calls outputs that nobody named; it leaves these names out of the file."""
    return {i: f"LABEL_{i}" for i in range(max(1, bounds.labels_asked(given, "num_labels")))}


def sound_options(kind: str, given: Given) -> dict[str, Any]:
    processor = given.processor
    if not processor:
        raise Refused(
            f"{given.name}: preprocessor_config.json is missing, and nothing else says how sound is fed; put it beside"
        )
    rate = _whole(given, "sampling_rate", 16_000, 4_000, 192_000)
    if kind == SPECTROGRAM:
        steps = _whole(given, "max_length", 1024, 2, MOST_STEPS)
        return {
            "bands": _whole(given, "num_mel_bins", 128, 4, 512), "steps": steps, "sample_rate": rate,
            "centre": _number(given, "mean", -4.2677393), "spread": _number(given, "std", 4.5689974),
            "seconds": steps / 100 + 0.025, "normalise": False,
        }  # fmt: skip
    if processor.get("feature_size", 1) != 1:
        raise Refused(f"{given.name}: the features that {kind} takes are not known here; only raw sound is")
    return {"sample_rate": rate, "normalise": bool(processor.get("do_normalize", True)), "seconds": LONGEST}


def _whole(given: Given, key: str, usual: int, least: int, most: int) -> int:
    value = given.processor.get(key, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refused(
            f"{given.name}: preprocessor_config.json gives {key} = {str(value)[:40]}; "
            f"it must be a whole number from {least} to {most}"
        )
    return value


def _number(given: Given, key: str, usual: float) -> float:
    value = given.processor.get(key, usual)
    wrong = isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
    if wrong or (key == "std" and value == 0):
        raise Refused(
            f"{given.name}: preprocessor_config.json gives {key} = {str(value)[:40]}, which is no number to scale by"
        )
    return float(value)


FAMILY = HuggingFaceFamily()
