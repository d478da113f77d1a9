"""A run makes its reference when it ends; an old one gets it on first use; it goes wherever the run goes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.detection import source
from core.detection.detector import Detector
from core.detection.domain import Domain, assess
from core.media.prepare import prepare
from core.media.probe import probe
from core.runs.folder import RunFolder, new_run
from core.training.learning.best_model import Loaded
from core.training.options.config import TrainConfig
from core.training.reference.making import Part, make
from core.training.reference.stored import FILE_NAME, pack, unpack
from core.training.setup import set_up
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import SIDE, clip_set, image_set, picture, small, sound_set


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reference")
    space = Workspace(root / "workspace")
    image_set(space, root, real=60, fake=60)
    folder = new_run(small(tune="head", epochs=6, learning_rate=0.02, batch_size=8), path=root / "run")
    work(folder, space=space)
    return root


def judged(name: Path, file: Path, space: Workspace) -> Domain:
    found = Detector.open(name, space=space)
    prepared = prepare(file, found.recipe)
    own = found.judge(prepared)
    assert own is not None
    return assess(found, own, prepared, probe(file), space)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """New files of the same kind, and of another."""
    root, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(99)
    made: dict[str, list[Path]] = {"own": [], "foreign": []}
    for i in range(20):
        yy, xx = np.mgrid[: 2 * SIDE, : 2 * SIDE]
        other = np.stack([(yy * 2 + i * 9) % 256, (xx * 2) % 256, np.full_like(xx, 9 * i)], axis=-1)
        for kind, pixels in (("own", picture(i % 2, rng)), ("foreign", other.astype(np.uint8))):
            made[kind].append(root / f"{kind}-{i}.png")
            Image.fromarray(pixels).save(made[kind][-1])
    return made


def test_a_run_ends_with_a_reference_that_tells_kinds_apart(
    place: Path, files: dict[str, list[Path]]
) -> None:
    space = Workspace(place / "workspace")
    kept = unpack((place / "run" / FILE_NAME).read_bytes(), "run")
    assert kept.count >= 40 and kept.files["val"] > 0 and kept.codecs == ("png",)
    assert {one.name for one in kept.processed} >= {"JPEG 70"}
    assert "reference of" in RunFolder(place / "run").log_file.read_text()
    foreign = [judged(place / "run", file, space) for file in files["foreign"]]
    own = [judged(place / "run", file, space) for file in files["own"]]
    assert [one.inside for one in foreign] == [False] * len(foreign)
    assert sum(one.inside is False for one in own) <= 3  # 20 files at 4 %: more than 3 in one of 100 cases


@pytest.mark.parametrize("quality", [70, 90])
def test_a_compressed_copy_of_its_own_kind_has_its_loss_stated_or_is_uncertain(
    place: Path, files: dict[str, list[Path]], quality: int, tmp_path: Path
) -> None:
    """The run knows PNG only; its container tells a JPEG, however near the picture lies."""
    for file in files["own"]:
        copy = tmp_path / f"{file.stem}.jpg"
        Image.open(file).save(copy, quality=quality)
        found = judged(place / "run", copy, Workspace(place / "workspace"))
        assert "after JPEG" in found.processing or found.inside is False
        if found.inside:
            assert "AUC" in found.processing


def test_a_copied_run_and_its_export_decide_the_same_elsewhere(
    place: Path, files: dict[str, list[Path]], tmp_path: Path
) -> None:
    copy = shutil.copytree(place / "run", tmp_path / "elsewhere")
    exported = source.export(place / "run", tmp_path / "detector.pth", Workspace(place / "workspace"))
    other = Workspace(tmp_path / "another workspace")
    for file in (files["own"][0], files["foreign"][0]):
        here = judged(place / "run", file, Workspace(place / "workspace"))
        for name in (copy, exported):
            there = judged(name, file, other)
            assert (there.inside, there.why) == (here.inside, here.why)
            assert there.distance == pytest.approx(here.distance)


def test_the_command_says_whether_the_export_carries_it(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "empty"))
    old = shutil.copytree(place / "run", tmp_path / "old")
    assert main(["export", str(old), str(tmp_path / "with.pth"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reference"] is True
    (old / FILE_NAME).unlink()
    assert main(["export", str(old), str(tmp_path / "without.pth"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reference"] is False
    known = judged(
        tmp_path / "without.pth", next((place / "tiny").rglob("*.png")), Workspace(tmp_path / "empty")
    )
    assert known.inside is None and "Export it again from its run" in known.why


def test_an_old_run_gets_its_reference_on_first_use_and_says_so(
    place: Path, files: dict[str, list[Path]], tmp_path: Path
) -> None:
    old = shutil.copytree(place / "run", tmp_path / "old")
    (old / FILE_NAME).unlink()
    space = Workspace(place / "workspace")
    first = judged(old, files["foreign"][0], space)
    assert first.inside is False and "reference" in {one["what"] for one in first.remarks}
    assert (old / FILE_NAME).is_file()
    assert "reference" not in {one["what"] for one in judged(old, files["foreign"][0], space).remarks}


def test_an_old_run_whose_files_are_not_here_says_why(
    place: Path, files: dict[str, list[Path]], tmp_path: Path
) -> None:
    old = shutil.copytree(place / "run", tmp_path / "old")
    (old / FILE_NAME).unlink()
    known = judged(old, files["foreign"][0], Workspace(tmp_path / "empty"))
    assert known.inside is None and "cannot be looked at again here" in known.why


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("clips")
    space = Workspace(root / "workspace")
    clip_set(space, root, each=8)
    sound_set(space, root, real=14, fake=14)
    return space


@pytest.mark.parametrize(
    ("modality", "options", "kinds"),
    [
        ("audio", {"model": "logmel_mobilenetv3_small", "datasets": ["sounds"]}, {"MP3 kbit/s 128"}),
        ("video", {"model": "simple_cnn", "datasets": ["clips"], "frames": 3}, {"H.264 CRF 23"}),
        pytest.param(
            "multimodal",
            {"model": "fusion_forensic", "datasets": ["clips"], "frames": 2},
            {"JPEG 70", "AAC kbit/s 128"},
            marks=pytest.mark.long,
        ),
    ],
)
def test_every_modality_has_a_reference(
    clips: Workspace, modality: str, options: dict[str, object], kinds: set[str]
) -> None:
    chosen = small(modality=modality, seconds=0.5, **options)
    setup = set_up(TrainConfig.from_dict(chosen), clips)
    setup.network.eval()
    groups = [setup.planned.split(split)["component"].tolist() for split in ("train", "val")]
    parts = [
        Part(split, setup.source(split), own) for split, own in zip(("train", "val"), groups, strict=True)
    ]
    made = make(Loaded(setup.network, setup.card, setup.recipe), parts, threshold=0.5, encoder_trained=False)
    assert made.limit is not None and {"voice" in made.views, "size" in made.views} >= {True}
    assert {one.name for one in made.processed} >= kinds
    assert all(one.auc is not None and one.files >= 8 for one in made.processed)
    back = unpack(pack(made), "run")
    assert back.limit == pytest.approx(made.limit) and len(back.processed) == len(made.processed)
    for one, kept in zip(made.processed, back.processed, strict=True):
        assert one.auc is not None and one.auc_interval is not None
        assert one.auc_interval[0] <= one.auc <= one.auc_interval[1]
        assert (kept.auc_interval, kept.auc_before_interval) == (one.auc_interval, one.auc_before_interval)
