"""python -m core thresholds: its document, its exit codes, and its one line of error."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.cli import main
from core.cli.thresholds import show
from core.workspace import Workspace
from tests.thresholds.run_folder import finished_run, scores

FIELDS = {"n", "warnings", "positives", "auc", "ap", "eer", "eer_threshold", "points"}
POINT_FIELDS = {
    "method",
    "threshold",
    "tp",
    "fp",
    "tn",
    "fn",
    "precision",
    "recall",
    "fpr",
    "f1",
    "accuracy",
    "balanced_accuracy",
    "cost",
    "reachable",
}


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["thresholds", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    scores(400, 3).to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


def test_document_has_the_agreed_fields(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("f1", "fbeta=2", "macro_f1", "precision=0.9", "recall=0.9", "fpr=0.05", "cost=1:5@0.02")
    found = ask(capsys, str(file), *(part for word in words for part in ("--method", word)))
    assert set(found) >= FIELDS
    assert all(set(point) >= POINT_FIELDS for point in found["points"])
    assert [point["method"] for point in found["points"]] == ["default", *words]
    assert found["points"][0]["threshold"] == 0.5
    frame = scores(400, 3)
    assert (found["n"], found["positives"]) == (400, int(frame["label"].sum()))
    for point in found["points"]:
        called = frame["score"] >= point["threshold"]
        assert point["tp"] == int((called & (frame["label"] == 1)).sum())
        assert point["fp"] == int((called & (frame["label"] == 0)).sum())
        assert point["tp"] + point["fp"] + point["tn"] + point["fn"] == 400


def test_the_default_stands_beside_any_scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = scores(200, 4)
    frame["score"] = frame["score"] * 1000 - 7000
    frame.to_parquet(tmp_path / "s.parquet")
    found = ask(capsys, str(tmp_path / "s.parquet"))
    default = found["points"][0]
    assert (default["threshold"], default["tp"], default["fp"], default["precision"]) == (0.5, 0, 0, None)
    assert found["points"][1]["method"] == "macro_f1"


def test_nothing_called_fake_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.csv").write_text("label,score\n0,0.9\n1,0.8\n0,0.7\n")
    found = ask(capsys, str(tmp_path / "s.csv"), "--method", "fpr=0", "--method", "precision=0.9")
    assert found["points"][1]["threshold"] is None
    assert found["points"][2]["reachable"] is False
    assert any("cannot be reached" in line for line in found["warnings"])


def test_a_run_chooses_on_validation_and_test_is_only_looked_at(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished_run(space)
    on_val = ask(capsys, folder.id, "--method", "youden")
    on_test = ask(capsys, str(folder.path), "--method", "youden", "--split", "test")
    assert (on_val["chosen_on"], on_val["looking_at"]) == ("val", "val")
    assert (on_test["chosen_on"], on_test["looking_at"]) == ("val", "test")
    assert on_val["points"][1]["threshold"] == on_test["points"][1]["threshold"]
    table = pd.read_parquet(folder.scores_file("test"))
    called = table["score"] >= on_test["points"][1]["threshold"]
    assert on_test["points"][1]["tp"] == int((called & (table["label"] == 1)).sum())
    assert on_test["auc"] != on_val["auc"]


def test_intervals_are_added_when_asked(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = finished_run(space, 300)
    plain = ask(capsys, folder.id)
    assert "intervals" not in plain  # of the ranking
    assert plain["points"][0]["intervals"]["recall"]  # of each point, without a bootstrap
    found = ask(capsys, folder.id, "--method", "macro_f1", "--intervals", "--split", "test")
    low, high = found["intervals"]["auc"]
    assert low < found["auc"] < high
    point = found["points"][1]
    assert point["intervals"]["recall"][0] < point["recall"] < point["intervals"]["recall"][1]
    assert point["intervals"]["threshold"][0] <= point["intervals"]["threshold"][1]


def test_a_file_with_splits_can_be_treated_as_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = pd.concat([scores(200, 1).assign(split="Val"), scores(200, 2).assign(split="test")])
    both.to_csv(tmp_path / "s.csv", index=False)
    assert ask(capsys, str(tmp_path / "s.csv"))["n"] == 400
    found = ask(capsys, str(tmp_path / "s.csv"), "--split", "test")
    assert (found["n"], found["chosen_on"], found["looking_at"]) == (200, "val", "test")


def test_a_turned_scale_is_said_and_can_be_turned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = scores(300, 5)
    frame["score"] = -frame["score"]
    frame.to_csv(tmp_path / "s.csv", index=False)
    found = ask(capsys, str(tmp_path / "s.csv"))
    assert any("do low scores mean fake" in line for line in found["warnings"])
    again = ask(
        capsys, str(tmp_path / "s.csv"), "--lower-is-fake", "--band", "0.1", "--by", "method", "--intervals"
    )
    assert again["direction"]["called_fake"] == again["called_fake"] == "score <= threshold"
    for point in again["points"]:
        if point["threshold"] is not None:
            called = frame["score"] <= point["threshold"]
            assert point["tp"] == int(frame["label"][called].sum()), point["method"]
            low, high = point["intervals"].get("threshold", (point["threshold"], point["threshold"]))
            assert low <= point["threshold"] <= high
            ends = [end for end in (point["band"]["low"], point["band"]["high"]) if end is not None]
            assert ends == sorted(ends)
    for part in again["slices"]["slices"]:
        own = part["own"]
        mine = frame[(frame["method"] == part["name"]) & (frame["label"] == 1)]
        assert own["threshold"] == part["threshold"]
        assert own["tp"] == int((mine["score"] <= part["threshold"]).sum())
    assert again["auc"] == pytest.approx(1 - found["auc"])


def test_the_default_of_probabilities_of_real_is_half_on_their_own_scale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.csv").write_text("label,score\n1,0.1\n1,0.5\n1,0.8\n0,0.3\n0,0.9\n0,0.95\n")
    default = ask(capsys, str(tmp_path / "s.csv"), "--lower-is-fake")["points"][0]
    assert (default["threshold"], default["tp"], default["fp"]) == (0.5, 2, 1)


def test_every_interval_of_a_point_stands_beside_its_figure(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for point in ask(capsys, str(file), "--intervals")["points"]:
        for name, (low, high) in point["intervals"].items():
            assert low <= point[name] <= high, (point["method"], name)
        assert point["precision_real"] == pytest.approx(point["tn"] / (point["tn"] + point["fn"]))


BAD = {
    "one class": ("label,score\n1,0.9\n1,0.1\n", ()),
    "NaN": ("label,score\n1,nan\n0,0.1\n", ()),
    "infinite": ("label,score\n1,-inf\n0,0.1\n", ()),
    "neither label": ("label,score\n1,0.9\nmaybe,0.1\n0,0.4\n", ()),
    "asked": ("label,score\nyes,0.9\nno,0.1\n", ()),
    "twice": ("id,label,score\na,1,0.9\na,0,0.1\n", ()),
    "no column": ("verdict,score\n1,0.9\n0,0.1\n", ()),
    "method": ("label,score\n1,0.9\n0,0.1\n", ("--method", "best")),
    "target": ("label,score\n1,0.9\n0,0.1\n", ("--method", "precision=95")),
    "a seed under zero": ("label,score\n1,0.9\n0,0.1\n", ("--intervals", "--seed", "-1")),
    "no split": ("label,score\n1,0.9\n0,0.1\n", ("--split", "test")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_exit_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = BAD[name]
    (tmp_path / "s.csv").write_text(text)
    assert main(["thresholds", str(tmp_path / "s.csv"), *words, "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert len(said.err) < 400


def test_an_unknown_run_and_an_absent_file_are_told_apart(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["thresholds", "nothing-here"]) == 2
    assert "there is no run" in capsys.readouterr().err
    assert main(["thresholds", "nothing.csv"]) == 2
    assert "there is no score file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("label,score\n1,0.9\n0,0.1\n", "only 1 real and 1 fake sample"),
        ("label,score\n" + "1,0.5\n0,0.5\n" * 40, "no threshold separates"),
    ],
)
def test_thin_and_constant_scores_are_answered_with_a_warning(
    text: str, warning: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.csv").write_text(text)
    assert any(warning in line for line in ask(capsys, str(tmp_path / "s.csv"))["warnings"])


def test_people_get_a_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thresholds", str(file), "--method", "precision=1"]) == 0
    said = capsys.readouterr().out
    assert "AUC" in said
    assert "Precision at least 100 %" in said


def test_an_uncertain_band_is_added_when_asked(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = finished_run(space)
    assert "band" not in ask(capsys, folder.id)["points"][0]
    words = (folder.id, "--method", "youden", "--band", "0.1")
    chosen = ask(capsys, *words)["points"][1]["band"]
    seen = ask(capsys, *words, "--split", "test")["points"][1]["band"]
    assert (seen["low"], seen["high"]) == (chosen["low"], chosen["high"])
    for split, told in (("val", chosen), ("test", seen)):
        table = pd.read_parquet(folder.scores_file(split))
        fake, real = table["score"] >= told["high"], table["score"] < told["low"]
        wrong = (fake & (table["label"] == 0)) | (real & (table["label"] == 1))
        assert told["queue"] == pytest.approx(1 - (fake | real).mean())
        assert told["error"] == pytest.approx(wrong.sum() / (fake | real).sum())
    assert chosen["error"] <= 0.1
    assert main(["thresholds", *words]) == 0
    assert re.search(r"% \[\d.*\] are left to a person", capsys.readouterr().out)
    assert main(["thresholds", folder.id, "--band", "1"]) == 2
    assert "target error" in capsys.readouterr().err


def test_the_cost_has_an_interval_too(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = finished_run(space, 300)
    found = ask(capsys, folder.id, "--intervals", "--method", "cost=1:1", "--method", "cost=1:5@0.02")
    plain, weighted = found["points"][1:]
    low, high = plain["intervals"]["accuracy"]
    assert plain["intervals"]["cost"] == pytest.approx([1000 * (1 - high), 1000 * (1 - low)])
    assert weighted["intervals"]["cost"][0] < weighted["cost"] < weighted["intervals"]["cost"][1]


def test_a_turned_polarity_is_answered_by_what_can_be_done_about_it(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished_run(space, 300)
    table = pd.read_parquet(folder.scores_file("val"))
    table.assign(score=1 - table["score"]).to_parquet(folder.scores_file("val"))
    table[["label", "score"]].to_csv(tmp_path / "s.csv", index=False)
    of_run = " ".join(ask(capsys, folder.id)["warnings"])
    assert "are real and fake swapped in the labels of its data" in of_run
    assert "switch" not in of_run
    of_file = " ".join(ask(capsys, str(tmp_path / "s.csv"), "--lower-is-fake")["warnings"])
    assert "leave --lower-is-fake out" in of_file


def test_whether_low_scores_mean_fake_is_asked_where_the_interval_is_under_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{int(i % 2 == 0)},{i}\n" for i in range(6000))
    (tmp_path / "s.csv").write_text("label,score\n" + rows)
    found = ask(capsys, str(tmp_path / "s.csv"))
    assert 0.4995 < found["auc"] < 0.5
    assert not any("mean fake" in line for line in found["warnings"]), "chance alone puts an AUC there"
    random = np.random.default_rng(0)
    label = np.arange(6000) % 2
    low = pd.DataFrame({"label": label, "score": random.normal(size=6000) - 0.07 * label})
    low.to_csv(tmp_path / "low.csv", index=False)
    (asked,) = (line for line in ask(capsys, str(tmp_path / "low.csv"))["warnings"] if "mean fake" in line)
    figure, below, above = map(float, re.findall(r"\d\.\d+", asked)[:3])
    assert below < figure < above < 0.5, asked


def test_columns_of_millions_stay_apart(capsys: pytest.CaptureFixture[str]) -> None:
    point = dict.fromkeys(("tp", "fp", "tn", "fn"), 12_345_678) | {
        "method": "f1",
        "reachable": True,
        "cost": 1.0,
    }
    point |= dict.fromkeys(("precision", "recall", "fpr", "f1", "balanced_accuracy"), 0.5) | {
        "threshold": -1e-5
    }
    document = {"n": 2, "positives": 1, "auc": 1, "ap": 1, "eer": 0, "eer_threshold": 0}
    text = show(document | {"chosen_on": "all", "looking_at": "all", "points": [point], "warnings": []})
    assert text.splitlines()[-1].removeprefix("Best F1").split()[:5] == ["−0.00001", *["12,345,678"] * 4]


def test_the_fields_measures_and_the_end_that_is_fake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = scores(300, 5)
    rows = (
        f"{i} {-s} {'spoof' if y else 'bonafide'}\n"
        for i, s, y in zip(frame["id"], frame["score"], frame["label"], strict=True)
    )
    (tmp_path / "cm.txt").write_text("".join(rows))
    asked = ask(capsys, str(tmp_path / "cm.txt"))
    # Asked, never turned in silence.
    assert any("do low scores mean fake here?" in line for line in asked["warnings"])
    assert asked["direction"]["fake_scores"] == "high"
    found = ask(capsys, str(tmp_path / "cm.txt"), "--lower-is-fake", "--intervals")
    assert found["direction"]["fake_scores"] == "low"
    assert found["labels"] == {"fake": ["spoof"], "real": ["bonafide"]}
    assert found["scores_read_as"] == "probability"
    assert found["dcf_costs"] == {"miss": 1, "false_alarm": 10, "spoof_prior": 0.05}
    assert set(found["tpr_at_fpr"]) == {"0.01", "0.001"}
    for name in ("mindcf", "actdcf", "cllr"):
        low, high = found["intervals"][name]
        assert low <= found[name] <= high
    assert main(["thresholds", str(tmp_path / "cm.txt"), "--lower-is-fake"]) == 0
    said = capsys.readouterr().out
    assert "minDCF" in said
    assert "Low scores mean fake, as --lower-is-fake says" in said


def test_a_score_file_with_its_key_and_a_verification(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = scores(300, 5)
    (tmp_path / "s.txt").write_text("".join(f"u{i} {s}\n" for i, s in enumerate(frame["score"])))
    key = "".join(f"SPK u{i} - A07 {'spoof' if y else 'bonafide'}\n" for i, y in enumerate(frame["label"]))
    (tmp_path / "key.txt").write_text(key)
    asv = "".join(
        f"x {key} {v + k / 50}\n"
        for key, v in (("target", 3), ("nontarget", 0), ("spoof", 2))
        for k in range(100)
    )
    (tmp_path / "asv.txt").write_text(asv)
    words = (str(tmp_path / "s.txt"), "--key", str(tmp_path / "key.txt"))
    found = ask(capsys, *words, "--asv", str(tmp_path / "asv.txt"))
    assert (found["n"], found["positives"]) == (300, int(frame["label"].sum()))
    assert 0 < found["mintdcf"] <= 1
    assert 0 < found["mintdcf_2021"] <= 1
    (tmp_path / "asv.txt").write_text("x target high\n")
    assert main(["thresholds", *words, "--asv", str(tmp_path / "asv.txt")]) == 2
    assert "row 1 does not end in target" in capsys.readouterr().err
