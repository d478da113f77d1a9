"""`python -m core detect`: an entry a file in the order given, whatever the files are."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile

from core.cli import detect as command
from core.detection import source
from core.detection.files import Given, expand
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch, uploads
from core.detection.verdict import Verdict
from core.errors import BadInput
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(cwd / "ws"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "core", "detect", *arguments], cwd=cwd, env=environment, text=True, capture_output=True, check=False
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, a recording, what is neither, and two runs."""
    place = tmp_path_factory.mktemp("detect")
    generator = np.random.default_rng(0)
    folder = place / "folder" / "inner"
    folder.mkdir(parents=True)
    for path in (place / "a.png", folder / "b.jpg", folder.parent / "a <b>.png"):
        cv2.imwrite(str(path), cv2.resize(generator.integers(0, 255, (9, 16, 3), np.uint8), (160, 90)))
    (folder / "renamed").write_bytes((place / "a.png").read_bytes())  # a picture whose name does not say so
    (folder / "notes.txt").write_text("no media")
    (folder / "cut.jpg").write_bytes((folder / "b.jpg").read_bytes()[:300])
    soundfile.write(place / "s.wav", generator.standard_normal(16_000).astype("float32") * 0.1, 16_000)
    (place / "archive.mp4").write_bytes(b"PK\x03\x04" + bytes(200))
    make_run(place / "pictures", "image", threshold=0.0)
    return place


def test_a_folder_stands_for_its_media_files_by_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    shown = [g.shown for g in expand(["folder", "a.png"])]
    assert shown == [
        "folder/a <b>.png",
        "folder/inner/b.jpg",
        "folder/inner/cut.jpg",
        "folder/inner/renamed",
        "a.png",
    ]


def test_names_that_lead_nowhere_are_files_with_an_entry_of_their_own(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    (place / "~tilde").write_bytes((place / "a.png").read_bytes())
    names = ["", "~tilde", "~nobody-of-this-name/a.png", "x" * 5000, "a.png/inside.png", "."]
    found = expand(names)
    assert [g.shown for g in found[:5]] == names[:5]  # and none of them stands for the folder one is in
    assert found[1].path.is_file() and {"./a.png", "./s.wav"} <= {g.shown for g in found[5:]}
    request = Request(run=str(place / "pictures"))
    for given in (found[0], *found[2:5]):
        verdict = detect(given.path, given.shown, request)
        assert verdict.status == "error" and "internal" not in str(verdict.reason), verdict


@pytest.mark.parametrize("name", ["~nobody-of-this-name", "x" * 5000, "no\nwhere", "../.."])
def test_a_run_that_is_none_is_said_in_one_line(name: str, space: Workspace) -> None:
    with pytest.raises(BadInput) as refused:
        source.find(name, space)
    assert "there is no run" in str(refused.value)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--out", "a.png"], "is a file; name a folder"),
        (["--out", "a.png/deeper"], "cannot be made"),
        (["--report", "folder"], "is a folder; name a file"),
        (["--report", "a.png/report.html"], "cannot be made"),
        (["--report", "y" * 300 + "/report.html"], "cannot be made"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_file_is_judged(
    option: list[str], words: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setattr(
        batch, "run", lambda *_a, **_k: pytest.fail("judged before its places were looked at")
    )
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(BadInput, match=words):
        command.run(parser.parse_args(["s.wav", *option]))


def test_every_file_has_its_entry_in_the_order_given(place: Path) -> None:
    out = place / "out"
    answer = run(
        "a.png", "archive.mp4", "folder", "missing.png", "s.wav", "a.png", "--run", "pictures", "--explain",
        "--out", str(out), "--report", str(place / "report.html"), "--workers", "2", "--json", cwd=place,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    entries: list[dict[str, Any]] = json.loads(answer.stdout)
    assert [(e["file"], e["status"]) for e in entries] == [
        ("a.png", "ok"),
        ("archive.mp4", "error"),
        ("folder/a <b>.png", "ok"),
        ("folder/inner/b.jpg", "ok"),
        ("folder/inner/cut.jpg", entries[4]["status"]),
        ("folder/inner/renamed", "ok"),
        ("missing.png", "error"),
        ("s.wav", "not_applicable"),
        ("a.png", "ok"),
    ]
    for entry in entries:
        assert entry["seconds"] >= 0
        if entry["status"] != "ok":
            assert entry["reason"] and entry["verdict"] is None and entry["score"] is None
            continue
        assert entry["verdict"] == "fake" and entry["threshold"] == 0.0 and entry["modality"] == "image"
        assert 0 <= entry["score"] <= 1 and 0 <= entry["probability"] <= 1 and entry["detector"] == "pictures"
        unit = entry["units"][0]
        assert (
            unit["kind"] == "frame"
            and unit["box"] == [0.0, 0.0, 160.0, 90.0]
            and {"index", "t0", "t1", "score"} <= set(unit)
        )
        assert entry["heatmaps"] and all(
            Path(p).is_file() and out in Path(p).parents for p in entry["heatmaps"]
        )
    assert entries[0]["score"] == entries[-1]["score"] == entries[5]["score"]
    assert (out / "verdicts.csv").read_text().count("\n") == len(entries) + 1
    page = (place / "report.html").read_text()
    assert "data:image/jpeg;base64," in page and "a &lt;b&gt;.png" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.png", "--run", "nowhere"], "there is no run 'nowhere'"),
        (["a.png", "--run", "pictures", "--workers", "0"], "must be at least 1"),
        (["a.png", "--method", "tealeaves"], "invalid choice"),
        ([], "FILE"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(arguments: list[str], words: str, place: Path) -> None:
    answer = run(*arguments, cwd=place)
    assert answer.returncode == 2 and words in answer.stderr and answer.stderr.count("\n") == 1
    assert answer.stdout == ""


def judged_or_dead(job: batch.Job, request: object) -> tuple[int, Verdict]:
    """In place of judging: dies on one file, as a decoder with a bug would."""
    if job[1].shown == "crash":
        os._exit(9)
    return job[0], Verdict(job[1].shown, "ok")


def test_a_crash_costs_its_own_file_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_judge", judged_or_dead)
    names = ["a", "crash", "b", "c"]
    heard: list[int] = []
    verdicts = batch.run(
        [Given(Path(n), n) for n in names], Request(), workers=1, on_verdict=lambda n, _v: heard.append(n)
    )
    assert [(v.file, v.status) for v in verdicts] == [
        ("a", "ok"),
        ("crash", "error"),
        ("b", "ok"),
        ("c", "ok"),
    ]
    assert verdicts[1].reason == batch.CRASHED and sorted(heard) == [0, 1, 2, 3]


def test_what_a_killed_command_left_is_gone_after_the_next(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / f"{uploads.PREFIX}999999999-x").mkdir()
    assert run("a.png", "--run", "pictures", cwd=place).returncode == 0
    assert list(tmp_path.glob(f"{uploads.PREFIX}*")) == []
