"""Names, counts, options, and a network added as one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from models import presence, registry
from models.network import Network

ROOT = Path(__file__).resolve().parents[2]
ADDED = '''
"""A network from a file of its own."""
import torch
from torch import nn
from models.network import Average, Network
from models.cards import ModelCard
from models.registry import register


@register(ModelCard(name="added_by_test", modality="image", about="one layer", source="a test", size=8))
class Added(Network):
    backbones = ()

    def __init__(self, *, pretrained=False, dropout=0.0):
        super().__init__()
        self.encoder, self.aggregation = nn.Flatten(), Average()
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * 8 * 8, 2))

    def encode(self, inputs, mask):
        return self.encoder(inputs).unsqueeze(1)
'''


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("simple_cnn", 422_530), ("resnet18_average", 11_603_650), ("efficientnet_lstm", 5_619_966)],
)
def test_published_counts(name: str, parameters: int) -> None:
    net = models.create(name)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == parameters
    assert models.count_parameters(name) == parameters


def test_frame_outputs_of_the_simple_network_are_averaged() -> None:
    net = models.create("simple_cnn").eval()
    with torch.no_grad():
        output = net(torch.randn(2, 4, 3, 32, 32), details=True)
    torch.testing.assert_close(output.unit_logits.mean(1), output.logits)


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(models.UnknownModel, match=r"'resnet51'.*did you mean resnet50"):
        models.create("resnet51")
    with pytest.raises(models.UnknownModel, match=r"timm has no backbone 'resnet_18'.*resnet18"):
        models.create("timm:resnet_18")
    with pytest.raises(models.UnknownModel, match="known are"):
        models.card("qqqqqqqq")


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(models.BadOption, match="simple_cnn has no option 'depth'; it has dropout"):
        models.create("simple_cnn", depth=3)


@pytest.mark.parametrize("options", [{"aggregation": "median"}, {"aggregation": ""}])
def test_an_option_of_no_use_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(models.BadOption, match="average, lstm, attention"):
        models.create("frame_pool", backbone="test_resnet", **options)


def offered_choices() -> list[tuple[str, str, object]]:
    """Each choice of each option once, of the first network that offers it."""
    found = {
        (option, value): (name, option, value)
        for name in reversed(models.list_models())
        for option, one in models.asked_options(name).items()
        for value, _ in one.choices
    }
    return list(found.values())


@pytest.mark.parametrize(("name", "option", "value"), offered_choices())
def test_what_a_form_offers_can_be_built(name: str, option: str, value: object) -> None:
    assert models.count_parameters(name, **{option: value}) > 0


@pytest.mark.parametrize("aggregation", ["average", "lstm", "attention"])
def test_any_backbone_over_frames(aggregation: str) -> None:
    net = models.create("frame_pool", backbone="test_resnet", aggregation=aggregation).eval()
    frames = torch.randn(2, 4, 3, 32, 32)
    mask = torch.tensor([[True, False, True, True], [True, True, True, True]])
    with torch.no_grad():
        alone = net(frames[:1, [0, 2, 3]])
        torch.testing.assert_close(net(frames, mask)[:1], alone)
        assert net(frames[:1], torch.zeros(1, 4, dtype=torch.bool)).isfinite().all()
    assert net.get_submodule(net.card.cam_layer) is not None


@pytest.mark.parametrize("name", ["fusion_forensic", "simple_cnn", "frame_pool"])
def test_a_mask_that_the_cpu_knows_counts_like_any_other(name: str) -> None:
    """What was sent to a device is looked up here; the device is not asked, and says the same."""
    options: dict[str, Any] = (
        {"backbone": "test_resnet", "aggregation": "lstm"} if name == "frame_pool" else {}
    )
    net = models.create(name, **options).eval()
    picture = torch.randn(3, 4, 3, 48, 48)
    frames = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]]).bool()
    inputs: Any = {"image": picture, "audio": torch.randn(3, 8000)} if name == "fusion_forensic" else picture
    mask: Any = frames
    if name == "fusion_forensic":
        mask = {"image": frames.any(1), "image_frames": frames, "audio": torch.tensor([True, True, False])}
    with torch.no_grad():
        torch.testing.assert_close(net(inputs, tied(mask)), net(inputs, mask), rtol=0, atol=0)


def tied(mask: Any) -> Any:
    if isinstance(mask, dict):
        return {name: tied(value) for name, value in mask.items()}
    return presence.tie(mask.clone(), mask)


def test_any_timm_backbone() -> None:
    net = models.create("timm:test_vit", dropout=0.4)
    assert net.head[0].p == 0.4 and net.card.modality == "image"
    assert net.eval()(torch.randn(1, 3, 64, 64)).shape == (1, 2)
    assert net.card.cam_layer.endswith("norm1")


def test_dropout_reaches_the_network() -> None:
    for name in ("simple_cnn", "resnet18_average", "efficientnet_b0", "raw_waveform", "fusion_tiny"):
        net = models.create(name, dropout=0.37)
        assert any(isinstance(m, nn.Dropout) and m.p == 0.37 for m in net.modules())


def test_a_network_in_a_file_needs_no_other_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "added.py").write_text(ADDED)
    monkeypatch.setenv(registry.FOLDERS_VARIABLE, str(tmp_path))
    try:
        assert "added_by_test" in models.list_models("image")
        net = models.create("added_by_test", dropout=0.1)
        assert net(torch.randn(2, 3, 8, 8)).shape == (2, 2)
        assert models.count_parameters("added_by_test") == 3 * 64 * 2 + 2
        command = [sys.executable, "-m", "core", "models", "added_by_test", "--json"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert '"name": "added_by_test"' in listed
    finally:
        registry._registry.pop("added_by_test", None)
        registry._loaded.discard(str((tmp_path / "added.py").resolve()))


def test_importing_the_registry_builds_nothing() -> None:
    code = (
        "import sys, models; sys.exit(any(m in sys.modules for m in ('timm', 'transformers', 'torchaudio')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_network_must_say_how_inputs_become_units() -> None:
    class Unfinished(Network):
        pass

    with pytest.raises(TypeError, match="encode"):
        Unfinished()  # type: ignore[abstract]
