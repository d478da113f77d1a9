"""The Thresholds page without a browser: what it says, what reaches the component, what a release changes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog import table as catalogue
from core.catalog.scan import scan
from core.runs.folder import RunFolder, new_run
from core.thresholds import operating_point
from core.thresholds.methods import choose
from core.thresholds.scored import Scored
from core.thresholds.sweep import at, sweep
from core.workspace import Workspace
from dashboard import theme
from dashboard.charts import thresholds as charts
from dashboard.detect import state as detect_state
from dashboard.threshold_lab import Side, line, payload
from dashboard.threshold_lab.component import Choice
from dashboard.thresholds import words
from tests.thresholds.run_folder import finished_run, scores

VIEW = Path(__file__).resolve().parents[2] / "dashboard" / "views" / "thresholds.py"


def opened() -> AppTest:
    page = AppTest.from_file(str(VIEW), default_timeout=60).run()
    assert not page.exception
    return page


def sent(page: AppTest) -> dict[str, Any]:
    """The data that both halves of the component got: the table, and what belongs to the line."""
    lab, line = (json.loads(part.proto.json) for part in page.get("bidi_component"))
    assert line["version"] == lab["table"]["version"]
    return lab["table"] | line


def release(page: AppTest, run: str, **choice: Any) -> AppTest:
    """As the browser does it; the stamp is that of the line which Python set last."""
    given = {"threshold": 0.5, "method": "by hand", "fp": 1, "fn": 1, "prevalence": None, "error": None}
    stamp = sent(page)["settings"]["stamp"]
    page.session_state[f"lab-{run}"] = {"choice": {**given, "stamp": stamp, **choice}}
    return page.run()


def test_without_runs_it_says_what_to_do(space: Workspace) -> None:
    page = opened()
    assert any("Train one" in button.label for button in page.button)
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
    assert "Samples at the line, in test" in " ".join(m.value for m in page.markdown)


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
    assert first.band is not None
    assert first.band[0] <= 0.61 <= first.band[1]
    release(page, folder.id, threshold=0.33)
    page.button(key="thresholds-save").click().run()
    assert operating_point.read(folder).threshold == 0.33  # type: ignore[union-attr]
    page = expanded(page, "thresholds-history")
    page.button(key="thresholds-restore-1").click().run()
    assert operating_point.read(folder).threshold == 0.61  # type: ignore[union-attr]
    assert sent(page)["settings"]["threshold"] == 0.61


def test_the_methods_table_tells_how_sure_each_threshold_is(space: Workspace) -> None:
    finished_run(space, 200)
    page = expanded(opened(), "thresholds-compared")
    page.toggle(key="thresholds-spread").set_value(True).run()
    assert not page.exception
    tables = [frame.value for frame in page.dataframe if "95 % interval" in frame.value]
    assert tables[0]["95 % interval"].str.startswith("[").sum() >= 5


def test_own_methods_and_words_that_make_no_sense(space: Workspace) -> None:
    finished_run(space)
    page = opened()
    page.session_state["thresholds-methods"] = ["f1", "precision=0.99", "nonsense"]
    page.run()
    assert {p["words"] for p in sent(page)["points"]} == {"default", "f1", "precision=0.99"}
    assert any("unknown threshold method" in error.value for error in page.error)


def expanded(page: AppTest, key: str) -> AppTest:
    page.session_state[key] = True
    return page.run()


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    page.selectbox(key="thresholds-source").set_value("your own score file").run()
    return page.file_uploader[0].set_value((name, content, "text/csv")).run()


def test_a_score_file_of_any_detector_can_be_brought(space: Workspace) -> None:
    finished_run(space)
    frame = scores(300, 8)
    frame["label"] = np.where(frame["label"] == 1, "attack", "normal")
    content = io.BytesIO()
    frame.drop(columns=["probability"]).to_csv(content, index=False)
    page = upload(opened(), "mine.csv", content.getvalue())
    assert any("not plain which means fake" in error.value.replace("\\", "") for error in page.error)
    page.text_input(key="thresholds-fake-label").set_value("attack").run()
    assert not page.exception
    data = sent(page)
    assert data["look"]["positives"] + data["look"]["negatives"] == 300
    expected = choose(sweep((frame["label"] == "attack").to_numpy(), frame["score"].to_numpy()), "macro_f1")
    assert data["settings"]["threshold"] == expected.threshold
    page.toggle(key="thresholds-lower").set_value(True).run()
    assert any("polarity" in warning.value for warning in page.warning)
    default = sent(page)["points"][0]
    assert (default["words"], default["t"]) == ("default", -0.5), "0.5 of the file, negated inside"


def test_errors_are_told_apart_by_identity(space: Workspace) -> None:
    frame = scores(240, 5).assign(identity=[f"person {i % 3}" for i in range(240)])
    content = io.BytesIO()
    frame.to_csv(content, index=False)
    page = upload(opened(), "people.csv", content.getvalue())
    page.segmented_control(key="thresholds-by").set_value("identity").run()
    page = expanded(page, "thresholds-breakdown-all")
    assert not page.exception
    line = sent(page)["settings"]["threshold"]
    rows = next(table.value for table in page.dataframe if "identity" in table.value).set_index("identity")
    assert sorted(rows.index) == ["person 0", "person 1", "person 2"]
    for person, part in frame.groupby("identity"):
        wrong = (part["score"] >= line) != (part["label"] == 1)
        assert rows.loc[person, "errors"] == wrong.sum()
        assert rows.loc[person, "n"] == 80


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


def test_names_from_a_file_are_shown_and_do_nothing(space: Workspace) -> None:
    frame = scores(60, 8)
    frame["id"] = [f"<b>x</b>**{i}**.png" for i in range(60)]
    content = io.BytesIO()
    frame.to_csv(content, index=False)
    page = upload(opened(), "<i>mine</i>.csv", content.getvalue())
    assert not page.exception
    shown = " ".join([m.value for m in page.markdown] + [c.value for c in page.caption])
    assert "<b>x</b>**" not in shown
    assert "\\<b\\>x" in shown


@pytest.mark.parametrize(
    "content", [b"", b"label,score\n1,0.5\n1,0.6\n", b"label,score\n1,nan\n0,0.1\n", b"\x00\x01"]
)
def test_a_file_that_cannot_be_used_is_one_line_on_the_page(space: Workspace, content: bytes) -> None:
    page = upload(opened(), "bad.csv", content)
    assert not page.exception
    assert len(page.error) == 1


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


def test_a_run_of_demo_data_wears_its_badge(run_with_media: RunFolder, space: Workspace) -> None:
    assert opened().selectbox(key="thresholds-source").label == "Run"
    info = catalogue.info("pictures", space)
    catalogue.save("pictures", catalogue.load(["pictures"], space), replace(info, demo=True), space)
    run_with_media.set_status(state="completed")
    assert opened().selectbox(key="thresholds-source").label == f"Run {theme.demo_badge()}"


def test_splits_are_read_as_the_command_reads_them(space: Workspace) -> None:
    both = pd.concat([scores(200, 1).assign(split="Val"), scores(100, 2).assign(split=" test")])
    page = upload(opened(), "both.csv", both.to_csv(index=False).encode())
    data = sent(page)
    assert data["chosen"]["name"] == "validation"
    assert data["chosen"]["positives"] + data["chosen"]["negatives"] == 200
    assert page.radio(key="thresholds-look").options == ["validation", "test"]


def test_a_turned_polarity_is_answered_by_a_switch_that_is_there(space: Workspace) -> None:
    folder = finished_run(space)
    table = pd.read_parquet(folder.scores_file("val"))
    table.assign(score=1 - table["score"]).to_parquet(folder.scores_file("val"))
    page = opened()
    (warning,) = [w.value for w in page.warning if "polarity" in w.value]
    assert "are real and fake swapped in the labels" in warning
    assert "Low scores mean fake" not in warning
    page = upload(page, "mine.csv", table.assign(score=-table["score"]).to_csv(index=False).encode())
    (warning,) = [w.value for w in page.warning if "polarity" in w.value]
    assert "turn “Low scores mean fake” on above" in warning
    page.toggle(key="thresholds-lower").set_value(True).run()
    assert not any("polarity" in w.value for w in page.warning)
    data = sent(page)
    assert data["turned"]
    assert float("".join(page.query_params["at"])) == -data["settings"]["threshold"]
    shown = [
        float(m.value.split("**")[1]) for m in page.markdown if "fake" in m.value and m.value[:2] == "**"
    ]
    assert shown
    assert all(score <= 0 for score in shown), "as they stand in the file"


def test_a_point_that_is_brought_back_brings_its_costs_and_its_band(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    release(page, folder.id, threshold=0.7, method="cost=1:5@0.02", fn=5, prevalence=0.02, error=0.1)
    page.button(key="thresholds-save").click().run()
    first = operating_point.read(folder)
    release(page, folder.id, threshold=0.33)
    page.button(key="thresholds-save").click().run()
    page = expanded(page, "thresholds-history")
    assert any("uncertain from" in m.value for m in page.markdown)
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


def test_a_line_of_the_command_names_what_is_on_the_page(space: Workspace) -> None:
    page = upload(opened(), "mine.csv", b"label,score\nattack,0.9\nnormal,0.1\n")
    (warning,) = [error.value.replace("\\", "") for error in page.error]
    assert warning.startswith("mine.csv: labels are 'attack', 'normal'")
    assert warning.endswith("name it under “The label that means fake” above")
    page = upload(opened(), "mine.csv", b"\x00\x01")
    assert [e.value.replace("\\", "") for e in page.error] == ["mine.csv is neither CSV nor Parquet"]


def test_the_axis_spans_the_scores_and_not_the_default_far_off_them(space: Workspace) -> None:
    frame = scores(200, 3)
    frame["score"] = frame["score"] * 1000 - 9000
    page = upload(opened(), "mine.csv", frame.to_csv(index=False).encode())
    axis = sent(page)["axis"]
    assert axis["range"] == {"low": frame["score"].min(), "high": frame["score"].max()}
    assert frame["score"].min() <= axis["low"] < axis["high"] <= frame["score"].max()
    assert 0.5 not in sent(page)["rows"]["t"]
    assert "default" not in {point["words"] for point in sent(page)["points"]}


@pytest.mark.parametrize("method", [*words.TITLES, "precision=0.95", "fpr=0.001", "recall=0.999", "fbeta=2"])
def test_a_method_has_a_title_that_leads_back_to_it(method: str) -> None:
    assert words.method(words.title(method)) == method or method == "fbeta=2"
    assert words.title(method) != method


def test_a_detector_that_learned_nothing_saves_only_when_confirmed(space: Workspace) -> None:
    folder = finished_run(space)
    (folder.path / "metrics.json").write_text(json.dumps({"learned_nothing": True}))
    page = opened()
    assert page.button(key="thresholds-save").disabled
    assert any("learned nothing" in warning.value for warning in page.warning)
    page.checkbox(key="thresholds-save-anyway").check().run()
    page.button(key="thresholds-save").click().run()
    assert not page.exception
    assert not page.error
    assert operating_point.read(folder) is not None


def test_labels_may_stand_in_a_second_file_and_columns_have_any_name(space: Workspace) -> None:
    frame = scores(300, 8)
    words = np.where(frame["label"] == 1, "spoof", "bonafide")
    own = pd.DataFrame({"utterance": frame["id"], "logit": frame["score"], "other": range(300)})
    key = pd.DataFrame({"utterance": frame["id"], "truth": words}).sample(frac=1, random_state=0)
    page = upload(opened(), "mine.csv", own.to_csv(index=False).encode())
    assert len(page.error) == 1
    key_file = "\n".join(" ".join(row) for row in key.itertuples(index=False)).encode()
    page.file_uploader[1].set_value(("key.txt", key_file, "text/plain"))
    page.text_input(key="thresholds-column-score").set_value("logit")
    page.text_input(key="thresholds-column-id").set_value("utterance").run()
    assert not page.exception
    assert not page.error
    data = sent(page)
    assert data["look"]["positives"] == int(frame["label"].sum())
    expected = choose(sweep(frame["label"].to_numpy(), frame["score"].to_numpy()), "macro_f1")
    assert data["settings"]["threshold"] == expected.threshold
    said = " ".join(caption.value for caption in page.caption)
    assert "**spoof** is fake (" in said
    assert "high scores are taken for fake" in said


def test_the_field_s_measures_follow_the_cost_model(space: Workspace) -> None:
    finished_run(space)
    page = opened()

    def measured() -> pd.Series:
        table = next(t.value for t in page.dataframe if "what it says" in t.value)
        return pd.Series(table["value"].to_numpy(), index=table["figure"])

    before = measured()
    assert {"AUC", "EER", "minDCF", "actDCF", "Cllr, bits"} <= set(before.index)
    assert any("1 % false alarms" in name for name in before.index)
    assert before.str.contains(r"^[\d.]+ \[[\d.]+, [\d.]+\]$").all()
    page.number_input(key="thresholds-dcf-prior").set_value(50.0).run()
    assert not page.exception
    assert measured()["minDCF"] != before["minDCF"]
    assert measured()["AUC"] == before["AUC"]


def test_a_line_for_each_slice_says_what_it_would_change(space: Workspace) -> None:
    frame = pd.concat([scores(400, 1, dataset="a"), scores(400, 2, 0.5, dataset="b")])
    page = upload(opened(), "both.csv", frame.to_csv(index=False).encode())
    page = expanded(page, "thresholds-slices")
    assert not page.exception
    rows = next(t.value for t in page.dataframe if "own line" in t.value).set_index("dataset")
    line = sent(page)["settings"]["threshold"]
    assert set(rows.index) == {"a", "b"}
    assert (rows["own line"] == "yes").all()
    assert rows["false alarms, single line"].sum() == int(
        ((frame["score"] >= line) & (frame["label"] == 0)).sum()
    )
    assert any("percentage points" in m.value for m in page.markdown)
