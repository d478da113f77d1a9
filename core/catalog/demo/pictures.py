"""The demo's picture sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.catalog.demo import encode
from core.catalog.demo.job import DemoSet, Job, generator
from core.catalog.demo.manipulations import (
    OF_PICTURES,
    draw_flaw,
    draw_generator,
    generate_picture,
    reenact_face,
    swap_face,
)
from core.catalog.demo.people import draw_person
from core.catalog.demo.scenes import Shot, shoot

CHUNK = 12  # pictures a job


def _manipulate(rng: np.random.Generator, kind: str, side: int) -> Shot:
    shot, flaw = shoot(rng, draw_person(rng), side, side), draw_flaw(rng, OF_PICTURES)
    if kind == "generated":
        return generate_picture(rng, shot, flaw=flaw)
    if kind == "reenacted":
        return reenact_face(rng, shot, draw_generator(rng, flaw=flaw))
    donor = shoot(rng, draw_person(rng), side, side)
    return swap_face(rng, shot, donor, draw_generator(rng, flaw=flaw))


def write_pictures(folder: Path, seed: int, files: list[str], kind: str, side: int) -> None:
    """`kind` is real or the manipulation; every picture shows somebody of its own."""
    for name in files:
        rng = generator(seed, folder.name, name)
        shot = shoot(rng, draw_person(rng), side, side) if kind == "real" else _manipulate(rng, kind, side)
        encode.picture(folder / name, shot, quality=int(generator(seed, name, "quality").integers(70, 96)))


def _jobs(files: dict[str, list[str]], side: int) -> list[Job]:
    return [
        Job(write_pictures, {"files": part, "kind": kind, "side": side}, len(part))
        for kind, names in files.items()
        for part in (names[i : i + CHUNK] for i in range(0, len(names), CHUNK))
    ]


def _number_names(pattern: str, n: int, start: int = 0) -> list[str]:
    return [pattern.format(i + start) for i in range(n)]


def faces_140k() -> DemoSet:
    base = "real_vs_fake/real-vs-fake"
    sizes = {"train": 100, "valid": 25, "test": 30}
    files: dict[str, list[str]] = {"real": [], "generated": []}
    documents = {}
    for split, n in sizes.items():
        rows = [",original_path,id,label,label_str,path"]
        for label, kind in ((1, "real"), (0, "fake")):
            names = _number_names("{:05d}.jpg", n, start=1000 * len(rows))
            files["real" if label else "generated"] += [f"{base}/{split}/{kind}/{name}" for name in names]
            for name in names:
                path = f"{split}/{kind}/{name}"
                rows.append(f"{len(rows) - 1},/data/{path},{name[:-4]},{label},{kind},{path}")
        documents[f"{split}.csv"] = "\n".join(rows) + "\n"
    return DemoSet(
        "140k Real and Fake Faces",
        "140k Real and Fake Faces",
        "balanced pictures, wholly generated faces",
        _jobs(files, 192),
        documents,
    )


def archive() -> DemoSet:
    sizes = {"Train": (150, 240), "Validation": (35, 55), "Test": (45, 75)}
    files: dict[str, list[str]] = {"real": [], "swapped": []}
    for split, (real, fake) in sizes.items():
        files["real"] += _number_names(f"Dataset/{split}/Real/real_{{}}.jpg", real)
        files["swapped"] += _number_names(f"Dataset/{split}/Fake/fake_{{}}.jpg", fake)
    return DemoSet(
        "Deepfake and Real Images", "archive", "mildly imbalanced pictures, swapped faces", _jobs(files, 192)
    )


def image_detection() -> DemoSet:
    train, test = "train-20250112T065955Z-001/train", "test-20250112T065939Z-001/test"
    files = {
        "real": _number_names(f"{train}/real/real_{{}}.jpg", 60)
        + _number_names(f"{test}/real/real_{{}}.jpg", 20),
        "swapped": _number_names(f"{train}/fake/fake_{{}}.jpg", 100)
        + _number_names(f"{test}/fake/fake_{{}}.jpg", 30),
        "reenacted": _number_names(f"{train}/fake/fake_{{}}.jpg", 80, 100)
        + _number_names(f"{test}/fake/fake_{{}}.jpg", 30, 30),
    }
    return DemoSet(
        "Deepfake image detection dataset",
        "Deepfake image detection dataset",
        "moderately imbalanced pictures, swapped and reenacted faces",
        _jobs(files, 192),
    )


def dfd_faces() -> DemoSet:
    sizes = {"train": (14, 170), "val": (4, 44), "test": (6, 56)}
    files: dict[str, list[str]] = {"real": [], "swapped": []}
    for split, (real, fake) in sizes.items():
        files["real"] += _number_names(f"{split}/real/real_{{:04d}}.jpg", real)
        files["swapped"] += _number_names(f"{split}/fake/fake_{{:04d}}.jpg", fake)
    return DemoSet(
        "dfd_faces", "dfd_faces", "extremely imbalanced pictures, swapped faces", _jobs(files, 160)
    )


def picture_sets() -> list[DemoSet]:
    return [faces_140k(), archive(), image_detection(), dfd_faces()]
