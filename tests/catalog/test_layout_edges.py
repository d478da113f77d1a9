"""What the lists and folders of single layouts hold beside the ordinary: equal names, other trees, other words."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.catalog import list_files, statistics, table
from core.catalog.problems import Problems
from core.catalog.scan import scan
from core.catalog.table import DatasetInfo
from core.workspace import Workspace
from tests.catalog.shard_files import parquet, picture


def lay(root: Path, files: list[str], lists: dict[str, list[str]] | None = None) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"media")
    for name, lines in (lists or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("\n".join(lines))
    return root


def only(root: Path, space: Workspace) -> DatasetInfo:
    (about,) = scan([root], space=space).datasets
    return about


def by_split(about: DatasetInfo) -> dict[str, tuple[int, int]]:
    return {s: (c.real, c.fake) for s, c in statistics.count_by(about, "split").items() if c.real or c.fake}


def test_llama_partial_spoof_lists_with_the_same_ids(tmp_path: Path, space: Workspace) -> None:
    """Each folder is labelled by its own list."""
    one = "19_198_000001_000000"
    lay(
        tmp_path / "data",
        [f"R01TTS.0.a/{one}.wav", f"R01TTS.0.b/{one}.wav"],
        {
            "label_R01TTS.0.a.txt": [f"{one} 2.0 spoof 0.00-1.00-bonafide 1.00-2.00-spoof"],
            "label_R01TTS.0.b.txt": [f"{one} 2.0 bonafide 0.00-2.00-bonafide"],
        },
    )
    about = only(tmp_path, space)
    frame = table.load([about.name], space).set_index("path")
    assert about.problems == []
    assert frame.loc[f"R01TTS.0.a/{one}.wav", "label"] == 1
    assert frame.loc[f"R01TTS.0.b/{one}.wav", "label"] == 0


def test_codecfake_lists_with_the_same_names(tmp_path: Path, space: Workspace) -> None:
    files = [f"{part}/{name}" for part in ("train", "dev", "C7") for name in ("SSB00010001.wav", "F01_x.wav")]
    lists = {f"label/{p}.txt": ["SSB00010001.wav real 0", "F01_x.wav fake 1"] for p in ("train", "dev", "C7")}
    about = only(lay(tmp_path / "data", files, lists), space)
    assert about.problems == []
    assert by_split(about) == {"train": (1, 1), "val": (1, 1), "test": (1, 1)}


def test_training_part_of_cnndetection(tmp_path: Path, space: Workspace) -> None:
    """`train/<class>/{0_real,1_fake}`: what ProGAN made of each class of LSUN."""
    files = [
        f"{split}/{one}/{folder}/{i}.png"
        for split in ("train", "val")
        for one in ("airplane", "bird")
        for folder, n in (("0_real", 2), ("1_fake", 3))
        for i in range(n)
    ]
    about = only(lay(tmp_path / "downloads" / "set", files), space)
    assert (about.name, by_split(about)) == ("ForenSynths", {"train": (4, 6), "val": (4, 6)})
    assert statistics.methods(about) == {"progan": 12}


def test_numbered_pictures_of_df40_are_no_sequences(tmp_path: Path, space: Workspace) -> None:
    files = ["MidJourney/fake/000.png", "MidJourney/real/000.png", "simswap/ff/frames/000_003/1.png"]
    only(lay(tmp_path / "DF40", files), space)
    groups = table.load(["DF40"], space).set_index("path")["groups"]
    assert list(groups[files[2]]) == ["sequence:000", "sequence:003"]
    assert not set(groups[files[0]]) & set(groups[files[2]])


def test_artificial_and_human(tmp_path: Path, space: Workspace) -> None:
    features = {"label": {"_type": "ClassLabel", "names": ["artificial", "human"]}}
    rows = [{"image": {"bytes": picture(i)}, "label": int(i > 0)} for i in range(3)]
    parquet(tmp_path / "art" / "train.parquet", rows, features=features)
    about = only(tmp_path, space)
    assert (statistics.count(about.counts).real, statistics.count(about.counts).fake) == (2, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"file,label\n" * 5000, mtime=0)[:40], "cut off or damaged"),
        (b"file,label\na.wav,real\n", "it is no gzip file"),
    ],
    ids=["cut off", "no gzip"],
)
def test_a_damaged_compressed_list_is_one_problem(
    content: bytes, words: str, tmp_path: Path, space: Workspace
) -> None:
    """The files are still counted, without a label."""
    lay(tmp_path / "release_in_the_wild", ["1.wav", "2.wav"])
    (tmp_path / "release_in_the_wild" / "meta.csv.gz").write_bytes(content)
    about = only(tmp_path, space)
    assert (about.name, about.samples) == ("In-the-Wild", 2)
    (line,) = about.problems
    assert words in line and "meta.csv.gz" in line


def test_a_compressed_list_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "LARGEST_INSIDE", 1 << 20)
    path = tmp_path / "train_metadata.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * (5 << 20)))
    problems = Problems()
    assert list_files.entries_of(path, problems, dict) == [] and list_files.text_of(path, problems) is None
    assert all("it holds more than" in line for line in problems.texts())


HALVES = {
    "DF40": {
        "DF40_train/simswap/ff/frames/071_054/1.png": "a",
        "DF40_train/fomm/ff/frames/071_054/1.png": "b",
        "DF40_test/simswap/ff/frames/000_003/1.png": "c",
        "DF40_test/simswap/cdf/frames/id0_id1_0000/1.png": "d",
    },
    "ASVspoof 5": {
        "asv5_part1/flac_T/T_1.flac": "a",
        "asv5_part2/flac_D/D_1.flac": "b",
        "asv5_part1/ASVspoof5.train.tsv": "T_4850 T_1 F - - - AC3 A05 spoof -\n",
        "asv5_part2/ASVspoof5.dev.track_1.tsv": "D_1 D_1 F - - - AC3 A05 spoof -\n",
    },
    "GenImage": {
        f"GenImage_{split}/imagenet_{generator}/{split}/ai/1.png": f"{split}{generator}"
        for split in ("train", "val")
        for generator in ("glide", "midjourney")
    },
    "MLAAD": {
        "mlaad_v3_part1/fake/en/vits/1.wav": "a",
        "mlaad_v3_part2/fake/en/bark/1.wav": "b",
        "mlaad_v3_part2/fake/de/vits/1.wav": "c",
    },
    "SpoofCeleb": {
        "SpoofCeleb_train/flac/train/a05/id1/1.flac": "a",
        "SpoofCeleb_development/flac/development/a05/id1/1.flac": "b",
        "SpoofCeleb_evaluation/flac/evaluation/a05/id2/1.flac": "c",
    },
    "AV-Deepfake1M++": {
        "AV-Deepfake1M++_train/train/vox_celeb_2/id1/a/fake.mp4": "a",
        "AV-Deepfake1M++_val/val/val/vox_celeb_2/id2/a/fake.mp4": "b",
        "AV-Deepfake1M++_train/train_metadata.json": '[{"file":"vox_celeb_2/id1/a/fake.mp4","modify_type":"both_modified"}]',
        "AV-Deepfake1M++_val/val_metadata.json": '[{"file":"vox_celeb_2/id2/a/fake.mp4","modify_type":"both_modified"}]',
    },
}


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside other sets"])
@pytest.mark.parametrize("name", HALVES)
def test_parts_of_one_set_in_sibling_folders_are_one_set(
    name: str, beside: bool, tmp_path: Path, space: Workspace
) -> None:
    files = [path for path in HALVES[name] if path.rpartition(".")[2] in ("png", "flac", "wav", "mp4")]
    lay(tmp_path / "data", [], {path: [text] for path, text in HALVES[name].items()})
    if beside:
        lay(tmp_path / "data", ["other/real/1.png", "other/fake/2.png"])
    found = {about.name: about for about in scan([tmp_path / "data"], space=space).datasets}
    assert set(found) == ({name, "other"} if beside else {name})
    assert statistics.count(found[name].counts).fake == len(files)


@pytest.mark.parametrize("name", HALVES)
def test_a_copy_of_a_part_beside_it_is_a_copy(name: str, tmp_path: Path, space: Workspace) -> None:
    """`DF40_test` and `DF40_train`, which somebody filled with the same files."""
    first = next(iter(HALVES[name])).partition("/")[0]
    other = {"DF40_train": "DF40_test"}.get(first, f"{first}_2")
    files = {path: text for path, text in HALVES[name].items() if path.startswith(f"{first}/")}
    lay(tmp_path / "data", [], {path: [text] for path, text in files.items()})
    lay(tmp_path / "data", [], {path.replace(first, other, 1): [text] for path, text in files.items()})
    found = [about.name for about in scan([tmp_path / "data"], space=space).datasets]
    assert found == [name, f"{name} (2)"]


def test_the_halves_of_df40_are_its_official_parts(tmp_path: Path, space: Workspace) -> None:
    lay(tmp_path / "data", [], {path: [text] for path, text in HALVES["DF40"].items()})
    assert by_split(only(tmp_path / "data", space)) == {"train": (0, 2), "test": (0, 2)}
    assert by_split(only(tmp_path / "data" / "DF40_test", space)) == {"test": (0, 2)}


def test_lists_of_other_sets_below_a_shared_folder_are_not_read(tmp_path: Path, space: Workspace) -> None:
    """The parts of SpoofCeleb share a root with 140k, whose train.csv is no list of SpoofCeleb."""
    lay(tmp_path / "data", [], {path: [text] for path, text in HALVES["SpoofCeleb"].items()})
    rows = ["index,original_path,id,label,label_str,path", *(f"{i},x,{i},0,fake,{i}.jpg" for i in range(9))]
    pictures = [f"140k/real-vs-fake/train/{kind}/{i}.jpg" for kind in ("real", "fake") for i in range(2)]
    lay(tmp_path / "data", pictures, {"140k/train.csv": rows})
    found = {about.name: about for about in scan([tmp_path / "data"], space=space).datasets}
    assert found["SpoofCeleb"].problems == []
