"""Words that a recogniser heard: only where there were none, with its name, and read by training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.catalog import table
from core.catalog.scan import scan
from core.cli import main
from core.errors import BadInput
from core.training import transcribing
from core.training.reading import transcripts
from core.training.reading.texts import known_texts
from core.training.transcribing import transcribe
from core.workspace import Workspace
from tests.catalog.shard_files import recording


class Echo:
    """Hears how long each piece is."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name

    def hear(self, pieces: Sequence[np.ndarray]) -> list[str]:
        return [f"{len(piece) / transcribing.RATE:.1f} seconds" for piece in pieces]


@pytest.fixture
def speech(space: Workspace, tmp_path: Path) -> str:
    for word in ("real", "fake"):
        (tmp_path / "Speech" / word).mkdir(parents=True)
        for i in range(3):
            (tmp_path / "Speech" / word / f"{i}.wav").write_bytes(recording(i, 0.5 + i))
    (tmp_path / "Speech" / "real" / "0.txt").write_text("words that were there")
    (tmp_path / "Speech" / "fake" / "2.wav").write_bytes(b"RIFF and nothing else")
    scan([tmp_path / "Speech"], space=space)
    return "Speech"


def texts(name: str, space: Workspace) -> dict[str, str]:
    rows = table.load([name], space)
    rows = rows.assign(file=[str(path) for path in table.absolute_paths(rows, space)])
    return dict(zip(rows["path"], known_texts(rows, space), strict=True))


def test_only_what_has_no_words_is_heard(speech: str, space: Workspace) -> None:
    done = transcribe(speech, Echo(), space)
    assert (done.written, done.had_words, done.bad, done.heard_before) == (4, 1, 1, 0)
    found = texts(speech, space)
    assert found["real/0.wav"] == "words that were there" and found["fake/1.wav"] == "1.5 seconds"
    assert {line["by"] for line in transcripts.read(speech, space).values()} == {"echo"}
    assert transcribe(speech, Echo(), space).heard_before == 4
    again = transcribe(speech, Echo("better"), space, again=True)
    assert again.written == 4 and transcripts.read(speech, space)["fake/1.wav"]["by"] == "better"


def test_a_file_that_changed_is_heard_anew(speech: str, space: Workspace, tmp_path: Path) -> None:
    transcribe(speech, Echo(), space)
    (tmp_path / "Speech" / "fake" / "1.wav").write_bytes(recording(9, 3.0))
    scan([tmp_path / "Speech"], space=space)
    assert texts(speech, space)["fake/1.wav"] == ""
    assert transcribe(speech, Echo(), space).written == 1
    assert texts(speech, space)["fake/1.wav"] == "3.0 seconds"


def test_long_recordings_are_heard_in_pieces() -> None:
    rate = transcribing.RATE
    lengths = [len(piece) / rate for piece in transcribing.pieces_of(np.zeros(70 * rate, np.float32))]
    assert lengths == [30, 30, 10]
    assert sum(map(len, transcribing.pieces_of(np.zeros(999 * rate, np.float32)))) == 300 * rate


def test_without_a_recogniser_one_line_says_where_it_goes(
    speech: str, space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transcribe", speech]) == 2
    assert "there is no speech recogniser in" in capsys.readouterr().err
    with pytest.raises(BadInput, match="no folder of transformers' Whisper"):
        transcribing.recogniser_folder(str(tmp_path), space)


def tiny_whisper(folder: Path) -> Path:
    """A Whisper of two small layers that never learned anything, as transformers writes it."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    folder.mkdir(parents=True)
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    vocabulary = {token: i for i, token in enumerate([*sorted(ByteLevel.alphabet()), *special])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    end = vocabulary["<|endoftext|>"]
    config = WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_target_positions=24,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=vocabulary["<|startoftranscript|>"],
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_a_whisper_from_a_folder_writes_its_name(
    speech: str, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_whisper(space.weights / "whisper-nano")
    assert main(["transcribe", speech, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["by"], result["written"], result["had_words"]) == ("whisper-nano", 4, 1)
    lines = transcripts.read(speech, space)
    assert len(lines) == 4 and {line["by"] for line in lines.values()} == {"whisper-nano"}


def test_a_folder_that_is_damaged_is_one_line(
    speech: str, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_whisper(space.weights / "whisper-nano")
    (folder / "model.safetensors").unlink()
    capsys.readouterr()
    assert main(["transcribe", speech]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "whisper-nano cannot be opened as transformers' Whisper" in line
