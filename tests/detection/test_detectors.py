"""Detectors from run folders and exported files: the same scores as evaluation, and a clear line where they are bad."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from core.cli import main
from core.detection import detector as detectors
from core.detection import source
from core.detection.detector import Detector
from core.detection.domain import assess
from core.detection.domain.reference import Known
from core.detection.judgement import detect
from core.detection.request import Request
from core.errors import BadInput
from core.media.prepare import prepare
from core.media.probe import probe
from core.training.learning import best_model
from core.training.reference import rule
from core.training.reference.stored import pack
from core.training.scoring.evaluation.chosen_on_validation import fit_calibration
from core.training.scoring.forward import score_prepared
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run, reference_around


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "picture.png"
    generator = np.random.default_rng(0)
    cv2.imwrite(str(path), cv2.resize(generator.integers(0, 255, (9, 16, 3), np.uint8), (320, 180)))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "pictures", "image")


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("space"))


def test_detection_scores_as_evaluation_does(run: Path, picture: Path, space: Workspace) -> None:
    loaded = best_model.load(run)
    units, score = score_prepared(loaded.network, loaded.card, prepare(picture, loaded.recipe), loaded.recipe)
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert found.score == pytest.approx(score, abs=1e-6)
    assert [u.score for u in found.units] == pytest.approx([u.score for u in units], abs=1e-6)
    assert found.units[0].box == (0.0, 0.0, 320.0, 180.0)


def test_a_probability_owes_nothing_to_the_share_of_fakes_in_validation(
    picture: Path, space: Workspace, tmp_path: Path
) -> None:
    """Nine fakes to a real give every score the odds 9; without a word of the score that is even odds."""
    fitted = {
        "method": "platt",
        "scale": "probability",
        "slope": 0.01,
        "offset": 2.197,
        "fakes": 900,
        "reals": 100,
    }
    found = detect(
        picture, "p", Request(run=str(make_run(tmp_path / "heavy", calibration=fitted))), space=space
    )
    assert found.probability == pytest.approx(0.5, abs=0.05) and found.prevalence == 0.5
    assert any("of which 50 % are fake" in line for line in found.caveats)
    run = make_run(tmp_path / "few", calibration=fitted | {"fakes": 9, "reals": 1})
    assert any("only 9 fake and 1 real" in c for c in detect(picture, "p", Request(run=str(run))).caveats)


def test_a_verdict_against_the_probability_says_why(picture: Path, space: Workspace, tmp_path: Path) -> None:
    for threshold, offset, word in ((0.999, 3.0, "real"), (0.0, -3.0, "fake")):
        scale = {"method": "platt", "scale": "probability", "slope": 1.0, "offset": offset}
        run = make_run(tmp_path / word, threshold=threshold, calibration=scale)
        found = detect(picture, "p", Request(run=str(run)), space=space)
        assert found.verdict == word and f"and the verdict is {word}" in found.notes[0]


def test_validation_of_one_class_is_no_calibration(picture: Path, space: Workspace, tmp_path: Path) -> None:
    table = pd.DataFrame({"label": [1, 1, 1], "score": [0.2, 0.5, 0.9]})
    run = make_run(tmp_path / "one", calibration=fit_calibration(table).to_dict())
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert found.probability is None and not found.calibrated
    assert any("no calibration" in note for note in found.notes)


def test_an_exported_file_says_the_same_as_its_run(
    run: Path, picture: Path, space: Workspace, tmp_path: Path
) -> None:
    exported = source.export(run, tmp_path / "detector.pth", space)
    one = detect(picture, "p", Request(run=str(run)), space=space)
    other = detect(picture, "p", Request(run=str(exported)), space=space)
    assert (other.score, other.threshold, other.probability) == (one.score, one.threshold, one.probability)
    assert other.detector == one.detector


def test_the_command_exports_a_detector_and_refuses_what_would_be_lost(
    run: Path, space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "away" / "detector.pth"
    assert main(["export", str(run), str(target), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["path"] == str(target) and said["bytes"] == target.stat().st_size
    assert said["detector"] == source.find(run, space).id and said["modality"] == "image"
    weights = run / "best_model.pth"
    before = weights.read_bytes()
    for name, out in (
        (str(run), tmp_path),
        (str(run), weights),
        (str(run), weights / "x"),
        ("nowhere", target),
    ):
        assert main(["export", name, str(out)]) == 2
        said_wrong = capsys.readouterr()
        assert said_wrong.out == "" and said_wrong.err.count("\n") == 1
    assert weights.read_bytes() == before


def test_the_second_file_loads_no_weights(
    run: Path, picture: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = detectors.open_shared(run, space)
    monkeypatch.setattr(best_model, "read", lambda *_: pytest.fail("weights were read again"))
    assert detectors.open_shared(run, space) is first
    assert detect(picture, "p", Request(run=str(run)), space=space).status == "ok"


@pytest.mark.parametrize(
    ("threshold", "band", "word"), [(None, None, "real"), (0.0, None, "fake"), (0.5, (0.0, 1.0), "uncertain")]
)
def test_the_operating_point_decides(
    threshold: float | None,
    band: tuple[float, float] | None,
    word: str,
    picture: Path,
    space: Workspace,
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run", "image", threshold=threshold, band=band)
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert (found.verdict, found.threshold) == (word, threshold)


def test_settings_may_add_a_band(picture: Path, run: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.save_settings({"detection": {"band": 0.5}})
    assert detect(picture, "p", Request(run=str(run)), space=space).verdict == "uncertain"


def test_learned_nothing_comes_first(picture: Path, space: Workspace, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "image", learned_nothing=True)
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert found.learned_nothing and "learned nothing" in found.words and "guessing" in found.caveats[0]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def test_a_checkpoint_with_code_in_it_is_refused_and_nothing_runs(
    tmp_path: Path, picture: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "run", "image")
    for content in (pickle.dumps(Evil()), pickle.dumps({"state_dict": Evil()})):
        (run / "best_model.pth").write_bytes(content)
        with pytest.raises(BadInput, match="not a checkpoint of this workbench"):
            Detector.open(run, space=space)
    torch.save({"state_dict": Evil()}, run / "best_model.pth")
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert found.status == "error" and "not a checkpoint" in (found.reason or "")
    assert not (tmp_path / "executed").exists()


def test_an_entry_that_failed_names_its_detector_as_the_others_do(tmp_path: Path, space: Workspace) -> None:
    run = make_run(tmp_path / "run", "image")
    found = detect(tmp_path / "absent.png", "absent.png", Request(run=str(run)), space=space)
    assert (found.status, found.detector) == ("error", "run")


@pytest.mark.parametrize("missing", ["best_model.pth", "config.yaml"])
def test_a_run_with_a_file_missing_says_which(missing: str, tmp_path: Path, space: Workspace) -> None:
    run = make_run(tmp_path / "run", "image")
    (run / missing).unlink()
    with pytest.raises(BadInput, match=missing):
        Detector.open(run, space=space)


def test_without_operating_point_and_calibration_it_says_so(
    tmp_path: Path, picture: Path, space: Workspace
) -> None:
    run = make_run(tmp_path / "run", "image")
    (run / "operating_point.json").unlink()
    (run / "calibration.json").unlink()
    found = detect(picture, "p", Request(run=str(run)), space=space)
    assert found.threshold == 0.5 and found.probability is None and not found.calibrated
    assert any("no operating point" in n for n in found.notes) and any(
        "not calibrated" in c for c in found.caveats
    )


def test_wrong_modality_is_not_applicable_with_its_reason(
    tmp_path: Path, picture: Path, space: Workspace
) -> None:
    for modality in ("audio", "video"):
        run = make_run(tmp_path / modality, modality)
        found = detect(picture, "p", Request(run=str(run)), space=space)
        assert (
            found.status == "not_applicable"
            and "wrong kind of file" in (found.reason or "")
            and found.score is None
        )


def test_no_face_is_an_answer(tmp_path: Path, space: Workspace) -> None:
    run = make_run(tmp_path / "run", "image", faces=True)
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 300, 3), 120, np.uint8))
    found = detect(tmp_path / "wall.png", "p", Request(run=str(run)), space=space)
    assert (found.status, found.verdict, found.reason) == ("not_applicable", None, "no face found")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_face/dog.jpg", None),
        ("pictures/29.jpg", None),
        # Seven people, each with a face of under 40 pixels: judged, and that is said.
        ("pictures/18.jpg", {"faces", "resolution"}),
    ],
)
def test_a_picture_without_a_usable_face_is_not_judged_by_its_face(
    shared_data: Path, tmp_path: Path, space: Workspace, name: str, said: set[str] | None
) -> None:
    run = make_run(tmp_path / "run", "image", faces=True)
    found = detect(shared_data / "foreign" / name, "p", Request(run=str(run)), space=space)
    if said is None:
        assert (found.status, found.verdict, found.reason) == ("not_applicable", None, "no face found")
    else:
        assert found.status == "ok" and said <= {one["what"] for one in found.outside if one["out"]}


def test_without_a_default_the_entry_says_how_to_set_one(picture: Path, tmp_path: Path, run: Path) -> None:
    space = Workspace(tmp_path)
    found = detect(picture, "p", Request(), space=space)
    assert (
        found.status == "error" and "[detectors]" in (found.reason or "") and "--run" in (found.reason or "")
    )
    space.save_settings({"detectors": {"image": str(run)}})
    assert detect(picture, "p", Request(), space=space).status == "ok"


def test_unresized_crops_give_one_map_over_the_whole_picture(
    tmp_path: Path, picture: Path, space: Workspace
) -> None:
    run = make_run(tmp_path / "run", "image", model="forensic_residual")
    found = detect(picture, "p", Request(run=str(run), explain=True, out=tmp_path / "out"), space=space)
    assert len(found.explanations) == 1 and Path(found.heatmaps[0]).is_file()
    map_ = cv2.imread(found.explanations[0].overlay, cv2.IMREAD_UNCHANGED)
    assert map_.shape == (180, 320)
    assert (map_[:, :100].max() > 0) and (map_[:, 220:].max() > 0)  # crops from both ends were put together


def test_a_verdict_and_its_domain_cost_one_pass(run: Path, picture: Path, space: Workspace) -> None:
    found = Detector.open(run, space=space)
    found.known = Known(reference_around(found, picture))
    rows: list[int] = []
    found.network.register_forward_pre_hook(lambda _network, given: rows.append(len(given[0])))
    encoded: list[int] = []
    found.network.encoder.register_forward_pre_hook(lambda _encoder, given: encoded.append(len(given[0])))
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None and assess(found, judged, prepared, probe(picture), space).inside
    assert rows == [1] and encoded == [1]


def test_a_far_file_is_said_to_be_far(run: Path, picture: Path, space: Workspace) -> None:
    found = Detector.open(run, space=space)
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None
    found.known = Known(reference_around(found, picture))
    near = assess(found, judged, prepared, probe(picture), space)
    assert near.inside is True and near.distance is not None and near.limit is not None
    assert near.distance <= near.limit
    assert not {"height", "codec"} & {o["what"] for o in near.remarks}
    far_away = replace(
        reference_around(found, picture, 3.0), spans={"height": (900.0, 1000.0)}, codecs=("jpeg",)
    )
    found.known = Known(far_away)
    far = assess(found, judged, prepared, probe(picture), space)
    assert far.inside is False and "differs" in far.why
    assert {"inside", "distance", "limit", "why"} <= set(far.to_dict())
    assert {o["what"] for o in far.remarks if o["out"]} >= {"height", "codec"}


def test_a_reference_travels_in_the_run_and_in_the_export(
    run: Path, picture: Path, space: Workspace, tmp_path: Path
) -> None:
    found = Detector.open(run, space=space)
    copy = shutil.copytree(run, tmp_path / "elsewhere" / "run")
    (copy / "reference.npz").write_bytes(pack(reference_around(found, picture)))
    exported = source.export(copy, tmp_path / "detector.pth", space)
    other = Workspace(tmp_path / "another workspace")
    for name in (copy, exported):
        judged = detect(picture, "p", Request(run=str(name), facts=False), space=other)
        opened = Detector.open(name, space=other)
        prepared = prepare(picture, opened.recipe)
        own = opened.judge(prepared)
        assert judged.status == "ok" and own is not None
        assert assess(opened, own, prepared, probe(picture), other).inside is True


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_broken_reference_is_one_clear_reason(
    run: Path, picture: Path, space: Workspace, tmp_path: Path, content: bytes
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "reference.npz").write_bytes(content)
    found = Detector.open(copy, space=space)
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None
    known = assess(found, judged, prepared, probe(picture), space)
    assert known.inside is None and "reference.npz cannot be used" in known.why and "\n" not in known.why


def test_a_run_without_its_files_says_why_its_domain_is_unknown(
    run: Path, picture: Path, space: Workspace
) -> None:
    found = Detector.open(run, space=space)
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None
    known = assess(found, judged, prepared, probe(picture), space)
    assert known.inside is None and known.limit is None
    assert "cannot be looked at again here (“tiny” is not in the catalogue). Add them again" in known.why


def test_a_reference_of_another_network_is_not_used(run: Path, picture: Path, space: Workspace) -> None:
    found = Detector.open(run, space=space)
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None
    rng = np.random.default_rng(0)
    foreign = rule.fit({"network": rng.normal(size=(40, 7))}, list(range(40)), np.ones(40, bool), {"val": 40})
    found.known = Known(foreign)
    known = assess(found, judged, prepared, probe(picture), space)
    assert known.inside is None and "another detector" in known.why
