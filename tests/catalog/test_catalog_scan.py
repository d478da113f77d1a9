"""What a scan makes of whole trees: several datasets, traps, damage, and folders that nobody published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from core.catalog import generic, list_files, overrides, scan, statistics, table, workers
from core.catalog import roots as data_roots
from core.catalog.listing import Listing
from core.catalog.overrides import Override
from core.catalog.problems import Problems
from core.catalog.table import DatasetInfo
from core.errors import BadInput, MediaError
from core.workspace import Workspace
from tests.catalog.layout_trees import DFD_OFFICIAL, OFFICIAL, TREES, build, media
from tests.conftest import ROOT

CELEB = media("Celeb-DF-v2/Celeb-real/id0_0000.mp4", "Celeb-DF-v2/Celeb-synthesis/id0_id1_0000.mp4")


def scanned(root: Path, files: dict[str, str], space: Workspace) -> scan.ScanResult:
    return scan.scan([build(root / "data", files)], space=space)


def counts(result: scan.ScanResult) -> dict[str, tuple[int, int, int]]:
    found = {}
    for about in result.datasets:
        total = statistics.count(about.counts)
        found[about.name] = (total.real, total.fake, total.unlabelled)
    return found


def the(result: scan.ScanResult, name: str) -> DatasetInfo:
    return next(about for about in result.datasets if about.name == name)


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
        assert statistics.by(the(result, "FaceForensics++"), "split")["test"].real == 1


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
    assert statistics.by(result.datasets[0], "split")["test"].fake == 1
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
        splits = statistics.by(the(result, "Celeb-DF-v2"), "split")
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
        splits = {s: (c.real, c.fake) for s, c in statistics.by(result.datasets[0], "split").items()}
        assert splits == {"train": (2, 1), "val": (2, 8)}


class TestBadInput:
    def test_missing_root_before_anything_is_scanned(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB)
        with pytest.raises(BadInput, match="does not exist"):
            scan.scan([root, tmp_path / "nowhere"], space=space)
        assert table.datasets(space) == []

    def test_a_file_is_no_root(self, tmp_path: Path, space: Workspace) -> None:
        with pytest.raises(BadInput, match="not a folder"):
            scan.scan([build(tmp_path, {"a.txt": ""}) / "a.txt"], space=space)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
    def test_unreadable_folder(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB | media("Celeb-DF-v2/YouTube-real/1.mp4"))
        (root / "Celeb-DF-v2/YouTube-real").chmod(0)
        about = scan.scan([root], space=space).datasets[0]
        (root / "Celeb-DF-v2/YouTube-real").chmod(0o755)
        assert any("YouTube-real: the folder cannot be read" in p for p in about.problems)

    def test_loop_of_links(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB)
        (root / "Celeb-DF-v2/Celeb-real/loop").symlink_to(root)
        (root / "Celeb-DF-v2/self").symlink_to(root / "Celeb-DF-v2/self")
        result = scan.scan([root], space=space)
        assert counts(result) == {"Celeb-DF-v2": (1, 1, 0)}
        assert any("Celeb-real/loop" in p for p in result.datasets[0].problems)
        assert any("self" in p for p in result.datasets[0].problems)

    def test_links_into_another_configured_root_are_followed(self, tmp_path: Path, space: Workspace) -> None:
        build(tmp_path / "disk2", CELEB)
        data_roots.add(tmp_path / "disk2", space=space)
        (tmp_path / "data").mkdir()
        (tmp_path / "data/linked").symlink_to(tmp_path / "disk2/Celeb-DF-v2")
        (tmp_path / "data/again").symlink_to(tmp_path / "disk2/Celeb-DF-v2")
        result = scan.scan([tmp_path / "data"], space=space)
        assert counts(result) == {"Celeb-DF-v2": (1, 1, 0)}
        assert len(result.problems) + result.datasets[0].problem_count == 1
        row = table.load(["Celeb-DF-v2"], space).iloc[0]
        assert table.absolute_path(row, space).is_file()

    def test_links_out_of_the_roots_are_not_followed(self, tmp_path: Path, space: Workspace) -> None:
        build(tmp_path / "elsewhere", CELEB | media("Celeb-DF-v2/Celeb-real/id5_0001.mp4"))
        root = build(tmp_path / "data", CELEB)
        (root / "folder").symlink_to(tmp_path / "elsewhere")
        (root / "Celeb-DF-v2/Celeb-real/id5_0001.mp4").symlink_to(
            tmp_path / "elsewhere/Celeb-DF-v2/Celeb-real/id5_0001.mp4"
        )
        # Inside: an ordinary sample.
        (root / "Celeb-DF-v2/Celeb-real/id6_0001.mp4").symlink_to("id0_0000.mp4")
        result = scan.scan([root], space=space)
        assert counts(result) == {"Celeb-DF-v2": (2, 1, 0)}
        lines = [*result.problems, *result.datasets[0].problems]
        assert sum("leads out of the data roots" in line for line in lines) == 2
        assert any(line.startswith(f"{root}/folder: ") for line in lines)
        assert any("id5_0001.mp4" in line and "add its target as a root" in line for line in lines)

    def test_a_sample_replaced_by_a_link_out_of_the_root_is_not_read(
        self, tmp_path: Path, space: Workspace
    ) -> None:
        root = build(tmp_path / "data", CELEB)
        scan.scan([root], space=space)
        row = table.load(["Celeb-DF-v2"], space).iloc[0]
        path = table.absolute_path(row, space)
        secret = tmp_path / "secret"
        secret.write_text("not for everybody")
        path.unlink()
        path.symlink_to(secret)
        with pytest.raises(MediaError, match="leads out of the data roots"):
            table.absolute_path(row, space)

    def test_broken_link_empty_file_and_name_that_is_not_utf8(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB | {"Celeb-DF-v2/Celeb-real/id9_0000.mp4": ""})
        (root / "Celeb-DF-v2/Celeb-real/id8_0000.mp4").symlink_to("nowhere.mp4")
        with open(os.fsencode(root / "Celeb-DF-v2/Celeb-real") + b"/id7_\xff.mp4", "wb") as file:
            file.write(b"x")
        about = scan.scan([root], space=space).datasets[0]
        assert about.samples == 2
        text = "\n".join(about.problems)
        assert "id9_0000.mp4: the file is empty" in text
        assert "id8_0000.mp4: the link leads nowhere" in text
        assert r"id7_\xff.mp4: the name is not valid UTF-8" in text
        assert about.problem_count == len(about.problems) == 3

    def test_folder_that_is_not_utf8(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB)
        folder = os.fsencode(root / "Celeb-DF-v2/Celeb-real") + b"/\xfe"
        os.mkdir(folder)
        with open(folder + b"/id1_0000.mp4", "wb") as file:
            file.write(b"x")
        about = scan.scan([root], space=space).datasets[0]
        assert about.samples == 2 and about.problem_count == 1

    def test_metadata_cut_in_half(self, tmp_path: Path, space: Workspace) -> None:
        tree = next(t for t in TREES if t.name == "DFDC" and not t.ident)
        name = "dfdc/dfdc_train_part_1/metadata.json"
        about = scanned(tmp_path, tree.files | {name: tree.files[name][:25]}, space).datasets[0]
        total = statistics.count(about.counts)
        assert (total.real, total.fake, total.unlabelled) == (1, 1, 2)
        assert len(about.problems) == 1 and "dfdc_train_part_1/metadata.json" in about.problems[0]
        assert "download it again" in about.problems[0]

    def test_damaged_list_of_lav_df_is_replaced_by_the_short_one(
        self, tmp_path: Path, space: Workspace
    ) -> None:
        tree = next(t for t in TREES if t.name == "LAV-DF")
        full = tree.files["LAV-DF/metadata.json"]
        files = tree.files | {"LAV-DF/metadata.json": full[:200], "LAV-DF/metadata.min.json": full}
        about = scanned(tmp_path, files, space).datasets[0]
        assert statistics.count(about.counts).fake == 3 and about.problem_count == 1

    def test_wrong_columns(self, tmp_path: Path, space: Workspace) -> None:
        files = media("release_in_the_wild/0.wav") | {"release_in_the_wild/meta.csv": "name,who\n0.wav,x\n"}
        about = scanned(tmp_path, files, space).datasets[0]
        assert statistics.count(about.counts).unlabelled == 1
        assert len(about.problems) == 1 and "meta.csv: has no column 'file'" in about.problems[0]

    def test_listed_but_absent_and_label_that_is_neither(self, tmp_path: Path, space: Workspace) -> None:
        meta = "file,speaker,label\n0.wav,A,spoof\n1.wav,A,maybe\n2.wav,B,bona-fide\n"
        files = media("release_in_the_wild/0.wav", "release_in_the_wild/1.wav") | {
            "release_in_the_wild/meta.csv": meta
        }
        about = scanned(tmp_path, files, space).datasets[0]
        total = statistics.count(about.counts)
        assert (total.real, total.fake, total.unlabelled) == (0, 1, 1)
        assert any(p.startswith("2.wav: listed in meta.csv") for p in about.problems)
        assert any(p.startswith("1.wav: 'maybe' in meta.csv") for p in about.problems)
        assert about.problem_count == 2

    def test_many_problems_are_counted_not_listed(self, tmp_path: Path, space: Workspace) -> None:
        files = CELEB | {f"Celeb-DF-v2/Celeb-real/id3_{i:04d}.mp4": "" for i in range(300)}
        about = scanned(tmp_path, files, space).datasets[0]
        assert about.problem_count == 300 and len(about.problems) < 50
        assert "280 more" in about.problems[-1]

    def test_nothing_is_written_into_a_root(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", OFFICIAL | CELEB)
        before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(root.rglob("*"))}
        scan.scan([root], space=space)
        assert before == {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(root.rglob("*"))}

    def test_cancelled_scan_leaves_the_catalogue(self, tmp_path: Path, space: Workspace) -> None:
        root = build(tmp_path / "data", CELEB)
        with pytest.raises(scan.Cancelled):
            scan.scan([root], cancel=lambda: True, space=space)
        assert table.datasets(space) == []


class TestGeneric:
    @pytest.mark.parametrize(
        ("real", "fake"),
        [
            ("real", "fake"),
            ("0_real", "1_fake"),
            ("Bonafide", "SPOOF"),
            ("bona-fide", "spoofed"),
            ("genuine", "deepfakes"),
            ("Original", "Manipulated"),
            ("authentic", "AI generated"),
            ("live", "synthetic"),
            ("real_images", "fake images"),
            ("pristine", "tampered"),
            ("Human", "AI"),
        ],
    )
    def test_usual_names(self, real: str, fake: str, tmp_path: Path, space: Workspace) -> None:
        files = media(f"mine/train/{real}/1.png", f"mine/train/{fake}/2.png", f"mine/val/{fake}/3.png")
        result = scanned(tmp_path, files, space)
        assert counts(result) == {"mine": (1, 2, 0)}
        splits = {s: (c.real, c.fake) for s, c in statistics.by(result.datasets[0], "split").items()}
        assert splits == {"train": (1, 1), "val": (0, 1)}

    def test_class_above_split(self, tmp_path: Path, space: Workspace) -> None:
        result = scanned(tmp_path, media("mine/real/train/1.wav", "mine/fake/test/2.wav"), space)
        splits = {s: (c.real, c.fake) for s, c in statistics.by(result.datasets[0], "split").items()}
        assert splits == {"train": (1, 0), "test": (0, 1)}

    def test_methods_below_fake(self, tmp_path: Path, space: Workspace) -> None:
        files = media("mine/real/1.png", "mine/fake/SDXL/2.png", "mine/fake/StyleGAN3/3.png")
        assert statistics.methods(scanned(tmp_path, files, space).datasets[0]) == {"SDXL": 1, "StyleGAN3": 1}

    def test_folders_of_frames_are_clips(self, tmp_path: Path, space: Workspace) -> None:
        count = generic.MAX_METHODS + 1
        files = media(
            *(f"mine/{c}/clip{i}/{k}.png" for c in ("real", "fake") for i in range(count) for k in (1, 2))
        )
        result = scanned(tmp_path, files, space)
        assert statistics.methods(result.datasets[0]) == {}
        frame = table.load(None, space)
        assert frame["groups"].map(tuple).nunique() == count  # a clip and its fake hang together

    @pytest.mark.parametrize(
        "text",
        [
            "path,label\na.jpg,real\nsub/b.jpg,fake\n",
            "file_name;class\na.jpg;REAL\nb.jpg;Fake\n",
            "image,is_real\na.jpg,1\nb.jpg,0\n",
            "image,is_fake\na.jpg,0\nb.jpg,1\n",
            "filename,label\na.jpg,0\nb.jpg,1\n",
            "a.jpg,real\nb.jpg,fake\n",
            ",label,img_path\n0,bonafide,a.jpg\n1,spoof,sub/b.jpg\n",
        ],
    )
    def test_lists(self, text: str, tmp_path: Path, space: Workspace) -> None:
        files = media("mine/a.jpg", "mine/sub/b.jpg") | {"mine/labels.csv": text}
        result = scanned(tmp_path, files, space)
        assert counts(result) == {"mine": (1, 1, 0)}
        frame = table.load(["mine"], space).set_index("path")
        assert frame["label"].to_dict() == {"a.jpg": 0.0, "sub/b.jpg": 1.0}

    def test_list_with_more_columns(self, tmp_path: Path, space: Workspace) -> None:
        text = "path,label,split,speaker,generator,transcript\na.wav,fake,dev,Ann,vits,hello\n"
        scanned(tmp_path, media("mine/a.wav") | {"mine/list.csv": text}, space)
        row = table.load(["mine"], space).iloc[0]
        assert (row["split"], row["identity"], row["method"], row["text"]) == ("val", "Ann", "vits", "hello")
        assert row["groups"] == ["identity:Ann"]

    def test_what_is_packed_or_hidden_is_told(self, tmp_path: Path, space: Workspace) -> None:
        faces = "YouTube Faces With Facial Keypoints"
        files = CELEB | media(
            f"{faces}/part_1/a.npz", f"{faces}/part_1/b.npz", "Celeb-DF-v2/Celeb-real/._id0_0000.mp4"
        )
        result = scanned(tmp_path, files | {f"{faces}/list.csv": "videoID\n"}, space)
        assert {left.path: left.files for left in result.unrecognised} == {str(tmp_path / "data" / faces): 2}
        assert [(Path(i.path).name, i.files) for i in result.ignored] == [("Celeb-real", 1)]
        assert counts(result) == {"Celeb-DF-v2": (1, 1, 0)}

    def test_own_real_and_fake_folders_are_not_taken_for_a_dataset(
        self, tmp_path: Path, space: Workspace
    ) -> None:
        files = media("mine/original/holiday.mp4", "mine/Deepfakes/party.mp4", "mine/Deepfakes/work.mp4")
        assert counts(scanned(tmp_path, files, space)) == {"mine": (1, 2, 0)}

    def test_rearranged_faceforensics_keeps_its_groups(self, tmp_path: Path, space: Workspace) -> None:
        files = media("FaceForensics++/real/071.mp4", "FaceForensics++/fake/071_054.mp4")
        assert counts(scanned(tmp_path, files, space)) == {"FaceForensics++": (1, 1, 0)}
        frame = table.load(None, space).set_index("path")
        assert frame.loc["fake/071_054.mp4", "groups"] == ["sequence:071", "sequence:054"]
        assert set(frame["split"]) == {"train"}

    def test_a_data_root_named_like_a_dataset(self, tmp_path: Path, space: Workspace) -> None:
        """Its name says nothing of the others in it."""
        tree = next(t for t in TREES if t.layout == "140k")
        files = {f"faceforensics++ and more/{path}": text for path, text in (tree.files | CELEB).items()}
        build(tmp_path, files)
        result = scan.scan([tmp_path / "faceforensics++ and more"], space=space)
        assert counts(result) == {"140k Real and Fake Faces": (9, 9, 0), "Celeb-DF-v2": (1, 1, 0)}

    def test_split_and_class_in_one_name(self, tmp_path: Path, space: Workspace) -> None:
        result = scanned(tmp_path, media("mine/train_real/1.png", "mine/test_fake/2.png"), space)
        splits = {s: (c.real, c.fake) for s, c in statistics.by(result.datasets[0], "split").items()}
        assert splits == {"train": (1, 0), "test": (0, 1)}

    def test_unrecognised_with_counts(self, tmp_path: Path, space: Workspace) -> None:
        files = CELEB | media("holiday/a.jpg", "holiday/2024/b.jpg", "loose.png", "Celeb-DF-v2/extra/c.mp4")
        result = scanned(tmp_path, files | {"notes/readme.txt": "x"}, space)
        data = tmp_path / "data"
        assert {left.path: left.files for left in result.unrecognised} == {
            str(data): 1,
            str(data / "holiday"): 2,
            str(data / "Celeb-DF-v2/extra"): 1,
        }

    def test_the_analyst_names_and_maps(self, tmp_path: Path, space: Workspace) -> None:
        files = media("stuff/A/1.png", "stuff/B/2.png", "stuff/C/3.png")
        assert counts(scanned(tmp_path, files, space)) == {}
        said = Override(name="My set", labels={"A": "real", "B": "fake", "C": "unlabelled"})
        overrides.save(str(tmp_path / "data/stuff"), said, space=space)
        assert counts(scan.scan([tmp_path / "data"], space=space)) == {"My set": (1, 1, 1)}

    def test_the_analyst_says_what_1_means(self, tmp_path: Path, space: Workspace) -> None:
        files = media("mine/a.jpg", "mine/b.jpg") | {"mine/l.csv": "path,label\na.jpg,1\nb.jpg,0\n"}
        scanned(tmp_path, files, space)
        overrides.save(str(tmp_path / "data/mine"), Override(one_is=0), space=space)
        scan.scan([tmp_path / "data"], space=space)
        frame = table.load(["mine"], space).set_index("path")
        assert frame["label"].to_dict() == {"a.jpg": 0.0, "b.jpg": 1.0}

    def test_a_name_for_a_known_dataset_and_a_folder_to_skip(self, tmp_path: Path, space: Workspace) -> None:
        files = CELEB | media("mine/real/1.png", "mine/fake/2.png")
        overrides.save(str(tmp_path / "data/Celeb-DF-v2"), Override(name="Faces"), space=space)
        overrides.save(str(tmp_path / "data/mine"), Override(skip=True), space=space)
        result = scanned(tmp_path, files, space)
        assert counts(result) == {"Faces": (1, 1, 0)}
        assert [(Path(i.path).name, i.files) for i in result.ignored] == [("mine", 2)]


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


class TestLongLists:
    ENTRIES: ClassVar = [
        {"file": f"{i}.mp4", "text": "é" * (i % 7), "half": "\ud800" if i == 3 else ""} for i in range(50)
    ]

    @pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
    @pytest.mark.parametrize("indent", [None, 2])
    def test_entries_across_chunks(
        self, chunk: int, indent: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(list_files, "CHUNK", chunk)
        path, problems = tmp_path / "list.json", Problems()
        path.write_text(json.dumps(self.ENTRIES, indent=indent), encoding="utf-8")
        found = list_files.entries_of(path, problems, lambda entry: entry)
        assert [e["file"] for e in found] == [e["file"] for e in self.ENTRIES]
        assert found[6]["text"] == "é" * 6 and found[3]["half"] == "?"
        assert problems.total == 0

    @pytest.mark.parametrize("text", ["", "{}", "[", '[{"a": 1}', '[{"a": 1}, {"a"', "null", '[{"a": 1} x]'])
    def test_damaged(self, text: str, tmp_path: Path) -> None:
        path, problems = tmp_path / "list.json", Problems()
        path.write_text(text, encoding="utf-8")
        assert list_files.entries_of(path, problems, lambda entry: entry) == []
        assert problems.total == 1 and "list.json" in problems.texts()[0]


def test_bare_numbers_are_said_to_be_taken_as_fake_and_words_need_no_note(
    tmp_path: Path, space: Workspace
) -> None:
    for name, header, one in (
        ("bare", "file,label", "1"),
        ("said", "file,is_real", "1"),
        ("word", "file,label", "fake"),
    ):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"x")
        (folder / "b.jpg").write_bytes(b"x")
        zero = "real" if name == "word" else "0"
        (folder / "labels.csv").write_text(f"{header}\na.jpg,{one}\nb.jpg,{zero}\n")
    found = {about.name: about for about in scan.scan([tmp_path / "data"], space=space).datasets}
    assert [n for n in found["bare"].notes if "1 was taken as fake, 0 as real" in n and "2 labels" in n]
    assert found["said"].notes == [] and found["word"].notes == []
    overrides.save(found["bare"].extra["anchor"], Override(one_is=0), space=space)
    turned = {about.name: about for about in scan.scan([tmp_path / "data"], space=space).datasets}["bare"]
    assert "1 was taken as real, 0 as fake" in turned.notes[0]


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("Echt", "Gefälscht"),
        ("re\u0301el", "FAUX"),
        ("verdadero", "falso"),
        ("真", "假"),
        ("настоящие", "поддельные"),
    ],
)
def test_classes_in_other_languages(real: str, fake: str, tmp_path: Path, space: Workspace) -> None:
    found = scanned(
        tmp_path,
        media(f"mine/train/{real}/1.png", f"mine/train/{fake}/2.png", f"mine/train/{fake}/3.png"),
        space,
    )
    assert counts(found) == {"mine": (1, 2, 0)}
