"""Samples inside Parquet and tar files: counted, labelled, read and unpacked where they lie."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import tarfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.catalog import overrides, statistics, table
from core.catalog.overrides import Override
from core.catalog.scan import scan
from core.catalog.table import DatasetInfo
from core.catalog.unpack import unpack
from core.cli import main
from core.errors import BadInput, MediaError
from core.media import browser, cache, sandbox, shards
from core.media.audio import read_audio
from core.media.images import open_image
from core.media.limits import Limits
from core.media.probe import probe
from core.media.recipe import Recipe
from core.media.shards import seekable_gzip
from core.workspace import Workspace
from tests.catalog.shard_files import open_fake, parquet, picture, recording, tar


def only(root: Path, space: Workspace) -> DatasetInfo:
    (about,) = scan([root], space=space).datasets
    return about


def counts(about: DatasetInfo) -> tuple[int, int, int]:
    total = statistics.count(about.counts)
    return total.real, total.fake, total.unlabelled


class TestParquet:
    def test_open_fake(self, tmp_path: Path, space: Workspace) -> None:
        open_fake(tmp_path / "OpenFake")
        about = only(tmp_path, space)
        assert (about.name, about.layout, counts(about)) == ("OpenFake", "shards", (20, 20, 0))
        assert about.root == str(tmp_path / "OpenFake")
        assert statistics.methods(about) == {"flux": 20 // 2, "sdxl": 20 // 2}
        splits = {s: (c.real, c.fake) for s, c in statistics.count_by(about, "split").items()}
        assert splits == {"train": (10, 10), "test": (10, 10)}
        assert about.problems == []

    def test_the_sample_table(self, tmp_path: Path, space: Workspace) -> None:
        open_fake(tmp_path / "OpenFake")
        only(tmp_path, space)
        frame = table.load(["OpenFake"], space).set_index("path")
        row = frame.loc["data/train-00000-of-00001.parquet#3"]
        assert row["id"] == "OpenFake/data/train-00000-of-00001.parquet#3"
        assert (row["label"], row["split"], row["text"], row["meta"]) == (
            0,
            "train",
            'a "cat" 3',
            {"name": "train3.jpg"},
        )
        assert frame["method"].notna().eq(frame["label"] == 1).all()
        shard = tmp_path / "OpenFake/data/train-00000-of-00001.parquet"
        stored = pq.read_table(shard).column("image").to_pylist()
        for i, one in enumerate(stored):
            sample = frame.loc[f"data/{shard.name}#{i}"]
            assert sample["bytes"] == len(one["bytes"]) and sample["mtime_ns"] == shard.stat().st_mtime_ns
            assert shards.read(shard.with_name(f"{shard.name}#{i}")) == one["bytes"]

    @pytest.mark.parametrize(
        ("labels", "features", "real"),
        [
            ([0, 1, 1], None, 1),
            ([0, 1, 1], {"label": {"_type": "ClassLabel", "names": ["fake", "real"]}}, 2),
            (["bonafide", "spoof", "spoof"], None, 1),
            ([True, False, False], None, 2),
        ],
    )
    def test_labels_by_name(
        self, tmp_path: Path, space: Workspace, labels: list[object], features: dict | None, real: int
    ) -> None:
        rows = [{"audio": {"bytes": recording(i), "path": None}, "label": y} for i, y in enumerate(labels)]
        parquet(tmp_path / "Speech" / "test.parquet", rows, features=features)
        about = only(tmp_path, space)
        assert counts(about) == (real, 3 - real, 0)
        assert set(statistics.count_by(about, "modality")) == {"audio"}

    def test_community_forensics(self, tmp_path: Path, space: Workspace) -> None:
        rows = [
            {
                "image_name": f"{i}.png",
                "format": "PNG",
                "image_data": picture(i),
                "model_name": f"gan{i % 2}",
                "split": ("train", "test")[i % 2],
                "label": int(i < 4),
            }
            for i in range(6)
        ]
        parquet(tmp_path / "CommunityForensics" / "data" / "0.parquet", rows)
        about = only(tmp_path, space)
        assert (about.name, counts(about)) == ("CommunityForensics", (2, 4, 0))
        assert statistics.methods(about) == {"gan0": 2, "gan1": 2}
        assert {s: c.samples for s, c in statistics.count_by(about, "split").items()} == {
            "train": 3,
            "test": 3,
        }
        assert any("bare numbers: 1 was taken as fake" in note for note in about.notes)
        overrides.save(about.root, Override(one_is=0), space=space)
        assert counts(only(tmp_path, space)) == (4, 2, 0)

    def test_words_that_are_no_label_are_counted(self, tmp_path: Path, space: Workspace) -> None:
        rows = [{"image": picture(i), "label": word} for i, word in enumerate(["real", "other", "other"])]
        parquet(tmp_path / "Mine" / "a.parquet", rows)
        about = only(tmp_path, space)
        assert counts(about) == (1, 0, 2) and about.problem_count == 2
        assert "'other' in column label" in about.problems[0]

    def test_a_list_of_plain_files(self, tmp_path: Path, space: Workspace) -> None:
        """As DeepFense: ID, path, label."""
        for name in ("a", "b"):
            (tmp_path / f"{name}.wav").write_bytes(recording(1))
        rows = [
            {"ID": "a", "path": "a.wav", "label": "bonafide"},
            {"ID": "b", "path": "b.wav", "label": "spoof"},
        ]
        parquet(tmp_path / "train.parquet", rows)
        about = only(tmp_path, space)
        assert (about.layout, counts(about)) == ("generic", (1, 1, 0))

    def test_tables_without_media_are_left(self, tmp_path: Path, space: Workspace) -> None:
        parquet(tmp_path / "scores" / "val.parquet", [{"id": "x", "score": 0.5}])
        result = scan([tmp_path], space=space)
        assert result.datasets == [] and result.unrecognised == []

    def test_damage_is_a_problem(self, tmp_path: Path, space: Workspace) -> None:
        folder = open_fake(tmp_path / "OpenFake")
        whole = (folder / "data" / "test-00000-of-00001.parquet").read_bytes()
        (folder / "data" / "train-00001-of-00002.parquet").write_bytes(whole[: len(whole) // 2])
        about = only(tmp_path, space)
        assert counts(about) == (20, 20, 0)
        assert len(about.problems) == 1 and "train-00001-of-00002.parquet" in about.problems[0]


class TestReading:
    @pytest.fixture
    def shard(self, tmp_path: Path) -> Path:
        return open_fake(tmp_path / "OpenFake") / "data" / "train-00000-of-00001.parquet"

    def test_every_reader_opens_a_row(self, shard: Path, tmp_path: Path, space: Workspace) -> None:
        row, plain = shard.with_name(f"{shard.name}#17"), tmp_path / "plain.jpg"
        plain.write_bytes(shards.read(row))
        assert np.array_equal(open_image(row), open_image(plain))
        assert probe(row) == probe(plain)
        assert sandbox.run(probe, row) == probe(plain)
        assert browser.thumbnail(row) == browser.thumbnail(plain)
        recipe = Recipe(modality="image", image_size=32, faces=False)
        made, kept = cache.fetch(row, recipe, space)
        assert not kept and cache.fetch(row, recipe, space)[1]
        assert np.array_equal(made.frames, cache.prepare_cached(plain, recipe, space).frames)
        other = cache.prepare_cached(shard.with_name(f"{shard.name}#18"), recipe, space)
        assert not np.array_equal(made.frames, other.frames)

    def test_sound_and_its_player(self, tmp_path: Path, space: Workspace) -> None:
        shard = parquet(tmp_path / "s.parquet", [{"audio": {"bytes": recording(i)}} for i in range(3)])
        row, plain = tmp_path / f"{shard.name}#2", tmp_path / "plain.wav"
        plain.write_bytes(recording(2))
        assert np.array_equal(read_audio(row), read_audio(plain))
        copy = shards.extract(row, space.cache / "rows")
        assert copy.suffix == ".wav" and copy.read_bytes() == plain.read_bytes()
        assert browser.playable(row, tmp_path / "out.mp4").stat().st_size > 0

    def test_a_plain_file_may_be_called_like_a_row(self, tmp_path: Path) -> None:
        odd = tmp_path / "a.parquet#3"
        odd.write_bytes(picture(5))
        assert np.array_equal(open_image(odd), np.asarray(open_image(odd)))
        named = tmp_path / "clip#2.png"
        named.write_bytes(picture(6))
        assert open_image(named).shape == (48, 48, 3) and shards.address(named) is None

    def test_errors_are_one_line(self, shard: Path, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match=r"#99: the shard has 20 rows; scan again"):
            open_image(shard.with_name(f"{shard.name}#99"))
        with pytest.raises(MediaError, match="cannot be opened"):
            open_image(tmp_path / "gone.parquet#0")
        with pytest.raises(MediaError, match="the limit is 10"):
            open_image(shard.with_name(f"{shard.name}#0"), Limits(bytes=10))
        (tmp_path / "bad.tar").write_bytes(b"no archive at all" * 99)
        with pytest.raises(MediaError, match="the archive is damaged"):
            open_image(tmp_path / "bad.tar#0")
        empty = parquet(tmp_path / "e.parquet", [{"image": picture(1)}, {"image": b""}])
        with pytest.raises(MediaError, match="the row holds no media"):
            open_image(tmp_path / f"{empty.name}#1")

    def test_a_link_out_of_the_roots_is_not_followed(self, tmp_path: Path, space: Workspace) -> None:
        folder = open_fake(tmp_path / "in" / "OpenFake")
        shard = folder / "data" / "train-00000-of-00001.parquet"
        scan([tmp_path / "in"], space=space)
        shard.rename(tmp_path / "outside.parquet")
        shard.symlink_to(tmp_path / "outside.parquet")
        row = {"dataset": "OpenFake", "path": f"data/{shard.name}#0"}
        with pytest.raises(MediaError, match="leads out of the data roots"):
            table.absolute_path(row, space)


class TestTar:
    def wild(self, folder: Path) -> Path:
        for word in ("real", "fake"):
            for split in ("train", "test"):
                members = [(f"1/{word}/{q}/{i}.png", picture(q + i)) for q in (35, 36) for i in range(2)]
                tar(folder / f"{word}_{split}" / "1.tar", members)
        return folder

    def test_wild_deepfake(self, tmp_path: Path, space: Workspace) -> None:
        self.wild(tmp_path / "anything")
        about = only(tmp_path, space)
        assert (about.name, counts(about)) == ("WildDeepfake", (8, 8, 0))
        assert {s: c.samples for s, c in statistics.count_by(about, "split").items()} == {
            "train": 8,
            "test": 8,
        }
        frame = table.load([about.name], space).set_index("path", drop=False)
        row = frame.loc["fake_train/1.tar#2"]
        assert row["groups"] == ["sequence:fake_train/1/36"] and row["meta"]["name"] == "1/fake/36/0.png"
        assert shards.read(table.absolute_path(row, space)) == picture(36)
        assert row["bytes"] == len(picture(36))

    def test_webdataset(self, tmp_path: Path, space: Workspace) -> None:
        members = []
        for i in range(6):
            said = {"label": ("real", "fake")[i % 2], "model": "sdxl", "caption": "a house"}
            members += [(f"{i:04d}.png", picture(i)), (f"{i:04d}.json", json.dumps(said).encode())]
        tar(tmp_path / "Mine" / "00000.tar", members)
        about = only(tmp_path, space)
        assert (about.name, counts(about), statistics.methods(about)) == ("Mine", (3, 3, 0), {"sdxl": 3})
        assert set(table.load(["Mine"], space)["text"]) == {"a house"}

    def test_class_numbers_of_webdataset(self, tmp_path: Path, space: Workspace) -> None:
        members = [
            (f"{i}.{end}", data)
            for i in range(3)
            for end, data in (("jpg", picture(i, "JPEG")), ("cls", b"1"))
        ]
        tar(tmp_path / "Mine" / "00000.tar", members)
        assert counts(only(tmp_path, space)) == (0, 3, 0)

    def test_folders_may_state_the_class(self, tmp_path: Path, space: Workspace) -> None:
        for word in ("real", "fake"):
            tar(tmp_path / "Mine" / word / "0.tar", [(f"{i}.png", picture(i)) for i in range(2)])
        assert counts(only(tmp_path, space)) == (2, 2, 0)

    def test_folders_inside_may_state_the_class(self, tmp_path: Path, space: Workspace) -> None:
        members = [(f"train/{word}/{i}.png", picture(i)) for word in ("real", "fake") for i in range(2)]
        tar(tmp_path / "Mine" / "0.tar", members)
        assert counts(only(tmp_path, space)) == (2, 2, 0)

    def test_a_packed_download_is_no_dataset(self, tmp_path: Path, space: Workspace) -> None:
        """Nothing in it says what it holds, and perhaps it lies unpacked beside it."""
        for word in ("real", "fake"):
            (tmp_path / "Mine" / word).mkdir(parents=True)
            (tmp_path / "Mine" / word / "a.png").write_bytes(picture(1))
        tar(tmp_path / "Mine" / "clips.tar", [(f"{i}.png", picture(i)) for i in range(3)])
        about = only(tmp_path, space)
        assert (about.name, counts(about)) == ("Mine", (1, 1, 0))
        tar(tmp_path / "packed.tar", [(f"{i}.png", picture(i)) for i in range(3)])
        assert [left.files for left in scan([tmp_path], space=space).unrecognised] == [1]

    def test_names_are_never_paths(self, tmp_path: Path, space: Workspace) -> None:
        members = [("../../evil.png", picture(1)), ("/etc/x.png", picture(2)), ("x.json", b"{}")]
        tar(tmp_path / "in" / "Mine" / "0.tar", members)
        only(tmp_path / "in", space)
        unpack("Mine", tmp_path / "out", space)
        files = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png"))
        assert files == ["unlabelled/0-000000.png", "unlabelled/0-000001.png"]
        assert not list(tmp_path.glob("evil*"))


class TestCompressedTar:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Small files behave like large ones."""
        monkeypatch.setattr(seekable_gzip, "SPAN", 256 << 10)
        monkeypatch.setattr(seekable_gzip, "BLOCK", 64 << 10)
        monkeypatch.setattr(seekable_gzip, "FREE", 16 << 20)

    def mine(self, folder: Path, ending: str = ".tar.gz") -> dict[str, bytes]:
        """Some megabytes of sound, so that reading has to go back to states that were kept on the way."""
        made = {f"train/{w}/{i}.wav": recording(i, 3.0) for w in ("real", "fake") for i in range(16)}
        tar(folder / f"0{ending}", made.items())
        return made

    @pytest.mark.parametrize("ending", [".tar.gz", ".tgz", ".TAR.GZ"])
    def test_counted_and_read_in_any_order(self, tmp_path: Path, space: Workspace, ending: str) -> None:
        made = self.mine(tmp_path / "Mine", ending)
        about = only(tmp_path, space)
        assert (about.name, counts(about), about.problems) == ("Mine", (16, 16, 0), [])
        rows = table.load(["Mine"], space).sample(frac=1.0, random_state=3)
        for row in rows.to_dict("records"):
            assert shards.read(table.absolute_path(row, space)) == made[row["meta"]["name"]]
        assert read_audio(table.absolute_path(rows.iloc[0], space)).shape == (48_000,)

    def test_wild_deepfake_and_unpack(self, tmp_path: Path, space: Workspace) -> None:
        for word in ("real", "fake"):
            members = [(f"1/{word}/35/{i}.png", picture(i)) for i in range(3)]
            tar(tmp_path / "in" / f"{word}_train" / "1.tar.gz", members)
        about = only(tmp_path / "in", space)
        assert (about.name, counts(about)) == ("WildDeepfake", (3, 3, 0))
        assert set(table.load([about.name], space)["groups"].map(tuple)) == {
            ("sequence:real_train/1/35",),
            ("sequence:fake_train/1/35",),
        }
        done = unpack(about.name, tmp_path / "out", space)
        assert (done.written, done.bad) == (6, 0)
        assert (tmp_path / "out/fake/train/fake_train_1-000002.png").read_bytes() == picture(2)

    def test_words_of_webdataset_and_several_streams(self, tmp_path: Path, space: Workspace) -> None:
        """What pigz and bgzip write: many gzip streams, one behind the other."""
        members = []
        for i in range(6):
            said = {"label": ("real", "fake")[i % 2], "caption": "a house"}
            members += [(f"{i:04d}.png", picture(i)), (f"{i:04d}.json", json.dumps(said).encode())]
        plain = tar(tmp_path / "0.tar", members).read_bytes()
        (tmp_path / "Mine").mkdir()
        parts = [gzip.compress(plain[at : at + 7000]) for at in range(0, len(plain), 7000)]
        (tmp_path / "Mine" / "0.tar.gz").write_bytes(b"".join(parts))
        (tmp_path / "0.tar").unlink()
        assert counts(only(tmp_path, space)) == (3, 3, 0)
        assert shards.read(tmp_path / "Mine" / "0.tar.gz#4") == picture(4)

    def test_other_processes_read_it_too(self, tmp_path: Path, space: Workspace) -> None:
        """The decoder's own process, and readers that were forked while the archive was open here."""
        made = list(self.mine(tmp_path / "Mine").values())
        rows = [tmp_path / "Mine" / f"0.tar.gz#{i}" for i in range(len(made))]
        assert shards.read(rows[20]) == made[20]
        assert sandbox.run(probe, rows[3]) == probe(rows[3])
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as readers:
            found = list(readers.map(shards.read, rows[::-1]))
        assert found == made[::-1] and shards.read(rows[1]) == made[1]
        recipe = Recipe(modality="audio", seconds=0.5)
        assert np.array_equal(
            cache.prepare_cached(rows[5], recipe, space).audio,
            cache.prepare_cached(rows[5], recipe, space).audio,
        )

    def test_a_packed_download_is_no_dataset(self, tmp_path: Path, space: Workspace) -> None:
        tar(tmp_path / "packed.tar.gz", [(f"{i}.png", picture(i)) for i in range(3)])
        assert [left.files for left in scan([tmp_path], space=space).unrecognised] == [1]

    def test_damage_and_attacks_are_one_line(self, tmp_path: Path, space: Workspace) -> None:
        self.mine(tmp_path / "Mine")
        whole = (tmp_path / "Mine" / "0.tar.gz").read_bytes()
        (tmp_path / "Mine" / "1.tar.gz").write_bytes(whole[: len(whole) // 2])
        about = only(tmp_path, space)
        assert counts(about) == (16, 16, 0)
        assert len(about.problems) == 1 and "it ends too early" in about.problems[0]
        (tmp_path / "bad.tar.gz").write_bytes(b"no archive at all" * 99)
        with pytest.raises(MediaError, match="the archive is damaged"):
            open_image(tmp_path / "bad.tar.gz#0")
        (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(bytes(20 << 20), 1))
        with pytest.raises(MediaError, match=r"the archive has 0 media files|the archive is damaged"):
            open_image(tmp_path / "bomb.tar.gz#0")
        header = tarfile.TarInfo("a.png")
        header.size = 20 << 20
        packed = gzip.compress(header.tobuf() + bytes(header.size), 9)
        (tmp_path / "bomb.tar.gz").write_bytes(packed)
        with pytest.raises(MediaError, match="grows to more than 200 times its size"):
            open_image(tmp_path / "bomb.tar.gz#0")

    def test_too_slow_an_archive_says_what_to_do(self, tmp_path: Path) -> None:
        self.mine(tmp_path)
        with pytest.raises(MediaError, match=r"takes longer than 1e-06 s .* decompress it once \(gunzip\)"):
            shards.read(tmp_path / "0.tar.gz#1", Limits(decode_seconds=1e-6))


class TestUnpack:
    def test_the_files_are_a_dataset_again(self, tmp_path: Path, space: Workspace) -> None:
        open_fake(tmp_path / "in" / "OpenFake")
        before = only(tmp_path / "in", space)
        done = unpack("OpenFake", tmp_path / "out" / "Plain", space)
        assert (done.written, done.kept, done.bad) == (40, 0, 0)
        again = unpack("OpenFake", tmp_path / "out" / "Plain", space)
        assert (again.written, again.kept) == (0, 40)
        (tmp_path / "out/Plain/fake/flux/train").joinpath("data_train-00000-of-00001-000000.jpg").unlink()
        assert unpack("OpenFake", tmp_path / "out" / "Plain", space).written == 1
        after = only(tmp_path / "out", space)
        assert counts(after) == counts(before) and statistics.methods(after) == statistics.methods(before)
        assert statistics.count_by(after, "split") == statistics.count_by(before, "split")
        shard = tmp_path / "in/OpenFake/data/test-00000-of-00001.parquet"
        stored = {
            hashlib.sha256(r["bytes"]).digest() for r in pq.read_table(shard).column("image").to_pylist()
        }
        files = {hashlib.sha256(p.read_bytes()).digest() for p in (tmp_path / "out").rglob("*/test/*.jpg")}
        assert files == stored

    def test_refuses_what_is_not_its_own(self, tmp_path: Path, space: Workspace) -> None:
        open_fake(tmp_path / "in" / "OpenFake")
        only(tmp_path / "in", space)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("mine")
        with pytest.raises(BadInput, match="is not empty; name an empty folder"):
            unpack("OpenFake", tmp_path / "out", space)
        assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.txt"]

    def test_command(self, tmp_path: Path, space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        rows = [{"image": picture(1), "label": "real"}, {"image": picture(2), "label": "fake"}]
        parquet(tmp_path / "in" / "Mine" / "a.parquet", rows)
        only(tmp_path / "in", space)
        parquet(tmp_path / "in" / "Mine" / "a.parquet", rows[:1])
        assert main(["unpack", "Mine", str(tmp_path / "out")]) == 0
        assert "1 row could not be read" in capsys.readouterr().out
        assert main(["unpack", "Nothing", str(tmp_path / "out2")]) == 2
        assert main(["unpack", "Mine", str(tmp_path / "out"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["kept"] == 1


def test_a_damaged_description_in_an_archive_is_a_problem(tmp_path: Path, space: Workspace) -> None:
    members = [
        (f"{i}.{e}", d) for i in range(3) for e, d in (("png", picture(i)), ("json", b'{"label": "fake"}'))
    ]
    members[3] = ("1.json", b'{"label": "fa')
    tar(tmp_path / "Mine" / "0.tar", members)
    about = only(tmp_path, space)
    assert counts(about) == (0, 2, 1)
    assert any("0.tar, 1.json: is to describe media and is no JSON" in line for line in about.problems)


def test_a_torn_table_is_a_problem_with_or_without_a_dataset_around_it(
    tmp_path: Path, space: Workspace
) -> None:
    for word in ("real", "fake"):
        (tmp_path / "Mine" / word).mkdir(parents=True)
        (tmp_path / "Mine" / word / "a.png").write_bytes(picture(1))
    whole = parquet(tmp_path / "Mine/real/0.parquet", [{"n": 1}])
    whole.with_name("1.parquet").write_bytes(whole.read_bytes()[:-3])
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/2.parquet").write_bytes(b"PAR")
    found = scan([tmp_path], space=space)
    lines = [line for about in found.datasets for line in about.problems]
    assert sum("1.parquet: is no whole Parquet file" in line for line in lines) == 1
    assert sum("2.parquet: is no whole Parquet file" in line for line in found.problems) == 1
    assert not any("0.parquet" in line for line in (*lines, *found.problems))
