"""Of several layers that may carry a map, the one whose map names what the score rests on the most."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from core.detection import views
from core.detection.explanations import faithfulness
from core.detection.explanations.base import Attribution, Explainer
from core.detection.verdict import Faithfulness


@dataclass(frozen=True)
class Mapped:
    """What a method gives of one input, by the layer that was weighed."""

    attribution: Attribution
    figures: list[Faithfulness]
    layer: str


def most_faithful(
    explainer: Explainer, looked: views.Looked, layers: dict[str, nn.Module]
) -> tuple[dict[str, nn.Module], Mapped]:
    """The map whose marks the score rests on the most, of the layers that may carry it; the file keeps to
    that one."""
    tried = []
    nothing: dict[str, nn.Module | None] = {"": None}
    for name, layer in (layers or nothing).items():
        attribution = replace(looked, view=replace(looked.view, layer=layer)).explained(explainer)
        figures = faithfulness.of_pictures(looked.scores, looked.inputs, attribution.maps, attribution.scores)
        gain = float(np.mean([one.drop - one.random_high for one in figures]))
        tried.append((gain, Mapped(attribution, figures, name)))
    mapped = max(tried, key=lambda one: one[0])[1]
    return {name: layer for name, layer in layers.items() if name == mapped.layer}, mapped
