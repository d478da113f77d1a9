"""One conformance test over all layouts: each as downloaded, and disguised in the ways that downloads come."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.catalog import statistics, table
from core.catalog.layouts import layouts
from core.catalog.layouts.base import normal
from core.catalog.scan import ScanResult, scan
from core.catalog.table import DatasetInfo
from core.workspace import Workspace
from tests.catalog.layout_trees import TREES as OLDER
from tests.catalog.layout_trees import LayoutTree, build
from tests.catalog.layout_trees_2026 import TREES_2026

TREES = [*OLDER, *TREES_2026]
IDS = [tree.ident or tree.name for tree in TREES]
every_tree = pytest.mark.parametrize("tree", TREES, ids=IDS)


def only(result: ScanResult, tree: LayoutTree) -> DatasetInfo:
    assert [about.name for about in result.datasets] == [tree.name]
    return result.datasets[0]


def check_counts(about: DatasetInfo, tree: LayoutTree, spelled: bool = True) -> None:
    """`spelled`: methods that are folder names are written as in the tree."""
    total = statistics.count(about.counts)
    assert (total.real, total.fake, total.unlabelled) == (tree.real, tree.fake, tree.unlabelled)
    assert about.layout == tree.layout
    splits = {s: (c.real, c.fake) for s, c in statistics.count_by(about, "split").items() if c.real or c.fake}
    labelled = {"unassigned": (tree.real, tree.fake)} if tree.real or tree.fake else {}
    assert splits == (tree.splits or labelled)
    methods = statistics.methods(about)
    if not spelled:
        methods = {normal(name): n for name, n in methods.items()}
    assert methods == (tree.methods if spelled else {normal(name): n for name, n in tree.methods.items()})
    assert set(statistics.count_by(about, "modality")) == set(tree.kinds)


def check_problems(about: DatasetInfo, tree: LayoutTree) -> None:
    assert len(about.problems) == len(tree.problems), about.problems
    for words in tree.problems:
        assert any(words in line for line in about.problems), (words, about.problems)


def test_every_layout_has_a_tree() -> None:
    assert {tree.layout for tree in TREES} == set(layouts())


@every_tree
def test_as_downloaded(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", tree.files)
    result = scan([root], space=space)
    about = only(result, tree)
    check_counts(about, tree)
    assert about.root == str(root / tree.top)
    published = tuple(about.published.values()) if about.published else None
    assert published == tree.published
    assert result.problems == []
    check_problems(about, tree)
    assert result.unrecognised == []
    assert sum(left.files for left in result.ignored) == tree.ignored


@every_tree
def test_samples_are_the_files(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", tree.files)
    about = only(scan([root], space=space), tree)
    frame = table.load([tree.name], space)
    assert list(frame.columns) == list(table.COLUMNS)
    assert frame["id"].is_unique and (frame["id"] == f"{tree.name}/" + frame["path"]).all()
    for row in frame.itertuples():
        path = table.absolute_path(row, space)
        assert path.stat().st_size == row.bytes and path.stat().st_mtime_ns == row.mtime_ns
    assert len(frame) == about.samples
    assert frame.loc[frame["label"] != 1, "method"].isna().all()
    for end, keys in tree.groups.items():
        found = [set(g) for p, g in zip(frame["path"], frame["groups"], strict=True) if p.endswith(end)]
        assert found and all(one == keys for one in found), end


def upper(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder.upper()}/{name}"


def spaced(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder.replace('_', ' ')}/{name}"


def with_videos(path: str) -> str:
    folder, _, name = path.rpartition("/")
    if not name.endswith(".mp4") or folder.endswith("videos"):
        return path
    return f"{folder}/videos/{name}"


def without_videos(path: str) -> str:
    return path.replace("/videos/", "/")


DISGUISES: dict[str, Callable[[str], str]] = {
    "upper case": upper,
    "spaces for underscores": spaced,
    "videos inserted": with_videos,
    "videos absent": without_videos,
    "wrapped twice": lambda path: f"wrapper/download (1)/{path}",
    "one folder deeper": lambda path: f"{path.partition('/')[0]}/{path}",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@every_tree
def test_disguised(tree: LayoutTree, disguise: str, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", {DISGUISES[disguise](path): text for path, text in tree.files.items()})
    result = scan([root], space=space)
    check_counts(only(result, tree), tree, spelled=False)
    assert result.unrecognised == []
    check_problems(result.datasets[0], tree)


LISTED = [tree for tree in TREES if any(text != "x" for text in tree.files.values())]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the plain form"])
@pytest.mark.parametrize("tree", LISTED, ids=[tree.ident or tree.name for tree in LISTED])
def test_lists_may_be_compressed(tree: LayoutTree, beside: bool, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", tree.files)
    for path, text in tree.files.items():
        if text != "x" and not path.endswith((".srt", ".vtt")):
            (root / f"{path}.gz").write_bytes(gzip.compress(text.encode()))
            if not beside:
                (root / path).unlink()
    result = scan([root], space=space)
    check_counts(only(result, tree), tree)
    check_problems(result.datasets[0], tree)
    assert result.unrecognised == []


@every_tree
def test_root_is_the_dataset_itself(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", tree.files) / tree.top
    about = only(scan([root], space=space), tree)
    check_counts(about, tree)
    assert about.root == str(root)


NAME_NEEDED = {
    *("dfd_faces", "FakeAVCeleb flat without a list", "Celeb-DF v1", "DFDC sample"),
    "CodecFake of VCTK",  # one folder called `processed`
}


@every_tree
def test_the_outer_folder_may_be_called_anything(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    if (tree.ident or tree.name) in NAME_NEEDED - {"DFDC sample"}:
        pytest.skip("only its name tells this one")
    files = {f"stuff{path[len(tree.top) :]}": text for path, text in tree.files.items()}
    root = build(tmp_path / "data", files)
    check_counts(only(scan([root], space=space), tree), tree)


def test_all_in_one_tree(tmp_path: Path, space: Workspace) -> None:
    """Every dataset beside every other, each in a folder of its own: nothing moves between them."""
    for i, tree in enumerate(TREES):
        build(tmp_path / "data" / f"d{i:02d}", tree.files)
    result = scan([tmp_path / "data"], space=space)
    assert len(result.datasets) == len(TREES)
    by_root = {about.root: about for about in result.datasets}
    for i, tree in enumerate(TREES):
        check_counts(by_root[str(tmp_path / "data" / f"d{i:02d}" / tree.top)], tree)
    assert len({about.name for about in result.datasets}) == len(TREES)
    assert result.unrecognised == []


def test_a_second_copy_of_each_is_counted_beside_it(tmp_path: Path, space: Workspace) -> None:
    """As in backups: the same sets again under another folder. Each copy is whole and numbered."""
    for i, tree in enumerate(TREES):
        for place in ("disk", "zz backup of 2024"):
            build(tmp_path / "data" / place / f"d{i:02d}", tree.files)
    by_root = {about.root: about for about in scan([tmp_path / "data"], space=space).datasets}
    assert len(by_root) == 2 * len(TREES)
    for i, tree in enumerate(TREES):
        first, second = (
            by_root[str(tmp_path / "data" / place / f"d{i:02d}" / tree.top)]
            for place in ("disk", "zz backup of 2024")
        )
        check_counts(second, tree)
        assert first.name != second.name and first.name.partition(" (")[0] == second.name.rpartition(" (")[0]


def media_folders(tree: LayoutTree) -> list[str]:
    return sorted({path.rpartition("/")[0] for path, text in tree.files.items() if text == "x"})


@every_tree
def test_the_rest_is_the_same_without_one_folder(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    """Each folder with media in turn is not downloaded: what is left keeps its labels, methods and splits."""
    known = ["path", "label", "method", "split"]
    root = build(tmp_path / "data", tree.files)
    scan([root], space=space)
    whole = table.load([tree.name], space)
    place = len(tree.top) + 1 if tree.top else 0
    folders = [folder[place:] for folder in media_folders(tree)]
    for missing in folders if len(folders) > 1 else []:
        left = whole[~whole["path"].str.startswith(f"{missing}/")]
        if left.empty or len(left) == len(whole):
            continue
        with TemporaryDirectory(dir=tmp_path) as made:
            kept = {
                p: t for p, t in tree.files.items() if t != "x" or not p[place:].startswith(f"{missing}/")
            }
            build(Path(made) / "data", kept)
            found = scan([Path(made) / "data"], space=space).datasets
            assert [about.layout for about in found] == [tree.layout], missing
            frame = table.load([found[0].name], space)
            prefix = found[0].root[len(f"{made}/data/{tree.top}") :].strip("/")
            frame["path"] = frame["path"].map(lambda path, prefix=prefix: f"{prefix}/{path}".lstrip("/"))
            same = [
                f.sort_values("path")[known].astype(object).fillna("-").to_numpy().tolist()
                for f in (left, frame)
            ]
            assert same[0] == same[1], missing


@pytest.mark.parametrize("layout", layouts().values(), ids=list(layouts()))
def test_states_its_facts(layout: object) -> None:
    assert layout.slug and layout.dataset and layout.kinds and layout.rules and layout.source  # type: ignore[attr-defined]
    assert all(kind in ("image", "audio", "video", "shard") for kind in layout.kinds)  # type: ignore[attr-defined]


PARTS = {
    "ASVspoof 5": ("flac_T", (1, 1), "ASVspoof5.train.tsv: none of the 2 files"),
    "SpoofCeleb": ("flac/train", (1, 1), "SpoofCeleb, train: 0 of the 2 recordings"),
    "Codecfake": ("/C7/", (1, 2), "C7.txt: none of the 1 files"),
    "ADD 2023": ("Track1.2/train/wav", (1, 1), "train/label.txt: none of the 1 files"),
    "LlamaPartialSpoof": ("R01TTS.0.b/", (1, 1), "label_R01TTS.0.b.txt: none of the 1 files"),
    "GenImage": ("/train/", (2, 2), ""),
    "DF40": ("/cdf/", (1, 3), ""),
    "Celeb-DF++": ("/FaceSwap/", (3, 2), ""),
    "DFADD": ("MatchaTTS", (1, 2), ""),
    "HABLA": ("CycleGAN", (1, 1), ""),
    "MLAAD": ("/en/", (0, 2), ""),
    "Deepfake-Eval-2024": ("image-data", (2, 1), "a.jpg: listed in image-metadata-publish.csv"),
}


@pytest.mark.parametrize("name", PARTS)
def test_one_part_missing(name: str, tmp_path: Path, space: Workspace) -> None:
    """The rest is counted as before, and a list whose files are all absent says so in one line."""
    tree = next(tree for tree in TREES_2026 if tree.name == name)
    gone, (real, fake), line = PARTS[name]
    files = {p: text for p, text in tree.files.items() if gone not in p or text != "x"}
    about = only(scan([build(tmp_path / "data", files)], space=space), tree)
    total = statistics.count(about.counts)
    assert (total.real, total.fake) == (real, fake)
    assert not line or any(text.startswith(line) for text in about.problems), about.problems


def test_five_sets_nested_in_one_folder(tmp_path: Path, space: Workspace) -> None:
    """Sets in folders of one another, as they pile up on a disk that several people share."""
    chosen = ["GenImage", "ASVspoof 5", "DF40", "SpoofCeleb", "Celeb-DF-v2"]
    trees = [next(tree for tree in TREES if tree.name == name) for name in chosen]
    files: dict[str, str] = {}
    for depth, tree in enumerate(trees):
        inside = "/".join(other.top for other in trees[:depth])
        files |= {f"{inside}/{path}".lstrip("/"): text for path, text in tree.files.items()}
    result = scan([build(tmp_path / "data", files)], space=space)
    assert sorted(about.name for about in result.datasets) == sorted(chosen)
    by_name = {about.name: about for about in result.datasets}
    for tree in trees:
        check_counts(by_name[tree.name], tree)
    assert result.unrecognised == []


def test_photographs_and_generated_pictures_of_one_folder(tmp_path: Path, space: Workspace) -> None:
    """Any set in the form of GenImage is understood by its words alone."""
    root = build(
        tmp_path / "data",
        {f"mine/{s}/{c}/{i}.png": "x" for s in ("train", "val") for c in ("ai", "nature") for i in "12"},
    )
    (about,) = scan([root], space=space).datasets
    total = statistics.count(about.counts)
    assert (about.layout, total.real, total.fake) == ("generic", 4, 4)
    assert {s: c.samples for s, c in statistics.count_by(about, "split").items()} == {"train": 4, "val": 4}
