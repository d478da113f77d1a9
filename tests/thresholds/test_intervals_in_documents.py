"""What leaves the house as a document, a page or a table: every interval holds its figure, whatever the scores."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.cli import main
from core.cli import thresholds as command
from core.thresholds.band import band as narrowest_band
from core.thresholds.curve_table import FIGURES, curve_table
from core.thresholds.methods import choose
from core.thresholds.point import Costs
from core.thresholds.scored import Scored
from core.thresholds.summary import Side, summary
from core.thresholds.sweep import at
from core.training.scoring.evaluation.chosen_on_validation import choose_band, count_left_to_people
from core.training.scoring.evaluation.figures import breakdown, measure
from core.training.scoring.evaluation.report import report
from core.training.scoring.evaluation.text import training_results

SHAPES = ("skewed", "tied", "tiny", "separable", "turned", "constant", "huge", "grouped")
INTERVAL = re.compile(r"(−?\d[\d,.]*)(?: %)? \[(−?\d[\d,.]*), (−?\d[\d,.]*)\]")


def made(shape: str) -> pd.DataFrame:
    random = np.random.default_rng(len(shape))
    fakes, reals = {"tiny": (1, 1), "skewed": (900, 12), "huge": (2_000, 3_000)}.get(shape, (60, 45))
    label = np.r_[np.ones(fakes, int), np.zeros(reals, int)]
    score = random.normal(size=len(label)) + 1.5 * label
    if shape == "tied":
        score = np.round(score)
    elif shape == "separable":
        score = label + random.random(len(label)) / 4
    elif shape == "turned":
        score = -score
    elif shape == "constant":
        score = np.zeros(len(label))
    elif shape == "skewed":
        score = 1 - 1e-7 * np.exp(-2 * score)
    place = np.arange(len(label))
    frame = pd.DataFrame({"id": [f"s{i}" for i in place], "label": label, "score": score})
    frame["group"] = place // 4 if shape == "grouped" else place
    frame["probability"] = 1 / (1 + np.exp(-frame["score"]))
    frame["dataset"], frame["modality"] = np.where(place % 2, "a", "b"), "image"
    frame["method"] = np.where(label == 1, np.where(place % 3, "swap", "synthesis"), "")
    return frame


def held(document: Any, where: str = "") -> Iterator[str]:
    """Each figure of a document that has an interval beside it, checked on the way."""
    if isinstance(document, list):
        for place, part in enumerate(document):
            yield from held(part, f"{where}[{place}]")
    elif isinstance(document, dict):
        yield from checked(document, document.get("intervals", {}), where)
        if {"value", "interval"} <= set(document):
            yield from checked(document, {"value": document["interval"]}, where)
        for name, part in document.items():
            if name != "intervals":
                yield from held(part, f"{where}.{name}")


def checked(figures: dict[str, Any], intervals: dict[str, Any], where: str) -> Iterator[str]:
    for name, ends in intervals.items():
        here = figures.get(name)
        if isinstance(ends, dict):
            yield from checked(here, ends, f"{where}.{name}")
            continue
        here = here["value"] if isinstance(here, dict) else here
        if here is not None:
            assert ends[0] <= here <= ends[1], (where, name, here, ends)
            assert ends[0] < ends[1], (where, name, here, ends)
            yield f"{where}.{name}"


def written(text: str) -> int:
    """Each `0.913 [0.88, 0.94]` of a text, as it is read: a span only keeps the ends in one line."""
    found = INTERVAL.findall(re.sub("</?span[^>]*>", "", text))
    for texts in found:
        here, low, high = (Decimal(part.replace(",", "").replace("−", "-").rstrip(".")) for part in texts)
        assert low <= here <= high, texts
        assert low < high, texts
    return len(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_command_s_document_and_its_text(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DRAWS", 40)
    file = tmp_path / "scores.csv"
    made(shape).to_csv(file, index=False)
    words = [str(file), "--intervals", "--band", "0.1", "--by", "dataset", "--preset", "equal_fpr"]
    for method in ("macro_f1", "eer", "precision=0.9", "fpr=0.01", "cost=1:5@0.02", "cost=1:1"):
        words += ["--method", method]
    for more in ([], ["--lower-is-fake"]):
        assert main(["thresholds", *words, *more, "--json"]) == 0
        assert len(set(held(json.loads(capsys.readouterr().out)))) > 60
        assert main(["thresholds", *words, *more]) == 0
        assert written(capsys.readouterr().out) >= 6


@pytest.mark.parametrize("shape", SHAPES)
def test_the_summary_and_the_table_for_a_spreadsheet(shape: str) -> None:
    scored = Scored(made(shape))
    costs = Costs(1, 5, 0.02)
    point = choose(scored.sweep, "macro_f1", costs)
    band = scored.with_intervals(narrowest_band(scored.sweep, point.threshold, 0.05))
    side = Side("all", scored.sweep, point, band, scored.intervals(point.threshold, costs))
    points = [point, at(scored.sweep, None, costs=costs)]
    ends = scored.intervals_at([one.threshold for one in points], costs)
    assert set(held({**vars(band)}))
    page = summary("run", "macro_f1", "all", [side], "all", points, [], intervals=ends)
    assert written(page.partition("<h2>Rules compared")[0]) >= 9
    assert written(page.partition("<h2>Rules compared")[2]) >= 12
    rows = curve_table(scored)
    for name in FIGURES:
        known = rows[rows[name].notna()]
        assert (known[f"{name}_low"] <= known[name]).all(), name
        assert (known[name] <= known[f"{name}_high"]).all(), name
        assert (known[f"{name}_low"] < known[f"{name}_high"]).all(), name


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "huge"])
def test_the_figures_and_the_report_of_a_run(shape: str, tmp_path: Path) -> None:
    table = made(shape)
    ats = {
        name: measure(table, line, prevalence=0.05, resamples=40)
        for name, line in (("at_default", 0.5), ("at_chosen", float(table["score"].median())))
    }
    real, fake = int((table["label"] == 0).sum()), int((table["label"] == 1).sum())
    figures: dict[str, Any] = {
        "n": len(table),
        "real": real,
        "fake": fake,
        "majority_baseline": 0.5,
        "always_fake_f1": 0.5,
    }
    figures |= ats | {"units": None, "by": breakdown(table, 0.5), "people": None}
    metrics = {"learned_nothing": False, "warnings": [], "val": figures, "best_epoch": 1}
    band = choose_band(table, 0.5)
    figures["people"] = count_left_to_people(table, 0.5, band)
    assert ".val.people.share" in set(held(metrics))
    assert len(set(held(metrics))) > 30
    code = {"commit": None, "source_sha256": "0"}
    hashes = {f"{name}_hash": "0" for name in ("config", "data", "plan")}
    metrics["provenance"] = {"code": code, "python": "3", "device": "cpu", "packages": {}, **hashes}
    config = {"model": "m", "modality": "image", "seed": 1, "protocol": "group", "monitor": "auc"}
    assert written(training_results("run", config, metrics)) > 20
    assert written(report("run", config, metrics, tmp_path)) > 20
