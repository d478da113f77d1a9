"""One conformance test over all layouts: each as downloaded, and disguised in the ways that downloads come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalog import statistics, table
from core.catalog.layouts import layouts
from core.catalog.scan import ScanResult, scan
from core.catalog.table import DatasetInfo
from core.workspace import Workspace
from tests.catalog.layout_trees import IDS, TREES, LayoutTree, build

every_tree = pytest.mark.parametrize("tree", TREES, ids=IDS)


def only(result: ScanResult, tree: LayoutTree) -> DatasetInfo:
    assert [about.name for about in result.datasets] == [tree.name]
    return result.datasets[0]


def check_counts(about: DatasetInfo, tree: LayoutTree) -> None:
    total = statistics.count(about.counts)
    assert (total.real, total.fake, total.unlabelled) == (tree.real, tree.fake, tree.unlabelled)
    assert about.layout == tree.layout
    splits = {s: (c.real, c.fake) for s, c in statistics.by(about, "split").items() if c.real or c.fake}
    labelled = {"unassigned": (tree.real, tree.fake)} if tree.real or tree.fake else {}
    assert splits == (tree.splits or labelled)
    assert statistics.methods(about) == tree.methods
    assert set(statistics.by(about, "modality")) == set(tree.kinds)


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
    assert about.problems == [] and result.problems == []
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
        found = [set(g) for p, g in zip(frame["path"], frame["groups"]) if p.endswith(end)]
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
}


@pytest.mark.parametrize("disguise", DISGUISES)
@every_tree
def test_disguised(tree: LayoutTree, disguise: str, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", {DISGUISES[disguise](path): text for path, text in tree.files.items()})
    result = scan([root], space=space)
    check_counts(only(result, tree), tree)
    assert result.unrecognised == [] and result.datasets[0].problems == []


@every_tree
def test_root_is_the_dataset_itself(tree: LayoutTree, tmp_path: Path, space: Workspace) -> None:
    root = build(tmp_path / "data", tree.files) / tree.top
    about = only(scan([root], space=space), tree)
    check_counts(about, tree)
    assert about.root == str(root)


NAME_NEEDED = {"dfd_faces", "FakeAVCeleb flat without a list", "Celeb-DF v1", "DFDC sample"}


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


@pytest.mark.parametrize("layout", layouts().values(), ids=list(layouts()))
def test_states_its_facts(layout: object) -> None:
    assert layout.slug and layout.dataset and layout.kinds and layout.rules and layout.source  # type: ignore[attr-defined]
    assert all(kind in ("image", "audio", "video") for kind in layout.kinds)  # type: ignore[attr-defined]
