"""What learns, how fast, and what stays as it was."""

from __future__ import annotations

import copy

import pytest
import torch

import models
from models import finetune


def build(pretrained: bool, name: str = "timm:test_resnet") -> torch.nn.Module:
    net = models.create(name)
    net.pretrained = pretrained
    return net


def test_a_pretrained_part_learns_ten_times_slower() -> None:
    rates = {g["name"]: g["lr"] for g in finetune.parameter_groups(build(True), 1e-3)}
    assert rates == {"backbone": pytest.approx(1e-4), "new": 1e-3}
    rates = {g["name"]: g["lr"] for g in finetune.parameter_groups(build(False), 1e-3)}
    assert rates == {"backbone": 1e-3, "new": 1e-3}


@pytest.mark.parametrize("tune", finetune.TUNE)
def test_what_is_frozen_does_not_change(tune: str) -> None:
    net = build(False)
    groups = finetune.parameter_groups(net, 0.1, tune)
    learning = {name for name, p in net.named_parameters() if p.requires_grad}
    before = copy.deepcopy(net.state_dict())
    net.train()
    optimiser = torch.optim.SGD(groups)
    net(torch.randn(4, 3, 64, 64)).square().sum().backward()
    optimiser.step()
    changed = {name for name, value in net.state_dict().items() if not torch.equal(value, before[name])}
    assert learning <= changed | {n for n in learning if not net.get_parameter(n).grad.any()}
    if tune == "head":
        assert changed == {"head.1.weight", "head.1.bias"}
    if tune == "layernorm":
        kinds = {
            type(net.get_submodule(n.rsplit(".", 1)[0])).__name__
            for n in changed - {"head.1.weight", "head.1.bias"}
        }
        assert kinds and all("Norm" in kind for kind in kinds)
    if tune == "last_blocks":
        assert not any(".layer1." in n for n in changed)
        assert any(".layer4." in n for n in changed)


def test_layernorms_of_clip_are_a_small_part() -> None:
    with torch.device("meta"):
        net = models.create("clip_vit_l14")
    groups = finetune.parameter_groups(net, 1e-3, "layernorm")
    backbone = sum(p.numel() for g in groups if g["name"] == "backbone" for p in g["params"])
    total = sum(p.numel() for p in net.parameters())
    assert 0.0003 <= backbone / total < 0.0004  # the published 0.03 %


def test_last_blocks_of_a_transformer_are_its_last_two() -> None:
    with torch.device("meta"):
        net = models.create("vit_base_patch16_224")
    finetune.parameter_groups(net, 1e-3, "last_blocks")
    blocks = [any(p.requires_grad for p in b.parameters()) for b in net.encoder.backbone.blocks]
    assert blocks == [False] * 10 + [True] * 2
    assert net.encoder.backbone.norm.weight.requires_grad
    assert not net.encoder.backbone.patch_embed.proj.weight.requires_grad


def test_all_after_head_thaws_everything() -> None:
    net = build(False)
    finetune.parameter_groups(net, 1e-3, "head")
    finetune.parameter_groups(net, 1e-3, "all")
    assert all(p.requires_grad for p in net.parameters())


def test_unknown_tuning_is_refused() -> None:
    with pytest.raises(models.BadOption, match="'norms' must be one of all, layernorm"):
        finetune.parameter_groups(build(False), 1e-3, "norms")
