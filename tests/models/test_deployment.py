"""Export and compilation, on one small network of each family; the recurrent one keeps its gradients."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models

FAMILIES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "image": ("timm:test_resnet", {}, (2, 3, 64, 64)),
    "video": ("frame_pool", {"backbone": "test_resnet", "aggregation": "lstm"}, (2, 3, 3, 64, 64)),
    "log-mel": ("logmel_resnet18", {"backbone": "test_resnet"}, (2, 16_000)),
}


def network_and_input(family: str) -> tuple[nn.Module, torch.Tensor]:
    name, options, shape = FAMILIES[family]
    torch.manual_seed(0)
    return models.create(name, **options).eval(), torch.randn(shape)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_onnx_gives_the_same(family: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run what was exported")
    pytest.importorskip("onnxscript", reason="needs onnxscript to export")
    net, inputs = network_and_input(family)
    path = tmp_path / "net.onnx"
    torch.onnx.export(net, (inputs,), path, dynamo=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(given), net(inputs), rtol=1e-3, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_compiled_gives_the_same(family: str) -> None:
    if not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("no C++ compiler, which torch.compile needs on a CPU")
    net, inputs = network_and_input(family)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(net)(inputs), net(inputs), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "family", [pytest.param(family, marks=pytest.mark.long) for family in ("image", "video", "log-mel")]
)
def test_traced_by_the_compiler_without_a_break(family: str) -> None:
    """What torch.compile needs, checked without a C++ compiler."""
    net, inputs = network_and_input(family)
    with torch.no_grad():
        given = torch.compile(net, backend="eager", fullgraph=family != "video")(inputs)
        torch.testing.assert_close(given, net(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_a_recurrent_network_has_gradients_in_evaluation_mode_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    net = models.create("efficientnet_lstm").cuda().eval()
    frames = torch.randn(1, 3, 3, 64, 64, device="cuda", requires_grad=True)
    net(frames)[:, 1].sum().backward()
    assert frames.grad is not None and frames.grad.abs().sum() > 0


def test_a_recurrent_network_never_asks_cudnn_for_such_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU: whether the way round is taken where there is one."""
    net = models.create("frame_pool", backbone="test_resnet", aggregation="lstm").eval()
    taken: list[bool] = []

    class Flags:
        def __init__(self, enabled: bool) -> None:
            taken.append(enabled)

        def __enter__(self) -> None:
            return None

        def __exit__(self, *args: object) -> None:
            return None

    monkeypatch.setattr(torch.backends.cudnn, "flags", Flags)
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    frames = torch.randn(1, 2, 3, 32, 32)
    with torch.no_grad():
        net.aggregation(torch.randn(1, 2, net.encoder.width))
    assert taken == []
    net(frames)
    assert taken == [False]
