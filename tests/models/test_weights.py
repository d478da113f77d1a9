"""Pre-trained weights come from files that the test wrote, through the code that loads the published ones."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import models
from models import weights
from tests.models.small_networks import TINY_SPEECH

BACKBONE = "test_resnet.r160_in1k"


@pytest.fixture(autouse=True)
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)

    def refused(*args: object, **kwargs: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refused)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "weights"
    made.mkdir()
    return made


def backbone_state() -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return models.create(f"timm:{BACKBONE}").encoder.backbone.state_dict()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_timm_backbone_from_the_folder(folder: Path, suffix: str) -> None:
    state = backbone_state() | {"fc.weight": torch.zeros(1000, 64), "fc.bias": torch.zeros(1000)}
    path = folder / f"{BACKBONE}{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    net = models.create(f"timm:{BACKBONE}", pretrained=True, weights_folder=str(folder))
    for name, value in net.encoder.backbone.state_dict().items():
        torch.testing.assert_close(value, state[name])
    assert net.pretrained


def test_the_folder_can_be_named_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(backbone_state(), folder / f"{BACKBONE}.safetensors")
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(folder))
    assert models.create("frame_pool", backbone=BACKBONE, pretrained=True).pretrained


def test_one_channel_takes_the_colours_together(folder: Path) -> None:
    state = backbone_state()
    save_file(state, folder / f"{BACKBONE}.safetensors")
    net = models.create("logmel_resnet18", backbone=BACKBONE, pretrained=True, weights_folder=str(folder))
    first = net.encoder[1].backbone.conv1
    kept = (first[0] if isinstance(first, torch.nn.Sequential) else first).weight
    source = next(v for n, v in state.items() if n.startswith("conv1") and v.ndim == 4)
    torch.testing.assert_close(kept, source.sum(1, keepdim=True))


@pytest.mark.parametrize(
    ("name", "options", "file"),
    [
        ("timm:test_resnet", {}, "test_resnet.r160_in1k.safetensors"),
        ("efficientnet_b0", {}, "efficientnet_b0.ra_in1k.safetensors"),
        ("wav2vec2_base", {"sizes": TINY_SPEECH}, "wav2vec2_fairseq_base_ls960.pth"),
        (
            "fusion_tiny",
            {
                "visual_encoder": "",
                "audio_encoder": "",
                "text_encoder": "sentence-transformers/all-MiniLM-L6-v2",
            },
            "all-MiniLM-L6-v2/",
        ),
    ],
)
def test_missing_weights_say_which_file_to_put_where(
    folder: Path, name: str, options: dict[str, object], file: str
) -> None:
    with pytest.raises(models.MissingWeights) as raised:
        models.create(name, pretrained=True, weights_folder=str(folder), **options)
    message = str(raised.value)
    assert file in message and str(folder) in message and "pretrained=false" in message
    assert "\n" not in message


def test_a_network_without_published_weights_says_so() -> None:
    with pytest.raises(models.MissingWeights, match="simple_cnn has no pre-trained weights"):
        models.create("simple_cnn", pretrained=True)


def test_a_file_that_does_not_fit_is_refused(folder: Path) -> None:
    save_file({"something.else": torch.zeros(3)}, folder / f"{BACKBONE}.safetensors")
    with pytest.raises(models.MissingWeights, match="lacks"):
        models.create(f"timm:{BACKBONE}", pretrained=True, weights_folder=str(folder))


def test_nothing_is_unpickled(folder: Path, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "harmed",))  # type: ignore[return-value]

    for name in (f"{BACKBONE}.pth", "wav2vec2_fairseq_base_ls960.pth"):
        with (folder / name).open("wb") as file:
            pickle.dump({"weight": Harm()}, file)
    with pytest.raises(models.MissingWeights):
        models.create(f"timm:{BACKBONE}", pretrained=True, weights_folder=str(folder))
    with pytest.raises(models.MissingWeights):
        models.create("wav2vec2_base", sizes=TINY_SPEECH, pretrained=True, weights_folder=str(folder))
    assert not (tmp_path / "harmed").exists()


def test_wav2vec2_from_the_folder(folder: Path) -> None:
    source = models.create("wav2vec2_base", sizes=TINY_SPEECH)
    torch.save(source.encoder.speech.state_dict(), folder / "wav2vec2_fairseq_base_ls960.pth")
    net = models.create("wav2vec2_base", sizes=TINY_SPEECH, pretrained=True, weights_folder=str(folder))
    for name, value in net.encoder.speech.state_dict().items():
        torch.testing.assert_close(value, source.encoder.speech.state_dict()[name])


def test_a_sentence_transformer_travels_inside_the_state_dict(folder: Path) -> None:
    write_tiny_sentence_transformer(folder / "all-MiniLM-L6-v2")
    options = {
        "visual_encoder": "",
        "audio_encoder": "",
        "text_encoder": "sentence-transformers/all-MiniLM-L6-v2",
    }
    net = models.create("fusion_tiny", pretrained=True, weights_folder=str(folder), **options).eval()
    texts = ["fake news", None, "news"]
    tokens = net.text_tensors(texts)
    assert tokens["input_ids"].tolist() == [[2, 4, 5, 3], [0, 0, 0, 0], [2, 5, 3, 0]]

    again = models.create("fusion_tiny", **net.options).eval()  # as a detector is opened: no weights folder
    again.load_state_dict(net.state_dict())
    torch.testing.assert_close(again.text_tensors(texts), tokens)
    with torch.no_grad():
        expected, given = net({"text": tokens}), again({"text": tokens})
    torch.testing.assert_close(given, expected)
    assert not torch.equal(expected[0], expected[2])


def write_tiny_sentence_transformer(place: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "fake": 4, "news": 5}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(place)
    torch.manual_seed(3)
    shape = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(shape).save_pretrained(place)
