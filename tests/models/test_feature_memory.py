"""Features of analytic encoders are computed once for each input, and are those that would be computed anew."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import models
from models.feature_memory import FeatureMemory, remember_features

ROOM = 1 << 26  # bytes


@pytest.fixture
def network() -> Any:
    torch.manual_seed(0)
    return models.create("fusion_forensic", pretrained=False).eval()


def clips(count: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "image": torch.randn(count, 2, 3, 64, 64, generator=generator),
        "audio": torch.randn(count, 16_000, generator=generator) * 0.1,
    }


def count_rows(network: Any, part: str) -> list[int]:
    """How many rows go into an encoder, a number a pass."""
    rows: list[int] = []
    network.encoder[part].backbone.register_forward_pre_hook(
        lambda _module, given: rows.append(len(given[0]))
    )
    return rows


@torch.no_grad()
def test_what_was_seen_is_not_encoded_again(network: Any) -> None:
    seen = clips(3)
    without = network(seen)
    remember_features(network, ROOM)
    pictures, sounds = count_rows(network, "image"), count_rows(network, "audio")
    assert torch.allclose(network(seen), without, atol=1e-5)
    assert (sum(pictures), sum(sounds)) == (6, 3)
    # In another order, and as often as one likes: bit by bit the same, up to the layers that see the rows together.
    turned = {name: value.flip(0) for name, value in seen.items()}
    encode = network.encoder["audio"].encode_with(network.encoder["audio"].backbone)
    assert torch.equal(encode(turned["audio"]).flip(0), encode(seen["audio"]))
    assert torch.allclose(network(turned).flip(0), network(seen), atol=1e-5)
    assert (sum(pictures), sum(sounds)) == (6, 3)
    network({**clips(1, seed=1), "audio": seen["audio"][:1]})
    assert (sum(pictures), sum(sounds)) == (8, 3)


@torch.no_grad()
def test_neighbours_change_nothing(network: Any) -> None:
    remember_features(network, ROOM)
    first = network.encoder["image"].encode_with(network.encoder["image"].backbone)
    alone, others = torch.randn(1, 3, 64, 64), torch.randn(5, 3, 64, 64)
    beside = first(torch.cat([others, alone]))[-1:]
    remember_features(network, ROOM)
    again = network.encoder["image"].encode_with(network.encoder["image"].backbone)
    assert torch.equal(again(alone), beside)


@torch.no_grad()
def test_a_full_memory_takes_nothing_more_and_keeps_what_it_has() -> None:
    encoder = torch.nn.Linear(8, 4)
    memory, rows = FeatureMemory(3 * 16), torch.randn(5, 8)
    for _ in range(2):
        assert torch.allclose(memory.features(encoder, rows), encoder(rows), atol=1e-6)
    assert (len(memory), memory.bytes) == (3, 48)


@torch.no_grad()
def test_other_weights_have_other_features() -> None:
    encoder, rows = torch.nn.Linear(8, 4), torch.randn(2, 8)
    memory = FeatureMemory(ROOM)
    memory.features(encoder, rows)
    encoder.weight.mul_(2)
    assert torch.allclose(memory.features(encoder, rows), encoder(rows), atol=1e-6)
    encoder.load_state_dict(torch.nn.Linear(8, 4).state_dict())
    assert torch.allclose(memory.features(encoder, rows), encoder(rows), atol=1e-6)


@torch.no_grad()
def test_inputs_of_one_content_and_two_shapes_are_two() -> None:
    memory, encoder = FeatureMemory(ROOM), torch.nn.Flatten()
    memory.features(encoder, torch.zeros(1, 2, 3))
    assert memory.features(torch.nn.AdaptiveAvgPool1d(1), torch.zeros(1, 3, 2)).shape == (1, 3, 1)


def test_explanations_still_go_through_the_encoder(network: Any) -> None:
    remember_features(network, ROOM)
    seen = clips(1)
    with torch.no_grad():
        network(seen)
    pictures = seen["image"].requires_grad_()
    network({**seen, "image": pictures})[0, 1].backward()
    assert pictures.grad is not None and pictures.grad.abs().sum() > 0


def test_a_network_without_such_encoders_is_left_alone() -> None:
    plain = models.create("mobilenetv3_small", pretrained=False)
    remember_features(plain, ROOM)
    assert not any(hasattr(module, "memory") for module in plain.modules())
