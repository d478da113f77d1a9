"""The prepared cache: the same arrays, never a wrong or a half entry, bounded, safe to delete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import MediaError
from core.media import cache, sandbox
from core.media.prepare import Prepared, prepare
from core.media.recipe import Recipe
from core.media.wire import pack, unpack
from core.workspace import Workspace
from tests.made_media import clip, picture, tone

RECIPE = Recipe(modality="image", image_size=32)


def image(path: Path, number: int = 0, width: int = 64) -> Path:
    Image.fromarray(picture(number, width, 48)).save(path)
    return path


def assert_equal(a: Prepared, b: Prepared) -> None:
    for field in fields(Prepared):
        mine, theirs = getattr(a, field.name), getattr(b, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        elif isinstance(mine, list):
            for one, other in zip(mine, theirs, strict=True):
                np.testing.assert_array_equal(one, other)
        else:
            assert mine == theirs


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(modality="video", frames=5, image_size=48),
        Recipe(modality="multimodal", frames=3, resize="native"),
        Recipe(modality="audio", trim_silence=False),
        Recipe(modality="video", frames=4, faces=True),
    ],
)
def test_an_entry_is_what_was_prepared(space: Workspace, tmp_path: Path, recipe: Recipe) -> None:
    path = clip(tmp_path / "a.mp4", "mpeg4", frames=20, sound=tone(0.7))
    first, was_kept = cache.fetch(path, recipe, space)
    again, is_kept = cache.fetch(path, recipe, space)
    assert (was_kept, is_kept) == (False, True)
    assert_equal(first, again)
    assert_equal(first, prepare(path, recipe))
    if isinstance(again.frames, np.ndarray):
        assert again.frames.flags.writeable


def test_crops_of_different_sizes_are_kept_as_a_list(space: Workspace, tmp_path: Path) -> None:
    made = prepare(image(tmp_path / "a.png"), RECIPE)
    listed = replace(made, frames=[np.zeros((3, 4, 3), np.uint8), np.ones((5, 6, 3), np.uint8)])
    cache.write(tmp_path / "entry", listed)
    read = cache.read(tmp_path / "entry")
    assert read is not None
    assert_equal(listed, read)


def test_a_changed_file_is_prepared_again(space: Workspace, tmp_path: Path) -> None:
    path = image(tmp_path / "a.png", 1)
    before = cache.prepare_cached(path, RECIPE, space)
    image(path, 2)
    os.utime(path, ns=(1, 1))
    after = cache.prepare_cached(path, RECIPE, space)
    assert before.frames is not None
    assert after.frames is not None
    assert (before.frames != after.frames).any()


def test_every_field_that_matters_makes_its_own_entry(space: Workspace, tmp_path: Path) -> None:
    path = image(tmp_path / "a.png")
    other = Recipe(modality="image", image_size=33)
    assert cache.entry_path(path, RECIPE, space) != cache.entry_path(path, other, space)
    same = replace(RECIPE, aggregation="max", seconds=1.0, sample_rate=8000)
    assert cache.entry_path(path, RECIPE, space) == cache.entry_path(path, same, space)


def test_a_damaged_entry_is_made_again(space: Workspace, tmp_path: Path) -> None:
    path = image(tmp_path / "a.png")
    made = cache.prepare_cached(path, RECIPE, space)
    entry = cache.entry_path(path, RECIPE, space)
    whole = entry.read_bytes()
    rng = np.random.default_rng(0)
    spoilt = [b"", whole[:10], whole[:-1], whole + b"x", bytes(len(whole))]
    for _ in range(50):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        spoilt.append(bytes(data))
    for wrong in spoilt:
        entry.write_bytes(wrong)
        got, kept = cache.fetch(path, RECIPE, space)
        assert_equal(got, made)
        assert not kept or wrong[24:32] != whole[24:32]  # eight bytes of the head are unused
    assert entry.read_bytes() == whole


def test_no_part_of_an_entry_is_ever_unpickled(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot be passed on"):
        pack(np.array([object()]))
    with pytest.raises(TypeError, match="cannot be passed on"):
        pack({"a": object()})
    for message in (b"", b"\x80\x04K\x01.", b"\xff" * 40, b"\x02" + bytes(7) + b'{"of": "Popen"}'):
        with pytest.raises(ValueError, match=r"not a message|refused|longer than|can't decode|Unterminated"):
            unpack(bytearray(message))


def test_plain_values_come_back_as_they_were() -> None:
    value = {"a": (1, 2.5, None, True, "ü", Path("/x")), "b": [np.arange(6, dtype=np.int16).reshape(2, 3)]}
    back = unpack(bytearray(b"".join(pack(value))))
    assert back["a"] == value["a"]
    np.testing.assert_array_equal(back["b"][0], value["b"][0])


def test_the_bound_is_kept_and_the_least_recently_used_goes_first(space: Workspace, tmp_path: Path) -> None:
    paths = [image(tmp_path / f"{i}.png", i) for i in range(10)]
    for i, path in enumerate(paths):
        cache.prepare_cached(path, RECIPE, space)
        os.utime(cache.entry_path(path, RECIPE, space), (i, i))
    cache.prepare_cached(paths[0], RECIPE, space)  # used again: now the youngest
    one = cache.size(space) // 10
    cache.sweep(space, bound=round(5.5 * one))
    kept = [i for i, path in enumerate(paths) if cache.entry_path(path, RECIPE, space).exists()]
    assert kept == [0, 7, 8, 9]
    assert cache.size(space) <= 5.5 * one


def test_filling_stays_within_the_bound_of_the_settings(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SWEEP_EVERY", 2)
    space.save_settings({"limits": {"cache_bytes": 20_000}})
    for i in range(12):
        cache.prepare_cached(image(tmp_path / f"{i}.png", i), RECIPE, space)
    assert 0 < cache.size(space) <= 30_000


def test_deleting_the_cache_at_any_time_is_safe(space: Workspace, tmp_path: Path) -> None:
    path = image(tmp_path / "a.png")
    for _ in range(3):
        assert len(cache.prepare_cached(path, RECIPE, space)) == 1
        shutil.rmtree(space.cache)
    space.root.mkdir(exist_ok=True)
    space.cache.write_text("a file where the folder should be")
    assert len(cache.prepare_cached(path, RECIPE, space)) == 1


def test_a_missing_file_is_a_media_error(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.png: cannot be opened"):
        cache.prepare_cached(tmp_path / "gone.png", RECIPE, space)


def test_several_processes_fill_and_sweep_together(space: Workspace, tmp_path: Path) -> None:
    """They write the same entries, remove them and read them, all at once; each sees whole entries only."""
    for i in range(6):
        image(tmp_path / f"{i}.png", i)
    code = f"""
import sys
from pathlib import Path
from core.media import cache, sandbox
from core.media.recipe import Recipe
from core.workspace import Workspace
space, recipe = Workspace(Path({str(space.root)!r})), Recipe(modality="image", image_size=32)
for turn in range(30):
    for i in range(6):
        made = cache.prepare_cached(Path({str(tmp_path)!r}) / f"{{i}}.png", recipe, space)
        assert made.frames.shape == (1, 32, 32, 3)
    cache.sweep(space, bound=9000)
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) for _ in range(3)
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    assert not [path for _, _, path in cache.entries(space) if path.suffix == ".tmp"]


def test_what_a_killed_writer_left_is_swept(space: Workspace, tmp_path: Path) -> None:
    cache.prepare_cached(image(tmp_path / "a.png"), RECIPE, space)
    left = cache.entry_path(tmp_path / "a.png", RECIPE, space).parent / ".half.tmp"
    left.write_bytes(bytes(1000))
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    cache.sweep(space)
    assert not left.exists()
    assert cache.size(space) > 0


def test_a_decoder_that_dies_costs_one_file_and_the_next_is_read(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly, other = image(tmp_path / "deadly.png"), image(tmp_path / "other.png")

    def killed() -> sandbox._Worker:
        worker = sandbox._Worker()
        worker.process.kill()
        return worker

    with monkeypatch.context() as patch:
        patch.setattr(sandbox.SHARED, "_take", killed)
        with pytest.raises(MediaError, match=r"deadly\.png: the decoder crashed on it"):
            cache.prepare_cached(deadly, RECIPE, space, guarded=True)
    assert_equal(
        cache.prepare_cached(other, RECIPE, space, guarded=True), cache.prepare_cached(other, RECIPE, space)
    )


def test_a_forked_process_starts_decoders_of_its_own(tmp_path: Path) -> None:
    path = image(tmp_path / "a.png")
    assert sandbox.run("core.media.probe:probe", path).kind == "image"
    shared = sandbox.SHARED
    assert shared._idle
    child = os.fork()
    if child == 0:
        os._exit(0 if not shared._idle and shared._lock.acquire(blocking=False) else 1)
    assert os.waitpid(child, 0)[1] == 0
