"""What a scan makes of whole trees: several datasets, traps, a catalogue that is scanned again, the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.catalog import scan, statistics, table, workers
from core.catalog.listing import Listing
from core.errors import BadInput
from core.workspace import Workspace
from tests.catalog.layout_trees import DFD_OFFICIAL, OFFICIAL, TREES, build, media
from tests.catalog.scan_results import CELEB, counts, scanned, the
from tests.conftest import ROOT


class TestSeveralDatasets:
    def test_faceforensics_and_dfd_in_one_tree(self, tmp_path: Path, space: Workspace) -> None:
        result = scanned(tmp_path, OFFICIAL | DFD_OFFICIAL, space)
        assert counts(result) == {"DeepFakeDetection": (1, 1, 0), "FaceForensics++": (4, 9, 0)}
        assert {about.root for about in result.datasets} == {str(tmp_path / "data" / "FaceForensics++")}
        assert sum(left.files for left in result.ignored) == 3
        assert result.unrecognised == []

    def test_dfd_inside_of_c23_is_a_dataset_of_its_own(self, tmp_path: Path, space: Workspace) -> None:
        c23 = "FaceForensics++/FaceForensics++_C23"
        files = media(
            f"{c23}/original/000.mp4", f"{c23}/Deepfakes/000_003.mp4", f"{c23}/Face2Face/000_003.mp4"
        )
        files |= media(f"{c23}/DeepFakeDetection/01_02__hugging_happy__AAAAAAAA.mp4")
        result = scanned(tmp_path, files, space)
        assert counts(result) == {"FaceForensics++": (1, 2, 0), "DeepFakeDetection": (0, 1, 0)}
        assert the(result, "FaceForensics++").root == str(tmp_path / "data" / "FaceForensics++")
        assert the(result, "DeepFakeDetection").root == str(tmp_path / "data" / c23 / "DeepFakeDetection")

    def test_second_copies_are_numbered_in_order(self, tmp_path: Path, space: Workspace) -> None:
        files = {f"{where}/{path}": text for where in ("b", "a", "c") for path, text in CELEB.items()}
        result = scanned(tmp_path, files, space)
        assert [(about.name, Path(about.root).parent.name) for about in result.datasets] == [
            ("Celeb-DF-v2", "a"),
            ("Celeb-DF-v2 (2)", "b"),
            ("Celeb-DF-v2 (3)", "c"),
        ]

    def test_reals_of_wavefake_may_lie_beside_it(self, tmp_path: Path, space: Workspace) -> None:
        files = media(
            "generated_audio/ljspeech_melgan/LJ001-0001_gen.wav", "LJSpeech-1.1/wavs/LJ001-0001.wav"
        )
        result = scanned(tmp_path, files | CELEB, space)
        assert counts(result) == {"WaveFake": (1, 1, 0), "Celeb-DF-v2": (1, 1, 0)}

    def test_reals_alone_keep_their_own_name(self, tmp_path: Path, space: Workspace) -> None:
        result = scanned(tmp_path, media("LJSpeech-1.1/wavs/LJ001-0001.wav"), space)
        assert counts(result) == {"LJSpeech-1.1": (1, 0, 0)}

    def test_compression_copies_share_groups(self, tmp_path: Path, space: Workspace) -> None:
        scanned(tmp_path, OFFICIAL, space)
        frame = table.load(["FaceForensics++"], space)
        copies = frame[
            frame["path"].str.endswith("youtube/c23/videos/071.mp4")
            | frame["path"].str.endswith("c40/videos/071.mp4")
        ]
        assert len(copies) == 2 and copies["groups"].map(tuple).nunique() == 1
        assert sorted(m["compression"] for m in copies["meta"]) == ["c23", "c40"]

    def test_several_roots_and_roots_within_roots(self, tmp_path: Path, space: Workspace) -> None:
        one, other = build(tmp_path / "one", CELEB), build(tmp_path / "two", CELEB)
        result = scan.scan([one, other, one / "Celeb-DF-v2", one], space=space)
        assert counts(result) == {"Celeb-DF-v2": (1, 1, 0), "Celeb-DF-v2 (2)": (1, 1, 0)}
        assert result.datasets[1].root.startswith(str(other))

    def test_lists_may_lie_beside_the_dataset(self, tmp_path: Path, space: Workspace) -> None:
        keys = "LA_1 DF_E_1 nocodec asvspoof A14 spoof notrim progress vocoder - - - -\n"
        files = media("parts/ASVspoof2021_DF_eval_part00/ASVspoof2021_DF_eval/flac/DF_E_1.flac")
        files |= media("faces/original_sequences/youtube/c23/videos/071.mp4") | CELEB
        files |= {"keys/CM/trial_metadata.txt": keys, "splits/test.json": json.dumps([["071", "054"]])}
        result = scanned(tmp_path, files, space)
        assert counts(result)["ASVspoof 2021 DF"] == (0, 1, 0)
        assert statistics.count_by(the(result, "FaceForensics++"), "split")["test"].real == 1


class TestOutermostFolder:
    """A dataset's root is its own outermost folder: not a shelf it stands on, but what its archive was unpacked to."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("Celeb V2/Celeb-DF-v2/Celeb-real/id0_0000.mp4", "Celeb V2"),
            ("shelf/video/Celeb-DF-v2/Celeb-real/id0_0000.mp4", "shelf/video/Celeb-DF-v2"),
            ("data/FF++/original_sequences/youtube/c23/videos/071.mp4", "data/FF++"),
            ("FF++/FaceForensics++_C23/Face2Face/000_003.mp4", "FF++"),
            ("archive (2)/Dataset/Train/Real/real_1.jpg", "archive (2)"),
            ("kaggle/input/my-own/Dataset/Train/Real/real_1.jpg", "kaggle/input/my-own"),
            ("archive/LA/LA/ASVspoof2019_LA_train/flac/LA_T_1000001.flac", "archive"),
            ("LA/ASVspoof2019_LA_train/flac/LA_T_1000001.flac", "LA"),
            ("for-norm/for-norm/training/real/file1.wav", "for-norm"),
            ("dfdc_train_part_0/aaaaaaaaaa.mp4", "."),
        ],
    )
    def test_of_wrapped_folders(self, path: str, expected: str, tmp_path: Path, space: Workspace) -> None:
        fakes = path.replace("Celeb-real/id0_0000", "Celeb-synthesis/id0_id1_0000")
        fakes = fakes.replace("Real/real_", "Fake/fake_").replace("real/file", "fake/file")
        result = scanned(tmp_path, media(path, fakes, fakes.replace("Face2Face", "FaceSwap")), space)
        assert [Path(about.root).relative_to(tmp_path / "data").as_posix() for about in result.datasets] == [
            expected
        ]

    def test_lists_that_lie_around_a_dataset_belong_to_it(self, tmp_path: Path, space: Workspace) -> None:
        protocols = {"sound/protocols/ASVspoof2019.LA.cm.train.trn.txt": "LA_1 LA_T_1000001 - A01 spoof\n"}
        files = media("sound/LA/ASVspoof2019_LA_train/flac/LA_T_1000001.flac") | protocols
        assert counts(scanned(tmp_path, files, space)) == {"ASVspoof 2019 LA": (0, 1, 0)}

    def test_beside_others_it_is_the_folder_of_its_own(self, tmp_path: Path, space: Workspace) -> None:
        one = media(
            *(f"for-norm/{s}/{c}/file1.wav" for s in ("training", "testing") for c in ("real", "fake"))
        )
        two = {"dfdc_train_part_0/aaaaaaaaaa.mp4": "x", "dfdc_train_part_0/metadata.json": "{}"}
        result = scanned(tmp_path, one | two | CELEB, space)
        assert Path(the(result, "FoR").root).name == "for-norm"
        assert Path(the(result, "DFDC").root).name == "dfdc_train_part_0"

    @pytest.mark.parametrize("csv", ["140k Real and Fake Faces", "."])
    def test_a_root_that_holds_the_lists_is_the_dataset(
        self, csv: str, tmp_path: Path, space: Workspace
    ) -> None:
        files = media(
            *(f"{csv}/real_vs_fake/real-vs-fake/train/{c}/{i}.jpg" for c in ("real", "fake") for i in "12")
        )
        files[f"{csv}/train.csv"] = ",original_path,id,label,label_str,path\n0,x,1,1,real,train/real/1.jpg\n"
        assert scanned(tmp_path, files, space).datasets[0].root == str(tmp_path / "data" / csv)


def test_dfdc_as_benchmarks_repack_it(tmp_path: Path, space: Workspace) -> None:
    """labels.csv (1 = fake) beside a folder of videos, alone or next to the parts."""
    files = media("DFDC/test/videos/aaaaaaaaaa.mp4", "DFDC/test/videos/bbbbbbbbbb.mp4")
    files |= {"DFDC/test/labels.csv": "filename,label\naaaaaaaaaa.mp4,1\nbbbbbbbbbb.mp4,0\n"}
    result = scanned(tmp_path, files, space)
    assert counts(result) == {"DFDC": (1, 1, 0)}
    assert statistics.count_by(result.datasets[0], "split")["test"].fake == 1
    assert result.datasets[0].problems == []


class TestRootInside:
    @pytest.mark.parametrize(
        ("inner", "expected"),
        [
            ("manipulated_sequences", (0, 9)),
            ("original_sequences/youtube", (4, 0)),
            ("original_sequences/youtube/c23/videos", (2, 0)),
            ("manipulated_sequences/FaceSwap/c23", (0, 2)),
        ],
    )
    def test_of_faceforensics(
        self, inner: str, expected: tuple[int, int], tmp_path: Path, space: Workspace
    ) -> None:
        root = build(tmp_path / "data", OFFICIAL) / "FaceForensics++" / inner
        result = scan.scan([root], space=space)
        assert counts(result) == {"FaceForensics++": (*expected, 0)}
        assert result.datasets[0].root == str(root)

    def test_of_celeb_df(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB) / "Celeb-DF-v2" / "Celeb-synthesis"
        assert counts(scan.scan([root], space=space)) == {"Celeb-DF-v2": (0, 1, 0)}


class TestTraps:
    def test_celeb_df_list_says_1_for_real(self, tmp_path: Path, space: Workspace) -> None:
        """The first line counts: there is no header."""
        text = "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n"
        files = CELEB | media("Celeb-DF-v2/YouTube-real/00170.mp4")
        result = scanned(tmp_path, files | {"Celeb-DF-v2/List_of_testing_videos.txt": text}, space)
        splits = statistics.count_by(the(result, "Celeb-DF-v2"), "split")
        assert (splits["test"].real, splits["test"].fake) == (1, 1)
        assert result.datasets[0].problems == []

    def test_140k_list_says_1_for_real(self, tmp_path: Path, space: Workspace) -> None:
        """Pictures that lie in no class folder have their label from the list alone."""
        header = ",original_path,id,label,label_str,path\n"
        files = media("faces/a.jpg", "faces/b.jpg")
        files |= {"faces/train.csv": header + "0,/x,1,1,real,a.jpg\n1,/x,2,0,fake,b.jpg\n"}
        scanned(tmp_path, files, space)
        frame = table.load(["140k Real and Fake Faces"], space).set_index("path")
        assert frame["label"].to_dict() == {"a.jpg": 0.0, "b.jpg": 1.0}
        assert set(frame["split"]) == {"train"}

    def test_140k_list_without_words(self, tmp_path: Path, space: Workspace) -> None:
        files = media("faces/a.jpg", "faces/b.jpg")
        files |= {"faces/valid.csv": "original_path,label,path\n/x,1,a.jpg\n/x,0,b.jpg\n"}
        scanned(tmp_path, files, space)
        frame = table.load(None, space).set_index("path")
        assert frame["label"].to_dict() == {"a.jpg": 0.0, "b.jpg": 1.0}
        assert set(frame["split"]) == {"val"}

    def test_dfdc_test_labels_say_1_for_fake(self, tmp_path: Path, space: Workspace) -> None:
        files = CELEB | media(
            "dfdc/dfdc_train_part_1/a.mp4", "dfdc/test_videos/x.mp4", "dfdc/test_videos/y.mp4"
        )
        files |= {
            "dfdc/dfdc_train_part_1/metadata.json": json.dumps(
                {"a.mp4": {"label": "REAL", "split": "train"}}
            ),
            "dfdc/test_videos/labels.csv": "filename,label\nx.mp4,1\ny.mp4,0\n",
        }
        scanned(tmp_path, files, space)
        frame = table.load(["DFDC"], space).set_index("path")
        assert frame["label"].to_dict() == {
            "dfdc_train_part_1/a.mp4": 0.0,
            "test_videos/x.mp4": 1.0,
            "test_videos/y.mp4": 0.0,
        }
        assert frame.loc["test_videos/x.mp4", "split"] == "test"

    def test_labels_of_picture_and_sound(self, tmp_path: Path, space: Workspace) -> None:
        tree = next(t for t in TREES if t.name == "FakeAVCeleb" and not t.ident)
        scanned(tmp_path, tree.files, space)
        frame = table.load(["FakeAVCeleb"], space)
        kinds = {
            p.split("/")[2]: (a, b, c)
            for p, a, b, c in zip(
                frame["path"], frame["label"], frame["label_video"], frame["label_audio"], strict=True
            )
        }
        assert kinds == {
            "RealVideo-RealAudio": (0, 0, 0),
            "RealVideo-FakeAudio": (1, 0, 1),
            "FakeVideo-RealAudio": (1, 1, 0),
            "FakeVideo-FakeAudio": (1, 1, 1),
        }

    def test_fake_stretches_of_lav_df(self, tmp_path: Path, space: Workspace) -> None:
        tree = next(t for t in TREES if t.name == "LAV-DF")
        scanned(tmp_path, tree.files, space)
        frame = table.load(["LAV-DF"], space).set_index("path")
        assert frame.loc["train/000001.mp4", "segments"] == [[1.5, 2.25]]
        assert frame.loc["train/000000.mp4", "segments"] == []

    def test_splits_of_the_tree_win_over_the_published_pairs(self, tmp_path: Path, space: Workspace) -> None:
        files = dict(OFFICIAL)
        for name, pair in (("train", ["000", "003"]), ("val", ["054", "071"]), ("test", ["001", "002"])):
            files[f"FaceForensics++/splits/{name}.json"] = json.dumps([pair])
        result = scanned(tmp_path, files, space)
        splits = {s: (c.real, c.fake) for s, c in statistics.count_by(result.datasets[0], "split").items()}
        assert splits == {"train": (2, 1), "val": (2, 8)}


class TestCatalogue:
    def test_second_scan_changes_nothing(self, tmp_path: Path, space: Workspace) -> None:
        first = scanned(tmp_path, OFFICIAL | CELEB, space)
        times = {p: p.stat().st_mtime_ns for p in space.catalog.glob("*.parquet")}
        second = scan.scan([tmp_path / "data"], space=space)
        assert counts(first) == counts(second)
        assert times == {p: p.stat().st_mtime_ns for p in space.catalog.glob("*.parquet")}

    def test_a_change_is_seen(self, tmp_path: Path, space: Workspace) -> None:
        scanned(tmp_path, CELEB, space)
        build(tmp_path / "data", media("Celeb-DF-v2/Celeb-real/id5_0001.mp4"))
        assert counts(scan.scan([tmp_path / "data"], space=space)) == {"Celeb-DF-v2": (2, 1, 0)}

    def test_a_changed_list_is_seen(self, tmp_path: Path, space: Workspace) -> None:
        files = media("mine/a.jpg") | {"mine/l.csv": "path,label\na.jpg,real\n"}
        assert counts(scanned(tmp_path, files, space)) == {"mine": (1, 0, 0)}
        files["mine/l.csv"] = "path,label\na.jpg,fake\n"
        assert counts(scanned(tmp_path, files, space)) == {"mine": (0, 1, 0)}

    def test_other_roots_stay_and_vanished_ones_go(self, tmp_path: Path, space: Workspace) -> None:
        scan.scan([build(tmp_path / "one", CELEB)], space=space)
        scan.scan([build(tmp_path / "two", media("mine/real/1.png", "mine/fake/2.png"))], space=space)
        assert table.datasets(space) == ["Celeb-DF-v2", "mine"]
        (tmp_path / "one").rename(tmp_path / "gone")
        scan.scan([tmp_path / "two"], space=space)
        assert table.datasets(space) == ["mine"]

    def test_several_processes_find_the_same(
        self, tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for i, tree in enumerate(TREES):
            build(tmp_path / "data" / f"d{i}", tree.files)
        alone = scan.scan([tmp_path / "data"], space=space)
        tables = {name: table.arrow(name, space) for name in table.datasets(space)}
        monkeypatch.setattr(workers, "FIRST", 3)
        monkeypatch.setattr(scan, "LABEL_HERE", 0)
        other = Workspace(tmp_path / "other")
        shared = scan.scan([tmp_path / "data"], space=other)
        assert [a.name for a in alone.datasets] == [a.name for a in shared.datasets]
        for name, expected in tables.items():
            assert table.arrow(name, other).equals(expected), name

    def test_damaged_table_says_what_to_do(self, tmp_path: Path, space: Workspace) -> None:
        scanned(tmp_path, CELEB, space)
        path = table.file_of("Celeb-DF-v2", space)
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(BadInput, match="scan again"):
            table.load(["Celeb-DF-v2"], space)
        assert counts(scan.scan([tmp_path / "data"], space=space)) == {"Celeb-DF-v2": (1, 1, 0)}
        assert len(table.load(["Celeb-DF-v2"], space)) == 2


def command(*arguments: str, space: Workspace) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
    return subprocess.run(
        [sys.executable, "-m", "core", "scan", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command(tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", OFFICIAL | media("x/y.jpg"))
    done = command(str(root), "--json", space=space)
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["samples"] == 13 and document["seconds"] > 0
    assert document["totals"]["video"] == {
        "real": 4,
        "fake": 9,
        "unlabelled": 0,
        "ratio": 2.25,
        "severity": "moderate",
    }
    entry = document["datasets"][0]
    assert entry["name"] == "FaceForensics++" and entry["root"] == str(root / "FaceForensics++")
    assert entry["splits"]["train"] == {"real": 2, "fake": 8}
    assert set(entry["splits"]) == {"train", "val", "test", "unassigned"}
    assert entry["modalities"] == {"video": {"real": 4, "fake": 9}}
    assert entry["published"] == {"real": 1000, "fake": 5000}
    assert isinstance(entry["advice"], str) and "focal" in entry["advice"].lower()
    assert document["unrecognised"] == [{"path": str(root / "x"), "files": 1}]


def test_command_without_the_root(tmp_path: Path, space: Workspace) -> None:
    done = command(str(tmp_path / "nowhere"), "--json", space=space)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and "nowhere" in done.stderr


def test_listing_takes_a_name_only_where_it_is_unique(tmp_path: Path) -> None:
    listing = Listing(tmp_path / "l.csv")
    listing.add("train/real/1.jpg", {"n": 1})
    listing.add("train/fake/1.jpg", {"n": 2})
    listing.add("train/fake/2.jpg", {"n": 3})
    assert listing.take("set/train/fake/1.jpg") == {"n": 2}
    assert listing.take("elsewhere/1.jpg") is None
    assert listing.take("elsewhere/2.jpg") is None
    assert listing.take("elsewhere/2.jpg", loose=True) == {"n": 3}
