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
import torch

from core.cli import detect as command
from core.detection import source
from core.detection.files import Given, expand
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch, uploads
from core.errors import BadInput
from core.media import sandbox
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.made_media import clip

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(cwd / "ws"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "core", "detect", *arguments],
        cwd=cwd,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


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
    files = ("a.png", "archive.mp4", "folder", "missing.png", "s.wav", "a.png")
    results = ("--out", str(out), "--report", str(place / "report.html"))
    answer = run(*files, "--run", "pictures", "--explain", *results, "--workers", "2", "--json", cwd=place)
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
        assert unit["kind"] == "frame" and unit["box"] == [0.0, 0.0, 160.0, 90.0]
        assert {"index", "t0", "t1", "score"} <= set(unit)
        maps = [Path(path) for path in entry["heatmaps"]]
        assert maps and all(path.is_file() and out in path.parents for path in maps)
    same = [entries[k]["score"] for k in (0, 5, -1)]  # one picture; its passes may have had other company
    assert max(same) - min(same) < 1e-5
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


def test_a_file_that_kills_its_reader_costs_its_own_entry(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a reader is killed as soon as it has been asked for one file, as a decoder with a bug would end."""
    ask = sandbox._Worker.ask

    def killed(worker: sandbox._Worker, request: dict[str, Any], *rest: Any) -> dict[str, Any]:
        if request["path"].endswith("crash.png"):
            worker.kill()
        return ask(worker, request, *rest)

    monkeypatch.setattr(sandbox._Worker, "ask", killed)
    content = (place / "a.png").read_bytes()
    for name in ("a.png", "crash.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(content)
    files = [Given(tmp_path / name, name) for name in ("a.png", "crash.png", "b.png", "c.png")]
    heard: list[int] = []
    request = Request(run=str(place / "pictures"))
    verdicts = batch.run(files, request, workers=1, on_verdict=lambda n, _v: heard.append(n))
    assert [(v.file, v.status) for v in verdicts] == [
        ("a.png", "ok"),
        ("crash.png", "error"),
        ("b.png", "ok"),
        ("c.png", "ok"),
    ]
    assert "crash.png: the decoder crashed on it" in str(verdicts[1].reason)
    assert sorted(heard) == [0, 1, 2, 3]


def test_verdicts_of_many_files_are_those_of_each_alone(place: Path, tmp_path: Path) -> None:
    """Pictures and clips whose pieces share passes, some of which are nothing that can be judged."""
    rng = np.random.default_rng(1)
    names = [f"{k}.png" for k in range(9)] + ["clip.mp4", "empty.png", "s.wav"]
    for k, name in enumerate(names[:9]):
        size = (40 + 20 * k, 50)
        cv2.imwrite(str(tmp_path / name), cv2.resize(rng.integers(0, 255, (9, 9, 3), np.uint8), size))
    clip(tmp_path / "clip.mp4", "mpeg4", frames=12)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "s.wav").write_bytes((place / "s.wav").read_bytes())
    request = Request(run=str(place / "pictures"))
    verdicts = batch.run([Given(tmp_path / n, n) for n in names], request, workers=2)
    for name, verdict in zip(names, verdicts, strict=True):
        alone = detect(tmp_path / name, name, request)
        assert (verdict.file, verdict.status, verdict.verdict) == (name, alone.status, alone.verdict)
        assert verdict.reason == alone.reason and verdict.facts == alone.facts
        assert [u.index for u in verdict.units] == [u.index for u in alone.units]
        for one, other in zip(verdict.units, alone.units, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-5)
        if alone.score is not None:
            assert verdict.score == pytest.approx(alone.score, abs=1e-5)


def test_weights_that_give_no_number_cost_no_other_file_its_entry(place: Path, tmp_path: Path) -> None:
    broken = make_run(tmp_path / "broken", "image")
    content = torch.load(broken / "best_model.pth", weights_only=True)
    for value in content["state_dict"].values():
        value.fill_(float("nan")) if value.is_floating_point() else None
    torch.save(content, broken / "best_model.pth")
    files = [Given(place / "a.png", "a.png")] * 3
    verdicts = batch.run(files, Request(run=str(broken)), workers=1)
    assert {v.status for v in verdicts} == {"error"}
    assert all("its weights are damaged" in str(v.reason) for v in verdicts)


@pytest.mark.long
def test_what_a_killed_command_left_is_gone_after_the_next(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / f"{uploads.PREFIX}999999999-x").mkdir()
    assert run("a.png", "--run", "pictures", cwd=place).returncode == 0
    assert list(tmp_path.glob(f"{uploads.PREFIX}*")) == []


def test_what_cannot_be_looked_into_in_a_folder_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "nameless").write_bytes(b"\xff\xd8\xff")
    list_folder, read = os.scandir, Path.open

    def refuse_folder(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    def refuse_file(self: Path, *args: Any, **named: Any) -> Any:
        if self.name == "nameless":
            raise PermissionError(13, "Permission denied", str(self))
        return read(self, *args, **named)

    monkeypatch.setattr(os, "scandir", refuse_folder)
    monkeypatch.setattr(Path, "open", refuse_file)
    assert expand([str(tmp_path)]) == []
    assert "closed is left out: the folder cannot be read" in caplog.text
    assert "nameless is left out: it cannot be read" in caplog.text
