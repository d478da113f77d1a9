"""The demo's video sets: every fake is made from the real clips of its own group."""

from __future__ import annotations

from pathlib import Path

from core.catalog.demo import encode
from core.catalog.demo.job import DemoSet, Job, generator
from core.catalog.demo.manipulations import OF_CLIPS, draw_flaw, draw_generator, reenact_face, swap_face
from core.catalog.demo.people import draw_person
from core.catalog.demo.scenes import Shot, shoot

FPS = 12
SIZES = ((144, 176), (160, 160), (160, 192), (176, 144))  # height, width
FRAMES = (12, 16)

# Pairs of the official lists (target, source), from the train, val and test parts.
# fmt: off
PAIRS = (
    (71, 54), (87, 81), (881, 856), (187, 234), (645, 688), (754, 758), (811, 920), (710, 788),
    (628, 568), (312, 21), (950, 836), (59, 50),
    (720, 672), (939, 115), (284, 263),
    (953, 974), (12, 26), (78, 955), (623, 630),
)
# fmt: on
METHODS = {"Deepfakes": (18, 24), "Face2Face": (20, 28), "FaceSwap": (22, 30), "NeuralTextures": (17, 23)}


def _film(seed: int, group: str, person: str, scene: str) -> Shot:
    """A real clip: the person's looks depend on who it is, all else on the scene."""
    rng = generator(seed, group, "clip", person, scene)
    height, width = SIZES[int(rng.integers(len(SIZES)))]
    frames = int(rng.integers(FRAMES[0], FRAMES[1] + 1))
    return shoot(
        rng, draw_person(generator(seed, group, "person", person)), height, width, frames=frames, fps=FPS
    )


def _write(path: Path, shot: Shot, seed: int) -> None:
    encode.clip(
        path, shot, FPS, quality=int(generator(seed, path.name, path.parts[-3:], "crf").integers(18, 27))
    )


def _fake(seed: int, key: str, method: str, target: Shot, source: Shot) -> Shot:
    rng = generator(seed, "fake", key, method)
    how = draw_generator(rng, METHODS.get(method, (18, 26)), flaw=draw_flaw(rng, OF_CLIPS))
    if method == "NeuralTextures":
        return reenact_face(rng, target, how)
    if method == "Face2Face":
        return reenact_face(rng, target, how)
    return swap_face(rng, target, source, how)


def write_faceforensics(folder: Path, seed: int, pair: tuple[int, int]) -> None:
    shots = {i: _film(seed, "ff", f"{i:03d}", "0") for i in pair}
    for i, shot in shots.items():
        _write(folder / f"original_sequences/youtube/c23/videos/{i:03d}.mp4", shot, seed)
    for target, source in (pair, pair[::-1]):
        for method in METHODS:
            name = f"manipulated_sequences/{method}/c23/videos/{target:03d}_{source:03d}.mp4"
            _write(folder / name, _fake(seed, name, method, shots[target], shots[source]), seed)


def faceforensics() -> DemoSet:
    jobs = [Job(write_faceforensics, {"pair": pair}, 10) for pair in PAIRS]
    return DemoSet(
        "FaceForensics++", "FaceForensics++", "moderately imbalanced clips, four manipulations", jobs
    )


def write_celeb(folder: Path, seed: int, people: list[int]) -> None:
    """One appearance group: everybody gets the face of everybody else in it."""
    shots = {i: _film(seed, "celeb", str(i), "0") for i in people}
    for i, shot in shots.items():
        _write(folder / f"Celeb-real/id{i}_0000.mp4", shot, seed)
    for target in people:
        for source in people:
            if target != source:
                name = f"Celeb-synthesis/id{target}_id{source}_0000.mp4"
                _write(folder / name, _fake(seed, name, "Deepfakes", shots[target], shots[source]), seed)


def write_celeb_youtube(folder: Path, seed: int, numbers: list[int]) -> None:
    for i in numbers:
        _write(folder / f"YouTube-real/{i:05d}.mp4", _film(seed, "celeb-youtube", str(i), "0"), seed)


def celeb_df() -> DemoSet:
    groups = [list(range(i, i + 7)) for i in range(0, 28, 7)]
    jobs = [Job(write_celeb, {"people": group}, 7 + 42) for group in groups]
    jobs.append(Job(write_celeb_youtube, {"numbers": list(range(4))}, 4))
    lines = [f"1 Celeb-real/id{i}_0000.mp4" for i in range(21, 28)] + ["1 YouTube-real/00003.mp4"]
    lines += [
        f"0 Celeb-synthesis/id{t}_id{s}_0000.mp4" for t in range(21, 28) for s in range(21, 28) if t != s
    ]
    return DemoSet(
        "Celeb-DF-v2",
        "Celeb-DF-v2",
        "severely imbalanced clips of celebrities",
        jobs,
        {"List_of_testing_videos.txt": "\n".join(lines) + "\n"},
    )


# Seven of the nine actors play in each scene; over all scenes everybody has everybody's face.
SCENES = {
    "outside_talking_pan_laughing": (1, 2, 3, 4, 5, 6, 7),
    "walking_down_indoor_hall_disgust": (1, 2, 3, 5, 6, 8, 9),
    "kitchen_still": (1, 4, 5, 6, 7, 8, 9),
    "podium_speech_happy": (2, 3, 4, 6, 7, 8, 9),
}


def write_dfd(folder: Path, seed: int, scene: str) -> None:
    shots = {i: _film(seed, "dfd", str(i), scene) for i in SCENES[scene]}
    for i, shot in shots.items():
        _write(folder / f"DFD_original sequences/{i:02d}__{scene}.mp4", shot, seed)
    for target in shots:
        for source in shots:
            if target != source:
                code = "".join(
                    chr(65 + int(c)) for c in generator(0, scene, target, source).integers(0, 26, 8)
                )
                below = f"DFD_manipulated_sequences/{target:02d}_{source:02d}__{scene}__{code}.mp4"
                name = f"DFD_manipulated_sequences/{below}"
                _write(folder / name, _fake(seed, name, "Deepfakes", shots[target], shots[source]), seed)


def deepfake_detection() -> DemoSet:
    jobs = [Job(write_dfd, {"scene": scene}, len(actors) ** 2) for scene, actors in SCENES.items()]
    return DemoSet("DeepFakeDetection", "DFD", "severely imbalanced clips of actors, all tied together", jobs)


def clip_sets() -> list[DemoSet]:
    return [faceforensics(), celeb_df(), deepfake_detection()]
