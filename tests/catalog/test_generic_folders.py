"""Folders that nobody published: classes, splits and lists as people name them, and what the analyst says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import generic, overrides, scan, statistics, table
from core.catalog.overrides import Override
from core.workspace import Workspace
from tests.catalog.layout_trees import TREES, build, media
from tests.catalog.scan_results import CELEB, counts, scanned


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
        splits = {s: (c.real, c.fake) for s, c in statistics.count_by(result.datasets[0], "split").items()}
        assert splits == {"train": (1, 1), "val": (0, 1)}

    def test_class_above_split(self, tmp_path: Path, space: Workspace) -> None:
        result = scanned(tmp_path, media("mine/real/train/1.wav", "mine/fake/test/2.wav"), space)
        splits = {s: (c.real, c.fake) for s, c in statistics.count_by(result.datasets[0], "split").items()}
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
        splits = {s: (c.real, c.fake) for s, c in statistics.count_by(result.datasets[0], "split").items()}
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
