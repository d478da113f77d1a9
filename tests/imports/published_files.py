"""Files with the published names and shapes and random values: one maker a family, small where the family allows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.published import families
from models.published.deepfakebench_efficientnet import EXPANDED, OUTER, UNEXPANDED, block_places

LABELS = {0: "Real", 1: "Fake"}
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def state_of(family: str, **options: Any) -> dict[str, torch.Tensor]:
    """The tensors of a family's own network, from a seed."""
    one = families()[family]
    torch.manual_seed(0)
    return one.build(**{**one.defaults(), **options}).state_dict()


def aasist(path: Path) -> Path:
    torch.save(state_of("aasist"), path)
    return path


def cnndetection(path: Path) -> Path:
    torch.save({"model": state_of("cnndetection"), "total_steps": 1}, path)
    return path


def deepfakebench_resnet34(path: Path) -> Path:
    torch.save({f"backbone.{k}": v for k, v in state_of("deepfakebench_resnet34").items()}, path)
    return path


def deepfakebench_efficientnet(path: Path) -> Path:
    """Under the names of efficientnet_pytorch, which count the blocks in a row."""
    places = list(block_places())
    turned: dict[str, torch.Tensor] = {}
    for name, tensor in state_of("deepfakebench_efficientnet").items():
        parts = name.split(".")
        if parts[:2] == ["net", "blocks"]:
            stage, place, rest = int(parts[2]), int(parts[3]), ".".join(parts[4:-1])
            known = {
                v: k
                for k, v in (UNEXPANDED if stage == 0 else EXPANDED).items()
                if stage or k != "_expand_conv"
            }
            if stage == 0:
                known["bn1"] = "_bn1"
            short = f"_blocks.{places.index((stage, place))}.{known[rest]}"
        elif parts[0] == "net":
            short = {v: k for k, v in OUTER.items()}[parts[1]]
        else:
            turned[f"backbone.{name}"] = tensor
            continue
        turned[f"backbone.efficientnet.{short}.{parts[-1]}"] = tensor
    torch.save(turned, path)
    return path


def deepfakebench_xception(path: Path) -> Path:
    torch.save(
        {f"module.backbone.{k}": v for k, v in state_of("deepfakebench_xception", channels=4).items()}, path
    )
    return path


def deepfakebench_f3net(path: Path) -> Path:
    torch.save(state_of("deepfakebench_f3net"), path)
    return path


SPEECH: dict[str, Any] = {
    "width": 32,
    "layers": 2,
    "inner": 48,
    "channels": [16] * 7,
    "kernels": [10, 3, 3, 3, 3, 2, 2],
    "bias": True,
    "every_norm": True,
    "reach": 16,
    "groups": 16,
}


def fairseq_name(name: str) -> str:
    """The name that fairseq has for a tensor of transformers' wav2vec 2.0."""
    inner = name.removeprefix("ssl_model.")
    if inner == name:
        return name
    for own, theirs in (
        ("feature_projection.projection", "post_extract_proj"),
        ("feature_projection.layer_norm", "layer_norm"),
        ("pos_conv_embed.conv.parametrizations.weight.original0", "pos_conv.0.weight_g"),
        ("pos_conv_embed.conv.parametrizations.weight.original1", "pos_conv.0.weight_v"),
        ("pos_conv_embed.conv", "pos_conv.0"),
        ("attention.", "self_attn."),
        ("feed_forward.intermediate_dense", "fc1"),
        ("feed_forward.output_dense", "fc2"),
    ):
        inner = inner.replace(own, theirs)
    if inner.startswith("feature_extractor"):
        inner = inner.replace(".conv.", ".0.").replace(".layer_norm.", ".2.1.")
    elif inner.startswith("encoder.layers") and ".final_" not in inner:
        inner = inner.replace(".layer_norm.", ".self_attn_layer_norm.")
    return f"ssl_model.model.{inner}"


def of_fairseq(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As DataParallel saves it, with what pre-training alone needed."""
    found = {f"module.{fairseq_name(name)}": tensor for name, tensor in state.items()}
    found["module.ssl_model.model.mask_emb"] = torch.zeros(SPEECH["width"])
    found["module.ssl_model.model.quantizer.vars"] = torch.zeros(1, 4, 4)
    return found


def xlsr_aasist(path: Path) -> Path:
    torch.save(of_fairseq(state_of("xlsr_aasist", speech=SPEECH)), path)
    return path


def xlsr_sls(path: Path) -> Path:
    # 64,600 samples are 201 steps, of which 67 are left, and of 32 widths 10.
    torch.save(of_fairseq(state_of("xlsr_sls", speech=SPEECH, flat=670, hidden=24)), path)
    return path


CLIP_SIZES: dict[str, Any] = {"embed_dim": 32, "depth": 2, "num_heads": 2}


def clip_backbone(folder: Path) -> None:
    """A small stand-in for CLIP's file, under its name."""
    from safetensors.torch import save_file

    from models.published import clip_backbone

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    state = clip_backbone.build(projection=True).state_dict()
    save_file(state, folder / f"{clip_backbone.STEM}.safetensors")


def clip_linear(path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(nn.Linear(768, 1).state_dict(), path)
    return path


def rine(path: Path) -> Path:
    state = state_of("rine", width=8, count=2)
    torch.save({k: v for k, v in state.items() if not k.startswith("backbone.")}, path)
    return path


def tiny_timm(folder: Path, labels: dict[int, str] | None = None, architecture: str = "") -> Path:
    """A folder as timm pushes it to the hub."""
    import timm
    from safetensors.torch import save_file
    from timm.models._hub import save_config_for_hf

    arguments: dict[str, Any] = {"embed_dim": 24, "depth": 2, "num_heads": 2, "img_size": 32, "patch_size": 8}
    arguments = {} if architecture else arguments
    torch.manual_seed(0)
    net = timm.create_model(architecture or "vit_tiny_patch16_224", num_classes=2, **arguments)
    folder.mkdir(exist_ok=True)
    save_file(net.state_dict(), folder / "model.safetensors")
    words = {"label_names": list((labels or LABELS).values())}
    save_config_for_hf(net, folder / "config.json", model_config=words, model_args=arguments or None)
    return folder


def tiny_onnx(
    folder: Path,
    labels: dict[int, str] | None = None,
    *,
    activation: str = "",
    head: bool = True,
    outputs: int = 2,
) -> Path:
    """A folder with a graph that averages a picture and weighs its three colours; what feeds it lies beside."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.standard_normal((3, outputs)).astype(np.float32), "weight")
    bias = numpy_helper.from_array(rng.standard_normal(outputs).astype(np.float32), "bias")
    nodes = [helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"])]
    last = "pooled"
    if head:
        nodes += [
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weight", "bias"], ["classes"]),
        ]
        last = "classes"
    if activation:
        nodes.append(helper.make_node(activation, [last], ["shares"]))
        last = "shares"
    shape = ["batch", outputs] if head else ["batch", 3, 1, 1]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, 32, 32])
    answer = helper.make_tensor_value_info(last, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "tiny", [pixels], [answer], [weight, bias] if head else [])
    folder.mkdir(exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    words = labels if labels is not None else LABELS
    if words:
        (folder / "config.json").write_text(json.dumps({"id2label": words}))
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


def mesonet(path: Path, widths: tuple[int, ...] = (8, 8, 16, 16)) -> Path:
    """Keras numbers its layers on from whatever was made before: here from 5."""
    import h5py

    rng = np.random.default_rng(0)
    inputs = (3, *widths[:-1])
    arrays: dict[str, tuple[int, ...]] = {}
    for k, (a, b) in enumerate(zip(inputs, widths, strict=True)):
        side = 3 if k == 0 else 5
        arrays[f"conv2d_{k + 5}/kernel"] = (side, side, a, b)
        arrays[f"conv2d_{k + 5}/bias"] = (b,)
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            arrays[f"batch_normalization_{k + 5}/{part}"] = (b,)
    arrays |= {
        "dense_3/kernel": (1024, 16),
        "dense_3/bias": (16,),
        "dense_4/kernel": (16, 1),
        "dense_4/bias": (1,),
    }
    with h5py.File(path, "w") as file:
        for name, shape in arrays.items():
            layer, part = name.split("/")
            file[f"{layer}/{layer}/{part}:0"] = np.abs(rng.standard_normal(shape)).astype(np.float32) * 0.1
    return path


def tiny_vit(folder: Path, labels: dict[int, str] | None = None) -> Path:
    """A ViT as `save_pretrained` writes it."""
    from transformers import ViTConfig, ViTForImageClassification

    words = labels or LABELS
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
        id2label=words,
        label2id={word: i for i, word in words.items()},
    )
    ViTForImageClassification(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


def tiny_sound(folder: Path, kind: str) -> Path:
    """A classifier of sound as `save_pretrained` writes it: raw sound, or Kaldi's filter banks."""
    import transformers

    words = {0: "spoof", 1: "bonafide"}
    labels = {"id2label": words, "label2id": {word: i for i, word in words.items()}}
    torch.manual_seed(0)
    extractor: Any
    if kind == "ast":
        config = transformers.ASTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_length=128,
            num_mel_bins=32,
            **labels,
        )
        transformers.ASTForAudioClassification(config).save_pretrained(folder)
        extractor = transformers.ASTFeatureExtractor(num_mel_bins=32, max_length=128)
    elif kind == "whisper":  # of one second
        config = transformers.WhisperConfig(
            d_model=16,
            encoder_layers=2,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            num_mel_bins=20,
            max_source_positions=50,
            classifier_proj_size=16,
            **labels,
        )
        transformers.WhisperForAudioClassification(config).save_pretrained(folder)
        extractor = transformers.WhisperFeatureExtractor(feature_size=20, chunk_length=1)
    else:
        config = transformers.Wav2Vec2Config(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=48,
            conv_dim=[16] * 7,
            num_conv_pos_embeddings=16,
            classifier_proj_size=16,
            **labels,
        )
        transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    extractor.save_pretrained(folder)
    return folder


class Nothing(nn.Module):
    """Somebody else's network."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)


def of_no_family(path: Path) -> Path:
    torch.save(Nothing().state_dict(), path)
    return path


MAKERS = {
    "aasist": aasist,
    "clip_linear": clip_linear,
    "cnndetection": cnndetection,
    "deepfakebench_efficientnet": deepfakebench_efficientnet,
    "deepfakebench_f3net": deepfakebench_f3net,
    "deepfakebench_resnet34": deepfakebench_resnet34,
    "deepfakebench_xception": deepfakebench_xception,
    "huggingface": tiny_vit,
    "mesonet": mesonet,
    "onnx": tiny_onnx,
    "rine": rine,
    "timm": tiny_timm,
    "xlsr_aasist": xlsr_aasist,
    "xlsr_sls": xlsr_sls,
}
