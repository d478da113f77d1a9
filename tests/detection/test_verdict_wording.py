"""The rule of the verdict, how it is said, and how it leaves the workbench: JSON, CSV, HTML."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.access import Person
from core.cli import detect
from core.detection import exports, wording
from core.detection.reporting import feedback, report
from core.detection.verdict import Faithfulness, HeatMap, Unit, Verdict, decide
from core.errors import BadInput, NotAllowed
from core.workspace import Workspace

NASTY = '=cmd|"/c calc"!A1 <script>alert(1)</script> \u202egpj.exe ../../etc'


def verdict(**changes: object) -> Verdict:
    units = (
        Unit("face", 0, 0.0, 0.0, 0.2, (1.0, 2.0, 30.0, 40.0), 0),
        Unit("face", 9, 0.9, 0.9, 0.8, (1.0, 2.0, 30.0, 40.0), 0),
    )
    base = Verdict(
        file="a.mp4",
        status="ok",
        verdict="fake",
        score=0.8,
        threshold=0.5,
        modality="video",
        detector="run",
        probability=0.9,
        units=units,
        calibrated=True,
        words="Strong",
        band=(0.4, 0.45),
        frame_size=(64, 48),
        caveats=tuple(wording.STANDING),
        facts={"sha256": "ab" * 32, "bytes": 10, "exif": {"Software": NASTY}},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "threshold", "band", "word"),
    [
        (0.5, 0.5, None, "fake"),
        (0.4999, 0.5, None, "real"),
        (0.999, None, None, "real"),
        (0.45, 0.5, (0.45, 0.55), "uncertain"),
        (0.55, 0.5, (0.45, 0.55), "fake"),
        (0.44, 0.5, (0.45, 0.55), "real"),
    ],
)
def test_fake_is_at_or_above_the_threshold_unless_in_the_band(
    score: float, threshold: float | None, band: tuple[float, float] | None, word: str
) -> None:
    assert decide(score, threshold, band) == word


def test_words_are_levels_of_evidence_and_never_proof() -> None:
    levels = [wording.evidence("fake", p, 0.6) for p in (0.3, 0.55, 0.75, 0.95)]
    assert [w.split()[0] for w in levels] == ["Weak", "Moderate", "Strong", "Very"]
    said = [
        *levels,
        *(wording.evidence("real", p, 0.1) for p in (0.1, 0.6)),
        wording.evidence("uncertain", 0.5, 0.5),
    ]
    assert not any(
        word in line.casefold() for line in said for word in ("proof", "proven", "certain", " fake")
    )


def test_standing_caveats_are_always_there_and_the_particular_come_first() -> None:
    demo = wording.demo_only(imported=False)
    lines = wording.caveats("frames", calibrated=False, learned_nothing=True, threshold=None, demo=demo)
    assert demo in lines
    assert set(wording.STANDING) <= set(lines)
    assert "guessing" in lines[0] and "not calibrated" in lines[1]
    # Where it learned nothing, no file is called real either.
    assert not any("calls nothing fake" in line for line in lines)
    others = wording.caveats("frames", calibrated=True, learned_nothing=False, threshold=None)
    assert "calls nothing fake" in others[0]


def test_a_verdict_survives_json() -> None:
    faithful = Faithfulness(0.2, 0.8, 0.3, 0.1, 0.15, True)
    one = verdict(
        explanations=(HeatMap("gradcam", "picture", 1, "x.jpg", faithfulness=faithful),), heatmaps=("x.jpg",)
    )
    assert Verdict.from_dict(json.loads(exports.as_json(one.to_dict()))) == one


def test_the_csv_has_a_line_a_file_and_no_formula() -> None:
    text = exports.as_csv([verdict(file=NASTY).to_dict(), Verdict("b", "error", reason="@bad").to_dict()])
    lines = list(csv.DictReader(io.StringIO(text)))
    assert lines[0]["file"].startswith("'=") and lines[1]["reason"] == "'@bad"
    assert lines[0]["units_above"] == "1" and lines[0]["sha256"] == "ab" * 32


def test_the_report_is_one_file_without_scripts_or_anything_from_outside() -> None:
    page = report.as_html(
        [verdict(file=NASTY), verdict(learned_nothing=True), Verdict("c", "error", reason="<b>broken</b>")]
    )
    assert "<script" not in page and "<b>broken" not in page and "\u202e" not in page
    assert "http://" not in page and "https://" not in page and "src=" not in page.replace("img-src", "")
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    for words in (
        "0.800",
        "0.5",
        "ab" * 32,
        "learned nothing",
        wording.STANDING[1],
        "&lt;script&gt;",
        "<svg",
    ):
        assert words in page


def test_the_report_carries_its_pictures_in_itself(tmp_path: Path) -> None:
    picture = tmp_path / "map.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0jpeg")
    one = HeatMap(
        "gradcam", "picture", 1, str(picture), faithfulness=Faithfulness(0.2, 0.8, 0.0, 0.1, 0.2, False)
    )
    page = report.as_html([verdict(explanations=(one,))])
    assert "data:image/jpeg;base64," in page and "no better than chance" in page
    assert str(tmp_path) not in page


def test_the_truth_is_kept_for_later(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    feedback.keep(verdict(), "real", Person("ann", operator=False), space)
    feedback.keep(verdict(file=NASTY), "fake", Person("bob", operator=True), space)
    first, second = feedback.read(space)
    assert (first["truth"], first["who"], first["sha256"], first["verdict"]) == (
        "real",
        "ann",
        "ab" * 32,
        "fake",
    )
    assert second["file"].startswith("'=")
    with pytest.raises(BadInput, match="must be one of real, fake"):
        feedback.keep(verdict(), "maybe", Person("ann", operator=False), space)


def test_only_operators_set_default_detectors(tmp_path: Path) -> None:
    from core.detection import choice, defaults

    space = Workspace(tmp_path)
    with pytest.raises(NotAllowed):
        defaults.set_default("image", "run", Person("ann", operator=False), space)
    defaults.set_default("image", "run", Person("bob", operator=True), space)
    assert defaults.default_detector("image", space) == "run"
    assert list(choice.candidates("image", (), space)) == [choice.Candidate("run", None)]
    assert "frame by frame" in (next(choice.candidates("video", (), space)).note or "")
    with pytest.raises(BadInput, match="no default detector for sound"):
        choice.candidates("audio", (), space)


def test_the_word_beside_a_headline_is_no_surer_than_it() -> None:
    spoken = wording.spoken
    assert spoken("fake", wording.LEVELS[3][1]) == "fake"
    assert spoken("fake", wording.LEANS["fake"]) == "leans to fake"
    assert spoken("real", wording.LEANS["fake"]) == "leans to real"  # another threshold is tried on the page
    assert {spoken("uncertain", one) for one in (wording.NOTHING, wording.AT_CHANCE)} == {"no evidence"}
    assert (spoken("error", wording.FAILED), spoken("not_applicable", "")) == ("not readable", "not judged")


def test_what_a_headline_has_said_is_not_said_again() -> None:
    outside = f"{wording.OUTSIDE}: it differs from the files."
    assert wording.beyond(wording.OUTSIDE, outside) == "It differs from the files."
    assert wording.beyond(wording.OUTSIDE, "Something else.") == "Something else."
    assert wording.beside("leans to fake", wording.LEANS["fake"]) == "What that is worth is not known"


def test_a_report_gives_no_firm_word_to_a_score_that_only_leans() -> None:
    one = verdict(words=wording.LEANS["fake"], verdict="fake", calibrated=True, probability=0.97)
    for page in (report.as_html([one]), report.as_html([one, one])):
        assert 'class="badge leans-to-fake"' in page and 'class="badge fake"' not in page
        assert "0.97" not in page and "evidence of manipulation" not in page.split("Caveats")[0]
        # No mark in the colour of fakes.
        assert "#D55E00" not in page.split("Over time")[1].split("</svg>")[0]


def test_a_terminal_gives_no_firm_word_to_a_score_that_only_leans() -> None:
    leaning = verdict(words=wording.LEANS["fake"], verdict="fake").to_dict()
    assert detect.show([leaning]).startswith("a.mp4: leans to fake  score 0.8")
    assert detect.show([verdict(words="Strong").to_dict()]).startswith("a.mp4: fake  score 0.8")


def test_the_report_names_people_methods_and_what_several_detectors_say_together(tmp_path: Path) -> None:
    picture = tmp_path / "map.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0jpeg")
    same = Faithfulness(0.2, 0.8, -0.0001, 0.0, 0.2, False)
    maps = (HeatMap("gradcam", "picture", 1, str(picture), faithfulness=same),)
    facts = {"sha256": "ab" * 32, "bytes": 12345, "media": {"bytes": 12345, "duration": 6.629297052154195}}
    first = verdict(explanations=maps, tracks=({"track": 0}, {"track": 1}), duration=None, facts=facts)
    page = report.as_html([first, verdict(detector="other")], together=["not combined: <nothing> shared"])
    assert "1 file, 2 detectors" in page and page.count('<td class="sentence by">other</td>') == 1
    assert "not combined: &lt;nothing&gt; shared" in page
    assert "Grad-CAM, person 1, score 0.800" in page  # a picture has no time
    assert "leaves the score as it is" in page and "−0.000" not in page
    assert "12,345" in page and "6.6293<" in page and ">12345<" not in page
    assert page.count("What the file states about itself") == 1
    alone = report.as_html([verdict(), verdict(file="b")])
    assert "2 files</h2>" in alone
