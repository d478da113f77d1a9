"""One conformance test over every registered network."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

import models
from models import finetune
from tests.models.small_networks import (
    BUILT,
    NAMES,
    SHAPES_ONLY,
    batch_size,
    built,
    inputs_for,
    mask_for,
    moved,
)

EVERY = [*BUILT, *(pytest.param(name, marks=pytest.mark.long) for name in SHAPES_ONLY)]


@pytest.mark.parametrize("name", EVERY)
class TestEveryNetwork:
    def test_gives_logits_and_details(self, name: str) -> None:
        net, inputs = built(name).eval(), inputs_for(name)
        with torch.no_grad():
            logits, output = net(inputs), net(inputs, details=True)
            assert logits.shape == (2, 2)
            torch.testing.assert_close(output.logits, logits)
            torch.testing.assert_close(net.head(output.embedding), logits)
            torch.testing.assert_close(net.embed(inputs), output.embedding)
        assert output.unit_logits.shape[0] == 2 and output.unit_logits.shape[2] == 2
        assert torch.isfinite(output.unit_logits).all()

    def test_what_is_masked_does_not_matter(self, name: str) -> None:
        net, inputs = built(name).eval(), inputs_for(name)
        mask = mask_for(name, inputs)
        if mask is None:
            pytest.skip("one picture has nothing to mask")
        noisy = copy.deepcopy(inputs)
        if isinstance(inputs, dict):
            noisy["audio"][0] = float("nan")
            noisy["image"][~mask["image_frames"]] = float("nan")
        else:
            noisy[~mask] = float("nan")
        with torch.no_grad():
            given, expected = net(noisy, mask), net(inputs, mask)
            torch.testing.assert_close(given, expected, rtol=0, atol=0)

    def test_trains_on_a_batch_of_one(self, name: str) -> None:
        net, inputs = built(name).train(), inputs_for(name, batch=1)
        before = copy.deepcopy(net.state_dict())
        loss = nn.functional.cross_entropy(net(inputs), torch.tensor([1]))
        loss.backward()
        assert torch.isfinite(loss)
        assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in net.parameters())
        net.zero_grad(set_to_none=True)
        net.load_state_dict(before)

    def test_runs_in_bfloat16(self, name: str) -> None:
        net, inputs = built(name).eval(), inputs_for(name)
        with torch.no_grad():
            exact = net(inputs)
            with torch.autocast("cpu", torch.bfloat16):
                rough = net(inputs)
        torch.testing.assert_close(rough.float(), exact, rtol=0.1, atol=0.1)

    def test_state_dict_and_options_build_it_again(self, name: str) -> None:
        net, inputs = built(name).eval(), inputs_for(name)
        again = models.create(name, **net.options)
        again.load_state_dict(net.state_dict())
        with torch.no_grad():
            torch.testing.assert_close(again.eval()(inputs), net(inputs), rtol=0, atol=0)

    def test_cam_layer_has_a_gradient(self, name: str) -> None:
        net, inputs = built(name).eval(), inputs_for(name)
        if not net.card.cam_layer:
            pytest.skip("explained over time, not by a map")
        assert gradient_at(net, net.card.cam_layer, inputs).abs().sum() > 0

    def test_card_is_whole(self, name: str) -> None:
        card = models.card(name)
        assert card.about and card.source and card.input
        assert "pretrained" not in card.options and "dropout" in card.options
        assert card.tune in finetune.TUNE

    @pytest.mark.parametrize("tune", finetune.TUNE)
    def test_every_way_of_tuning_leaves_something_to_learn(self, name: str, tune: str) -> None:
        with torch.device("meta"):
            net = models.create(name, **built(name).options)
        if tune != "all" and not net.backbones:
            with pytest.raises(models.BadOption, match="no backbone"):
                finetune.parameter_groups(net, 1e-3, tune)
            return
        groups = finetune.parameter_groups(net, 1e-3, tune)
        learning = [p for group in groups for p in group["params"]]
        assert learning and all(p.requires_grad for p in learning)
        assert {id(p) for p in learning} == {id(p) for p in net.parameters() if p.requires_grad}

    @pytest.mark.gpu
    def test_runs_in_float16_on_a_gpu(self, name: str) -> None:
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
        net = copy.deepcopy(built(name)).cuda()
        inputs = moved(inputs_for(name), "cuda")
        with torch.autocast("cuda", torch.float16):
            loss = net.train()(inputs).float().logsumexp(1).sum()
        loss.backward()
        assert torch.isfinite(loss)
        if net.card.cam_layer:
            assert gradient_at(net.eval(), net.card.cam_layer, inputs).abs().sum() > 0


@pytest.mark.parametrize("name", SHAPES_ONLY)
def test_the_largest_have_the_right_shapes(name: str) -> None:
    """Built without memory, for the quick run; the long one puts them through the whole class above."""
    with torch.device("meta"):
        net = models.create(name).eval()
    output = net(inputs_for(name, device="meta"), details=True)
    assert output.logits.shape == (2, 2) and output.unit_logits.shape[2] == 2
    assert net.get_submodule(net.card.cam_layer) is not None


def test_every_name_is_tested() -> None:
    assert sorted(BUILT + SHAPES_ONLY) == sorted(NAMES) == models.list_models()
    assert {models.card(n).modality for n in NAMES} == {"image", "audio", "video", "multimodal"}


def gradient_at(net: nn.Module, layer: str, inputs: Any) -> torch.Tensor:
    """The gradient of the fake logits at the layer's output."""
    kept: list[torch.Tensor] = []
    hook = net.get_submodule(layer).register_forward_hook(lambda module, args, output: kept.append(output))
    try:
        logits = net(inputs)
    finally:
        hook.remove()
    assert len(logits) == batch_size(inputs)
    return torch.autograd.grad(logits[:, 1].sum(), kept[0])[0]
