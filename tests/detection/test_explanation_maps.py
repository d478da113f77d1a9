"""Heat maps: the library's own on the same network and input, mapped back to where they belong, and safe in threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

import models
from core.detection import explanations, pictures
from core.detection.explanations import faithfulness
from core.detection.explanations.base import View
from core.detection.explanations.contributions import leave_one_out
from core.detection.explanations.integrated_gradients import BIN
from core.errors import BadInput

LIBRARY = {
    "gradcam": pytorch_grad_cam.GradCAM,
    "gradcam_plus_plus": pytorch_grad_cam.GradCAMPlusPlus,
    "hirescam": pytorch_grad_cam.HiResCAM,
    "eigencam": pytorch_grad_cam.EigenCAM,
    "layercam": pytorch_grad_cam.LayerCAM,
}


def network(name: str, **options: object) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(1)
    net = models.create(name, pretrained=False, **options).eval()
    return net, net.get_submodule(net.card.cam_layer)


def tokens_as_picture(activation: torch.Tensor) -> torch.Tensor:
    """The reshape of a ViT as the library's documentation writes it: without the class token, channels first."""
    side = int((activation.shape[1] - 1) ** 0.5)
    return activation[:, 1:].reshape(len(activation), side, side, -1).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", list(LIBRARY))
@pytest.mark.parametrize("kind", ["convolutional", "tokens"])
def test_maps_equal_the_librarys_own(name: str, kind: str) -> None:
    if kind == "tokens":
        net, layer = network("timm:vit_tiny_patch16_224")
        x, reshape = torch.randn(2, 3, 224, 224), tokens_as_picture
    else:
        net, layer = network("mobilenetv3_small")
        x, reshape = torch.randn(3, 3, 96, 96), None
    with LIBRARY[name](model=net, target_layers=[layer], reshape_transform=reshape) as cam:
        expected = cam(input_tensor=x, targets=[ClassifierOutputTarget(1)] * len(x))
    found = explanations.method(name)(View(net, lambda v: net(v, None), layer), x)
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)
    assert found.strengths.shape == (len(x),)


def test_every_method_over_pictures_is_the_librarys_or_needs_no_layer() -> None:
    assert set(explanations.PICTURE_METHODS) == {*LIBRARY, "picture_occlusion"}


def test_occlusion_marks_the_part_that_the_score_rests_on() -> None:
    """The fake logit is the unrest of the upper left quarter: blurring anything else changes nothing."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        unrest = x[..., :16, :16].std(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(unrest), unrest], dim=1)

    x = torch.randn(2, 3, 32, 32)
    found = explanations.method("picture_occlusion")(View(nn.Identity(), forward), x)
    assert found.maps.shape == (2, 32, 32) and found.maps.max() == pytest.approx(1)
    assert np.allclose(found.maps[:, 20:, :], 0) and np.allclose(found.maps[:, :, 20:], 0)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, forward(x).softmax(-1)[:, 1].numpy(), atol=1e-6)


def test_a_clip_gives_a_map_for_each_frame_of_the_clips_own_logit() -> None:
    net, layer = network("simple_cnn")
    frames = torch.randn(4, 3, 64, 64)

    class Clip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x[None], None)

    with pytorch_grad_cam.GradCAM(model=Clip(), target_layers=[layer]) as cam:
        expected = cam(input_tensor=frames, targets=[ClassifierOutputTarget(1)])
    found = explanations.method("gradcam")(View(net, lambda v: net(v[None], None), layer), frames)
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)


@pytest.mark.parametrize("name", list(LIBRARY))
@pytest.mark.parametrize("kind", ["convolutional", "tokens", "in place"])
def test_a_frozen_network_has_the_librarys_maps_without_a_graph_before_the_layer(
    name: str, kind: str
) -> None:
    net, layer, reshape = frozen(kind)
    x = torch.randn(2, 3, 224, 224)
    with LIBRARY[name](model=net, target_layers=[layer], reshape_transform=reshape) as cam:
        expected = cam(
            input_tensor=x.clone().requires_grad_(True), targets=[ClassifierOutputTarget(1)] * len(x)
        )
    differentiated: list[bool] = []
    watch = layer.register_forward_pre_hook(
        lambda _layer, given: differentiated.append(given[0].requires_grad)
    )
    found = explanations.method(name)(View(net, lambda v: net(v), layer), x)
    watch.remove()
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, net(x).softmax(-1)[:, 1].numpy(), atol=1e-6)
    assert differentiated == [False]


def frozen(kind: str) -> tuple[nn.Module, nn.Module, object]:
    """Network, layer, reshape; in the last one what follows the layer works in place."""
    if kind == "in place":
        torch.manual_seed(2)
        layer = nn.Conv2d(3, 8, 7, stride=7)
        net: nn.Module = nn.Sequential(
            layer, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
        )
    else:
        net, layer = network("mobilenetv3_small" if kind == "convolutional" else "timm:vit_tiny_patch16_224")
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net, layer, tokens_as_picture if kind == "tokens" else None


def test_ten_threads_on_one_network_get_the_maps_that_one_would() -> None:
    net, layer = network("mobilenetv3_small")
    view = View(net, lambda v: net(v, None), layer)
    inputs = [torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(k)) for k in range(10)]
    explain = explanations.method("gradcam")
    alone = [explain(view, x).maps for x in inputs]
    together = threading.Barrier(10)

    def work(k: int) -> float:
        together.wait()
        return max(float(np.abs(explain(view, inputs[k]).maps - alone[k]).max()) for _ in range(5))

    with ThreadPoolExecutor(10) as pool:
        assert max(pool.map(work, range(10))) < 1e-6


def test_unknown_methods_list_the_known() -> None:
    with pytest.raises(BadInput, match=r"gradcam.*occlusion"):
        explanations.method("tealeaves")


def test_a_map_lies_where_its_crop_lay_in_the_frame() -> None:
    hot = np.zeros((50, 50), np.float32)
    hot[10:15, 30:35] = 1  # rows 10 to 15, columns 30 to 35 of the crop
    full = pictures.on_frame(hot, (200.0, 100.0, 300.0, 200.0), (640, 480))  # twice as large in the frame
    rows, columns = np.nonzero(full > 0.9)
    assert full.shape == (480, 640)
    assert 118 <= rows.min() <= 122 and 127 <= rows.max() <= 131
    assert 258 <= columns.min() <= 262 and 267 <= columns.max() <= 271
    assert full[:100].max() == 0 and full[:, :200].max() == 0


def test_what_reaches_beyond_the_frame_is_cut_off() -> None:
    full = pictures.on_frame(np.ones((10, 10), np.float32), (-50.0, -50.0, 50.0, 50.0), (100, 80))
    assert full[:50, :50].min() == 1 and full[50:].max() == 0 and full[:, 50:].max() == 0
    assert pictures.on_frame(np.ones((4, 4), np.float32), (300.0, 300.0, 400.0, 400.0), (100, 80)).max() == 0


class Corner(nn.Module):
    """Says fake where the upper left corner is bright."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = x[:, :, :16, :16].mean(dim=(1, 2, 3)) * 4
        return torch.stack([-bright, bright], dim=1)


def corner_score(x: torch.Tensor) -> np.ndarray:
    return Corner()(x).softmax(-1)[:, 1].numpy()


def test_faithfulness_tells_a_map_that_means_something_from_a_pretty_picture() -> None:
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.1
    x[:, :, :16, :16] += 1
    right, wrong = np.zeros((2, 64, 64), np.float32), np.zeros((2, 64, 64), np.float32)
    right[:, :28, :28] = 1
    wrong[:, 36:, 36:] = 1
    good = faithfulness.of_pictures(corner_score, x, right)
    bad = faithfulness.of_pictures(corner_score, x, wrong)
    assert all(f.holds and f.drop > f.random_high for f in good)
    assert not any(f.holds for f in bad)
    assert good[0].score == pytest.approx(float(corner_score(x)[0]))


class Late(nn.Module):
    """Says fake where the third second of the sound is loud."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        loud = x[:, 32_000:48_000].square().mean(dim=1) * 20
        return torch.stack([-loud, loud], dim=1)


def noise(seconds: int = 4) -> torch.Tensor:
    return torch.randn(1, 16_000 * seconds, generator=torch.Generator().manual_seed(3)) * 0.3


@pytest.mark.parametrize("name", list(explanations.TIME_METHODS))
def test_attribution_over_time_finds_the_second_that_counts(name: str) -> None:
    net = Late()
    found = explanations.method(name)(View(net, net), noise())
    inside = found.maps[0][32_000 // BIN : 48_000 // BIN].mean()
    outside = found.maps[0][: 31_000 // BIN].mean()
    assert inside > 10 * max(outside, 1e-6)


def test_integrated_gradients_add_up_to_the_logit() -> None:
    net = Late()
    x = noise()
    found = explanations.method("integrated_gradients")(View(net, net), x)
    change = float(net(x)[0, 1] - net(torch.zeros_like(x))[0, 1])
    assert found.raw is not None
    assert float(found.raw.sum()) == pytest.approx(change, rel=1e-3)


def test_faithfulness_of_sound_hears_the_right_moment() -> None:
    def score(x: torch.Tensor) -> np.ndarray:
        return Late()(x * 0.2).softmax(-1)[:, 1].numpy()

    right, wrong = np.zeros((1, 200), np.float32), np.zeros((1, 200), np.float32)
    right[:, 100:140], wrong[:, 0:40] = 1, 1
    assert faithfulness.of_sound(score, noise() * 4, right)[0].holds
    assert not faithfulness.of_sound(score, noise() * 4, wrong)[0].holds


def test_bands_of_a_map_are_removed_at_their_own_hertz() -> None:
    row = faithfulness.rows_of_bins(257, 16_000, np.linspace(100, 7900, 64))
    assert (np.diff(row) >= 0).all() and row[0] == 0 and row[-1] == faithfulness.GRID - 1
    # 4 kHz is the middle.
    assert row[126] == faithfulness.GRID // 2 - 1 and row[131] == faithfulness.GRID // 2


def test_contributions_are_what_the_score_loses() -> None:
    def score(missing: frozenset[str]) -> float:
        return 0.9 - 0.6 * ("audio" in missing) + 0.1 * ("image" in missing)

    found = {c["modality"]: c for c in leave_one_out(score, ["image", "audio"], 0.9)}
    assert found["audio"]["adds"] == pytest.approx(0.6)
    assert found["image"]["adds"] == pytest.approx(-0.1)
    assert sum(c["share"] for c in found.values()) == pytest.approx(1)
    assert leave_one_out(score, ["audio"], 0.9) == ()


@pytest.mark.parametrize("size", [(120, 160), (240, 640), (1080, 1920)])
def test_the_words_of_a_box_at_the_top_stay_in_the_picture(size: tuple[int, int]) -> None:
    height, width = size
    frame = np.zeros((height, width, 3), np.uint8)
    box = (width * 0.3, 0.0, width * 0.6, height * 0.9)
    with_words = pictures.draw_boxes(frame, [(box, "0.88")], (width, height))
    without = pictures.draw_boxes(frame, [(box, "")], (width, height))
    rows = np.flatnonzero((with_words != without).any(axis=(1, 2)))
    assert rows[0] > 0


def test_the_last_second_of_a_long_recording_is_written_whole() -> None:
    sound = {"t0": 0.0, "t1": 80_000.0, "hertz": np.linspace(0, 8000, 80), "decibels": np.zeros((80, 400))}
    under = pictures.sound_picture(sound)[-22:]
    assert (under[:, -2:] == 255).all() and (under[:, -60:] < 255).any()
