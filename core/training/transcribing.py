"""Words for samples that have none: a speech recogniser writes down what it hears, and its name stands beside
it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.access import LOCAL, Person
from core.appending import append_whole
from core.catalog import table
from core.errors import BadInput, MediaError, one_line
from core.media.audio import NoSound, read_audio
from core.training.reading import transcripts
from core.training.reading.texts import known_texts
from core.workspace import Workspace, workspace

RATE = 16_000  # hertz, of every Whisper
PIECE = 30  # seconds that it hears at once
LONGEST = 300  # seconds of one file
MOST_TOKENS = 200  # of one piece
SHOWN = 20  # files that could not be heard and are named
Progress = Callable[[int, int], None]


class Recogniser(Protocol):
    """Its name, and what it hears in pieces of sound at RATE."""

    name: str

    def hear(self, pieces: Sequence[np.ndarray]) -> list[str]: ...


@dataclass
class Transcribed:
    """What became of the samples of a dataset."""

    dataset: str
    by: str
    file: str
    had_words: int = 0  # and keep them
    heard_before: int = 0
    written: int = 0
    silent: int = 0  # of those: nothing was said
    bad: int = 0
    bad_files: list[str] = field(default_factory=list)


class Whisper:
    """A transformers Whisper from a folder: config.json, model.safetensors, tokenizer and feature
    extractor."""

    def __init__(self, folder: Path, language: str | None = None) -> None:
        import torch
        from transformers import WhisperForConditionalGeneration, WhisperProcessor, pipeline

        self.name = folder.name
        try:
            processor = WhisperProcessor.from_pretrained(folder, local_files_only=True)
            model = WhisperForConditionalGeneration.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise BadInput(
                f"{folder} cannot be opened as transformers' Whisper ({one_line(error)[:200]})"
            ) from error
        self._pipeline: Any = pipeline(
            "automatic-speech-recognition",
            model=model,
            tokenizer=processor.tokenizer,
            feature_extractor=processor.feature_extractor,
            device="cuda" if torch.cuda.is_available() else "cpu",
        )
        most = int(model.config.max_target_positions) // 2
        self._wishes: dict[str, Any] = {"max_new_tokens": min(MOST_TOKENS, most)}
        if language:
            self._wishes |= {"language": language, "task": "transcribe"}

    def hear(self, pieces: Sequence[np.ndarray]) -> list[str]:
        inputs = [{"raw": piece, "sampling_rate": RATE} for piece in pieces]
        try:
            found = self._pipeline(inputs, batch_size=len(inputs), generate_kwargs=self._wishes)
        except ValueError as error:  # a language that it does not know, a recogniser of English only
            raise BadInput(f"{self.name}: {one_line(error)[:300]}") from error
        return [" ".join(str(one["text"]).split()) for one in found]


def recogniser_folder(given: str | None, space: Workspace | None = None) -> Path:
    """The folder of the recogniser: the one that is named, else the first Whisper in workspace/weights."""
    weights = (space or workspace()).weights
    places = (
        [Path(given).expanduser()] if given else sorted(path.parent for path in weights.glob("*/config.json"))
    )
    for place in places:
        if _is_whisper(place):
            return place
    if given:
        raise BadInput(
            f"{given} is no folder of transformers' Whisper (its config.json says model_type whisper)"
        )
    raise BadInput(
        f"there is no speech recogniser in {weights}: put a folder of transformers' Whisper there (config.json, "
        "model.safetensors, tokenizer and preprocessor files, as openai/whisper-small has), or name one with "
        "--recogniser FOLDER"
    )


def _is_whisper(folder: Path) -> bool:
    try:
        document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    # The answer: no folder of a recogniser. Whoever named it is told so.
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("model_type") == "whisper"


def transcribe(
    dataset: str,
    recogniser: Recogniser,
    space: Workspace | None = None,
    person: Person = LOCAL,
    *,
    progress: Progress | None = None,
    again: bool = False,
) -> Transcribed:
    """Hear the samples with sound that have no words, one after the other; a later call goes on. Words that were there
    stay as they are; `again` hears anew what another recogniser wrote."""
    person.require_operator("transcribe datasets")
    space = space or workspace()
    rows = table.load([dataset], space)
    rows = rows[rows["modality"].isin(["audio", "video"])].reset_index(drop=True)
    rows = rows.assign(file=[str(path) for path in table.absolute_paths(rows, space)])
    place = transcripts.file_for(dataset, space)
    done = Transcribed(dataset, recogniser.name, str(place))
    before = transcripts.read(dataset, space)
    own = known_texts(rows.drop(columns="dataset"), space, inside=True)
    todo = []
    for row, words in zip(rows.itertuples(), own, strict=True):
        line = before.get(str(row.path))
        heard = line is not None and line["mtime_ns"] == row.mtime_ns
        if words:
            done.had_words += 1
        elif line is not None and heard and not (again and line["by"] != recogniser.name):
            done.heard_before += 1
        else:
            todo.append(row)
    place.parent.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(todo, 1):
        _hear(row, recogniser, place, done, space)
        if progress:
            progress(number, len(todo))
    return done


def _hear(row: Any, recogniser: Recogniser, place: Path, done: Transcribed, space: Workspace) -> None:
    try:
        path = table.absolute_path({"dataset": done.dataset, "path": row.path}, space)
        text = " ".join(filter(None, recogniser.hear(list(pieces_of(read_audio(path, RATE))))))
    except NoSound:
        text = ""
    except MediaError as error:
        done.bad += 1
        if len(done.bad_files) < SHOWN:
            done.bad_files.append(one_line(error))
        return
    line = transcripts.Heard(path=str(row.path), mtime_ns=int(row.mtime_ns), text=text, by=recogniser.name)
    append_whole(place, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    done.written += 1
    done.silent += not text


def pieces_of(sound: np.ndarray) -> Iterator[np.ndarray]:
    """At most PIECE seconds each, LONGEST together."""
    step = PIECE * RATE
    for start in range(0, max(1, min(len(sound), LONGEST * RATE)), step):
        yield sound[start : start + step]
