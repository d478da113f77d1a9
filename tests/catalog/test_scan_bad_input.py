"""What a scan makes of damage: missing roots, links that lead out, lists cut in half, labels that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import ClassVar

import pytest

from core.catalog import list_files, scan, statistics, table
from core.catalog import roots as data_roots
from core.catalog.problems import Problems
from core.errors import BadInput, MediaError
from core.workspace import Workspace
from tests.catalog.layout_trees import OFFICIAL, TREES, build, media
from tests.catalog.scan_results import CELEB, counts, scanned


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
        assert len(about.problems) == 1 and "meta.csv: has no column “file”" in about.problems[0]

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


def test_a_label_list_that_cannot_be_read_is_a_problem(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = build(
        tmp_path / "data", media("a/1.png", "a/2.png") | {"a/labels.csv": "path,label\n1.png,fake\n"}
    )

    def refuse(path: Path, size: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("core.catalog.label_lists.head_of", refuse)
    result = scan.scan([root], space=space)
    lines = [*result.problems, *(line for about in result.datasets for line in about.problems)]
    assert any("labels.csv: cannot be read; check its permissions" in line for line in lines)
