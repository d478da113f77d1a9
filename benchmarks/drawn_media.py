"""Pictures, clips and recordings drawn by the demo's generators, as many as a study wants, each of somebody of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.studies import Study
from core.catalog import table
from core.catalog.demo import encode
from core.catalog.demo.job import generator
from core.catalog.demo.manipulations import Generator, draw_flaw, draw_generator, swap_face
from core.catalog.demo.people import draw_person
from core.catalog.demo.recordings import KINDS, write_recordings
from core.catalog.demo.scenes import Shot, shoot
from core.catalog.table import DatasetInfo

SIDE = 32  # pixels, drawn and seen: shrinking would take the traces away
FACE = (6, 9)  # pixels at which the faces of fakes are made
FLAW = 0.3  # power of draw_flaw: nine fakes in ten show at least half of their maker's mistakes
TINT = 3.0  # times as far off in colour as in the demo sets, each fake its own way
# Levels of colour that all fake pictures are off besides, as if one generator had made them.
CAST = np.array([-26, 26, -26], np.float32)
FRAMES, FPS = 4, 12.0
RATE, SECONDS = 16_000, (1.0, 1.0)
SEED = 7  # another than that of the demo sets


def drawn_pictures(study: Study, each: int) -> str:
    """A dataset with `each` drawn photographs and as many in which the face is another's."""
    name = f"drawn pictures {each}"
    folder = study.root / name
    if name not in table.datasets(study.space):
        for k in range(each):
            for label, shot in (("real", _film("real", k, 1)), ("fake", _swapped(k, 1, CAST))):
                path = folder / f"{label}/{k:05}.jpg"
                encode.picture(
                    path, shot, quality=int(generator(SEED, path.name, "quality").integers(70, 96))
                )
        _catalogue(study, name, folder, "image")
    return name


def drawn_clips(study: Study, each: int) -> str:
    """A dataset with `each` drawn clips and as many in which the face is another's."""
    name = f"drawn clips {each}"
    folder = study.root / name
    if name not in table.datasets(study.space):
        for k in range(each):
            _write_clip(folder / f"real/{k:05}.mp4", _film("real", k, FRAMES))
            _write_clip(folder / f"fake/{k:05}.mp4", _swapped(k, FRAMES, 0 * CAST))
        _catalogue(study, name, folder, "video")
    return name


def drawn_recordings(study: Study, each: int) -> str:
    """A dataset with `each` synthesised recordings and as many that went through a vocoder, every voice once."""
    name = f"drawn recordings {each}"
    folder = study.root / name
    if name not in table.datasets(study.space):
        files = [(f"real/{k:05}.flac", f"real {k}", "real") for k in range(each)]
        files += [(f"fake/{k:05}.flac", f"fake {k}", KINDS[k % len(KINDS)]) for k in range(each)]
        write_recordings(folder, SEED, files, RATE, SECONDS)
        _catalogue(study, name, folder, "audio")
    return name


def _film(role: str, number: int, frames: int) -> Shot:
    rng = generator(SEED, role, number)
    return shoot(rng, draw_person(rng), SIDE, SIDE, frames=frames, fps=FPS)


def _swapped(number: int, frames: int, cast: np.ndarray) -> Shot:
    target, source = _film("target", number, frames), _film("source", number, frames)
    rng = generator(SEED, "swap", number)
    return swap_face(rng, target, source, _face_generator(rng, cast))


def _face_generator(rng: np.random.Generator, cast: np.ndarray) -> Generator:
    flaw = draw_flaw(rng, FLAW)
    how = draw_generator(rng, FACE, flaw=flaw)
    return replace(how, tint=TINT * how.tint + flaw * cast)


def _write_clip(path: Path, shot: Shot) -> None:
    encode.clip(path, shot, round(FPS), quality=int(generator(SEED, path.name).integers(18, 27)))


def _catalogue(study: Study, name: str, folder: Path, modality: str) -> None:
    rows = []
    for path in sorted(folder.rglob("*.*")):
        place, status = path.relative_to(folder).as_posix(), path.stat()
        label = int(place.startswith("fake"))
        rows.append(
            {
                "id": f"{name}/{place}",
                "path": place,
                "dataset": name,
                "layout": "generic",
                "modality": modality,
                "label": label,
                "method": "drawn" if label else None,
                "groups": [f"{name}-{place}"],
                "bytes": status.st_size,
                "mtime_ns": status.st_mtime_ns,
            }
        )
    about = DatasetInfo(name=name, layout="generic", root=str(folder.absolute()))
    table.save(name, pd.DataFrame(rows), about, study.space)
