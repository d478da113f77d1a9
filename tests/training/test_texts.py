"""Words that arrive: from lists, from files beside the media; and a text encoder only where there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.catalog import table
from core.catalog.scan import scan
from core.media.sidecar_text import read_sidecar_text
from core.training.options.config import TrainConfig
from core.training.setup import set_up
from core.workspace import Workspace
from tests.training.tiny_catalogue import clip_set, small

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello <i>there</i>\n\n2\n00:00:03,000 --> 00:00:04,000\nagain\n"
VTT = "WEBVTT\nKind: captions\n\nfirst\n00:01.000 --> 00:02.000 align:left\n<v Ada>Hello there\n\n00:03.000 --> 00:04.000\nagain\n"


@pytest.mark.parametrize(
    ("ending", "content"), [(".txt", "Hello  there\nagain\n"), (".srt", SRT), (".vtt", VTT)]
)
def test_words_beside_a_file_are_read_without_times_and_tags(
    tmp_path: Path, ending: str, content: str
) -> None:
    (tmp_path / f"clip{ending}").write_text(content, encoding="utf-8-sig")
    assert read_sidecar_text(tmp_path / "clip.mp4") == "Hello there again"
    assert read_sidecar_text(tmp_path / "other.mp4") == ""


@pytest.mark.parametrize(
    "spoken", [{"transcript": "we  spoke"}, {"timestamps": [["we", 0, 0.2], ["spoke", 0.2, 1]]}]
)
def test_lists_that_say_what_was_spoken_fill_the_text(
    space: Workspace, tmp_path: Path, spoken: dict[str, object]
) -> None:
    lav = [
        {
            "file": "train/000000.mp4",
            "n_fakes": 0,
            "fake_periods": [],
            "modify_video": False,
            "modify_audio": False,
            "split": "train",
            **spoken,
        }
    ]
    av = [{"file": "id1/a/1/real.mp4", "split": "train", "modify_type": "real", **spoken}]
    files = {
        "LAV-DF/metadata.json": json.dumps(lav),
        "LAV-DF/train/000000.mp4": "x",
        "AV-Deepfake1M/train_metadata.json": json.dumps(av),
        "AV-Deepfake1M/train/id1/a/1/real.mp4": "x",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    scan([tmp_path], space=space)
    for name in ("LAV-DF", "AV-Deepfake1M"):
        assert table.load([name], space)["text"].tolist() == ["we spoke"]


def test_an_encoder_of_text_is_built_where_there_is_text(space: Workspace, tmp_path: Path) -> None:
    clip_set(space, tmp_path)
    options = {"modality": "multimodal", "datasets": ["clips"], "model": "fusion_forensic", "frames": 2}
    config = TrainConfig.from_dict(small(**options, seconds=0.5, model_options={"text_encoder": "bytes"}))
    setup = set_up(config, space)
    assert "text" not in setup.network.parts and setup.network.options["text_encoder"] == ""
    assert setup.notes == ("text: no training sample has words, so no text encoder is built",)
    for path in (tmp_path / "clips").glob("*.mp4"):
        path.with_suffix(".txt").write_text(f"said in {path.stem}")
    setup = set_up(config, space)
    assert "text" in setup.network.parts and "have words, read by bytes" in setup.notes[0]
    source = setup.source("train")
    assert source.texts == [f"said in {Path(file).stem}" for file in source.files]
    plain = set_up(TrainConfig.from_dict({**config.to_dict(), "model_options": {}}), space)
    assert "text_encoder: bytes" in plain.notes[0] and set(plain.source("train").texts) == {""}
