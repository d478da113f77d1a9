"""The Detect page without a browser: what it shows of a verdict, of its threshold, and of what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.detection import pictures, sound, wording
from core.detection.reporting import feedback
from core.detection.request import Request
from core.detection.serving.service import Job
from core.detection.serving.uploads import SessionFolder, Upload
from core.detection.verdict import Faithfulness, HeatMap, Unit, Verdict
from core.runs.summaries import Summary
from core.workspace import Workspace
from dashboard.charts import detect as charts
from dashboard.detect import frame_view, inputs
from dashboard.detect import state as detect_state
from tests.dashboard.html_tables import table_with
from tests.detection.tiny_runs import make_run

ROOT = Path(__file__).resolve().parents[2]
NASTY = "<img src=x onerror=alert(1)> **bold** \u202egnp.exe"


class Answered:
    """A service whose verdicts are there at once, or grow when the test says so."""

    def __init__(self, answers: list[Verdict], stage: str = "done") -> None:
        self.answers, self.stage, self.asked = answers, stage, list[Request]()

    def submit(
        self, session: str, upload: Upload, request: Request, *, play: bool = True, **_: object
    ) -> Job:
        self.asked.append(request)
        verdict = self.answers[min(len(self.asked), len(self.answers)) - 1]
        job = Job(session, upload, request, stage=self.stage, verdict=replace(verdict, file=upload.shown))
        job.player_error = "not in this test"
        return job

    def cancel(self, session: str) -> int:
        return 0

    def waiting(self, session: str | None = None) -> int:
        return 0

    def warm(self, detectors: tuple[str, ...] = ()) -> None:
        self.warmed = detectors


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A browser session of its own for each test: to Streamlit's test runner all of them are one."""
    own = detect_state.Session("test", SessionFolder())
    monkeypatch.setattr(detect_state, "session", lambda: own)
    yield
    own.folder.close()


@pytest.fixture
def verdict(tmp_path: Path) -> Verdict:
    """A clip of four frames with a map each, and sound."""
    maps = []
    for k in range(4):
        frame, overlay = tmp_path / f"{k}.jpg", tmp_path / f"{k}.png"
        pictures.save_jpeg(frame, np.full((48, 64, 3), 90, np.uint8))
        pictures.save_grey(overlay, np.eye(48, 64, dtype=np.float32))
        faithful = Faithfulness(0.2, 0.8, 0.3, 0.1, 0.2, True)
        maps.append(
            HeatMap("gradcam", "picture", k, str(frame), str(overlay), str(frame), k / 2, k / 2, faithful)
        )
    drawn = sound.picture(np.sin(np.arange(32_000) / 20).astype(np.float32), 16_000, 0.0)
    sound.save(
        tmp_path / "sound.npz", sound.with_map(drawn, [sound.WindowMap(0.0, 2.0, np.ones(10, np.float32))])
    )
    units = tuple(
        Unit("face", 5 * k, k / 2, k / 2, 0.2 + 0.2 * k, (4.0, 4.0, 30.0, 30.0), 0) for k in range(4)
    )
    return Verdict(
        file="a.mp4",
        status="ok",
        verdict="fake",
        score=0.7,
        threshold=0.5,
        modality="video",
        detector="run",
        model="net",
        probability=0.93,
        units=units,
        words=wording.LEVELS[3][1],
        calibrated=True,
        tracks=({"track": 0, "units": 4, "score": 0.7, "highest": 0.8},),
        caveats=tuple(wording.STANDING),
        outside=({"what": "codec", "words": "Codec av1 is new to it.", "out": True},),
        explanations=tuple(maps),
        facts={"sha256": "ab" * 32, "bytes": 10, "media": {"codec": "av1"}, "exif": {"Software": NASTY}},
        operating_point={"method": "macro_f1", "chosen_on": "val"},
        frame_size=(64, 48),
        waveform={"path": str(tmp_path / "sound.npz"), "t0": 0.0, "t1": 2.0},
    )


@pytest.fixture
def without_evidence(verdict: Verdict) -> Verdict:
    """The same clip before a detector that learned nothing."""
    return replace(
        verdict,
        verdict="uncertain",
        probability=None,
        learned_nothing=True,
        words=wording.NOTHING,
        reason=wording.LEARNED_NOTHING,
        reservations=({"kind": "learned_nothing", "words": wording.LEARNED_NOTHING},),
    )


def open_page(answers: Answered, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> AppTest:
    monkeypatch.setattr(detect_state, "service", lambda: answers)
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60).run()
    assert not page.exception
    for name, content in files.items():
        page.file_uploader[0].set_value([(name, content, "video/mp4")])
        page.run()
    assert not page.exception
    return page


def text_of(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.error, *page.warning, *page.info]
    return "\n".join(str(p.value) for p in parts)


@pytest.fixture
def with_run(space: Workspace) -> Workspace:
    make_run(space.runs / "run", "image")
    return space


def test_without_a_detector_it_says_what_to_do_next(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([]), monkeypatch, {})
    assert "no detector yet" in text_of(page) and page.button[0].label == "Train a detector"


def test_the_moment_that_is_looked_at_survives_a_reload(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    assert "### The frame at 1.50 s" in text_of(page)  # the most suspicious
    next(b for b in page.button if b.label.startswith("1.00 s")).click().run()
    assert "### The frame at 1.00 s" in text_of(page)
    again = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60)
    for name, values in page.query_params.items():
        again.query_params[name] = values
    again.run()
    assert "### The frame at 1.00 s" in text_of(again)


def test_words_are_asked_for_where_a_detector_may_read_them(
    with_run: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not open_page(Answered([]), monkeypatch, {}).text_input
    kinds = {"pictures": "image", "mixed": "multimodal"}
    runs = [Summary(name, name, "completed", modality=kind) for name, kind in kinds.items()]
    assert inputs.may_read_text(runs, [])  # the automatic choice may take it
    assert inputs.may_read_text(runs, ["pictures", "mixed"])
    assert not inputs.may_read_text(runs, ["pictures"])


@pytest.mark.parametrize("at", ["inf", "nan", "-1", "soon", "1e9"])
def test_a_moment_that_a_file_does_not_have_shows_one_that_it_has(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    first = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60)
    page.query_params["file"], page.query_params["at"] = first.query_params["file"], at
    page.run()
    assert not page.exception and "### The frame at 1.50 s" in text_of(page)


def test_a_verdict_comes_with_its_evidence(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    text = text_of(page)
    for words in (
        "Very strong evidence",
        "fake from a score of 0\\.5 on",
        "2 of 4 faces reach it",
        "Codec av1",
        "not proof",
        "lowers the score by",
    ):
        assert words in text
    charts_of = [c.proto.spec for c in page.get("plotly_chart")]
    assert len(charts_of) == 3  # the scale, the timeline, the sound
    assert {b.label for b in page.get("download_button")} == {
        "Report (PDF)",
        "Report (HTML)",
        "Report (JSON)",
    }


def test_names_are_shown_and_never_rendered(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {NASTY: b"x"})
    shown = next(m.value for m in page.markdown if "onerror" in m.value)
    assert "\\<img" in shown and "\\*\\*bold" in shown and "\u202e" not in shown
    assert not any(m.allow_html for m in page.markdown)


def test_another_threshold_is_tried_and_nothing_is_saved(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (with_run.runs / "run" / "operating_point.json").read_bytes()
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    page.toggle[0].set_value(True).run()
    next(s for s in page.slider if s.label == "Threshold").set_value(0.75).run()
    text = text_of(page)
    assert "● real" in text and "from a score of 0\\.75 on" in text and "1 of 4 faces reach it" in text
    assert "At the threshold that is tried" in text and "evidence of manipulation" not in text
    assert "chosen on validation" not in text
    assert (with_run.runs / "run" / "operating_point.json").read_bytes() == before


def test_learned_nothing_is_said_in_red_before_anything_else(
    with_run: Workspace, without_evidence: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([without_evidence]), monkeypatch, {"a.mp4": b"x"})
    assert "learned nothing" in page.error[0].value
    text = text_of(page)
    assert "○ no evidence" in text and "which means nothing here" in text
    for confident in ("✖ fake", "● real", "probability", "Most suspicious", "try another threshold"):
        assert confident not in text
    # The reason stands once, in the line under the headline.
    assert not any(wording.LEARNED_NOTHING in c.value for c in page.caption)


@pytest.mark.parametrize(
    ("headline", "badge"),
    [(wording.NOTHING, "gray-badge[○ no evidence]"), (wording.LEANS["fake"], "gray-badge[◇ leans to fake]")],
)
def test_no_coloured_word_stands_beside_a_headline_that_takes_it_back(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch, headline: str, badge: str
) -> None:
    page = open_page(Answered([replace(verdict, words=headline)]), monkeypatch, {"a.mp4": b"x"})
    text = "\n".join(m.value for m in page.markdown)
    assert badge in text and "✖ fake" not in text


@pytest.mark.parametrize(
    ("status", "words"),
    [("error", "broken \\<b\\>file"), ("not_applicable", "not judged] Broken \\<b\\>file")],
)
def test_a_file_without_a_verdict_has_its_reason(
    status: str, words: str, with_run: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Verdict("a", status, reason="broken <b>file")
    page = open_page(Answered([answer]), monkeypatch, {"a.mp4": b"x"})
    assert words in text_of(page) and text_of(page).count("roken ") == 1


def test_the_truth_is_kept_only_on_a_click(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    assert feedback.read(with_run) == []
    next(b for b in page.button if b.label == "real").click().run()
    (row,) = feedback.read(with_run)
    assert (row["truth"], row["verdict"], row["sha256"]) == ("real", "fake", "ab" * 32)


def test_another_method_has_the_file_judged_again_with_it(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answered([verdict])
    page = open_page(answers, monkeypatch, {"a.mp4": b"x"})
    next(s for s in page.selectbox if s.label == "Heat map by").set_value("layercam").run()
    assert [r.method for r in answers.asked] == ["auto", "layercam"]


def test_until_new_heat_maps_are_there_the_old_ones_stay(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answered([verdict, replace(verdict, explanations=(), heatmaps=())])
    page = open_page(answers, monkeypatch, {"a.mp4": b"x"})
    answers.stage = "map"
    next(s for s in page.selectbox if s.label == "Heat map by").set_value("layercam").run()
    assert [r.method for r in answers.asked] == ["auto", "layercam"] and not page.exception
    assert "removing the marked" in text_of(page) and "heat maps …" in text_of(page)


def test_the_opacity_of_the_sounds_map_is_a_share(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x"})
    slider = next(s for s in page.slider if s.label == "Opacity of the map")
    assert (slider.value, slider.proto.format) == (80, "%d %%")
    slider.set_value(30).run()
    spec = json.loads(page.get("plotly_chart")[-1].proto.spec)
    assert next(t for t in spec["data"] if t.get("name") == "map")["opacity"] == 0.3


def test_two_detectors_stand_side_by_side_and_are_not_averaged(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(with_run.runs / "other", "image", seed=1)
    answers = Answered([verdict, replace(verdict, detector="other", score=0.2, verdict="real")])
    monkeypatch.setattr(detect_state, "service", lambda: answers)
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60).run()
    page.multiselect[0].set_value(["run", "other"]).run()
    page.file_uploader[0].set_value([("a.mp4", b"x", "video/mp4")]).run()
    table = table_with(page, "detector")
    assert list(table["detector"]) == ["run", "other"] and list(table["score"]) == ["0.700", "0.200"]
    assert "Not combined" in text_of(page)


def test_a_detector_that_is_chosen_later_judges_the_open_file_on_a_press(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(with_run.runs / "other", "image", seed=1)
    answers = Answered([verdict, replace(verdict, detector="other", score=0.2, verdict="real")])
    page = open_page(answers, monkeypatch, {"a.mp4": b"x"})
    page.multiselect[0].set_value(["run"]).run()  # the automatic choice had taken it
    assert not [b for b in page.button if b.label.startswith("Judge")]
    page.multiselect[0].set_value(["run", "other"]).run()
    next(b for b in page.button if b.label == "Judge the open file with them").click().run()
    assert [one.run for one in answers.asked] == [None, "other"]
    assert list(table_with(page, "detector")["detector"]) == ["run", "other"]
    assert not [b for b in page.button if b.label.startswith("Judge")]


def test_a_row_that_was_clicked_before_another_file_came_can_be_clicked_again(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells: list[tuple[int, str]] = []
    picked = SimpleNamespace(selection=SimpleNamespace(cells=cells))
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x", "b.mp4": b"y"})
    for name in ("c.mp4", "d.mp4"):
        cells.append((list(page.dataframe[0].value["file"]).index("a.mp4"), "file"))
        with monkeypatch.context() as clicked:
            clicked.setattr(st, "dataframe", lambda *_, **__: picked)
            page.run()
        assert any(m.value.startswith("## a") for m in page.markdown)
        cells.clear()  # the table with one file more is another one
        page.file_uploader[0].set_value([(name, b"z", "video/mp4")]).run()


def test_the_session_has_a_table_that_can_be_cleared(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([verdict]), monkeypatch, {"a.mp4": b"x", "=b.mp4": b"y"})
    assert set(page.dataframe[0].value["file"]) == {"a.mp4", "=b.mp4"}
    next(b for b in page.button if b.label == "Clear").click().run()
    assert not page.exception and "Very strong" not in text_of(page)


def test_files_that_need_a_person_come_first_and_nothing_is_none(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("unsure.mp4", "real.mp4", "broken.mp4", "weak.mp4", "strong.mp4")
    changes: list[dict[str, Any]] = [
        {"verdict": "uncertain", "score": 0.5},
        {"verdict": "real", "score": 0.1},
        {"verdict": None, "score": None, "status": "error", "detector": None, "reason": "cannot be read"},
        {"score": 0.6},
        {"score": 0.9},
    ]
    answers = Answered([replace(verdict, **change) for change in changes])
    page = open_page(answers, monkeypatch, {})
    page.file_uploader[0].set_value([(name, b"x", "video/mp4") for name in names]).run()
    table = page.dataframe[0].value
    assert list(table["file"]) == ["unsure.mp4", "strong.mp4", "weak.mp4", "broken.mp4", "real.mp4"]
    assert list(table["score"]) == ["0.500", "0.900", "0.600", "–", "0.100"]
    assert list(table["detector"])[3] == "–" and not table.isna().any(axis=None)
    assert "None" not in table.to_string()
    opened = [m.value for m in page.markdown if m.value.startswith("#") and "\\.mp4" in m.value]
    assert len(opened) == 1 and "unsure" in opened[0]


def test_a_score_that_only_leans_comes_first_and_is_called_so_everywhere(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaning = replace(verdict, words=wording.LEANS["fake"])
    answers = Answered([verdict, leaning])
    page = open_page(answers, monkeypatch, {})
    page.file_uploader[0].set_value([(name, b"x", "video/mp4") for name in ("sure.mp4", "leans.mp4")]).run()
    table = page.dataframe[0].value
    assert list(table["file"]) == ["leans.mp4", "sure.mp4"]
    assert list(table["verdict"]) == ["◇ leans to fake", "✖ fake"]
    assert table["evidence"][0] == "What that is worth is not known"
    text = text_of(page)
    assert "What that is worth is not known" in text and "Frames that were looked at" in text
    for confident in ("Most suspicious", "Probability that it is fake", "✖ fake"):
        assert confident not in text
    fig: Any = charts.scale(leaning, 0.5)
    assert [one.text for one in fig.layout.annotations] == ["threshold 0.5", "leans to fake 0.700"]
    # The mark has a colour of its own, not that of the scale.
    assert {one.layer for one in fig.layout.shapes} == {"below"}


def test_of_a_file_that_was_not_judged_there_is_no_report_and_no_truth(
    with_run: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Answered([Verdict("a", "error", reason="it is damaged")]), monkeypatch, {"a.png": b"x"})
    assert "it is damaged" in text_of(page) and not page.get("download_button")
    assert "The truth was" not in text_of(page)


def test_a_score_that_means_nothing_is_given_to_no_frame(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ({"kind": "outside", "words": f"{wording.OUTSIDE}: it is unlike them."},)
    far = replace(
        verdict, verdict="uncertain", words=wording.OUTSIDE, domain={"inside": False}, reservations=held
    )
    page = open_page(Answered([far]), monkeypatch, {"a.mp4": b"x"})
    assert [one.value for one in page.warning] == ["It is unlike them\\."]
    assert any(one.value == "### The frame at 1.50 s" for one in page.markdown)
    assert [b.label for b in page.button if b.label.endswith(" s")] == [
        "0.00 s",
        "0.50 s",
        "1.00 s",
        "1.50 s",
    ]
    assert "and the score means nothing here" in text_of(page)


def test_only_what_is_suspicious_is_called_so(verdict: Verdict) -> None:
    one = HeatMap("gradcam", "picture", 0, "a.jpg")
    maps = [replace(one, unit=k) for k in range(len(verdict.units))]
    found = [verdict.units[m.unit].score for m in frame_view.suspicious(verdict, maps, 0.5)]
    assert found and min(found) >= 0.5
    assert frame_view.suspicious(verdict, maps, None) == []
    assert frame_view.suspicious(replace(verdict, domain={"inside": False}), maps, 0.5) == []


def test_frames_of_several_people_say_whose_face_it_is(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = (*verdict.units[:3], replace(verdict.units[2], track=1, score=0.9))
    two = replace(verdict, units=units, tracks=({}, {}))
    page = open_page(Answered([two]), monkeypatch, {"a.mp4": b"x"})
    labels = [b.label for b in page.button if " s · " in b.label]
    assert labels == ["1.50 s · person 2 · 0.900", "1.00 s · person 1 · 0.600"]


def test_what_each_part_adds_is_named_as_everywhere(verdict: Verdict) -> None:
    adds = (
        {"modality": "image", "adds": 0.3, "share": 0.75},
        {"modality": "audio", "adds": -0.1, "share": 0.25},
    )
    fig: Any = charts.contributions(replace(verdict, contributions=adds))
    assert list(fig.data[0].y) == ["pictures", "sound"] and list(fig.data[0].text) == ["+0.300", "−0.100"]


@pytest.mark.parametrize("offered", range(2, frame_view.MOST_SUSPICIOUS + 1))
def test_no_row_of_frames_holds_one_alone(offered: int) -> None:
    across = frame_view.ACROSS[offered]
    assert offered % across != 1
    assert f".st-key-detect-strip-{across} {{" in (ROOT / "dashboard/page.css").read_text("utf-8")


def test_the_timeline_names_the_unit_under_a_click(verdict: Verdict) -> None:
    people = replace(verdict, units=(*verdict.units, replace(verdict.units[0], track=1)), tracks=({}, {}))
    fig = charts.timeline(people, 0.5, 1)
    assert [list(t.customdata) for t in fig.data] == [[0, 1, 2, 3], [4]]
    symbols = list(fig.data[0].marker.symbol)
    assert symbols == ["circle", "circle", "x", "x"]  # told apart without colour


def test_the_sounds_map_lies_in_seconds_and_hertz() -> None:
    drawn = sound.picture(np.zeros(64_000, np.float32) + 1e-3, 16_000, 1.0)
    values = np.zeros((10, 20), np.float32)
    values[9, 10:] = 1  # the highest band, second half of the window
    hertz = np.linspace(400, 7600, 10)
    mapped = sound.with_map(drawn, [sound.WindowMap(3.0, 5.0, values, hertz)])
    rows, columns = np.nonzero(mapped["map"])
    times = 1.0 + (columns + 0.5) * 4.0 / mapped["map"].shape[1]
    assert times.min() > 3.95 and times.max() < 5.0
    assert np.asarray(drawn["hertz"])[rows].min() > 7000
    fig: Any = charts.sound(mapped, (), 0.5)
    assert fig.data[-1].name == "map" and max(fig.data[-1].x) <= 5.01
    segments = (Unit("segment", 0, 1.0, 3.0, 0.2, None, 0), Unit("segment", 1, 3.0, 5.0, 0.7, None, 0))
    fig = charts.sound(mapped, segments, 0.5)
    assert [(s.x0, s.x1) for s in fig.layout.shapes] == [(3.0, 5.0)]
    assert [one.text for one in fig.layout.annotations] == ["shaded: called fake"]


@pytest.mark.parametrize(("waiting", "seconds"), [(0, 0.7), (3, 0.7), (10, 2.0), (500, 3.0)])
def test_where_many_files_wait_they_are_looked_at_less_often(
    verdict: Verdict, monkeypatch: pytest.MonkeyPatch, waiting: int, seconds: float
) -> None:
    service = Answered([verdict])
    monkeypatch.setattr(service, "waiting", lambda session=None: waiting)
    monkeypatch.setattr(detect_state, "service", lambda: service)
    assert detect_state.pace(0.7) == pytest.approx(seconds)


def test_a_link_opens_the_page_with_its_detector(
    with_run: Workspace, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect_state, "service", lambda: Answered([verdict]))
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60)
    page.query_params["detector"] = "run,gone"
    page.run()
    assert not page.exception and page.multiselect[0].value == ["run"]
    assert page.query_params["detector"] in ("run", ["run"])


def test_that_a_detector_is_no_evidence_stands_once(
    with_run: Workspace, without_evidence: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(with_run.runs / "nothing", "image", learned_nothing=True)
    monkeypatch.setattr(detect_state, "service", lambda: Answered([without_evidence]))
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60)
    page.session_state["detect_runs"] = ["nothing"]
    page.run()
    assert "learned nothing" in page.error[0].value  # beside its name, before a file is judged
    page.file_uploader[0].set_value([("a.mp4", b"x", "video/mp4")]).run()
    page.run()
    assert [wording.LEARNED_NOTHING in one.value.replace("\\", "") for one in page.error] == [True]
    assert "evidence, not proof" not in " ".join(c.value for c in page.caption)


def test_a_file_that_cannot_be_read_is_named_once(
    with_run: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(
        Answered([Verdict("a", "error", reason="a.png: it is cut off")]), monkeypatch, {"a.png": b"x"}
    )
    assert page.error[0].value == "It is cut off\\."


def test_a_threshold_of_zero_calls_everything_fake(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(space.runs / "eager", "image", threshold=0.0)
    monkeypatch.setattr(detect_state, "service", lambda: Answered([]))
    page = AppTest.from_file(str(ROOT / "dashboard/views/detect.py"), default_timeout=60)
    page.session_state["detect_runs"] = ["eager"]
    assert "“eager” calls every file fake" in text_of(page.run())
