"""A file of each kind, as somebody would add it: nothing else in the tree knows of them."""

from __future__ import annotations

BALANCING = """
from dataclasses import dataclass

import numpy as np

from core.training.balancing import Balancing
from core.training.options.fields import option


@dataclass(frozen=True)
class Settings:
    rounds_made: int = option(2, "how often every sample comes in an epoch", low=1, high=9, group="techniques")


class Rounds(Balancing):
    about = "every sample several times"
    Settings = Settings

    def draws(self, rng):
        return np.concatenate([rng.permutation(len(self.samples.labels)) for _ in range(self.settings.rounds_made)])
"""

LOSS = """
from core.training.losses import Loss


class Squared(Loss):
    about = "squared distance from the truth"

    def terms(self, log_p, labels):
        return (log_p.exp() - self.targets(labels)).square().sum(dim=1)
"""

AUGMENTATION = """
from core.training.augmentation import Augmentation


class Negative(Augmentation):
    about = "dark becomes bright"

    def pictures(self, frames, rng, strength=1.0):
        return 255 - frames if rng.random() < 0.5 else frames
"""

THRESHOLD_METHOD = """
from core.thresholds.methods import Choice, Method


class Caught(Method):
    argument = "N"
    about = "the highest threshold that catches N fakes"
    offered = ("3",)

    def __init__(self, wanted):
        self.wanted = wanted

    @classmethod
    def parse(cls, value):
        return cls(int(value))

    def choose(self, sweep):
        enough = [i for i, tp in enumerate(sweep.tp) if tp >= self.wanted]
        return Choice(enough[-1] if enough else 0, reachable=bool(enough))
"""

EXPLANATION = """
from dataclasses import dataclass

import torch

from core.detection.explanations.base import Attribution, scaled


@dataclass(frozen=True)
class PlainGradient:
    name: str = "plain_gradient"
    title: str = "Plain gradient"
    about: str = "where a pixel moves the fake logit"
    over: str = "picture"

    def __call__(self, view, inputs):
        at = inputs.detach().requires_grad_(True)
        with torch.enable_grad():
            grown = torch.autograd.grad(view.forward(at)[:, 1].sum(), at)[0]
        maps = grown.abs().sum(dim=1).cpu().numpy()
        return Attribution(scaled(maps), maps.sum(axis=(1, 2)))


EXPLAINER = PlainGradient()
"""

LAYOUT = """
from core.catalog.layouts.base import FAKE, REAL, Layout, Rule


class Orchard(Layout):
    slug = "orchard"
    dataset = "Orchard"
    kinds = ("image",)
    rules = (Rule("grown_apples", REAL, strong=True), Rule("painted_apples", FAKE, strong=True))
    source = "https://example.org/orchard"
"""

NETWORK = """
from torch import nn

from models import ModelCard, register
from models.network import Average, Network


@register(ModelCard("mean_texture", "image", "mean texture", "ours", size=32, cam_layer="encoder.0"))
class MeanTexture(Network):
    def __init__(self, *, pretrained=False):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.aggregation = Average()
        self.head = nn.Linear(8, 2)

    def encode(self, inputs, mask):
        return self.encoder(inputs).unsqueeze(1)
"""

FILES = {
    "core/training/balancing/rounds.py": BALANCING,
    "core/training/losses/squared.py": LOSS,
    "core/training/augmentation/negative.py": AUGMENTATION,
    "core/thresholds/methods/caught.py": THRESHOLD_METHOD,
    "core/detection/explanations/plain_gradient.py": EXPLANATION,
    "core/catalog/layouts/orchard.py": LAYOUT,
    "models/image/mean_texture.py": NETWORK,
}
