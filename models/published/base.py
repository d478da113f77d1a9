"""What every family of published detectors has: how it is recognised, built, fed and read.

file or folder ─▶ Given ─recognise─▶ Match ─build─▶ network with the published names
                                                         │ split at the classifier
                                        PublishedNetwork = encoder + head (real, fake)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from models.cards import ModelCard
from models.network import Average, Network

ONNX_TENSOR = "onnx"  # the whole graph of an ONNX file, as bytes


class Refused(ValueError):
    """The file cannot become this detector; the message says why and what to do."""


@dataclass(frozen=True)
class Figure:
    """A published figure and the protocol it was measured by."""

    value: str
    protocol: str


@dataclass(frozen=True)
class Given:
    """What was read of a file or folder. `tensors` have their prefixes peeled off."""

    tensors: Mapping[str, torch.Tensor]
    name: str = ""  # of the file or folder
    weights: str = ""  # the file that the tensors come from
    config: Mapping[str, Any] = field(default_factory=dict)  # config.json, or what an .h5 says of its layers
    processor: Mapping[str, Any] = field(default_factory=dict)  # preprocessor_config.json
    # Of an ONNX file: its input, output and activation.
    graph: Mapping[str, Any] = field(default_factory=dict)

    def shape(self, tensor: str) -> tuple[int, ...] | None:
        found = self.tensors.get(tensor)
        return None if found is None else tuple(found.shape)

    def has(self, *tensors: str) -> bool:
        return all(name in self.tensors for name in tensors)


@dataclass(frozen=True)
class Reading:
    """Which end of the outputs is fake. Of one output `fake` is (0,): a high sigmoid is fake, or () : it is real."""

    outputs: int
    fake: tuple[int, ...]
    words: str  # how it is known
    label: str = "fake"  # the published name of what is fake
    independent: bool = (
        False  # a sigmoid for each output (several labels may hold) instead of one softmax over all
    )

    def logits(self, outputs: torch.Tensor) -> torch.Tensor:
        """Two logits, real and fake, whose softmax is the published probability of fake.

        Of independent outputs that is the highest sigmoid of those that are fake.
        """
        if self.outputs == 1:
            zero = torch.zeros_like(outputs)
            return torch.cat([zero, outputs] if self.fake else [outputs, zero], dim=-1)
        if self.independent:
            highest = outputs[..., list(self.fake)].amax(-1)
            return torch.stack([torch.zeros_like(highest), highest], dim=-1)
        real = [i for i in range(self.outputs) if i not in self.fake]
        return torch.stack([outputs[..., side].logsumexp(-1) for side in (real, list(self.fake))], dim=-1)


@dataclass(frozen=True)
class Match:
    """A recognised file: what builds its network again on any machine, and what feeds and reads it."""

    options: dict[str, Any]
    title: str  # of the variant, e.g. AASIST-L
    reading: Reading
    published: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    undecided: str = ""  # why nothing in the file says which output is fake; then the user has to
    parameters: int | None = None  # where the network does not hold them as such


class Family(ABC):
    """One family. Its file ends in `FAMILY = …`; `models.published.families` finds it by that."""

    name: str
    about: str
    source: str
    licence: str
    modality: str
    classifier: str = ""  # dotted name, in what `build` makes, of the layer that gives the outputs
    unused: tuple[str, ...] = ()  # beginnings of tensors that the published network carries and never uses

    # Whether files of no family are held against the names of its
    # tensors; not where these follow from a configuration.
    compared: bool = False

    @abstractmethod
    def recognise(self, given: Given) -> Match | None:
        """The match, None where the names and shapes are not this family's."""

    def explain(self, given: Given) -> str:
        """Why what looks like one of these, and is none, is none; and what to do. Empty where it does not look so."""
        return ""

    @abstractmethod
    def build(self, **options: Any) -> nn.Module:
        """The network with its published names; without its classifier it gives (batch, width)."""

    @abstractmethod
    def card(self, **options: Any) -> ModelCard:
        """Size, normalisation and the layer for heat maps, named inside PublishedNetwork."""

    def cam_candidates(self, **options: Any) -> tuple[str, ...]:
        """Layers for heat maps, the likeliest first; the faithfulness of their maps decides. None: the card's alone."""
        return ()

    def head(self, **options: Any) -> str:
        """The classifier's name where it depends on the options."""
        return self.classifier

    def recipe(self, **options: Any) -> dict[str, Any]:
        """Fields of the recipe beyond what the card says: how files are cut, scaled and levelled."""
        return {}

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """The tensors under the names that `build` uses; for formats that lay them out otherwise."""
        return dict(tensors)

    def defaults(self) -> dict[str, Any]:
        """Every option of `build` with a value that works."""
        return {}


class PublishedHead(nn.Module):
    """The published classifier, its outputs turned into two logits: real, fake."""

    def __init__(self, classifier: nn.Module, reading: Reading) -> None:
        super().__init__()
        self.classifier = classifier
        self.reading = reading

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.reading.logits(self.classifier(embedding))


class PublishedNetwork(Network):
    """A published network in the shape of the house: what it learned is untouched, its outputs are put in order."""

    def __init__(self, net: nn.Module, classifier: str, reading: Reading) -> None:
        super().__init__()
        place, _, last = classifier.rpartition(".")
        parent = net.get_submodule(place)
        head = getattr(parent, last)
        setattr(parent, last, nn.Identity())
        self.encoder = net
        # Else heat maps go without gradients.
        self.differentiable = bool(getattr(net, "differentiable", True))
        self.aggregation = Average()  # of one unit
        self.head = PublishedHead(head, reading)

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).flatten(1).unsqueeze(1)

    def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
        """The published outputs in their own order, as the authors' code gives them."""
        return self.head.classifier(self.encoder(inputs).flatten(1))
