"""A score that is no evidence gives no `fake` and no `real`: of one detector, of several, in every form of answer."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from PIL import Image

from core.cli import detect as command
from core.cli import main
from core.detection import attempt, reservations, source, wording
from core.detection.domain import Domain
from core.detection.files import Given
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch
from core.detection.verdict import Verdict
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run

INSIDE, OUTSIDE = Domain(True, 0.1, 0.5, "It is like them."), Domain(False, 0.9, 0.5, "It is unlike them.")
UNKNOWN = Domain(None, why="It was never compared.")


@pytest.fixture
def pictures(tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Detectors that share validation samples, in this process, and two pictures."""
    labels, rng = np.arange(80) % 2, np.random.default_rng(0)
    for name, seed in (("able", 1), ("second", 2), ("nothing", 3), ("deaf", 4)):
        run = make_run(
            space.runs / name, seed=seed, threshold=0.0, learned_nothing=name in ("nothing", "deaf")
        )
        (run / "scores").mkdir()
        table = {"id": [f"s{k}" for k in range(80)], "label": labels, "group": [f"g{k}" for k in range(80)]}
        scores = np.clip(labels * 0.5 + rng.uniform(0, 0.5, 80), 0, 1)
        pd.DataFrame({**table, "score": scores}).to_parquet(run / "scores/val.parquet")
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 255, (80, 80, 3), dtype=np.uint8)).save(tmp_path / name)

    def here(files: list[Given], request: Request, **options: Any) -> list[Verdict]:
        found = []
        for k, file in enumerate(files):
            found.append(detect(file.path, file.shown, request, stem=f"{k:04d}"))
            options.get("on_verdict", lambda *_: None)(k, found[-1])
        return found

    monkeypatch.setattr(batch, "run", here)  # the pool has its own tests
    monkeypatch.setattr(attempt, "assess", lambda *_: INSIDE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entries(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["detect", "a.png", "b.png", *arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("domain", [INSIDE, OUTSIDE, UNKNOWN])
@pytest.mark.parametrize("threshold", [0.0, 0.5, None])
@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_what_learned_nothing_is_always_uncertain(
    score: float, threshold: float | None, domain: Domain
) -> None:
    found = reservations.conclude(score, threshold, None, score, domain, learned_nothing=True)
    assert (found.verdict, found.probability, found.words) == ("uncertain", None, wording.NOTHING)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_every_answer_of_the_command_says_so(
    threshold: float, pictures: Path, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(space.runs / "nothing", threshold=threshold, learned_nothing=True)
    options = ("--run", "nothing", "--out", "out", "--jsonl", "lines.jsonl", "--report", "report.html")
    found = entries(capsys, *options)
    lines = [json.loads(line) for line in Path("lines.jsonl").read_text().splitlines()]
    for entry in (*found, *lines):
        assert (entry["status"], entry["verdict"], entry["probability"]) == ("ok", "uncertain", None)
        assert entry["words"] == wording.NOTHING and entry["reason"] == wording.LEARNED_NOTHING
        assert entry["reservations"][0]["kind"] == "learned_nothing"
        assert entry["score"] is not None and entry["threshold"] == threshold
    rows = list(csv.DictReader(Path("out/verdicts.csv").read_text().splitlines()))
    assert [row["verdict"] for row in rows] == ["uncertain", "uncertain"]
    text = command.show(found)
    assert text.count(f"uncertain  {wording.NOTHING}") == 2 and "means nothing here" in text
    # The reason stands once a file.
    assert text.count(wording.LEARNED_NOTHING) == 2
    page = Path("report.html").read_text()
    assert main(["detect", "a.png", "--run", "nothing", "--report", "report.pdf"]) == 0
    sheets = pypdfium2.PdfDocument("report.pdf")
    printed = " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in sheets).split())
    # Once beside each file, and once in the list of both files.
    for report, times in ((page, 4), (printed, 1)):
        assert report.count(wording.LEARNED_NOTHING) == times and wording.NOTHING not in report
        assert "no evidence" in report and wording.MEANINGLESS in report
        for confident in ("● real", "✖ fake", "calibrated)", "above the threshold", "left to a person"):
            assert confident not in report


def test_an_exported_one_says_the_same_elsewhere(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = source.export("nothing", tmp_path / "nothing.pth")
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "elsewhere"))
    found = detect(pictures / "a.png", "a.png", Request(run=str(exported)))
    assert (found.verdict, found.probability, found.words) == ("uncertain", None, wording.NOTHING)


def test_several_that_learned_nothing_say_nothing_together(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = found = entries(capsys, "--run", "nothing", "--run", "deaf", "--report", "report.html")
    assert [one["verdict"] for one in (first, *first["others"])] == ["uncertain", "uncertain"]
    assert first["combined"]["probability"] is None
    words = (
        "none of the detectors says anything of this file (“nothing” learned nothing; “deaf” learned nothing)"
    )
    assert first["combined"]["reason"] == words
    assert f"not combined: {words}" in command.show(found) and words in Path("report.html").read_text()


def test_one_that_learned_nothing_has_no_part_in_what_the_others_say(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both, _ = entries(capsys, "--run", "able", "--run", "second")
    assert both["combined"]["probability"] is not None and both["combined"]["left_out"] == {}
    three, _ = found = entries(capsys, "--run", "able", "--run", "nothing", "--run", "second")
    assert three["verdict"] == "fake" and three["others"][0]["verdict"] == "uncertain"
    assert three["combined"]["probability"] == both["combined"]["probability"]
    assert three["combined"]["left_out"] == {"nothing": "learned nothing"}
    assert "(left out: “nothing” learned nothing)" in command.show(found)
    two, _ = entries(capsys, "--run", "able", "--run", "nothing")
    assert two["combined"]["probability"] is None and two["combined"]["reason"].startswith("only “able” says")


def test_a_file_outside_of_what_one_knows_is_left_to_the_others(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "assess", lambda one, *_: OUTSIDE if one.id == "second" else INSIDE)
    first, _ = entries(capsys, "--run", "able", "--run", "second")
    assert first["combined"]["probability"] is None
    assert first["combined"]["reason"].endswith("“second” does not know such files)")
