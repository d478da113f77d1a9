"""A large tree of twenty datasets, laid out like real downloads, with files of one byte."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

Files = Iterator[str]


def make_tree(root: Path, files: int) -> int:
    """Write about `files` files below `root`; how many there are."""
    each = files // len(DATASETS)
    written = 0
    for name, paths in DATASETS.items():
        made: set[str] = set()
        base = f"{root}/{name}"
        for path in paths(each):
            full = f"{base}/{path}"
            folder = full.rpartition("/")[0]
            if folder not in made:
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            handle = os.open(full, os.O_CREAT | os.O_WRONLY)
            os.write(handle, b"x")
            os.close(handle)
            written += 1
        for path, text in LISTS.get(name, _no_lists)(each):
            Path(base, path).parent.mkdir(parents=True, exist_ok=True)
            Path(base, path).write_text(text, encoding="utf-8")
            written += 1
    return written


def _classes(
    top: str, splits: tuple[str, ...], ending: str, classes: tuple[str, str] = ("real", "fake")
) -> Callable[[int], Files]:
    def paths(n: int) -> Files:
        per = n // (2 * len(splits))
        for split in splits:
            for word in classes:
                for i in range(per):
                    yield (
                        f"{top}/{split}/{word}/{i:06d}.{ending}"
                        if split
                        else f"{top}/{word}/{i:06d}.{ending}"
                    )

    return paths


def _faceforensics(n: int) -> Files:
    """Frames of clips: 50 a clip."""
    methods = ["Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"]
    for i in range(n // 50):
        one, other = f"{i // 5 % 1000:03d}", f"{(i // 5 + 1) % 1000:03d}"
        kind = i % 5
        top = "original_sequences/youtube" if kind == 0 else f"manipulated_sequences/{methods[kind - 1]}"
        clip = one if kind == 0 else f"{one}_{other}"
        for frame in range(50):
            yield f"{top}/c23/frames/{clip}/{frame:04d}.png"


def _deepfakedetection(n: int) -> Files:
    for i in range(n):
        target, source = i % 28 + 1, (i // 28) % 28 + 1
        if i % 9 == 0:
            yield f"DFD_original sequences/{target:02d}__scene{i}.mp4"
        else:
            yield f"DFD_manipulated_sequences/DFD_manipulated_sequences/{target:02d}_{source:02d}__scene__{i:08d}.mp4"


def _celeb(n: int) -> Files:
    for i in range(n):
        one, other = i % 59, (i // 59) % 59
        if i % 7 == 0:
            yield f"Celeb-real/id{one}_{i:06d}.mp4"
        else:
            yield f"Celeb-synthesis/id{one}_id{other}_{i:06d}.mp4"


def _dfdc(n: int) -> Files:
    for i in range(n):
        yield f"dfdc_train_part_{i % 50}/clip{i:06d}.mp4"


def _dfdc_lists(n: int) -> Iterator[tuple[str, str]]:
    for part in range(50):
        rows = {
            f"clip{i:06d}.mp4": {"label": "REAL", "split": "train"}
            if i % 6 == 0
            else {"label": "FAKE", "split": "train", "original": f"clip{i - i % 6:06d}.mp4"}
            for i in range(part, n, 50)
        }
        yield f"dfdc_train_part_{part}/metadata.json", json.dumps(rows)


def _fakeavceleb(n: int) -> Files:
    kinds = ["RealVideo-RealAudio", "RealVideo-FakeAudio", "FakeVideo-RealAudio", "FakeVideo-FakeAudio"]
    for i in range(n):
        person = i // 100
        where = f"{kinds[i % 4]}/{'African' if person % 2 else 'Asian (East)'}/men/id{person:05d}"
        yield f"FakeAVCeleb_v1.2/{where}/{i:05d}_id{person + 1:05d}_wavtolip.mp4"


def _lav_df(n: int) -> Files:
    for i in range(n):
        yield f"{('train', 'dev', 'test')[i % 3]}/{i:06d}.mp4"


def _lav_df_lists(n: int) -> Iterator[tuple[str, str]]:
    rows = [
        {
            "file": f"{('train', 'dev', 'test')[i % 3]}/{i:06d}.mp4",
            "n_fakes": int(i % 4 > 0),
            "fake_periods": [[1.0, 2.0]] if i % 4 else [],
            "duration": 8.0,
            "original": f"{('train', 'dev', 'test')[i % 3]}/{i - i % 4:06d}.mp4" if i % 4 else None,
            "modify_video": i % 4 in (1, 3),
            "modify_audio": i % 4 in (2, 3),
            "split": ("train", "dev", "test")[i % 3],
        }
        for i in range(n)
    ]
    yield "metadata.json", json.dumps(rows)


def _asvspoof(n: int) -> Files:
    for i in range(n):
        part, letter = (("train", "T"), ("dev", "D"), ("eval", "E"))[i % 3]
        yield f"LA/ASVspoof2019_LA_{part}/flac/LA_{letter}_{i:07d}.flac"


def _asvspoof_lists(n: int) -> Iterator[tuple[str, str]]:
    for k, (name, letter) in enumerate((("train.trn", "T"), ("dev.trl", "D"), ("eval.trl", "E"))):
        lines = [
            f"LA_{i % 40:04d} LA_{letter}_{i:07d} - {'-' if i % 10 == 0 else 'A07'} {'bonafide' if i % 10 == 0 else 'spoof'}"
            for i in range(k, n, 3)
        ]
        yield f"LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.{name}.txt", "\n".join(lines) + "\n"


def _in_the_wild(n: int) -> Files:
    for i in range(n):
        yield f"{i}.wav"


def _in_the_wild_lists(n: int) -> Iterator[tuple[str, str]]:
    lines = [f"{i}.wav,Speaker {i % 58},{'bona-fide' if i % 8 < 5 else 'spoof'}" for i in range(n)]
    yield "meta.csv", "\n".join(["file,speaker,label", *lines]) + "\n"


def _wavefake(n: int) -> Files:
    vocoders = ["ljspeech_melgan", "ljspeech_hifiGAN", "ljspeech_waveglow", "ljspeech_parallel_wavegan"]
    for i in range(n):
        k = i // 5
        name = f"LJ{k // 1000 % 1000:03d}-{k % 1000:04d}"
        if i % 5 == 0:
            yield f"LJSpeech-1.1/wavs/{name}.wav"
        else:
            yield f"generated_audio/{vocoders[i % 5 - 1]}/{name}_gen.wav"


def _clip_faces(n: int) -> Files:
    for i in range(n):
        split = ("train", "val", "test")[i // 30 % 3]
        clip = i // 30
        if clip % 2:
            yield f"{split}/real/{clip % 28 + 1:02d}__walking_{clip:04d}/{i % 30:03d}.jpg"
        else:
            yield f"{split}/fake/{clip % 28 + 1:02d}_{clip % 27 + 1:02d}__walking__{clip:08d}/{i % 30:03d}.jpg"


def _no_lists(n: int) -> Iterator[tuple[str, str]]:
    return iter(())


_SPLITS = ("train", "valid", "test")
DATASETS: dict[str, Callable[[int], Files]] = {
    "FaceForensics++": _faceforensics,
    "DFD": _deepfakedetection,
    "Celeb-DF-v2": _celeb,
    "dfdc": _dfdc,
    "FakeAVCeleb": _fakeavceleb,
    "LAV-DF": _lav_df,
    "asvspoof": _asvspoof,
    "release_in_the_wild": _in_the_wild,
    "WaveFake": _wavefake,
    "dfd_faces": _clip_faces,
    "140k Real and Fake Faces": _classes("real_vs_fake/real-vs-fake", _SPLITS, "jpg"),
    "archive (2)": _classes("Dataset", ("Train", "Validation", "Test"), "jpg", ("Real", "Fake")),
    "Deepfake image detection dataset": _classes("train-20250112T065955Z-001", ("train",), "jpg"),
    "real_and_fake_face": _classes("", ("",), "jpg", ("training_real", "training_fake")),
    "The Fake-or-Real (FoR) Dataset": _classes("for-norm/for-norm", ("training", "testing"), "wav"),
    "DeepFake_AudioDataset": _classes("KAGGLE/AUDIO", ("",), "wav", ("REAL", "FAKE")),
    "own pictures": _classes("set", _SPLITS, "png", ("authentic", "generated")),
    "own recordings": _classes("", ("",), "flac", ("bonafide", "spoof")),
    "own clips": _classes("", ("train", "test"), "mp4", ("0_real", "1_fake")),
    "own frames": _classes("", ("train", "val"), "webp", ("original", "manipulated")),
}
LISTS: dict[str, Callable[[int], Iterator[tuple[str, str]]]] = {
    "dfdc": _dfdc_lists,
    "LAV-DF": _lav_df_lists,
    "asvspoof": _asvspoof_lists,
    "release_in_the_wild": _in_the_wild_lists,
}
