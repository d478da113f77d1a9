"""Networks of others answer here as where they come from: against timm, torchaudio, onnxruntime, SciPy and transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.errors import BadInput
from core.imports.importing import import_detector
from core.runs.folder import open_run
from core.training.learning import best_model
from core.workspace import Workspace
from models.published import clip_backbone, fairseq
from models.published.deepfakebench_f3net import Frequencies
from tests.imports import published_files as files


def network_of(name: str, space: Workspace) -> Any:
    return best_model.load(open_run(name, space=space)).network


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def _torchaudio_encoder() -> torch.nn.Module:
    from torchaudio.models import wav2vec2_model

    speech = files.SPEECH
    return wav2vec2_model(
        extractor_mode="layer_norm",
        extractor_conv_layer_config=[
            (16, k, s) for k, s in zip(speech["kernels"], fairseq.STRIDES, strict=True)
        ],
        extractor_conv_bias=True,
        encoder_embed_dim=32,
        encoder_projection_dropout=0.0,
        encoder_pos_conv_kernel=16,
        encoder_pos_conv_groups=16,
        encoder_num_layers=2,
        encoder_num_heads=16,
        encoder_attention_dropout=0.0,
        encoder_ff_interm_features=48,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.0,
        encoder_layer_norm_first=True,
        encoder_layer_drop=0.0,
        aux_num_out=None,
    ).eval()


def test_fairseq_names_mean_what_torchaudio_says(tmp_path: Path, space: Workspace) -> None:
    """torchaudio has its own table from fairseq's names to its network."""
    from torchaudio.models.wav2vec2.utils.import_fairseq import _convert_state_dict

    path = files.xlsr_sls(tmp_path / "sls.pth")
    import_detector(path, name="sls", space=space)
    theirs = _torchaudio_encoder()
    start = "module.ssl_model.model."
    given = {
        k.removeprefix(start): v
        for k, v in torch.load(path, weights_only=True).items()
        if k.startswith(start)
    }
    theirs.load_state_dict(_convert_state_dict(given))
    ours = network_of("sls", space).encoder.ssl_model
    sound = noise(1, 16_000) * 0.1
    with torch.no_grad():
        layers = fairseq.layers_of(ours, sound)
        expected, _ = theirs.extract_features(sound)
        assert torch.allclose(layers[0], expected[0], atol=1e-5)
        assert torch.allclose(layers[1], expected[1], atol=1e-5)
        assert torch.allclose(ours(sound).last_hidden_state, theirs(sound)[0], atol=1e-5)


def test_the_weighing_of_layers_is_that_of_the_paper(tmp_path: Path, space: Workspace) -> None:
    import_detector(files.xlsr_sls(tmp_path / "sls.pth"), name="sls", space=space)
    network = network_of("sls", space)
    net, sound = network.encoder, noise(1, 64_600) * 0.1
    with torch.no_grad():
        summed = torch.zeros(1, 201, 32)
        for layer in fairseq.layers_of(net.ssl_model, sound):
            summed += layer * torch.sigmoid(net.fc0(layer.mean(1)))[:, None]
        maps = functional.selu(net.first_bn(summed[:, None]))
        hidden = functional.selu(net.fc1(functional.max_pool2d(maps, 3).flatten(1)))
        head = network.head.classifier
        expected = functional.selu(functional.linear(hidden, head.weight, head.bias))
        assert torch.allclose(network.outputs(sound), expected, atol=1e-5)


def test_rine_reads_the_class_token_behind_each_second_norm(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_backbone, "SIZES", files.CLIP_SIZES)
    files.clip_backbone(space.weights)
    import_detector(files.rine(tmp_path / "rine.pth"), name="rine", space=space)
    network = network_of("rine", space)
    net, seen = network.encoder, []
    hooks = [
        block.norm2.register_forward_hook(lambda _m, _i, out: seen.append(out[:, 0]))
        for block in net.backbone.blocks
    ]
    pictures = noise(2, 3, 224, 224)
    with torch.no_grad():
        net.backbone(pictures)
        for hook in hooks:
            hook.remove()
        blocks = net.proj1(torch.stack(seen, dim=1))
        features = net.proj2((net.alpha.softmax(1) * blocks).sum(1))
        expected = network.head.classifier(net.head(features))
        assert torch.allclose(network.outputs(pictures), expected, atol=1e-5)


def test_f3net_splits_frequencies_as_scipy_transforms_them() -> None:
    from scipy.fft import dctn, idctn

    part = Frequencies(16)
    pictures = noise(1, 3, 16, 16)
    with torch.no_grad():
        low, _, _, everything = part(pictures).split(3, dim=1)
    spectrum = dctn(pictures.numpy(), axes=(2, 3), norm="ortho")
    total = np.add.outer(np.arange(16), np.arange(16))
    assert np.allclose(low, idctn(spectrum * (total <= 16 // 2.82), axes=(2, 3), norm="ortho"), atol=1e-5)
    assert np.allclose(everything, pictures, atol=1e-5)


def test_a_folder_of_timm_answers_and_is_fed_as_timm_does(tmp_path: Path, space: Workspace) -> None:
    import timm
    from PIL import Image
    from safetensors.torch import load_file
    from timm.data import create_transform, resolve_data_config

    from core.detection.detector import Detector
    from core.media.prepare import prepare

    folder = files.tiny_timm(tmp_path / "timm", {0: "fake", 1: "real"})
    config = json.loads((folder / "config.json").read_text())
    about = import_detector(folder, name="timm", space=space)
    assert about["family"] == "timm" and about["fake"] == "fake"
    picture = tmp_path / "picture.png"
    rows, columns = np.mgrid[0:90, 0:70]
    pixels = np.stack([2 * rows, 3 * columns, rows + columns], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(picture)
    detector = Detector.open("timm", space=space)
    judged = detector.judge(prepare(picture, detector.recipe, space=space))
    arguments = {**config["model_args"], "num_classes": 2}
    net = timm.create_model("vit_tiny_patch16_224", **arguments).eval()
    net.load_state_dict(load_file(folder / "model.safetensors"))
    transform = create_transform(**resolve_data_config(config["pretrained_cfg"]))
    with torch.no_grad():
        expected = net(transform(Image.open(picture))[None])[0].softmax(-1)[0].item()
    assert judged is not None and judged.score == pytest.approx(expected, abs=2e-3)


def test_a_timm_folder_wrapped_by_transformers(tmp_path: Path, space: Workspace) -> None:
    from safetensors.torch import load_file, save_file

    folder = files.tiny_timm(tmp_path / "timm")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "timm_wrapper"}))
    inner = folder / "model.safetensors"
    save_file({f"timm_model.{k}": v for k, v in load_file(inner).items()}, inner)
    assert import_detector(folder, space=space)["peeled"] == ["timm_model."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "no_such_network"}, "timm has no network"),
        ({"num_classes": 0}, "has no head"),
        ({"pretrained_cfg": {}}, "no pretrained_cfg"),
        ({"model_args": {"depth": 10**9}}, "asks for depth"),
        ({"model_args": {"embed_dim": 10**9}}, "asks for embed_dim"),
        ({"label_names": ["one", "two"]}, r"nothing says which output is fake .* --fake LABEL"),
    ],
)
def test_a_timm_folder_that_does_not_say_enough(
    change: dict[str, Any], message: str, tmp_path: Path, space: Workspace
) -> None:
    folder = files.tiny_timm(tmp_path / "timm")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(BadInput, match=message):
        import_detector(folder, space=space)


@pytest.mark.parametrize("activation", ["", "Softmax", "Sigmoid"])
def test_an_onnx_graph_scores_as_onnxruntime_says(activation: str, tmp_path: Path, space: Workspace) -> None:
    """Whether it ends in shares or in logits; two sigmoids are two answers, of which the fake one counts."""
    import onnxruntime

    folder = files.tiny_onnx(tmp_path / "graph", activation=activation)
    about = import_detector(folder, name="graph", space=space)
    assert about["parameters"] == 8 and about["fake"] == "Fake"
    network, pictures = network_of("graph", space), noise(3, 3, 32, 32)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    theirs = torch.from_numpy(session.run(None, {"pixels": pictures.numpy()})[0])
    expected = theirs[:, 1] if activation else theirs.softmax(-1)[:, 1]
    assert torch.allclose(network(pictures).softmax(-1)[:, 1], expected, atol=1e-5)


def test_an_onnx_graph_with_one_output_asks_which_end_is_fake(tmp_path: Path, space: Workspace) -> None:
    folder = files.tiny_onnx(tmp_path / "graph", labels={}, activation="Sigmoid", outputs=1)
    with pytest.raises(BadInput, match="nothing says which output is fake"):
        import_detector(folder, space=space)
    assert import_detector(folder, fake="0", space=space)["fake"].startswith("a low output")


def test_an_onnx_graph_brings_the_weights_beside_it(tmp_path: Path, space: Workspace) -> None:
    import onnx

    folder = files.tiny_onnx(tmp_path / "graph")
    import_detector(folder, name="inside", space=space)
    path = str(folder / "model.onnx")
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    import_detector(folder, name="beside", space=space)
    pictures = noise(1, 3, 32, 32)
    inside, beside = (network_of(name, space)(pictures) for name in ("inside", "beside"))
    assert torch.equal(inside, beside)


def hostile_graph(path: Path, kind: str) -> None:
    from onnx import TensorProto, helper, numpy_helper

    given = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, 32, 32])
    out = helper.make_tensor_value_info("classes", TensorProto.FLOAT, ["batch", 2])
    inside: list[Any] = []
    if kind == "endless":
        body = helper.make_graph([], "body", [], [])
        nodes = [helper.make_node("Loop", ["", ""], ["classes"], body=body)]
    elif kind == "huge":
        inside = [numpy_helper.from_array(np.array([10**6, 10**6], np.int64), "sides")]
        nodes = [
            helper.make_node("ConstantOfShape", ["sides"], ["all"]),
            helper.make_node("ReduceSum", ["all"], ["classes"]),
        ]
    else:
        tensor = helper.make_tensor("weight", TensorProto.FLOAT, [2], [0.0, 0.0])
        del tensor.float_data[:]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../../../etc/passwd")
        inside, nodes = [tensor], [helper.make_node("Identity", ["weight"], ["classes"])]
    graph = helper.make_graph(nodes, "hostile", [given], [out], inside)
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("endless", "goes round in a Loop"),
        ("huge", r"makes a tensor of 4,000,000,000,000 bytes"),
        ("elsewhere", "which is no file beside it"),
    ],
)
def test_a_hostile_graph_is_refused_before_it_runs(
    kind: str, message: str, tmp_path: Path, space: Workspace
) -> None:
    folder = files.tiny_onnx(tmp_path / "graph")
    hostile_graph(folder / "model.onnx", kind)
    with pytest.raises(BadInput, match=message):
        import_detector(folder, space=space)


def test_labels_that_hold_at_once_are_read_one_by_one(tmp_path: Path, space: Workspace) -> None:
    """Of several sigmoids the highest of those that mean fake counts; a softmax would share them out."""
    from transformers import ViTForImageClassification

    labels = {0: "real", 1: "AI-generated", 2: "deepfake"}
    folder = files.tiny_vit(tmp_path / "vit", labels)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "problem_type": "multi_label_classification"}))
    about = import_detector(folder, name="several", space=space)
    assert about["fake"] == "AI-generated or deepfake" and "sigmoid" in about["notes"][-1]
    pictures = noise(2, 3, 32, 32)
    theirs = ViTForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        expected = theirs(pictures).logits.sigmoid()[:, 1:].amax(1)
        assert torch.allclose(network_of("several", space)(pictures).softmax(-1)[:, 1], expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["wav2vec2", "ast", "whisper"])
def test_sound_of_transformers_answers_as_its_extractor_and_network(
    kind: str, tmp_path: Path, space: Workspace
) -> None:
    import transformers

    folder = files.tiny_sound(tmp_path / kind, kind)
    about = import_detector(folder, name=kind, space=space)
    assert about["modality"] == "audio" and about["fake"] == "spoof"
    sound = (noise(16_000) * 0.1).numpy()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    theirs = transformers.AutoModelForAudioClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        fed = extractor(sound, sampling_rate=16_000, return_tensors="pt")
        expected = theirs(**fed).logits[0].softmax(-1)[0].item()
        score = network_of(kind, space)(torch.from_numpy(sound)[None])[0].softmax(-1)[1].item()
    assert score == pytest.approx(expected, abs=1e-4)
