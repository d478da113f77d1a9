"""The multimodal networks: what is missing does not count, reversed gradients, sizes, and every option."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import models
from models.domain import GradientReversal
from models.multimodal.metadata import metadata_tensors
from models.multimodal.sizes import SIZES, size_for
from tests.models.small_networks import TINY_SPEECH

TINY = {"visual_encoder": "test_resnet", "audio_encoder": "logmel:test_resnet"}
ALL = {**TINY, "text_encoder": "bytes", "metadata": True}
WITH_ALL = ("fusion_tiny", "cross_attention", "early_fusion", "late_fusion", "contrastive")


def batch(net: nn.Module, seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    texts = ["one text", "another"] if seed == 0 else ["quite something else", "noise"]
    rows = [{"codec": "h264", "width": 640}, {"codec": "vp9"}] if seed == 0 else [{"codec": "x"}, {"fps": 9}]
    found = {
        "image": torch.randn(2, 3, 3, 32, 32, generator=generator),
        "audio": torch.randn(2, 8000, generator=generator),
        "text": net.text_tensors(texts),
        "metadata": net.metadata_tensors(rows),
    }
    return {part: value for part, value in found.items() if value is not None}


@pytest.mark.parametrize("name", WITH_ALL)
@pytest.mark.parametrize("part", ["image", "audio", "text", "metadata"])
@pytest.mark.parametrize("training", [False, True])
def test_a_masked_modality_does_not_change_the_output(name: str, part: str, training: bool) -> None:
    """Also in training, where its noise could reach batch statistics; and masked is the same as not given."""
    torch.manual_seed(0)
    net = models.create(name, **ALL).train(training)
    given, noise = batch(net), batch(net, seed=1)
    mask = {part: torch.tensor([False, False])}
    without = {other: value for other, value in given.items() if other != part}
    outputs = []
    for inputs, hidden in ((given, mask), ({**given, part: noise[part]}, mask), (without, None)):
        torch.manual_seed(1)  # the same dropout each time
        with torch.no_grad():
            outputs.append(net(inputs, hidden))
    torch.testing.assert_close(outputs[1], outputs[0], rtol=0, atol=0)
    torch.testing.assert_close(outputs[2], outputs[0], rtol=0, atol=0)


@pytest.mark.parametrize("name", WITH_ALL)
def test_a_present_modality_does(name: str) -> None:
    torch.manual_seed(0)
    net = models.create(name, **ALL).eval()
    given, noise = batch(net), batch(net, seed=1)
    with torch.no_grad():
        for part in ("image", "audio") if name == "contrastive" else given:
            assert not torch.equal(net({**given, part: noise[part]}), net(given)), part


def test_a_sample_of_a_batch_can_miss_what_another_has() -> None:
    torch.manual_seed(0)
    net = models.create("fusion_tiny", **ALL).eval()
    given = batch(net)
    mask = {"image": torch.tensor([True, False]), "text": torch.tensor([False, True])}
    with torch.no_grad():
        together = net(given, mask)
        first = net({"image": given["image"][:1], "audio": given["audio"][:1], "metadata": row(given, 0)})
    torch.testing.assert_close(together[:1], first, rtol=1e-4, atol=1e-5)


def row(given: dict[str, Any], index: int) -> dict[str, torch.Tensor]:
    return {name: value[index : index + 1] for name, value in given["metadata"].items()}


def test_all_missing_still_gives_an_answer() -> None:
    for name in (*WITH_ALL, "audio_only", "video_only", "image_only"):
        net = models.create(name).eval()
        given = batch(net)
        nothing = {part: torch.tensor([False, False]) for part in given}
        assert torch.isfinite(net(given, nothing)).all()


def test_gradient_reversal_against_a_gradient_by_hand() -> None:
    value = torch.tensor([[1.0, -2.0]], requires_grad=True)
    weight = torch.tensor([3.0, 5.0])
    forward = GradientReversal.apply(value, 0.5)
    torch.testing.assert_close(forward, value)
    (forward * weight).sum().square().backward()
    # d/dv (3·1 + 5·(−2))² = 2·(−7)·(3, 5) = (−42, −70); reversed and halved: (21, 35)
    torch.testing.assert_close(value.grad, torch.tensor([[21.0, 35.0]]))


def test_the_domain_head_pushes_the_embedding_the_other_way() -> None:
    torch.manual_seed(0)
    net = models.create("fusion_tiny", domains=3, dropout=0.0, **TINY).eval()
    output = net(batch(net), details=True)
    assert output.extras["domain_logits"].shape == (2, 3)
    loss = nn.functional.cross_entropy(output.extras["domain_logits"], torch.tensor([0, 2]))
    (reversed_gradient,) = torch.autograd.grad(loss, output.embedding)
    plain = output.embedding.detach().requires_grad_()
    nn.functional.cross_entropy(net.domain_head.net(plain), torch.tensor([0, 2])).backward()
    torch.testing.assert_close(reversed_gradient, -plain.grad)
    net.domain_head.strength = 0.0
    output = net(batch(net), details=True)
    loss = nn.functional.cross_entropy(output.extras["domain_logits"], torch.tensor([0, 2]))
    assert not torch.autograd.grad(loss, output.embedding)[0].any()


@pytest.mark.parametrize(
    ("memory", "size"),
    [(0, "small"), (8, "small"), (16, "small"), (17.2, "small"), (24, "large"), (80, "large")],
)
def test_size_by_the_memory_of_the_device(memory: float, size: str) -> None:
    assert size_for(memory) == size


@pytest.mark.parametrize(("memory", "width", "layers", "heads"), [(16.0, 256, 2, 4), (80.0, 512, 4, 8)])
def test_large_and_small(memory: float, width: int, layers: int, heads: int) -> None:
    with torch.device("meta"):
        net = models.create("fusion", memory_gb=memory)
    attention = net.aggregation.layers[0].self_attn
    assert (net.width, len(net.aggregation.layers), attention.num_heads) == (width, layers, heads)
    assert net.parts == ("image", "audio", "text", "metadata")
    assert net.options["size"] == size_for(memory)  # decided once: it opens the same elsewhere
    with torch.device("meta"):
        smaller = models.create("fusion", memory_gb=memory, size="tiny", width=32, layers=1, heads=2)
    assert (smaller.width, len(smaller.aggregation.layers)) == (32, 1)
    assert (SIZES["large"].batch, SIZES["small"].batch) == (2, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"audio_encoder": "wav2vec2_base", "speech_sizes": TINY_SPEECH},
        {"visual_encoder": "test_vit"},
        {"audio_encoder": ""},
        {"visual_encoder": "", "metadata": True},
        {"text_encoder": "bytes"},
        {"width": 32, "layers": 1, "heads": 2, "dropout": 0.3},
    ],
)
def test_every_encoder_can_be_chosen(options: dict[str, Any]) -> None:
    net = models.create("fusion_tiny", **{**TINY, **options}).eval()
    output = net(batch(net), details=True)
    assert output.logits.shape == (2, 2) and torch.isfinite(output.logits).all()
    again = models.create("fusion_tiny", **net.options)
    again.load_state_dict(net.state_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "huge"}, "'huge' must be auto, large, small, tiny"),
        (
            {"audio_encoder": "whisper"},
            "'whisper' must be forensic_sound, logmel:<timm name> or one of wav2vec2_base",
        ),
        ({"width": 30, "heads": 4}, r"width \(30\) must be even and a multiple of heads \(4\)"),
        ({"visual_encoder": "", "audio_encoder": ""}, "needs at least one encoder"),
    ],
)
def test_what_cannot_be_built_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(models.BadOption, match=message):
        models.create("fusion_tiny", **options)


def test_late_fusion_averages_the_scores_of_who_is_there() -> None:
    torch.manual_seed(0)
    net = models.create("late_fusion", **TINY).eval()
    given = batch(net)
    with torch.no_grad():
        both = net(given, details=True)
        sound = net(given, {"image": torch.tensor([False, False])}, details=True)
    scores = both.extras
    torch.testing.assert_close(both.logits, (scores["image_logits"] + scores["audio_logits"]) / 2)
    torch.testing.assert_close(sound.logits, sound.extras["audio_logits"])
    learned = models.create("late_fusion", combination="learned", **TINY)
    assert learned.aggregation.weights.requires_grad and not net.aggregation.weights.requires_grad


def test_contrastive_embeddings_have_length_one() -> None:
    net = models.create("contrastive", **TINY).eval()
    extras = net(batch(net), details=True).extras
    for side in ("audio_embedding", "video_embedding"):
        torch.testing.assert_close(extras[side].norm(dim=1), torch.ones(2))


def test_single_modalities_look_at_one_thing() -> None:
    for name, parts in (("image_only", ("image",)), ("video_only", ("image",)), ("audio_only", ("audio",))):
        assert models.create(name).parts == parts


@pytest.mark.parametrize(
    "name", ["early_fusion", "late_fusion", "cross_attention", "contrastive", "video_only"]
)
def test_every_baseline_can_stand_on_the_forensic_encoders(name: str) -> None:
    """What goes in changes with the encoders, so that a comparison leaves out one thing only."""
    card, whole = models.card(name, size="forensic"), models.card("fusion_forensic")
    for field in ("size", "frames", "resize", "mean", "std", "cam_layer", "pretrained"):
        assert getattr(card, field) == getattr(whole, field), field
    with pytest.raises(models.MissingWeights, match="nothing in this"):
        models.create(name, size="forensic", pretrained=True)


def test_what_is_not_known_of_a_file_is_absent_not_zero() -> None:
    tensors = metadata_tensors([{"codec": "H264", "width": 0}, {"codec": "h264", "width": "unknown"}, None])
    assert tensors["categories"][0, 0] == tensors["categories"][1, 0] > 0
    assert tensors["categories"][2].sum() == 0
    assert tensors["numbers"][0, 0] == 0 and tensors["numbers"][1:, 0].isnan().all()
