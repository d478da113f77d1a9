"""What everybody needs to know of a network: its card, what it gives, and what can be wrong with a wish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MODALITIES = ("image", "audio", "video", "multimodal")
TIMM_PREFIX = "timm:"
Builder = Callable[..., nn.Module]


class UnknownModel(ValueError):
    """No network of this name; the message lists the near ones."""


class BadOption(ValueError):
    """The network does not take this option or value; the message says what it takes."""


class MissingWeights(RuntimeError):
    """Pre-trained weights cannot be had; the message says which file to put where."""


@dataclass(frozen=True)
class ModelCard:
    """What everybody needs to know of a network without building it."""

    name: str
    modality: str  # image | audio | video | multimodal
    about: str  # one line: what it is
    source: str  # one line: where it comes from
    size: int = 224  # pixels, the side of a square picture
    frames: int = 1
    sample_rate: int = 16_000
    seconds: float = 64_600 / 16_000
    resize: str = "fit"  # fit: scaled to size x size | native: unresized crops of size x size
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    cam_layer: str = ""  # dotted name of the layer for Grad-CAM; empty: attribution over time instead
    pretrained: str = ""  # tag of the pre-trained weights; empty: there are none
    learning_rate: float = 1e-4
    tune: str = "all"  # what is trained unless the analyst says otherwise: all|layernorm|last_blocks|head
    batch: int = 0  # samples in a step on each device; 0: as usual for the modality
    precision: str = ""  # what `precision: auto` is on a GPU; empty: as the GPU likes best
    accumulation: int = 1  # batches whose gradients make one step
    # Beside the verdict, with the weight that the network brings (0: only where it is asked for):
    # domain tells datasets apart against the backbone, contrastive aligns sound and picture.
    objectives: Mapping[str, float] = field(default_factory=lambda: {"domain": 0.0})
    options: dict[str, object] = field(default_factory=dict)  # arguments of the builder, with defaults

    @property
    def input(self) -> str:
        """What goes in: `pictures of 224 × 224 pixels`, `16 frames of 224 × 224 pixels`, `4 s of sound at 16,000 Hz`."""
        crop = ", cropped and not resized" if self.resize == "native" else ""
        picture = f"{self.size} × {self.size} pixels{crop}"
        sound = f"{round(self.seconds, 1):g} s of sound at {self.sample_rate:,} Hz"
        clip = f"{self.frames} frames of {picture}"
        return {"image": f"pictures of {picture}", "video": clip, "audio": sound}.get(
            self.modality, f"{clip}, and {sound}"
        )


@dataclass(frozen=True)
class ModelOption:
    """What a form needs to ask for an option of a network: a name for people, what it is for, and its values.

    backbone   mobilenetv3_small_100.lamb_in1k -> MobileNetV3-small, …   `open`: any other timm name may be typed
    width      a whole number from 16 to 2,048; `empty` names what its default stands for: as the size says
    """

    title: str
    help: str  # a sentence or several
    # Each value with its words; none: a number or a text.
    choices: tuple[tuple[str | bool | None, str], ...] = ()
    open: bool = False  # other values than the choices may be typed
    low: float | None = None
    high: float | None = None
    empty: str = ""  # of a number: what the default, shown as an empty field, stands for


@dataclass(frozen=True)
class Output:
    """What `forward(…, details=True)` gives."""

    logits: torch.Tensor  # (batch, 2), column 1 = fake
    embedding: torch.Tensor  # (batch, width): `head(embedding)` are the logits
    unit_logits: torch.Tensor | None = None  # (batch, units, 2)
    extras: dict[str, torch.Tensor] = field(default_factory=dict)  # e.g. domain logits
