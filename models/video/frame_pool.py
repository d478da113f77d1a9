"""Any image backbone over the frames of a clip, joined by average, LSTM or attention."""

from __future__ import annotations

import torch
from torch import nn

from models import timm_backbone
from models.cards import BadOption, ModelCard, ModelOption
from models.network import Attention, Average, Network, Recurrent, over_frames
from models.registry import register
from models.timm_backbone import TimmEncoder

AGGREGATIONS = ("average", "lstm", "attention")
DEFAULT = "mobilenetv3_small_100.lamb_in1k"
ASKED = {
    "backbone": ModelOption(
        "Network for each frame",
        "What looks at each frame by itself. The choices go from the quickest to the slowest; any other name of the "
        "library timm may be typed.",
        (
            (DEFAULT, "MobileNetV3-small"),
            ("efficientnet_b0.ra_in1k", "EfficientNet-B0"),
            ("resnet50.a1_in1k", "ResNet-50"),
            ("legacy_xception.tf_in1k", "Xception"),
            ("efficientnet_b4.ra2_in1k", "EfficientNet-B4"),
            ("vit_base_patch16_224.augreg2_in21k_ft_in1k", "ViT-B/16"),
        ),
        open=True,
    ),
    "aggregation": ModelOption(
        "How the frames are joined",
        "Their average knows no order. An LSTM reads the frames one after another, so it can learn from how a face "
        "moves. Attention learns which frames count most.",
        (("average", "average"), ("lstm", "LSTM, in their order"), ("attention", "attention")),
    ),
}


@register(
    ModelCard(
        name="frame_pool",
        modality="video",
        about="any timm backbone per frame; frames joined by average, LSTM or attention",
        source="backbone and weights of timm",
        frames=16,
        cam_layer="encoder.backbone.blocks",
        pretrained=DEFAULT,
        learning_rate=1e-4,
    ),
    ASKED,
)
class FramePool(Network):
    """`backbone` is any timm name; `aggregation` is average, lstm or attention."""

    def __init__(
        self,
        *,
        pretrained: bool = False,
        backbone: str = DEFAULT,
        aggregation: str = "average",
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if aggregation not in AGGREGATIONS:
            raise BadOption(f"aggregation {aggregation!r} must be one of {', '.join(AGGREGATIONS)}")
        self.encoder = TimmEncoder(backbone, pretrained=pretrained)
        width = self.encoder.width
        self.aggregation = {
            "average": lambda: Average(),
            "lstm": lambda: Recurrent(width, hidden=128, layers=2, dropout=dropout),
            "attention": lambda: Attention(width),
        }[aggregation]()
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(256 if aggregation == "lstm" else width, 2))
        self.cam_layer = f"encoder.backbone.{timm_backbone.cam_layer(backbone)}"

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return over_frames(self.encoder, inputs, mask, self.encoder.width)
