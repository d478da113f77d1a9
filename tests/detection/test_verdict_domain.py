"""A verdict that knows its limits: the domain, what disqualifies it, the automatic choice, copies, demo data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image

from core.access import Person
from core.catalog import known_files, table
from core.catalog.demo import MARKER
from core.catalog.fingerprints import Fingerprint
from core.catalog.scan import scan
from core.detection import (
    attempt,
    catalogue_copies,
    defaults,
    detector_description,
    reservations,
    source,
    wording,
)
from core.detection.detector_description import About
from core.detection.domain import Domain, decision
from core.detection.judgement import detect
from core.detection.reporting import report
from core.detection.request import Request
from core.detection.serving import worker
from core.detection.source import Source
from core.detection.verdict import Verdict
from core.runs.folder import DEMO_FILES
from core.thresholds.operating_point import OperatingPoint
from core.training.reference import rule
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.made_media import clip, tone

OWNER = Person("ann", operator=True)
INSIDE, OUTSIDE = (
    Domain(True, 0.1, 0.5, "It is like them."),
    Domain(False, 0.9, 0.5, "Its faces are smaller."),
)
UNKNOWN = Domain(None, why="It was never compared.")


def scene(seed: int, side: int = 128) -> np.ndarray:
    """A smooth picture of its own."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)


def save(path: Path, seed: int, quality: int = 95) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(seed)).save(path, quality=quality)
    return path


def judged(path: Path, **request: Any) -> Verdict:
    return detect(path, path.name, Request(**request))


def knows(monkeypatch: pytest.MonkeyPatch, **by_detector: Domain) -> None:
    """What each detector's domain says of any file."""
    monkeypatch.setattr(attempt, "assess", lambda detector, *_: by_detector.get(detector.id, UNKNOWN))


def test_outside_is_uncertain_without_a_probability_and_says_so(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(space.runs / "one", threshold=0.0)
    path = save(tmp_path / "a.jpg", 1)
    knows(monkeypatch, one=OUTSIDE)
    found = judged(path, run="one")
    assert (found.status, found.verdict, found.probability) == ("ok", "uncertain", None)
    assert found.score is not None and found.words == "Outside what this detector knows"
    assert {k: found.domain[k] for k in ("inside", "distance", "limit", "why")} == {
        "inside": False,
        "distance": 0.9,
        "limit": 0.5,
        "why": "Its faces are smaller.",
    }
    assert [r["kind"] for r in found.reservations] == ["outside"]
    knows(monkeypatch, one=INSIDE)
    assert judged(path, run="one").verdict == "fake"
    knows(monkeypatch, one=UNKNOWN)
    unknown = judged(path, run="one")
    assert unknown.verdict == "fake" and unknown.domain["inside"] is None
    assert unknown.domain["why"] == "It was never compared."
    assert unknown.words.startswith("The score leans to fake") and "evidence" not in unknown.words


def test_what_disqualifies_stands_in_its_order() -> None:
    about = About(counts={"val": {"real": 9, "fake": 40}})
    maker = Source("x", Path("x"), "image", 0.5, None, {}, None, True, True, about=about)
    found = reservations.list_reservations(
        maker, replace(OUTSIDE, processing="Looks like JPEG."), ["It is cut off."]
    )
    assert [one.kind for one in found] == [
        "learned_nothing",
        "demo_only",
        "outside",
        "processed",
        "few_validation",
        "damaged",
    ]
    assert "9 real and 40 fake" in found[4].words
    enough = replace(
        maker, learned_nothing=False, demo=False, about=About(counts={"val": {"real": 30, "fake": 30}})
    )
    assert reservations.list_reservations(enough, INSIDE, []) == ()


def test_the_loss_by_processing_is_told_once() -> None:
    made = About(counts={"val": {"real": 30, "fake": 30}})
    maker = Source("x", Path("x"), "image", 0.5, None, {}, None, False, False, about=made)
    loss = "Measured after JPEG 70: AUC 0.90 before, 0.80 after."
    costly = replace(OUTSIDE, why=f"It looks processed, and that costs too much. {loss}", processing=loss)
    assert [one.kind for one in reservations.list_reservations(maker, costly, [])] == ["outside"]
    judged_with_loss = replace(INSIDE, processing=loss)
    assert [one.words for one in reservations.list_reservations(maker, judged_with_loss, [])] == [loss]


def test_learned_nothing_comes_before_outside_in_the_headline() -> None:
    found = reservations.conclude(0.9, 0.5, None, 0.9, OUTSIDE, learned_nothing=True)
    assert (found.verdict, found.probability, found.words) == ("uncertain", None, wording.NOTHING)


def test_the_automatic_choice_takes_the_first_that_is_fit(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(space.runs / "nothing", learned_nothing=True)
    for name in ("far", "near", "other"):
        make_run(space.runs / name)
    path = save(tmp_path / "a.jpg", 1)
    defaults.set_default("image", "nothing", OWNER, confirmed=True)
    knows(monkeypatch, far=OUTSIDE, near=INSIDE, other=INSIDE)
    found = judged(path, candidates=("far", "near", "other"))
    assert found.detector == "near" and found.verdict != "uncertain"
    assert [(p["detector"], p["why"]) for p in found.passed_over] == [
        ("nothing", "it learned nothing"),
        ("far", "Its faces are smaller"),
    ]
    defaults.set_default("image", "other", OWNER)
    assert judged(path, candidates=("far", "near")).detector == "other"  # the default is fit: it stays first
    defaults.set_default("image", "far", OWNER)
    # A command names no candidates: every finished run is one.
    assert judged(path).detector in ("near", "other")


def test_the_automatic_choice_prefers_a_detector_that_is_known_to_know_the_file(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("never_compared", "far", "near"):
        make_run(space.runs / name)
    path = save(tmp_path / "a.jpg", 1)
    defaults.set_default("image", "never_compared", OWNER)
    knows(monkeypatch, far=OUTSIDE, near=INSIDE)
    assert judged(path, candidates=("far", "near")).detector == "near"
    assert judged(path, candidates=("far",)).detector == "never_compared"


def test_the_frames_shown_are_those_of_the_detector_that_judges(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever was asked after it: the process of a server keeps the frames of the last one that it read."""
    path = clip(tmp_path / "clip.mp4", frames=60, sound=tone(2.0))
    make_run(space.runs / "clips", "video")
    make_run(space.runs / "sounds", "audio")  # which looks at no frame
    knows(monkeypatch, sounds=OUTSIDE)
    request = Request(candidates=("clips", "sounds"), explain=True, out=tmp_path / "out", draw_sound=False)
    found = detect(path, path.name, request, media=worker.sandboxed())
    assert found.detector == "clips" and found.explanations
    for one in found.explanations:
        with Image.open(one.frame) as frame:
            assert frame.size == found.frame_size  # whole, not the crop that the network is given


def test_a_multimodal_detector_is_asked_about_kinds_that_it_learned_from(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kinds in (("clips", {"video": 9}), ("all", {"video": 9, "image": 9, "audio": 0})):
        make_run(space.runs / name, "multimodal", model="fusion_tiny", faces=False)
        (space.runs / name / "plan.json").write_text(json.dumps({"kinds": kinds}))
    make_run(space.runs / "pictures")
    picture, sound = save(tmp_path / "a.jpg", 1), tmp_path / "a.wav"
    soundfile.write(sound, 0.2 * np.random.default_rng(0).normal(size=32_000), 16_000)
    others = ("clips", "all", "pictures")
    knows(monkeypatch, clips=INSIDE, all=INSIDE, pictures=INSIDE)
    assert judged(picture, candidates=others).detector == "pictures"  # one of the very kind comes first
    knows(monkeypatch, clips=INSIDE, all=INSIDE, pictures=OUTSIDE)
    found = judged(picture, candidates=others)
    assert found.detector == "all" and found.verdict is not None
    assert any("judged it by its picture alone" in note for note in found.notes)
    assert [one["detector"] for one in found.passed_over] == ["pictures"]
    defaults.set_default("multimodal", "clips", OWNER)
    assert judged(picture, candidates=others).detector == "all"
    # None learned from recordings.
    assert detect(sound, sound.name, Request(candidates=others)).detector is None


def test_the_kinds_that_a_detector_learned_from_are_known() -> None:
    """From its plan; of an older run from what it was measured on."""
    row = {"real": 5, "fake": 5}
    present = [{"name": "image", **row, "fake": 9}, {"name": "image+audio", **row}, {"name": "audio", **row}]
    modality = [{"name": "image", **row}, {"name": "video", **row}, {"name": "audio", **row}]
    old = {"val": {"by": {"modality": modality, "present": present}}}
    assert detector_description._kinds({}, old) == ("audio", "image", "silent", "video")
    assert detector_description._kinds({"kinds": {"video": 3, "audio": 0}}, {}) == ("video",)
    assert About.from_dict({"kinds": ["image", 3]}).kinds == ("image",)


@pytest.mark.parametrize("name", sorted(decision.SHOWN))
def test_every_block_that_a_file_lacks_has_its_sentence(name: str) -> None:
    rng = np.random.default_rng(0)
    blocks = {"network": rng.normal(size=(40, 5)), name: rng.normal(size=(40, 3))}
    known = rule.fit(blocks, list(range(40)), np.ones(40, bool), {"val": 40})
    asked = {block: values[:1] for block, values in blocks.items() if block != name}
    said = decision.decide(known, asked).why
    assert (
        said == f"The files that the detector knows have {decision.HELD[name]}; this one has none to compare."
    )
    assert decision.HELD[name].split()[0] != "its"


def test_processing_is_named_only_where_it_explains_the_file_clearly_better() -> None:
    """A kind that moves nothing says nothing of any file, however far it lets its own copies lie."""
    rng = np.random.default_rng(3)
    blocks = {"network": rng.normal(size=(60, 5)), "noise": rng.normal(size=(60, 4))}
    known = rule.fit(blocks, list(range(60)), np.ones(60, bool), {"val": 60})
    assert known.limit is not None
    nothing = {name: np.zeros(values.shape[1]) for name, values in blocks.items()}
    coded = {"network": np.full(5, 9.0), "noise": np.full(4, 9.0)}
    kinds = tuple(
        rule.Processed(name, shift, 2 * known.limit, 20, 0.89, 0.9, 0.95)
        for name, shift in (("AAC kbit/s 128", nothing), ("MP3 kbit/s 128", coded))
    )
    known = replace(known, processed=kinds)
    for k in range(60):
        own = {name: values[k : k + 1] for name, values in blocks.items()}
        assert decision.decide(known, own).processing == ""
        moved = {name: values + coded[name] for name, values in own.items()}
        said = decision.decide(known, moved)
        assert said.inside and "after MP3 kbit/s 128" in said.processing
    out = next(
        {n: f * v[:1] for n, v in blocks.items()}
        for f in np.arange(1, 9, 0.1)
        if known.limit < known.distance({n: f * v[:1] for n, v in blocks.items()})[0] < 2 * known.limit
    )
    assert decision.decide(known, out).inside is False


def test_where_no_detector_knows_such_files_it_says_what_to_do(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(space.runs / "nothing", learned_nothing=True)
    make_run(space.runs / "far")
    path = save(tmp_path / "a.jpg", 1)
    knows(monkeypatch, far=OUTSIDE)
    found = judged(path, candidates=("nothing", "far"))
    assert (found.verdict, found.words) == ("uncertain", "No detector here knows files of this kind")
    assert "Train a detector on pictures like this one, or choose a detector" in str(found.reason)
    none = judged(path, candidates=("nothing",))
    assert (none.status, none.verdict) == ("not_applicable", None)
    assert none.words == "No detector here knows files of this kind" and "learned nothing" in str(none.reason)


@pytest.fixture
def demo(space: Workspace, tmp_path: Path) -> Path:
    """A catalogued demo dataset, another one that is real, and a detector that saw the demo only."""
    for name, first in (("drawn", 0), ("photographs", 100)):
        for k in range(6):
            save(tmp_path / name / ("fake" if k % 2 else "real") / f"{k}.jpg", first + k)
    (tmp_path / "drawn" / MARKER).write_text("demo")
    scan([tmp_path / "drawn", tmp_path / "photographs"], space=space)
    run = make_run(space.runs / "demo", threshold=0.0)
    (run / "metrics.json").write_text(json.dumps({"learned_nothing": False, "demo": True}))
    known_files.save(run / DEMO_FILES, table.load(["drawn"], space), space)
    return tmp_path


def again(path: Path, to: Path, quality: int) -> Path:
    """Decoded, scaled and encoded once more."""
    Image.open(path).resize((150, 150)).save(to, quality=quality)
    return to


def test_a_detector_of_demo_data_judges_files_of_the_demo_only(demo: Path) -> None:
    own = demo / "drawn/fake/1.jpg"
    for path in (own, again(own, demo / "again.jpg", 60)):
        found = judged(path, run="demo")
        assert (found.status, found.verdict) == ("ok", "fake"), found.reason
        assert found.reservations[0]["kind"] == "demo_only"
    for path in (demo / "photographs/fake/1.jpg", save(demo / "new.jpg", 999)):
        found = judged(path, run="demo")
        assert (found.status, found.verdict) == ("not_applicable", None)
        assert "learned from demo data only" in found.words and found.reservations[0]["kind"] == "demo_only"
        chosen = judged(path, candidates=("demo",))
        assert chosen.status == "not_applicable" and "no demo file" in str(chosen.reason)
        assert "choose a detector" not in str(chosen.reason)  # it would refuse again


def test_an_exported_demo_detector_knows_its_files_in_another_workspace(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = source.export("demo", tmp_path / "detector.pth")
    again(demo / "drawn/fake/1.jpg", demo / "again.jpg", 60)
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "elsewhere"))
    assert judged(demo / "again.jpg", run=str(path)).status == "ok"
    assert judged(demo / "photographs/fake/1.jpg", run=str(path)).status == "not_applicable"


def test_a_copy_in_the_catalogue_is_named_above_the_verdict(demo: Path, space: Workspace) -> None:
    make_run(space.runs / "plain", threshold=None)
    own = demo / "photographs/fake/1.jpg"
    exact = judged(own, run="plain")
    assert exact.verdict == "real" and len(exact.catalogued) == 1
    known = exact.catalogued[0]
    assert (known["dataset"], known["label"], known["exact"]) == ("photographs", "fake", True)
    near = judged(again(own, demo / "again.jpg", 70), run="plain")
    assert [(k["id"], k["label"], k["exact"]) for k in near.catalogued] == [(known["id"], "fake", False)]
    assert judged(save(demo / "new.jpg", 999), run="plain").catalogued == ()
    page = report.as_html([near])
    assert page.index("nearly the same as a file in the catalogue") < page.index('class="verdict"')


def test_who_made_the_detector_is_said_in_plain_words() -> None:
    about = About(
        ("FaceForensics++",),
        methods=("Deepfakes", "NeuralTextures"),
        counts={"train": {"real": 1000, "fake": 4000}, "test": {"real": 140, "fake": 560}},
        measured_on="test",
        auc=0.9131,
        auc_interval=(0.88, 0.94),
        threshold=0.4,
        recall=0.931,
        recall_interval=(0.905, 0.95),
        false_alarms=0.0421,
        false_alarms_interval=(0.0194, 0.0885),
        date=1_700_000_000.0,
    )
    text = " ".join(about.lines)
    for words in (
        "Learned from “FaceForensics++”: ",
        "1,000 real and 4,000 fake",
        "Deepfakes, NeuralTextures",
        "700 test files",
        "0.913 [0.88, 0.94]",
        "finds 93.1 % [90.5, 95.0] of the fakes",
        "calls 4.21 % [1.94, 8.85] of the real ones fake",
        "Made on 2023-11-",
    ):
        assert words in text, (words, text)
    assert About.from_dict(json.loads(json.dumps(about.__dict__))) == about
    assert About.from_dict({"auc": "high", "datasets": [1], "counts": {"val": 3}}) == About()


def test_intervals_of_the_detectors_figures_are_those_of_the_threshold_in_force() -> None:
    about = About(measured_on="test", auc=0.9, recall=0.8, recall_interval=(0.7, 0.9), threshold=0.4)
    moved = OperatingPoint(
        0.6, "by hand", "val", {"test": {"recall": 0.5, "fpr": 0.1, "intervals": {"recall": [0.4, 0.6]}}}
    )
    assert (
        "finds 50.0 % [40.0, 60.0] of the fakes and calls 10.0 % of the real ones" in about.at(moved).lines[1]
    )
    damaged = OperatingPoint(0.6, "by hand", "val", {"test": {"recall": 0.5, "intervals": [1]}})
    assert about.at(damaged).recall_interval is None
    never_measured = about.at(OperatingPoint(0.6, "by hand", "val"))
    assert never_measured.recall is never_measured.recall_interval is None


def test_what_was_not_compared_for_near_copies_is_said(
    demo: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Fingerprint(
        **catalogue_copies.fingerprint(
            again(demo / "photographs/fake/1.jpg", demo / "again.jpg", 70), "image"
        )
    )
    everything = catalogue_copies.near_copies(own, "image", space, patience=None)
    assert everything.note is None and everything.compared == everything.of == 12
    monkeypatch.setattr(catalogue_copies, "MOST_COMPARED", 4)
    some = catalogue_copies.near_copies(own, "image", space, patience=None)
    assert (some.compared, some.of) == (8, 12)
    assert some.note is not None and "among the first 4 files of a dataset: 8 of 12 here" in some.note
