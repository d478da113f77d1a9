"""The leak report finds what crosses, in lists and in the files themselves."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image, ImageFilter

from core.catalog import duplicates, fingerprints, leaks, splits, table
from core.catalog.table import DatasetInfo
from core.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    return Workspace(tmp_path / "workspace")


def plan_of(
    rows: list[tuple[str, str]],
    dataset: str,
    modality: str = "video",
    groups: dict[str, list[str]] | None = None,
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "id": f"{dataset}/{path}",
                "path": path,
                "dataset": dataset,
                "modality": modality,
                "split": split,
                "label": 0,
                "groups": (groups or {}).get(path, []),
            }
            for path, split in rows
        ]
    )


def kinds(found: list[leaks.Leak]) -> dict[str, int]:
    return {leak.kind: leak.count for leak in found}


def noise(seed: int, side: int = 96) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


def saved(space: Workspace, root: Path, plan: pd.DataFrame) -> pd.DataFrame:
    name = plan["dataset"][0]
    table.save(name, plan.assign(layout="generic"), DatasetInfo(name, "generic", str(root)), space)
    return plan


def test_all_seven_shared_source_videos_of_the_official_lists_are_named() -> None:
    side = {
        "605": "train",
        "606": "val",
        "639": "train",
        "640": "val",
        "755": "test",
        "756": "train",
        "837": "val",
        "838": "train",
        "875": "val",
        "876": "train",
        "954": "train",
        "955": "test",
        "982": "val",
        "983": "train",
        "000": "train",
        "001": "test",
    }
    rows = [(f"original_sequences/youtube/c23/videos/{n}.mp4", s) for n, s in side.items()]
    found = leaks.faceforensics_sources(plan_of(rows, "FaceForensics++"))
    assert found[0].count == 7
    assert "755, 955 touch the test part" in found[0].detail


def test_celebrities_of_the_test_list_are_counted() -> None:
    rows = [
        ("Celeb-real/id1_0000.mp4", "train"),
        ("Celeb-synthesis/id2_id1_0000.mp4", "test"),
        ("Celeb-real/id3_0000.mp4", "test"),
    ]
    found = leaks.celeb_identities(plan_of(rows, "Celeb-DF-v2"))
    assert found[0].count == 1 and found[0].examples == ["id1"]
    assert "1 of the 3 celebrities" in found[0].detail


def test_crossing_groups_are_counted_as_components() -> None:
    groups = {"a": ["x"], "b": ["x", "y"], "c": ["y"], "d": ["z"], "e": ["z"]}
    plan = plan_of(
        [("a", "train"), ("b", "train"), ("c", "test"), ("d", "val"), ("e", "val")], "set", groups=groups
    )
    found = leaks.crossing_groups(plan)
    assert found[0].count == 1 and "3 samples" in found[0].detail


def test_datasets_of_one_source_are_named() -> None:
    found = leaks.find_shared_sources(["FakeAVCeleb", "LAV-DF", "DEEP-VOICE", "Celeb-DF-v1", "Celeb-DF-v2"])
    assert {tuple(leak.examples) for leak in found} == {
        ("FakeAVCeleb", "LAV-DF"),
        ("Celeb-DF-v1", "Celeb-DF-v2"),
    }


def test_copies_of_pictures_across_splits_are_found_and_within_a_split_are_not(
    space: Workspace, tmp_path: Path
) -> None:
    for i in range(12):
        noise(i).save(tmp_path / f"{i}.png")
    (tmp_path / "same.png").write_bytes((tmp_path / "0.png").read_bytes())
    noise(1).resize((80, 80)).save(tmp_path / "near.jpg", quality=60)
    noise(2).filter(ImageFilter.GaussianBlur(1)).save(tmp_path / "train_copy.jpg", quality=70)
    rows = [(f"{i}.png", "train") for i in range(12)] + [
        ("same.png", "test"),
        ("near.jpg", "val"),
        ("train_copy.jpg", "train"),
    ]
    found = leaks.report(saved(space, tmp_path, plan_of(rows, "set", "image")), space=space)
    assert kinds(found) == {"exact duplicates": 1, "near duplicates": 1}
    assert found[0].examples == ["set/0.png and set/same.png"]
    assert found[1].examples == ["set/1.png and set/near.jpg"]


def voice(seed: int, seconds: float = 3.0, rate: int = 16_000) -> np.ndarray:
    """Sound whose spectrum keeps changing."""
    rng, n = np.random.default_rng(seed), int(seconds * rate)
    t, out = np.arange(n) / rate, np.zeros(n)
    for _ in range(12):
        sweep = rng.uniform(200, 3000) + rng.uniform(-300, 300) * np.sin(2 * np.pi * rng.uniform(0.5, 4) * t)
        out += (
            rng.uniform(0.2, 1)
            * np.sin(2 * np.pi * np.cumsum(sweep) / rate)
            * (1 + np.sin(2 * np.pi * rng.uniform(1, 6) * t))
        )
    return 0.4 * out / np.abs(out).max()


def test_a_recording_cut_quieter_and_resampled_is_still_found(space: Workspace, tmp_path: Path) -> None:
    for i in range(8):
        soundfile.write(tmp_path / f"{i}.wav", voice(i), 16_000)
    copy = 0.3 * voice(3)[4_000:] + np.random.default_rng(0).normal(0, 0.002, 44_000)
    soundfile.write(tmp_path / "copy.flac", copy, 16_000)
    rows = [(f"{i}.wav", "train") for i in range(8)] + [("copy.flac", "test")]
    found = leaks.report(saved(space, tmp_path, plan_of(rows, "set", "audio")), space=space)
    assert kinds(found) == {"near duplicates": 1}
    assert found[0].examples == ["set/3.wav and set/copy.flac"]


def test_banded_search_finds_every_pair_that_brute_force_finds() -> None:
    rng = np.random.default_rng(0)
    hashes = list(rng.integers(0, 2**63, 150, np.uint64))
    for i in range(60):  # neighbours at every distance up to 10
        flips = rng.choice(64, rng.integers(0, 11), replace=False)
        hashes.append(
            hashes[i] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64), initial=np.uint64(0))
        )
    values = np.array(hashes, np.uint64)
    brute = {
        (i, j)
        for i, j in combinations(range(len(values)), 2)
        if int(values[i] ^ values[j]).bit_count() <= fingerprints.NEAR_BITS
    }
    assert {(i, j) for i, j, _ in fingerprints.near_pictures(values)} == brute and len(brute) > 25


def test_what_was_not_compared_is_said(space: Workspace, tmp_path: Path) -> None:
    for i in range(6):
        noise(i).save(tmp_path / f"{i}.png")
    rows = [(f"{i}.png", ("train", "test")[i % 2]) for i in range(6)]
    found = leaks.report(saved(space, tmp_path, plan_of(rows, "set", "image")), most=4, space=space)
    assert [leak.kind for leak in found] == ["not compared"] and found[0].count == 2


def test_datasets_of_one_source_share_originals_across_sides() -> None:
    """DF40 is made of FaceForensics++ clips: the same original may not be learned from in one and tested in the other."""
    ff = plan_of(
        [("000.mp4", "train"), ("100.mp4", "test")],
        "FaceForensics++",
        groups={"000.mp4": ["sequence:000"], "100.mp4": ["sequence:100"]},
    )
    df40 = plan_of(
        [("a.png", "test"), ("b.png", "test")],
        "DF40",
        "image",
        groups={"a.png": ["sequence:000", "sequence:003"], "b.png": ["sequence:100"]},
    )
    found = leaks.report(pd.concat([ff, df40], ignore_index=True), media=False)
    (shared,) = [leak for leak in found if leak.kind == "shared across datasets"]
    assert shared.examples == ["sequence:000"]
    assert "DF40 and FaceForensics++" in shared.detail
    assert "same source" in kinds(found)


def test_speakers_of_unrelated_sets_are_not_one_person() -> None:
    one = plan_of([("a.wav", "train")], "In-the-Wild", "audio", {"a.wav": ["speaker:p225"]})
    two = plan_of([("b.wav", "test")], "HABLA", "audio", {"b.wav": ["speaker:p225"]})
    found = leaks.report(pd.concat([one, two], ignore_index=True), media=False)
    assert "shared across datasets" not in kinds(found)


def test_public_figures_in_two_collections_are_one_person() -> None:
    """In-the-Wild's speakers in a set of one's own: told by their full names."""
    wild = plan_of(
        [("a.wav", "train"), ("c.wav", "train")],
        "In-the-Wild",
        "audio",
        {"a.wav": ["speaker:Barack Obama"], "c.wav": ["speaker:Alec Guinness"]},
    )
    mine = plan_of([("b.wav", "test")], "Speeches", "audio", {"b.wav": ["identity:men/barack_obama"]})
    table = pd.concat([wild, mine], ignore_index=True)
    found = {leak.kind: leak for leak in leaks.report(table, media=False)}
    assert found["shared across datasets"].examples == ["person:barack obama"]
    assert found["same people"].count == 1 and "In-the-Wild and Speeches" in found["same people"].detail
    divided = splits.plan(table.assign(split=None, method=None, layout="x"), "group", 0).table
    sides = divided[divided["path"].isin(["a.wav", "b.wav"])]["split"]
    assert sides.nunique() == 1


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (("In-the-Wild", "DEEP-VOICE"), "same public figures"),
        (("DF40", "Celeb-DF-v2"), "Celeb-DF celebrities"),
        (("DeeperForensics-1.0", "FaceForensics++"), "FaceForensics++ videos"),
        (("MLAAD", "M-AILABS"), "M-AILABS"),
        (("DFADD", "ASVspoof 2019 LA"), "VCTK"),
    ],
)
def test_shared_sources_are_named(names: tuple[str, str], source: str) -> None:
    assert any(source in leak.detail for leak in leaks.find_shared_sources(names))


def test_files_that_cannot_be_read_are_reported(
    space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.png", "b.png"):
        noise(1).save(tmp_path / name)
    plan = saved(
        space, tmp_path, plan_of([("a.png", "train"), ("b.png", "test"), ("gone.png", "test")], "d", "image")
    )
    assert len(duplicates.exact(plan, space)) == 1
    assert "1 files were compared with nothing" in caplog.text and "gone.png" in caplog.text
