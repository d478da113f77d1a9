"""The named timm backbones: what the Train page offers for pictures and frames."""

from __future__ import annotations

from functools import partial

from models.cards import ModelCard, ModelOption
from models.image.timm_any import TimmImage
from models.registry import register

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5)
DROP_PATH = ModelOption(
    "Layers skipped at random",
    "The share of the network's layers that is left out of a step of training (drop path). More of it makes "
    "overfitting harder and learning slower; 0 leaves none out, and 0.1 to 0.3 is usual.",
    low=0.0,
    high=0.9,
)


def preset(model_card: ModelCard) -> None:
    """Register a timm backbone under a name of its own; the card's tag names backbone and weights."""
    register(model_card, {"drop_path": DROP_PATH})(partial(TimmImage, model_card.pretrained))


preset(
    ModelCard(
        name="efficientnet_b0",
        modality="image",
        about="EfficientNet-B0: the field's usual network for pictures",
        source="Tan and Le 2019; weights of timm",
        cam_layer="encoder.backbone.bn2",
        pretrained="efficientnet_b0.ra_in1k",
    )
)
preset(
    ModelCard(
        name="efficientnet_b4",
        modality="image",
        about="EfficientNet-B4: the field's usual face-swap detector",
        source="Tan and Le 2019; weights of timm",
        size=320,
        cam_layer="encoder.backbone.bn2",
        pretrained="efficientnet_b4.ra2_in1k",
    )
)
preset(
    ModelCard(
        name="resnet50",
        modality="image",
        about="ResNet-50",
        source="He et al. 2015; weights of timm",
        cam_layer="encoder.backbone.layer4",
        pretrained="resnet50.a1_in1k",
    )
)
preset(
    ModelCard(
        name="mobilenetv3_small",
        modality="image",
        about="MobileNetV3-small: the quick one for a CPU",
        source="Howard et al. 2019; weights of timm",
        cam_layer="encoder.backbone.blocks",
        pretrained="mobilenetv3_small_100.lamb_in1k",
        learning_rate=3e-4,
    )
)
preset(
    ModelCard(
        name="xception",
        modality="image",
        about="Xception: the baseline of FaceForensics++",
        source="Chollet 2017; weights of timm",
        size=299,
        mean=HALF,
        std=HALF,
        cam_layer="encoder.backbone.act4",
        pretrained="legacy_xception.tf_in1k",
    )
)
preset(
    ModelCard(
        name="vit_base_patch16_224",
        modality="image",
        about="ViT-B/16 trained on ImageNet-21k",
        source="Steiner et al. 2021; weights of timm",
        mean=HALF,
        std=HALF,
        cam_layer="encoder.backbone.blocks.11.norm1",
        pretrained="vit_base_patch16_224.augreg2_in21k_ft_in1k",
        learning_rate=3e-5,
    )
)
preset(
    ModelCard(
        name="clip_vit_b16",
        modality="image",
        about="CLIP ViT-B/16, only its LayerNorms trained",
        source="Radford et al. 2021; LayerNorm tuning as in GenD; weights of timm",
        mean=CLIP_MEAN,
        std=CLIP_STD,
        cam_layer="encoder.backbone.blocks.11.norm1",
        pretrained="vit_base_patch16_clip_224.openai",
        learning_rate=3e-4,
        tune="layernorm",
    )
)
preset(
    ModelCard(
        name="clip_vit_l14",
        modality="image",
        about="CLIP ViT-L/14, only its LayerNorms trained (0.03 % of parameters)",
        source="Radford et al. 2021; LayerNorm tuning as in GenD; weights of timm",
        mean=CLIP_MEAN,
        std=CLIP_STD,
        cam_layer="encoder.backbone.blocks.23.norm1",
        pretrained="vit_large_patch14_clip_224.openai",
        learning_rate=3e-4,
        tune="layernorm",
    )
)
preset(
    ModelCard(
        name="dinov2_vit_s14",
        modality="image",
        about="DINOv2 ViT-S/14, only its LayerNorms trained",
        source="Oquab et al. 2023; LayerNorm tuning as in GenD; weights of timm",
        cam_layer="encoder.backbone.blocks.11.norm1",
        pretrained="vit_small_patch14_dinov2.lvd142m",
        learning_rate=3e-4,
        tune="layernorm",
    )
)
