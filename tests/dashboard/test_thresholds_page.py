"""The Thresholds page without a browser: what it says, what reaches the component, what a release changes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.access import Person
from core.catalog import table as catalogue
from core.catalog.scan import scan
from core.runs.folder import RunFolder, new_run
from core.thresholds import operating_point
from core.thresholds.breakdown import NOBODY
from core.thresholds.methods import choose
from core.thresholds.operating_point import OperatingPoint
from core.thresholds.scored import Scored
from core.thresholds.sweep import at
from core.workspace import Workspace
from dashboard import theme
from dashboard.charts import thresholds as charts
from dashboard.detect import state as detect_state
from dashboard.threshold_lab import Side, line, payload
from dashboard.threshold_lab.component import Choice
from dashboard.thresholds import words
from tests.dashboard.html_tables import table_with
from tests.dashboard.thresholds_page import expanded, opened, release, sent
from tests.thresholds.run_folder import finished_run, scores


def test_without_runs_it_says_what_to_do(space: Workspace) -> None:
    page = opened()
    assert any(button.label == "Train a detector" for button in page.button)
    assert page.get("file_uploader")


def test_a_run_opens_on_validation_at_the_default_method(space: Workspace) -> None:
    folder = finished_run(space)
    data = sent(opened())
    assert (data["chosen"]["name"], data["look"]["name"]) == ("validation", "validation")
    assert data["settings"]["method"] == "macro_f1"
    assert {point["words"] for point in data["points"]} >= {"default", "macro_f1", "youden"}
    assert len(data["bands"]["recall"][0]) == len(data["bands"]["t"])
    assert folder.id in str(opened().selectbox(key="thresholds-source").value)


def test_test_is_looked_at_and_never_chosen_on(space: Workspace) -> None:
    finished_run(space)
    page = opened()
    before = sent(page)
    page.radio(key="thresholds-look").set_value("test").run()
    after = sent(page)
    assert (after["chosen"]["name"], after["look"]["name"]) == ("validation", "test")
    assert after["points"] == before["points"]
    assert after["rows"]["chosen_tp"] != after["rows"]["tp"]
    assert "Samples at the threshold, in test" in " ".join(m.value for m in page.markdown)


def test_what_is_released_moves_what_stands_below(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    cards = [m.value for m in page.markdown if "real" in m.value or "fake" in m.value]
    release(page, folder.id, threshold=0.9)
    assert not page.exception
    moved = [m.value for m in page.markdown if "real" in m.value or "fake" in m.value]
    assert moved != cards
    assert any("accuracy" in warning.value for warning in page.warning)  # worse than the majority up there


def test_saving_writes_the_released_threshold_and_restoring_brings_the_old_one_back(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    release(page, folder.id, threshold=0.61, method="by hand", error=0.1, fn=5)
    page.text_input(key="thresholds-why").set_value("for the desk")
    page.button(key="thresholds-save").click().run()
    first = operating_point.read(folder)
    assert first is not None
    assert (first.threshold, first.method, first.why, first.who) == (0.61, "by hand", "for the desk", "local")
    assert first.figures["test"]["costs"]["fn"] == 5
    low, high = first.figures["test"]["intervals"]["recall"]
    assert low <= first.figures["test"]["recall"] <= high
    assert first.band is not None
    assert first.band[0] <= 0.61 <= first.band[1]
    release(page, folder.id, threshold=0.33)
    page.button(key="thresholds-save").click().run()
    assert operating_point.read(folder).threshold == 0.33  # type: ignore[union-attr]
    page = expanded(page, "thresholds-history")
    page.button(key="thresholds-restore-1").click().run()
    assert operating_point.read(folder).threshold == 0.61  # type: ignore[union-attr]
    assert sent(page)["settings"]["threshold"] == 0.61


@pytest.mark.parametrize("why", ["at the end of training", "Best F1 on validation, at the end of training"])
def test_the_history_says_each_thing_once(space: Workspace, why: str) -> None:
    folder = finished_run(space)
    by_rule = OperatingPoint(0.5, "f1", "val", why=why)
    for point in (by_rule, OperatingPoint(0.6, "by hand", "val", band=(-0.1, 0.7))):
        operating_point.save(folder, point, Person("local", operator=True), now=1.8e9)
    page = expanded(opened(), "thresholds-history")
    lines = [m.value.replace("\\", "") for m in page.markdown if "on validation" in m.value]
    day = time.strftime("%Y-\u2060%m-\u2060%d\u00a0%H:%M", time.localtime(1.8e9))  # nowhere to break it
    assert lines == [
        f"**In force** · **0.6** by hand, on validation · {day} · left to a person from −0.1 to 0.7",
        f"**0.5** by Best F1, on validation · {day} · at the end of training",
    ]


def test_the_methods_table_tells_how_sure_each_threshold_is(space: Workspace) -> None:
    finished_run(space, 200)
    page = expanded(opened(), "thresholds-compared")
    page.toggle(key="thresholds-spread").set_value(True).run()
    assert not page.exception
    assert table_with(page, "95 % interval")["95 % interval"].str.startswith("[").sum() >= 5


def test_own_methods_and_words_that_make_no_sense(space: Workspace) -> None:
    finished_run(space)
    page = opened()
    page.session_state["thresholds-methods"] = ["f1", "precision=0.99", "nonsense"]
    page.run()
    assert {p["words"] for p in sent(page)["points"]} == {"default", "f1", "precision=0.99"}
    assert any("unknown threshold rule" in error.value for error in page.error)
    shown = page.multiselect(key="thresholds-methods").options
    assert "Precision at least 99 %" in shown, "a rule that was written has its name"


@pytest.fixture
def run_with_media(space: Workspace, tmp_path: Path) -> RunFolder:
    """A run whose samples are pictures that the catalogue knows."""
    random = np.random.default_rng(0)
    for label in ("real", "fake"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for i in range(12):
            picture = Image.fromarray(random.integers(0, 255, (16, 16, 3), np.uint8))
            picture.save(tmp_path / "pictures" / label / f"{i}.png")
    scan([tmp_path / "pictures"], space=space)
    table = catalogue.load(space=space)
    folder = new_run({"modality": "image", "model": "stand_in", "datasets": ["pictures"]}, space=space)
    frame = table[["id", "dataset", "modality", "label"]].assign(group=table["id"], method="")
    frame["score"] = frame["probability"] = 0.5 * frame["label"] + np.linspace(0.1, 0.4, len(frame))
    for split in ("val", "test"):
        folder.scores_file(split).parent.mkdir(exist_ok=True)
        frame.to_parquet(folder.scores_file(split), index=False)
    folder.set_status(state="completed")
    return folder


def test_a_sample_is_one_click_from_its_explanation(
    run_with_media: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    opened_pages: list[object] = []
    monkeypatch.setattr(detect_state, "add", lambda *words: asked.append(words))
    monkeypatch.setattr(theme, "go_to", opened_pages.append)
    page = opened()
    assert len(page.image) >= 6, "the samples are shown"
    button = next(b for b in page.button if b.key.startswith("explain-under-"))
    row = int(button.key.rsplit("-", 1)[1])
    button.click().run()
    assert not page.exception
    (upload, detectors, request), *more = asked
    name = pd.read_parquet(run_with_media.scores_file("val"))["id"][row]
    assert not more
    assert str(upload.path).endswith(name.removeprefix("pictures/"))
    assert (detectors, request.run, request.explain) == ([run_with_media.id], run_with_media.id, True)
    assert opened_pages == ["detect"]


def test_the_component_gets_little_whatever_the_number_of_scores() -> None:
    for n in (1_000, 300_000):
        chosen, looked = scores(n, 1), scores(n, 2)
        a, b = Side("validation", Scored(chosen)), Side("test", Scored(looked))
        methods = ("f1", "youden", "recall=0.95")
        points = [at(a.sweep, 0.5), *(choose(a.sweep, name) for name in methods)]
        lines = [*payload.grid(b.sweep).tolist(), *(p.threshold for p in points)]
        grid = {t: dict.fromkeys(payload.BANDED, (0.123456, 0.654321)) for t in lines}
        data = payload.build(a, b, points, grid=grid)
        assert payload.size(data) <= payload.LARGEST
        rows = data["rows"]
        for k in range(0, len(rows["t"]), 37):
            called = looked["score"] >= rows["t"][k]
            assert rows["tp"][k] == int((called & (looked["label"] == 1)).sum())
            chosen_called = chosen["score"] >= rows["t"][k]
            assert rows["chosen_fp"][k] == int((chosen_called & (chosen["label"] == 0)).sum())
        assert {p.threshold for p in points} <= set(rows["t"])
        released = line(a, b, Choice(0.5), {}, None)
        assert payload.size(released) <= 12_000
        near = np.array(released["rows"]["t"])
        distinct = np.unique(looked["score"])
        place = int(np.searchsorted(distinct, 0.5))
        assert set(distinct[place - 20 : place + 20]) <= set(near), "keys move one score at a time"


@pytest.mark.parametrize(
    ("given", "threshold"),
    [
        (None, 0.5),
        ("x", 0.5),
        ({}, 0.5),
        ({"threshold": 0.7}, 0.7),
        ({"threshold": None}, None),
        ({"threshold": "0.7"}, 0.5),
        ({"threshold": float("nan")}, 0.5),
        ({"threshold": True}, 0.5),
    ],
)
def test_whatever_the_browser_sends_gives_a_choice(given: Any, threshold: float | None) -> None:
    assert Choice.parse(given, Choice(0.5)).threshold == threshold
    odd = Choice.parse({"threshold": 1, "fp": -1, "fn": "many", "prevalence": 7, "error": 2}, Choice(0.5))
    assert (odd.fp, odd.fn, odd.prevalence, odd.error) == (1.0, 1.0, None, None)


def test_charts_are_pure_functions_of_tables() -> None:
    frame = scores(400, 3)
    one = Scored(frame)
    fig = charts.breakdown_figure(one.breakdown(0.5, "method"), "method")
    assert set(fig.data[0].y) >= {"swap", "hard"}
    assert {trace.marker.symbol for trace in fig.data} == {"x", "circle"}  # told apart without colour


def test_the_worst_stand_first_among_the_errors_whatever_their_truth() -> None:
    rows = pd.DataFrame(
        {"method": ["easy", NOBODY, "hard"], "recall": [0.9, None, 0.2], "fpr": [None, 0.5, None]}
    )
    for share in ("recall", "fpr"):
        rows[f"{share}_low"], rows[f"{share}_high"] = rows[share] - 0.1, rows[share] + 0.1
    axis = charts.breakdown_figure(rows.iloc[::-1], "method").layout.yaxis
    assert axis.categoryarray == ("easy", "none (reals)", "hard"), "from below"
    assert axis.range == (-0.6, 2.6), "no gap where there are few"


def test_a_run_of_demo_data_wears_its_badge(run_with_media: RunFolder, space: Workspace) -> None:
    assert opened().selectbox(key="thresholds-source").label == "Run"
    info = catalogue.info("pictures", space)
    catalogue.save("pictures", catalogue.load(["pictures"], space), replace(info, demo=True), space)
    run_with_media.set_status(state="completed")
    assert opened().selectbox(key="thresholds-source").label == f"Run {theme.demo_badge()}"


def test_a_point_that_is_brought_back_brings_its_costs_and_its_band(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    release(page, folder.id, threshold=0.7, method="cost=1:5@0.02", fn=5, prevalence=0.02, error=0.1)
    assert any("left to a person in between" in m.value for m in page.markdown)
    page.button(key="thresholds-save").click().run()
    first = operating_point.read(folder)
    release(page, folder.id, threshold=0.33)
    page.button(key="thresholds-save").click().run()
    page = expanded(page, "thresholds-history")
    assert any("left to a person from" in m.value for m in page.markdown)
    page.button(key="thresholds-restore-1").click().run()
    settings = sent(page)["settings"]
    wanted = {"threshold": 0.7, "fp": 1, "fn": 5, "prevalence": 0.02, "error": 0.1}
    assert {name: settings[name] for name in wanted} == wanted
    page.button(key="thresholds-save").click().run()
    again = operating_point.read(folder)
    assert first is not None
    assert again is not None
    assert (again.band, again.costs) == (first.band, first.costs)
    fresh = sent(opened())["settings"]
    assert {name: fresh[name] for name in wanted} == wanted


@pytest.mark.parametrize("method", [*words.TITLES, "precision=0.95", "fpr=0.001", "recall=0.999", "fbeta=2"])
def test_a_method_has_a_title_that_leads_back_to_it(method: str) -> None:
    assert words.method(words.title(method)) == method or method == "fbeta=2"
    assert words.title(method) != method


def test_a_detector_that_learned_nothing_saves_only_when_confirmed(space: Workspace) -> None:
    folder = finished_run(space)
    (folder.path / "metrics.json").write_text(json.dumps({"learned_nothing": True}))
    page = opened()
    assert page.button(key="thresholds-save").disabled
    said = [warning.value for warning in page.warning if "learned nothing" in warning.value]
    assert len(said) == 2  # over the lab, and where it would be saved
    page.checkbox(key="thresholds-save-anyway").check().run()
    page.button(key="thresholds-save").click().run()
    assert not page.exception
    assert not page.error
    assert operating_point.read(folder) is not None
