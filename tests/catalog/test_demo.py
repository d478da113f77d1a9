"""The demo datasets: the same for the same seed, recognised as what they are small editions of, marked, honest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.catalog import demo, shortcuts, splits, statistics, table
from core.catalog.demo import making
from core.catalog.demo.job import Job
from core.catalog.demo.manipulations import draw_generator, generate_picture, swap_face, upsample, vocode
from core.catalog.demo.people import draw_person
from core.catalog.demo.scenes import shoot
from core.catalog.demo.speech import draw_voice, record, speak
from core.catalog.scan import scan
from core.errors import BadInput
from core.media.audio import read_audio
from core.media.probe import probe
from core.workspace import Workspace

NAMES = {s.name: s for s in making.demo_sets()}


def contents(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def smallest(name: str) -> Job:
    return min(NAMES[name].jobs, key=lambda job: job.samples)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.long] if smallest(n).samples > 12 else []) for n in NAMES],
)
def test_a_job_makes_the_same_files_for_the_same_seed_and_others_for_another(
    name: str, tmp_path: Path
) -> None:
    small = smallest(name)
    for seed, place in ((1, "a"), (1, "b"), (2, "c")):
        small.work(tmp_path / place / NAMES[name].folder, seed, **small.arguments)
    one, same, other = (contents(tmp_path / p) for p in "abc")
    assert len(one) == small.samples
    assert one == same
    assert one.keys() == other.keys() and not set(one.values()) & set(other.values())


def test_there_are_sets_of_every_kind_from_balanced_to_extreme() -> None:
    assert len(NAMES) >= 9
    assert 1_000 < sum(s.samples for s in NAMES.values()) < 5_000


def test_faces_are_found_by_the_cascade() -> None:
    finder = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    found = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        grey = cv2.cvtColor(
            shoot(rng, draw_person(rng), 192, 192).frames[0].astype(np.uint8), cv2.COLOR_RGB2GRAY
        )
        found += len(finder.detectMultiScale(grey, 1.1, 3, minSize=(48, 48))) > 0
    assert found >= 28


def test_a_swap_changes_the_face_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    target = shoot(rng, draw_person(rng), 160, 160, frames=3)
    fake = swap_face(rng, target, shoot(rng, draw_person(rng), 160, 160), draw_generator(rng))
    change = np.abs(fake.frames - target.frames).max((0, 3))
    nose = target.points[0, 2].astype(int)
    assert change[nose[1] - 8 : nose[1] + 8, nose[0] - 8 : nose[0] + 8].mean() > 5
    assert change[:10].max() == 0 and change[-10:].max() == 0


def test_upsampling_leaves_a_checkerboard_only_with_unequal_phases() -> None:
    flat = np.full((12, 12, 3), 100, np.float32)
    assert np.ptp(upsample(flat, 0.0)) < 1e-3
    traces = upsample(flat, 0.1)[4:-4, 4:-4, 0]
    assert np.ptp(traces) > 5
    assert np.allclose(traces[2:, 2:], traces[:-2, :-2], atol=1e-3), "with a period of two"


def test_a_generated_picture_codes_to_about_the_size_of_the_real_one() -> None:
    ratios = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shot = shoot(rng, draw_person(rng), 160, 160)
        sizes = [
            len(cv2.imencode(".jpg", s.frames[0].astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])
            for s in (shot, generate_picture(rng, shot))
        ]
        ratios.append(sizes[1] / sizes[0])
    assert np.median(ratios) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("kind", ["mel", "pulse", "upsampled"])
def test_a_vocoder_keeps_length_and_level_but_not_the_waveform(kind: str) -> None:
    rng = np.random.default_rng(0)
    sound = record(rng, speak(rng, draw_voice(rng), 2.0))
    made = vocode(rng, sound, 16_000, kind)
    assert len(made) == len(sound)
    assert made.std() == pytest.approx(sound.std(), rel=1e-3)
    assert abs(np.corrcoef(sound, made)[0, 1]) < 0.9


def test_a_folder_that_is_no_demo_is_never_touched(tmp_path: Path) -> None:
    mine = tmp_path / "Celeb-DF-v2"
    mine.mkdir()
    (mine / "precious.mp4").write_bytes(b"x")
    with pytest.raises(BadInput, match="is no demo data"):
        demo.make(tmp_path)
    assert list(tmp_path.rglob("*")) == [mine, mine / "precious.mp4"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Workspace]:
    """One whole demo, scanned."""
    root = tmp_path_factory.mktemp("demo")
    space = Workspace(root / "workspace")
    document = demo.make(root / "data", seed=0)
    assert document["bytes"] < 150e6
    scan([root / "data"], space=space)
    return root / "data", space


@pytest.mark.long
def test_every_set_is_recognised_counted_and_marked(made: tuple[Path, Workspace]) -> None:
    root, space = made
    infos = [table.info(name, space) for name in table.datasets(space)]
    assert {Path(i.root).relative_to(root).parts[0] for i in infos} == {s.folder for s in NAMES.values()}
    by_folder = {Path(i.root).relative_to(root).parts[0]: i for i in infos}
    for s in NAMES.values():
        info = by_folder[s.folder]
        assert info.demo and info.layout != "generic" and not info.problems, info
        assert info.samples == s.samples
    assert {statistics.count(i.counts).severity for i in infos} >= {
        "balanced",
        "mild",
        "moderate",
        "severe",
        "extreme",
    }


@pytest.mark.long
def test_no_single_trivial_feature_tells_real_from_fake(made: tuple[Path, Workspace]) -> None:
    _, space = made
    for name in table.datasets(space):
        for feature in shortcuts.probe(name, space=space).features:
            assert feature.low < 0.6, (name, feature)


@pytest.mark.long
def test_every_set_can_be_divided_by_group(made: tuple[Path, Workspace]) -> None:
    _, space = made
    for name in table.datasets(space):
        plan = splits.plan(table.load([name], space), "group", space=space)
        assert plan.crossing_groups == 0
        assert all(n > 0 for count in plan.counts.values() for n in count.values()), (name, plan.counts)


@pytest.mark.long
def test_clips_with_sound_hold_sound(made: tuple[Path, Workspace]) -> None:
    root, _ = made
    clip = next((root / "FakeAVCeleb").rglob("*.mp4"))
    info = probe(clip)
    assert info.kind == "video" and info.has_audio and info.duration == pytest.approx(1.5, abs=0.4)
    assert np.abs(read_audio(clip)).max() > 0.05
