"""Prepared input, facts and fingerprint come out of one decoding, and a plan on prepared files reads none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from core.catalog import duplicates, table
from core.catalog.table import DatasetInfo
from core.cli import main
from core.media import audio, cache, images, video
from core.media.fingerprint import perceptual
from core.media.prepare import prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from core.workspace import Workspace
from tests.made_media import clip, tone

RECIPES = {
    "a.png": Recipe(modality="image", image_size=32),
    "b.mp4": Recipe(modality="multimodal", frames=6, image_size=32),
    "c.wav": Recipe(modality="audio"),
    "d.mp4": Recipe(modality="video", frames=6, image_size=32, faces=True),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    noise = np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)
    Image.fromarray(noise).resize((96, 96)).save(folder / "a.png")
    clip(folder / "b.mp4", "mpeg4", frames=40, gop=8, sound=tone(1.3))
    soundfile.write(folder / "c.wav", tone(1.2).T, 44_100)
    clip(folder / "d.mp4", "libx264", frames=40)
    return folder


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often pictures, frames and sound are decoded."""
    counts = dict.fromkeys(("pictures", "frames", "sound"), 0)

    def counting(owner: Any, attribute: str, name: str) -> None:
        before = getattr(owner, attribute)

        def call(*arguments: Any) -> Any:
            counts[name] += 1
            return before(*arguments)

        monkeypatch.setattr(owner, attribute, call)

    counting(images, "_upright_rgb", "pictures")
    counting(video._Clip, "_decode", "frames")
    counting(audio._Track, "read", "sound")
    return counts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", {"pictures": 1, "frames": 0, "sound": 0}),
        ("b.mp4", {"pictures": 0, "frames": 1, "sound": 1}),
        ("c.wav", {"pictures": 0, "frames": 0, "sound": 1}),
        ("d.mp4", {"pictures": 0, "frames": 1, "sound": 0}),
    ],
)
def test_everything_that_is_kept_comes_from_one_decoding(
    name: str, expected: dict[str, int], files: Path, space: Workspace, decoded: dict[str, int]
) -> None:
    path, recipe = files / name, RECIPES[name]
    made = cache.prepare_cached(path, recipe, space)
    assert decoded == expected
    facts = cache.facts_of(path, space)
    assert facts is not None and facts.info == probe(path)
    alone, kept = perceptual(path, facts.info.kind), facts.fingerprint
    assert len(kept.pictures) or len(kept.sound)
    np.testing.assert_array_equal(kept.pictures, alone.pictures)
    np.testing.assert_array_equal(kept.thumbnails, alone.thumbnails)
    np.testing.assert_array_equal(kept.sound, alone.sound)
    plain = prepare(path, recipe)
    assert made.not_applicable == plain.not_applicable
    for field in ("frames", "indices", "audio"):
        np.testing.assert_array_equal(getattr(made, field), getattr(plain, field))


def test_a_file_that_changed_has_no_facts_any_more(files: Path, tmp_path: Path, space: Workspace) -> None:
    path = tmp_path / "a.png"
    path.write_bytes((files / "a.png").read_bytes())
    cache.prepare_cached(path, RECIPES["a.png"], space)
    assert cache.facts_of(path, space) is not None
    path.write_bytes(path.read_bytes() + b"\0")
    assert cache.facts_of(path, space) is None


def test_a_plan_on_prepared_files_reads_none_of_them(
    files: Path, space: Workspace, capsys: pytest.CaptureFixture[str], decoded: dict[str, int]
) -> None:
    kinds = {"a.png": "image", "b.mp4": "video", "c.wav": "audio", "d.mp4": "video"}
    rows: list[dict[str, Any]] = [
        {
            "id": f"Set/{name}",
            "path": name,
            "dataset": "Set",
            "modality": kind,
            "label": k % 2,
            "groups": [],
            "split": ("train", "test")[k % 2],
            "layout": "generic",
            "bytes": (files / name).stat().st_size,
            "method": None,
        }
        for k, (name, kind) in enumerate(kinds.items())
    ]
    plan = pd.DataFrame(rows)
    table.save("Set", plan, DatasetInfo("Set", "generic", str(files)), space)
    before = duplicates.cost(plan, space)
    assert (before.files, before.unread) == (4, 4) and before.seconds > 0
    assert main(["split", "--dataset", "Set"]) == 0
    assert "near duplicates: 4 of 4 files must be read, about" in capsys.readouterr().err
    for cached in (space.cache / "fingerprints").iterdir():
        cached.unlink()
    for name in kinds:
        cache.prepare_cached(files / name, RECIPES[name], space)
    decoded.update(dict.fromkeys(decoded, 0))
    assert duplicates.cost(plan, space).unread == 0
    prints = duplicates.fingerprints_of(plan, space)
    assert [len(p.pictures) for p in prints] == [1, 3, 0, 3]
    assert main(["split", "--dataset", "Set"]) == 0
    assert "must be read" not in capsys.readouterr().err
    assert decoded == dict.fromkeys(decoded, 0)
