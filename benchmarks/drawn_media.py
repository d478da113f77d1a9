"""Pictures and clips drawn by the demo's generators, as many as a study wants: each shows somebody of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.studies import Study
from core.catalog import table
from core.catalog.demo import encode
from core.catalog.demo.job import generator
from core.catalog.demo.manipulations import OF_CLIPS, draw_flaw, draw_generator, swap_face
from core.catalog.demo.people import draw_person
from core.catalog.demo.pictures import write_pictures
from core.catalog.demo.scenes import Shot, shoot
from core.catalog.table import DatasetInfo

SIDE = 96  # pixels
FRAMES, FPS = 4, 12.0
SEED = 7  # another than that of the demo sets


def drawn_pictures(study: Study, each: int) -> str:
    """A dataset with `each` drawn photographs and as many pictures that a generator drew anew."""
    name = f"drawn pictures {each}"
    folder = study.root / name
    if name not in table.datasets(study.space):
        for kind, label in (("real", "real"), ("generated", "fake")):
            write_pictures(folder, SEED, [f"{label}/{k:05}.jpg" for k in range(each)], kind, SIDE)
        _catalogue(study, name, folder, "image")
    return name


def drawn_clips(study: Study, each: int) -> str:
    """A dataset with `each` drawn clips and as many in which the face is another's."""
    name = f"drawn clips {each}"
    folder = study.root / name
    if name not in table.datasets(study.space):
        for k in range(each):
            _write_clip(folder / f"real/{k:05}.mp4", _film("real", k))
            target, source = _film("target", k), _film("source", k)
            rng = generator(SEED, "swap", k)
            how = draw_generator(rng, (16, 24), flaw=draw_flaw(rng, OF_CLIPS))
            _write_clip(folder / f"fake/{k:05}.mp4", swap_face(rng, target, source, how))
        _catalogue(study, name, folder, "video")
    return name


def _film(role: str, number: int) -> Shot:
    rng = generator(SEED, role, number)
    return shoot(rng, draw_person(rng), SIDE, SIDE, frames=FRAMES, fps=FPS)


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
