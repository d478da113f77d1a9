"""What there is to fetch: what each file is for, how large, whose, from where, and the sum that its source states.

A sum is stated here only where it was taken from the file itself (`sha256`) or stands in the name that its publishers
gave the file (`begins`: the first digits). Of the others the hub's own sum is compared, where the hub sends one.
"""

from __future__ import annotations

from dataclasses import dataclass

AASIST = "https://github.com/clovaai/aasist/raw/a04c9863/models/weights/"
MESONET = "https://github.com/DariusAf/MesoNet/raw/2144d56a/weights/"
ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
HUB = "https://huggingface.co/"
TIMM = "https://github.com/rwightman/pytorch-image-models/releases/download/"
SPEECH = "https://download.pytorch.org/torchaudio/models/"
PAPER = "published detector of "
SENTENCES = (
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "1_Pooling/config.json",
)


@dataclass(frozen=True)
class Weights:
    """One file, or a folder of `parts`. `bytes` is what its numbers take where `exact` is false."""

    name: str
    purpose: str
    bytes: int
    licence: str
    source: str
    sha256: str | None = None
    begins: str = ""
    exact: bool = True
    parts: tuple[str, ...] = ()


def _backbone(name: str, purpose: str, size: int, licence: str, source: str, begins: str = "") -> Weights:
    return Weights(name, purpose, size, licence, source, begins=begins, exact=False)


def _of_timm(stem: str, purpose: str, size: int, repository: str = "") -> Weights:
    source = f"{HUB}timm/{repository or stem}/resolve/main/model.safetensors"
    return _backbone(f"{stem}.safetensors", purpose, size, "Apache-2.0", source)


# fmt: off
KNOWN = (
    Weights(
        "face_detection_yunet_2026may.onnx", "finding faces (YuNet), which the packaged cascade misses more often", 229_738,
        "MIT", ZOO + "face_detection_yunet_2026may.onnx",
        "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
    ),
    Weights(
        "AASIST.pth", PAPER + "synthetic speech (import it)", 1_281_532, "MIT", AASIST + "AASIST.pth",
        "51d2d9cf0738172f61e2a384ec50a54a55363240f67c971ed55a92435bc1a1c0",
    ),
    Weights(
        "AASIST-L.pth", PAPER + "synthetic speech, small (import it)", 426_428, "MIT", AASIST + "AASIST-L.pth",
        "814331d088032bb4c3fa61cc014789eadeed464209dd094ab3a2dd6ffbdce27a",
    ),
    Weights(
        "Meso4_DF.h5", PAPER + "swapped faces (import it)", 156_128, "Apache-2.0", MESONET + "Meso4_DF.h5",
        "036ed30d04ffd9c7506f825b97c86aa64915f5818931da96817b169aad790af5",
    ),
    Weights(
        "Meso4_F2F.h5", PAPER + "reenacted faces (import it)", 156_128, "Apache-2.0", MESONET + "Meso4_F2F.h5",
        "bcfda015d217b9f8d6557693edbdf9f4e79cfd22672541968dd0e2954462b5d7",
    ),
    Weights(
        "MesoInception_DF.h5", PAPER + "swapped faces (import it)", 197_504, "Apache-2.0", MESONET + "MesoInception_DF.h5",
        "234586d40058e76ef8b6f27ca4b63c06e31c2a5a69c0d8ba6f30b1468ab7bafa",
    ),
    Weights(
        "MesoInception_F2F.h5", PAPER + "reenacted faces (import it)", 197_504, "Apache-2.0",
        MESONET + "MesoInception_F2F.h5", "d4533ac8a3197dc35c47405d23d99e888c1d0135e267e03540c7451feaccff3f",
    ),
    _backbone(
        "efficientnet_b0.ra_in1k.pth", "pre-trained weights of EfficientNet-B0, EfficientNet with LSTM and Log-mel EfficientNet-B0", 21_322_648,
        "Apache-2.0", TIMM + "v0.1-weights/efficientnet_b0_ra-3dd342df.pth", "3dd342df",
    ),
    _backbone(
        "efficientnet_b4.ra2_in1k.pth", "pre-trained weights of EfficientNet-B4", 77_868_032, "Apache-2.0",
        TIMM + "v0.1-weights/efficientnet_b4_ra2_320-7eb33cd5.pth", "7eb33cd5",
    ),
    _backbone(
        "resnet18.tv_in1k.pth", "pre-trained weights of ResNet-18, mean of frames, and Log-mel ResNet-18", 46_796_608, "BSD-3-Clause",
        "https://download.pytorch.org/models/resnet18-f37072fd.pth", "f37072fd",
    ),
    _backbone(
        "resnet50.a1_in1k.pth", "pre-trained weights of ResNet-50 and of the fusion transformer's pictures", 102_441_032, "Apache-2.0",
        TIMM + "v0.1-rsb-weights/resnet50_a1_0-14fe96d1.pth", "14fe96d1",
    ),
    _backbone(
        "mobilenetv3_small_100.lamb_in1k.pth", "pre-trained weights of MobileNetV3-small, Frame pooling and Log-mel MobileNetV3-small",
        10_220_144, "Apache-2.0", TIMM + "v0.1-weights/mobilenetv3_small_100_lamb-266a294c.pth", "266a294c",
    ),
    _backbone(
        "mobilenetv3_small_050.lamb_in1k.pth", "pre-trained weights of the small multimodal networks", 6_399_152, "Apache-2.0",
        TIMM + "v0.1-weights/mobilenetv3_small_050_lambc-4b7bbe87.pth", "4b7bbe87",
    ),
    _backbone(
        "legacy_xception.tf_in1k.pth", "pre-trained weights of Xception", 91_642_240, "Apache-2.0",
        TIMM + "v0.1-cadene/xception-43020ad28.pth", "43020ad28",
    ),
    _of_timm("vit_base_patch16_224.augreg2_in21k_ft_in1k", "pre-trained weights of ViT-B/16", 346_270_624),
    _of_timm("vit_base_patch16_clip_224.openai", "pre-trained weights of CLIP ViT-B/16", 344_772_608),
    _of_timm("vit_large_patch14_clip_224.openai", "pre-trained weights of CLIP ViT-L/14", 1_215_867_904),
    _of_timm(
        "vit_large_patch14_clip_quickgelu_224.openai", "UniversalFakeDetect and RINE, which are heads on it",
        1_215_867_904, "vit_large_patch14_clip_224.openai",
    ),
    _of_timm("vit_small_patch14_dinov2.lvd142m", "pre-trained weights of DINOv2 ViT-S/14", 88_224_768),
    _backbone(
        "wav2vec2_fairseq_base_ls960.pth", "pre-trained weights of wav2vec 2.0 base and of the fusion transformer's sound", 377_483_776, "MIT",
        SPEECH + "wav2vec2_fairseq_base_ls960.pth",
    ),
    _backbone(
        "wav2vec2_fairseq_large_ls960.pth", "pre-trained weights of wav2vec 2.0 large", 1_261_711_872, "MIT",
        SPEECH + "wav2vec2_fairseq_large_ls960.pth",
    ),
    _backbone(
        "wav2vec2_xlsr_300m.pth", "pre-trained weights of wav2vec 2.0 XLS-R 300M", 1_261_750_784, "MIT", SPEECH + "wav2vec2_xlsr_300m.pth",
    ),
    Weights(
        "all-MiniLM-L6-v2", "text of the multimodal networks (a folder)", 90_900_000, "as its model card says",
        HUB + "sentence-transformers/all-MiniLM-L6-v2/resolve/main/", exact=False, parts=SENTENCES,
    ),
)
# fmt: on
