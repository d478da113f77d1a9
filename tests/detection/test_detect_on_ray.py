"""Past one machine: shards of a file list on a local Ray, with a worker killed in the middle; and going on after a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from core.cli import main
from core.cli import prepare as prepare_command
from core.cli.prepare import Task, fill_cache, fill_on_cluster
from core.detection.reporting.growing import JsonLines
from core.errors import BadInput
from core.media import cache
from core.media.recipe import Recipe
from core.runs.executors import ray_shards
from core.runs.folder import RunFolder
from core.training import rescore
from core.training.learning import best_model
from core.training.process.ranks import Ranks, own_device
from core.training.reading.examples import Source
from core.training.scoring import sharded
from core.training.scoring.agreement import Arithmetic
from core.training.scoring.sharded import Sharded
from core.workspace import CODE_ROOT, Workspace
from tests.detection.tiny_runs import make_run


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Thirty-one pictures and one file that is none."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for k in range(31):
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(f"{k:02d}.png")
    (tmp_path / "31.png").write_text("no picture")
    make_run(tmp_path / "pictures", "image")
    return [f"{k:02d}.png" for k in range(32)]


@pytest.fixture(scope="module")
def ray_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace of a Ray cluster on this machine, which is started once: that takes long."""
    ray = pytest.importorskip("ray", reason="needs requirements-cluster.txt, which is not installed")
    space = Workspace(tmp_path_factory.mktemp("ray") / "workspace")
    environment = {
        "DEEPFAKE_WORKSPACE": str(space.root),
        "PYTHONPATH": str(CODE_ROOT),
        "OMP_NUM_THREADS": "1",
    }
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        runtime_env={"env_vars": environment},
        object_store_memory=100_000_000,
    )
    yield space
    ray.shutdown()


@pytest.fixture
def cluster(ray_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(ray_workspace.root))
    return ray_workspace


def kill_a_worker() -> int | None:
    """One that works on a shard now."""
    for process in psutil.Process().children(recursive=True):
        try:
            if process.cmdline()[:1] == ["ray::work_on_shard"]:
                process.kill()
                return process.pid
        except psutil.NoSuchProcess:
            continue
    return None


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.long
@pytest.mark.alone
def test_every_file_has_one_verdict_though_a_worker_is_killed(
    pictures: list[str],
    cluster: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[int | None] = []
    add = JsonLines.add

    def adding(self: JsonLines, entry: Any) -> None:
        if not any(killed) and len(killed) < 8:
            killed.append(kill_a_worker())
        add(self, entry)

    monkeypatch.setattr(JsonLines, "add", adding)
    options = ["--run", "pictures", "--executor", "ray", "--shard", "4", "--workers", "1", "--json"]
    assert main(["detect", *pictures, *options, "--jsonl", "lines.jsonl"]) == 0
    assert any(killed), "no worker was at work to be killed"
    found = json.loads(capsys.readouterr().out)
    assert [entry["file"] for entry in found] == pictures
    assert [entry["status"] for entry in found] == ["ok"] * 31 + ["error"]
    assert sorted(entry["file"] for entry in lines(Path("lines.jsonl"))) == pictures
    here = json.loads(_detect(capsys, pictures[:3], "--run", "pictures"))
    assert [e["score"] for e in found[:3]] == pytest.approx([e["score"] for e in here], abs=1e-5)


def _detect(capsys: pytest.CaptureFixture[str], files: list[str], *options: str) -> str:
    assert main(["detect", *files, *options, "--json"]) == 0
    return capsys.readouterr().out


@pytest.mark.long
@pytest.mark.alone
def test_prepare_and_scores_on_the_cluster_are_those_of_this_machine(
    pictures: list[str], cluster: Workspace
) -> None:
    assert_the_same_there(pictures, cluster)


@pytest.mark.long
@pytest.mark.alone
def test_prepare_and_evaluate_outlive_a_worker_that_is_killed(
    pictures: list[str], cluster: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is prepared, and every sample scored, once."""
    recipe = Recipe(modality="image", image_size=40)
    files = [str(Path(name).absolute()) for name in pictures]
    killed: list[int | None] = []
    counts, append = prepare_command._Counts.add, sharded._append

    def adding(self: Any, file: str, answer: Any) -> None:
        kill_one(killed)
        counts(self, file, answer)

    def appending(place: Path, fresh: Any) -> None:
        kill_one(killed)
        append(place, fresh)
        written.extend(line["row"] for line in fresh)

    monkeypatch.setattr(prepare_command._Counts, "add", adding)
    filled = fill_on_cluster([Task(recipe, files)], workers=1, shard=2, space=cluster)
    assert any(killed), "no worker was at work to be killed"
    assert (filled["prepared"] + filled["cached"], len(filled["failed"])) == (31, 1)
    assert fill_cache([Task(recipe, files)], 1, cluster)["cached"] == 31

    killed.clear()
    written: list[int] = []
    monkeypatch.setattr(sharded, "_append", appending)
    folder, loaded, source = scored_run(files)
    ranks = Ranks(0, 1, own_device("cpu"))
    found = Sharded(folder, on_cluster=True, resume=False, shard=2, cpus=1).score_source(
        loaded, source, ranks, 0, "x"
    )
    assert any(killed), "no worker was at work to be killed"
    assert sorted(found.scored) == list(range(31)) and [u.sample for u in found.unusable] == [31]
    assert sorted(written) == list(range(32)), "appended shard by shard, each sample once"


def kill_one(killed: list[int | None]) -> None:
    if not any(killed) and len(killed) < 40:
        killed.append(kill_a_worker())


def test_what_a_shard_gets_and_gives_is_plain(
    pictures: list[str], space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a cluster: each shard's items and results go through JSON."""

    def over_shards(
        function: str,
        items: list[Any],
        *,
        shard: int,
        space: Workspace,
        cpus: int,
        on_gpu: bool = False,
        **named: Any,
    ) -> Iterator[ray_shards.Done]:
        for start in range(0, len(items), shard):
            part = json.loads(json.dumps(items[start : start + shard]))
            results = ray_shards.work_on_shard(function, part, {**named, "cpus": cpus})
            yield ray_shards.Done(list(range(start, start + len(part))), json.loads(json.dumps(results)))

    monkeypatch.setattr(ray_shards, "over_shards", over_shards)
    assert_the_same_there(pictures, space)


def assert_the_same_there(pictures: list[str], space: Workspace) -> None:
    recipe = Recipe(modality="image", image_size=32)
    files = [str(Path(name).absolute()) for name in pictures]
    filled = fill_on_cluster([Task(recipe, files)], workers=1, shard=8, space=space)
    assert (filled["prepared"], filled["cached"], len(filled["failed"])) == (31, 0, 1)
    assert fill_cache([Task(recipe, files)], 1, space)["cached"] == 31
    folder, loaded, source = scored_run(files)
    ranks = Ranks(0, 1, own_device("cpu"))
    there = Sharded(folder, on_cluster=True, resume=False, shard=8, cpus=1).score_source(
        loaded, source, ranks, 0, "x"
    )
    here = rescore.score_source(loaded, source, ranks, 0, "x")
    assert sorted(there.scored) == sorted(here.scored) == list(range(31))
    for row, one in here.scored.items():
        assert there.scored[row].score == pytest.approx(one.score, abs=1e-5)
    assert [(u.sample, u.unreadable) for u in there.unusable] == [(31, True)]


def scored_run(files: list[str]) -> tuple[RunFolder, best_model.Loaded, Source]:
    folder = RunFolder(Path("pictures").absolute())
    loaded = best_model.load(folder)
    zeros = np.zeros(len(files), np.int64)
    return folder, loaded, Source(files, zeros, [""] * len(files), zeros, loaded.recipe)


def test_a_batch_goes_on_after_the_verdicts_that_it_has(
    pictures: list[str], space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [*pictures[:6], pictures[0]]  # one is given twice
    first = json.loads(_detect(capsys, files, "--run", "pictures", "--jsonl", "lines.jsonl"))
    written = Path("lines.jsonl").read_bytes().splitlines(keepends=True)
    by_file = {json.loads(line)["file"]: line for line in written}
    kept = [by_file["00.png"], by_file["03.png"]]
    Path("lines.jsonl").write_bytes(b"".join(kept) + by_file["04.png"][:50])  # killed while it wrote
    again = json.loads(
        _detect(capsys, files, "--run", "pictures", "--jsonl", "lines.jsonl", "--resume", "--out", "out")
    )
    assert [e["file"] for e in again] == files
    assert [e["score"] for e in again] == pytest.approx([e["score"] for e in first], abs=1e-5)
    whole = [
        json.loads(line) for line in Path("lines.jsonl").read_bytes().splitlines() if line.endswith(b"}")
    ]
    assert sorted(e["file"] for e in whole) == sorted(files)
    assert len(json.loads(Path("out/verdicts.json").read_text())) == len(files)


def test_going_on_needs_the_file_that_holds_the_verdicts(
    pictures: list[str], space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", pictures[0], "--run", "pictures", "--resume"]) == 2
    assert "--resume goes on with the verdicts in --jsonl FILE" in capsys.readouterr().err


def test_a_scoring_goes_on_with_the_lines_of_the_same_weights(pictures: list[str], space: Workspace) -> None:
    files = [str(Path(name).absolute()) for name in pictures[-4:]]
    folder, loaded, source = scored_run(files)
    place = folder.path / "scores" / ".test.partial.jsonl"
    place.parent.mkdir()
    status = os.stat(folder.best_model)
    known = {
        "row": 0,
        "file": files[0],
        "of": f"{status.st_size}-{status.st_mtime_ns}",
        "score": 0.125,
        "units": [],
    }
    other = {**known, "row": 1, "file": files[1], "of": "other weights"}
    place.write_text(f'{json.dumps(known)}\n{json.dumps(other)}\n{{"row": 2, "fi')
    ranks = Ranks(0, 1, own_device("cpu"))
    found = Sharded(folder, on_cluster=False, resume=True, shard=2).score_source(
        loaded, source, ranks, 0, "test"
    )
    assert found.scored[0].score == 0.125 and found.scored[1].score != 0.125
    assert sorted(found.scored) == [0, 1, 2] and [u.sample for u in found.unusable] == [3]
    assert not place.exists()


def test_a_scoring_in_shards_computes_as_one_in_one_go(
    pictures: list[str], space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In half precision where the card has it and the scores agree."""
    asked: list[str] = []
    on = Arithmetic.on
    monkeypatch.setattr(
        Arithmetic,
        "on",
        classmethod(lambda _, device, precision: (asked.append(precision), on(device, precision))[1]),
    )
    folder, loaded, source = scored_run([str(Path(name).absolute()) for name in pictures[:4]])
    ranks = Ranks(0, 1, own_device("cpu"))
    Sharded(folder, on_cluster=False, resume=True, shard=4).score_source(loaded, source, ranks, 0, "x")
    rescore.score_source(loaded, source, ranks, 0, "x")
    assert asked == ["auto", "auto"]


def test_prepare_takes_entries_that_are_there_without_reading_them(
    pictures: list[str], space: Workspace
) -> None:
    from core.cli.prepare import _without_entries

    recipe = Recipe(modality="image", image_size=32)
    cache.prepare_cached(Path(pictures[0]).absolute(), recipe, space)
    files = [str(Path(name).absolute()) for name in (*pictures[:2], "gone.png")]
    assert _without_entries(Task(recipe, files)).files == files[1:]


def test_a_shard_of_no_files_is_refused(space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"--shard \(0\) must be at least 1"):
        next(ray_shards.over_shards("core.x:y", [1], space=space, shard=0))
