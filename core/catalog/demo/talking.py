"""The demo's audio-visual sets: people who speak, with lips that follow the voice where nothing was changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.catalog.demo import encode
from core.catalog.demo.clips import FPS, SIZES
from core.catalog.demo.job import DemoSet, Job, generator
from core.catalog.demo.manipulations import (
    OF_SOUND,
    OF_TALKING,
    draw_flaw,
    draw_generator,
    reenact_face,
    swap_face,
    vocode,
)
from core.catalog.demo.people import Array, draw_person
from core.catalog.demo.recordings import KINDS
from core.catalog.demo.scenes import Shot, shoot
from core.catalog.demo.speech import adjust_level, draw_voice, record, speak

RATE = 16_000
RACES = ("African", "Asian (East)", "Asian (South)", "Caucasian (American)", "Caucasian (European)")
HEADER = "source,target1,target2,method,category,type,race,gender,path,"
TYPES = {
    "A": "RealVideo-RealAudio",
    "B": "RealVideo-FakeAudio",
    "C": "FakeVideo-RealAudio",
    "D": "FakeVideo-FakeAudio",
}


def _talk(seed: int, group: str, person: str, frames: int) -> tuple[Shot, Array]:
    """A real clip: who it is fixes looks and voice."""
    rng = generator(seed, group, "clip", person)
    voice = draw_voice(generator(seed, group, "voice", person))
    utterance = speak(rng, voice, frames / FPS, RATE)
    times = (np.arange(frames) + 0.5) / FPS
    opening = np.interp(
        times, (np.arange(len(utterance.opening)) + 0.5) * utterance.hop / RATE, utterance.opening
    )
    height, width = SIZES[int(rng.integers(len(SIZES)))]
    looks = draw_person(generator(seed, group, "person", person))
    shot = shoot(rng, looks, height, width, frames=frames, fps=FPS, mouth=opening.astype(np.float32))
    return shot, record(rng, utterance)


def _other_voice(seed: int, group: str, person: str, key: str, seconds: float) -> Array:
    """The person's voice, cloned: other words, through a vocoder."""
    rng = generator(seed, "cloned", group, key)
    voice = draw_voice(generator(seed, group, "voice", person))
    sound = record(rng, speak(rng, voice, seconds, RATE))
    return vocode(rng, sound, RATE, KINDS[int(rng.integers(len(KINDS)))], draw_flaw(rng, OF_SOUND))


def _write(path: Path, shot: Shot, sound: Array, seed: int) -> None:
    rng = generator(seed, path.name, path.parent.name, "encoding")
    encode.clip(path, shot, FPS, int(rng.integers(18, 27)), adjust_level(rng, sound), RATE)


def _fake_face(seed: int, key: str, method: str, target: Shot, source: Shot) -> Shot:
    rng = generator(seed, "fake", key)
    how = draw_generator(rng, flaw=draw_flaw(rng, OF_TALKING))
    if method.startswith("wav2lip"):
        return reenact_face(rng, target, how)
    return swap_face(rng, target, source, how)


def write_fakeavceleb(folder: Path, seed: int, rows: list[dict[str, str]]) -> None:
    """The rows of one group of people; donors are within it."""
    people = sorted({row["source"] for row in rows})
    frames = {p: int(generator(seed, "fav", "frames", p).integers(15, 19)) for p in people}
    talks = {p: _talk(seed, "fav", p, frames[p]) for p in people}
    for row in rows:
        shot, sound = talks[row["source"]]
        if row["category"] in "CD":
            shot = _fake_face(seed, row["file"], row["method"], shot, talks[row["target1"]][0])
        if row["category"] in "BD":
            sound = _other_voice(seed, "fav", row["source"], row["file"], frames[row["source"]] / FPS)
        _write(folder / row["folder"] / row["file"], shot, sound, seed)


def _fakeavceleb_rows(group: int) -> list[dict[str, str]]:
    people = [f"id{100 + 37 * (4 * group + k):05d}" for k in range(4)]
    race, gender = RACES[group % 5], ("men", "women")[group // 5 % 2]
    rows = []
    for k, person in enumerate(people):
        donor, stem = people[(k + 1) % 4], f"{109 + 11 * k + 4 * group:05d}"
        made = [("A", "real", "-", f"{stem}.mp4"), ("B", "rtvc", donor, f"{stem}_fake.mp4")]
        swap = "faceswap" if k % 2 else "fsgan"
        made += [
            ("C", swap, donor, f"{stem}_{donor}_{swap}.mp4"),
            ("C", "wav2lip", donor, f"{stem}_{donor}_wavtolip.mp4"),
        ]
        made += [("D", f"{swap}-wav2lip", donor, f"{stem}_2_{donor}_wavtolip.mp4")]
        for category, method, target, file in made:
            place = f"FakeAVCeleb_v1.2/{TYPES[category]}/{race}/{gender}/{person}"
            rows.append(
                {
                    "source": person,
                    "target1": target,
                    "method": method,
                    "category": category,
                    "race": race,
                    "gender": gender,
                    "folder": place,
                    "file": file,
                }
            )
    return rows


def fakeavceleb() -> DemoSet:
    jobs, lines = [], [HEADER]
    for group in range(10):
        rows = _fakeavceleb_rows(group)
        jobs.append(Job(write_fakeavceleb, {"rows": rows}, len(rows)))
        for r in rows:
            directory = r["folder"].replace("FakeAVCeleb_v1.2", "FakeAVCeleb")
            kind = TYPES[r["category"]]
            lines.append(
                f"{r['source']},{r['target1']},-,{r['method']},{r['category']},{kind},{r['race']},{r['gender']},{r['file']},{directory}"
            )
    return DemoSet(
        "FakeAVCeleb",
        "FakeAVCeleb",
        "moderately imbalanced talking people, voice or face or both changed",
        jobs,
        {"FakeAVCeleb_v1.2/meta_data.csv": "\n".join(lines) + "\n"},
    )


def write_lavdf(folder: Path, seed: int, rows: list[dict[str, object]]) -> None:
    """One real clip and its three localised forgeries."""
    real = str(rows[0]["file"])
    frames = int(str(rows[0]["video_frames"]))
    shot, sound = _talk(seed, "lavdf", real, frames)
    lips = bool(generator(seed, "lavdf", real, "how").random() < 0.5)
    donor = shot if lips else _talk(seed, "lavdf", f"{real}-donor", frames)[0]
    for row in rows:
        name = str(row["file"])
        new_shot, new_sound = shot, sound
        for begin, end in row["fake_periods"]:  # type: ignore[attr-defined]
            if row["modify_video"]:
                faked = _fake_face(seed, name, "wav2lip" if lips else "faceswap", shot, donor)
                kept = shot.frames.copy()
                kept[round(begin * FPS) : round(end * FPS)] = faked.frames[
                    round(begin * FPS) : round(end * FPS)
                ]
                new_shot = Shot(kept, shot.points)
            if row["modify_audio"]:
                other = _other_voice(seed, "lavdf", real, name, frames / FPS)
                new_sound = sound.copy()
                part = slice(int(begin * RATE), int(end * RATE))
                new_sound[part] = other[part]
        _write(folder / name, new_shot, new_sound, seed)


def lav_df() -> DemoSet:
    jobs, table, number = [], [], 0
    for split, n in (("train", 24), ("dev", 6), ("test", 10)):
        for i in range(n):
            frames = 16 + i % 3
            rows: list[dict[str, object]] = []
            for video, audio in ((False, False), (True, False), (False, True), (True, True)):
                fake = video or audio
                begin = (2 + (i + number) % 4) / FPS
                rows.append(
                    {
                        "file": f"{split}/{number:06d}.mp4",
                        "n_fakes": int(fake),
                        "fake_periods": [[begin, begin + 11 / FPS]] if fake else [],
                        "duration": frames / FPS,
                        "original": rows[0]["file"] if fake else None,
                        "modify_video": video,
                        "modify_audio": audio,
                        "split": split,
                        "video_frames": frames,
                        "audio_channels": 1,
                        "audio_frames": int(frames / FPS * RATE),
                    }
                )
                number += 1
            jobs.append(Job(write_lavdf, {"rows": rows}, 4))
            table += rows
    return DemoSet(
        "LAV-DF",
        "LAV-DF",
        "moderately imbalanced talking people, changed for a moment",
        jobs,
        {"metadata.json": json.dumps(table)},
    )


def talking_sets() -> list[DemoSet]:
    return [fakeavceleb(), lav_df()]
