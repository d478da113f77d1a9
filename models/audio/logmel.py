"""Log-mel spectrogram and a timm backbone."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from models import timm_backbone
from models.audio.spectrogram import LogSpectrogram
from models.cards import ModelCard, ModelOption
from models.network import Average, Network
from models.registry import register
from models.timm_backbone import TimmEncoder

ASKED = {
    "backbone": ModelOption(
        "Network on the spectrogram",
        "What looks at the picture of the sound. The choices go from the quickest to the slowest; any other name of "
        "the library timm may be typed.",
        (
            ("mobilenetv3_small_100.lamb_in1k", "MobileNetV3-small"),
            ("resnet18.tv_in1k", "ResNet-18"),
            ("efficientnet_b0.ra_in1k", "EfficientNet-B0"),
        ),
        open=True,
    ),
    "scale": ModelOption(
        "Spacing of the frequencies",
        "Mel has narrow bands for low tones and wide ones for high tones, as the ear hears. Linear has bands of one "
        "width, which shows more of the highest tones, where generated speech often has its faults.",
        (("mel", "mel, as the ear hears"), ("linear", "linear, all alike")),
    ),
    "bands": ModelOption(
        "Frequency bands",
        "How many rows the picture of the sound has. More of them tell tones apart better and take more time.",
        low=8,
        high=256,
    ),
    "hop": ModelOption(
        "Step in time (samples)",
        "The distance from one column of the picture of the sound to the next, in samples of the sound: 160 are 10 ms "
        "at 16,000 Hz. Fewer show shorter events and take more time.",
        low=40,
        high=512,
    ),
}


class LogMel(Network):
    """The spectrogram is a picture with one channel; the level of the recording does not reach it."""

    backbones = ("encoder.1",)

    def __init__(
        self,
        *,
        backbone: str,
        pretrained: bool = False,
        dropout: float = 0.2,
        bands: int = 128,
        scale: str = "mel",
        hop: int = 160,
    ) -> None:
        super().__init__()
        picture = TimmEncoder(backbone, pretrained=pretrained, channels=1)
        self.encoder = nn.Sequential(LogSpectrogram(bands=bands, scale=scale, hop=hop), picture)
        self.aggregation = Average()  # of one unit, the window
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(picture.width, 2))
        self.cam_layer = f"encoder.1.backbone.{timm_backbone.cam_layer(backbone)}"

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, samples) -> (batch, 1, width)


def preset(name: str, backbone: str, about: str, cam_layer: str, learning_rate: float) -> None:
    model_card = ModelCard(
        name=name,
        modality="audio",
        about=about,
        source="log-mel energies as usual in speech; backbone and weights of timm",
        cam_layer=f"encoder.1.backbone.{cam_layer}",
        pretrained=backbone,
        learning_rate=learning_rate,
        options={"backbone": backbone},
    )
    register(model_card, ASKED)(partial(LogMel, backbone=backbone))


preset(
    "logmel_mobilenetv3_small",
    "mobilenetv3_small_100.lamb_in1k",
    "log-mel spectrogram and MobileNetV3-small: the quick one for a CPU",
    "blocks",
    3e-4,
)
preset(
    "logmel_efficientnet_b0",
    "efficientnet_b0.ra_in1k",
    "log-mel spectrogram and EfficientNet-B0: larger, for machines with a GPU",
    "bn2",
    1e-4,
)
preset(
    "logmel_resnet18",
    "resnet18.tv_in1k",
    "log-mel spectrogram and ResNet-18",
    "layer4",
    1e-4,
)
