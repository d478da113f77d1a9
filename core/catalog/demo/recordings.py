"""The demo's sound sets."""

from __future__ import annotations

from pathlib import Path

from core.catalog.demo import encode
from core.catalog.demo.job import DemoSet, Job, generator
from core.catalog.demo.manipulations import OF_SOUND, draw_flaw, vocode
from core.catalog.demo.speech import adjust_level, draw_voice, record, speak

CHUNK = 10
KINDS = ("mel", "pulse", "upsampled")


def write_recordings(
    folder: Path, seed: int, files: list[tuple[str, str, str]], rate: int, seconds: tuple[float, float]
) -> None:
    """`files`: name, voice, and `real` or the kind of vocoder. A fake is a recording of its own, vocoded."""
    for name, speaker, kind in files:
        rng = generator(seed, folder.name, name)
        voice = draw_voice(generator(seed, folder.name, "voice", speaker))
        sound = record(rng, speak(rng, voice, float(rng.uniform(*seconds)), rate))
        if kind != "real":
            sound = vocode(rng, sound, rate, kind, draw_flaw(rng, OF_SOUND))
        encode.recording(folder / name, adjust_level(rng, sound), rate)


def _jobs(
    files: list[tuple[str, str, str]], rate: int = 16_000, seconds: tuple[float, float] = (1.8, 2.6)
) -> list[Job]:
    return [
        Job(write_recordings, {"files": part, "rate": rate, "seconds": seconds}, len(part))
        for part in (files[i : i + CHUNK] for i in range(0, len(files), CHUNK))
    ]


def asvspoof_2019() -> DemoSet:
    """train and dev know the attacks A01 to A06, eval has others; the splits share no speaker."""
    plan = (
        ("train", "trn", "T", range(79, 87), 20, 125, range(1, 7)),
        ("dev", "trl", "D", range(69, 73), 6, 36, range(1, 7)),
        ("eval", "trl", "E", range(1, 6), 9, 54, range(7, 13)),
    )
    files, documents = [], {}
    for split, suffix, letter, speakers, real, fake, attacks in plan:
        lines = []
        for i in range(real + fake):
            utterance = f"LA_{letter}_{1000137 + 7919 * i}"
            speaker = f"LA_{speakers[i % len(speakers)]:04d}"
            attack = "-" if i < real else f"A{attacks[i % len(attacks)]:02d}"
            kind = "real" if i < real else KINDS[int(attack[1:]) % len(KINDS)]
            lines.append(f"{speaker} {utterance} - {attack} {'bonafide' if i < real else 'spoof'}")
            files.append((f"LA/ASVspoof2019_LA_{split}/flac/{utterance}.flac", speaker, kind))
        documents[f"LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.{split}.{suffix}.txt"] = (
            "\n".join(lines) + "\n"
        )
    return DemoSet(
        "ASVspoof 2019 LA",
        "ASVspoof2019",
        "severely imbalanced speech, unseen attacks in the test",
        _jobs(files),
        documents,
    )


def in_the_wild() -> DemoSet:
    rows, files = ["file,speaker,label"], []
    for i in range(150):
        fake = i % 8 in (1, 4, 6)
        speaker = f"Speaker {chr(65 + (i * 7) % 15)}"
        rows.append(f"{i}.wav,{speaker},{'spoof' if fake else 'bona-fide'}")
        files.append((f"release_in_the_wild/{i}.wav", speaker, KINDS[i % 3] if fake else "real"))
    return DemoSet(
        "In-the-Wild",
        "In-the-Wild",
        "mildly imbalanced speech, by speaker",
        _jobs(files),
        {"release_in_the_wild/meta.csv": "\n".join(rows) + "\n"},
    )


def deep_voice() -> DemoSet:
    people = ("biden", "linus", "margot", "musk", "obama", "ryan", "taylor", "trump")
    files = [(f"KAGGLE/AUDIO/REAL/{name}-original.wav", name, "real") for name in people]
    for i, source in enumerate(people):
        for j, target in enumerate(people):
            if i != j:
                files.append((f"KAGGLE/AUDIO/FAKE/{source}-to-{target}.wav", target, KINDS[(i + j) % 3]))
    return DemoSet(
        "DEEP-VOICE",
        "DEEP-VOICE",
        "severely imbalanced speech, every voice converted to every other",
        _jobs(files, seconds=(3.4, 4.2)),
    )


def fake_or_real() -> DemoSet:
    sizes = {"training": 60, "validation": 15, "testing": 20}
    files = []
    for split, n in sizes.items():
        for i in range(n):
            base = f"for-2sec/for-2seconds/{split}"
            files.append((f"{base}/real/file{1000 + i}.wav", f"{split}{i}r", "real"))
            files.append((f"{base}/fake/file{5000 + i}.wav", f"{split}{i}f", KINDS[i % 3]))
    return DemoSet(
        "Fake-or-Real",
        "The Fake-or-Real (FoR) Dataset (deepfake audio)",
        "balanced speech of two seconds",
        _jobs(files, seconds=(2.0, 2.0)),
    )


def sound_sets() -> list[DemoSet]:
    return [asvspoof_2019(), in_the_wild(), deep_voice(), fake_or_real()]
