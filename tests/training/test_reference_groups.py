"""Own files that come in groups, and marks of processing: false alarms and finds on made-up files, nothing tuned on any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.detection.domain import decision
from core.media.prepare import Prepared
from core.training.reference import marks, rule
from core.training.reference.processing import kinds_of
from core.training.reference.rule import Processed, Reference, conformal_limit, fit, weights_of
from core.training.reference.statistics import direction_of_time, sound_statistics
from core.training.reference.stored import pack, unpack

WIDE = 12


@pytest.mark.parametrize("groups", [24, 40])
def test_a_file_of_a_new_group_is_called_foreign_once_in_twenty_times_at_most(groups: int) -> None:
    """Speakers of one, two and twelve files: counted by file, the limit lets too many new speakers stand outside."""
    rng = np.random.default_rng(0)
    alarms: dict[str, list[bool]] = {"by file": [], "by group": []}
    for _ in range(3000):
        sizes = rng.choice([1, 2, 12], groups, p=[0.6, 0.25, 0.15])
        place = np.repeat(np.arange(groups), sizes)
        known = rng.standard_t(3, groups)[place] + 0.3 * rng.normal(size=len(place))
        new = rng.standard_t(3) + 0.3 * rng.normal()
        for name, weights in (("by file", None), ("by group", weights_of(place))):
            limit = conformal_limit(known, weights)
            assert limit is not None
            alarms[name].append(new > limit)
    assert np.mean(alarms["by file"]) > 0.055
    assert np.mean(alarms["by group"]) <= 0.045


def test_files_that_stand_alone_have_the_limit_that_they_had() -> None:
    for count in (19, 24, 50, 200):
        values = np.random.default_rng(count).normal(size=count)
        assert conformal_limit(values, weights_of(range(count))) == conformal_limit(values)
    # A single group says nothing of a new one: nothing less than its farthest file.
    assert conformal_limit(np.arange(30.0), weights_of(["one"] * 30)) == 29.0


def test_a_reference_keeps_what_each_file_counts_and_an_old_one_is_read_as_before() -> None:
    groups = [k // 5 for k in range(60)]
    made = fit(figures(np.random.default_rng(0), 60), groups, np.ones(60, bool), {"val": 60})
    assert made.weights is not None and made.weights.sum() == pytest.approx(12)
    assert unpack(pack(made), "run").limit == pytest.approx(made.limit)
    old = replace(made, weights=None)
    back = unpack(pack(old), "run")
    assert back.weights is None and back.limit == pytest.approx(
        conformal_limit(rule.join_distances(made.own))
    )


def figures(rng: np.random.Generator, files: int) -> dict[str, np.ndarray]:
    mix = np.random.default_rng(1).normal(size=(WIDE, WIDE))
    return {"network": rng.normal(size=(files, WIDE)) @ mix, "noise": rng.normal(size=(files, 3))}


STEP = {"network": np.zeros(WIDE), "noise": np.array([0.0, 3.0, 0.0])}
UNSEEN = {"network": np.zeros(WIDE), "noise": np.array([0.0, 0.1, 0.0])}


def kinds(auc: float = 0.9) -> tuple[Processed, ...]:
    return (
        Processed("noise 5", STEP, 1.0, 40, auc, 0.9, 0.95),
        Processed("blur sigma 1", {**STEP, "noise": np.array([3.0, 0.0, -1.0])}, 1.0, 40, 0.9, 0.9, 0.95),
        Processed("JPEG 90", UNSEEN, 1.0, 40, 0.5, 0.9, 0.5),
    )


def known_files(rng: np.random.Generator, files: int, auc: float = 0.9) -> Reference:
    own = figures(rng, files)
    made = fit(own, list(range(files)), np.ones(files, bool), {"val": files})
    return marks.with_marks(
        replace(made, processed=kinds(auc)), own, list(range(files)), np.ones(files, bool)
    )


def test_one_own_file_in_a_hundred_at_most_is_named_without_cause() -> None:
    rng = np.random.default_rng(2)
    named, found = [], []
    for _ in range(12):
        made = known_files(rng, 120)
        for plain in rows(figures(rng, 60)):
            named.append(marks.marked(made, plain) is not None)
            kind = marks.marked(made, {name: values + STEP[name] for name, values in plain.items()})
            found.append(kind is not None and kind.name == "noise 5")
    assert np.mean(named) <= 0.01 + 0.008
    assert np.mean(found) > 0.5


def rows(files: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    count = len(next(iter(files.values())))
    return [{name: values[k : k + 1] for name, values in files.items()} for k in range(count)]


def test_fewer_files_than_a_limit_of_one_in_a_hundred_takes_give_no_mark() -> None:
    made = known_files(np.random.default_rng(3), 98)
    assert all(kind.mark is None for kind in made.processed)
    plain = rows(figures(np.random.default_rng(4), 1))[0]
    assert marks.marked(made, {name: values + 9 * STEP[name] for name, values in plain.items()}) is None


@pytest.mark.parametrize(("auc", "inside"), [(0.9, True), (0.6, False)])
def test_a_marked_file_is_judged_with_its_loss_or_uncertain_and_named(auc: float, inside: bool) -> None:
    rng = np.random.default_rng(5)
    made = known_files(rng, 150, auc)
    said = []
    for plain in rows(figures(rng, 60)):
        moved = {name: values + STEP[name] for name, values in plain.items()}
        if made.limit is not None and made.distance(moved)[0] <= made.limit and marks.marked(made, moved):
            said.append(decision.decide(made, moved))
    assert len(said) > 5
    for one in said:
        assert one.inside is inside and "after noise 5" in one.processing
        assert one.processing in one.why
    assert f"AUC 0.900 before, {auc:.3f} after" in said[0].processing  # one from before there were intervals
    whole = replace(kinds(auc)[0], auc_interval=(0.5, 0.95), auc_before_interval=(0.8, 0.97))
    assert f"AUC 0.900 [0.80, 0.97] before, {auc:.3f} [0.50, 0.95] after" in decision._loss(whole)
    back = unpack(pack(made), "run")
    assert [kind.mark for kind in back.processed] == [kind.mark for kind in made.processed]


def test_a_recording_that_runs_backwards_can_be_told() -> None:
    """Sounds that rise fast and fade slowly, as speech does; forwards and backwards differ in sign."""
    rate, rng = 16_000, np.random.default_rng(6)
    fading = np.exp(-np.arange(rate // 4) / 800)
    sound = np.concatenate([rng.normal(size=rate // 4) * fading for _ in range(12)])
    forwards, backwards = (sound_statistics(s, rate)["direction"] for s in (sound, sound[::-1]))
    assert (forwards[1::2] > 0.2).all() and (backwards[1::2] < -0.2).all()
    even = direction_of_time(np.zeros(40))
    assert np.isfinite(even).all() and not even.any()


def test_the_direction_of_time_is_in_no_distance() -> None:
    rng = np.random.default_rng(7)
    own = {**figures(rng, 40), "direction": rng.normal(size=(40, 6))}
    made = fit(own, list(range(40)), np.ones(40, bool), {"val": 40})
    asked = rows(own)[0]
    far = {**asked, "direction": asked["direction"] + 99.0}
    assert made.distance(far) == made.distance(asked)


def test_a_file_the_wrong_way_round_is_among_the_kinds() -> None:
    names = {modality: [kind.name for kind in kinds_of(modality)] for modality in ("image", "audio")}
    assert "turning by degrees 180" in names["image"] and "playing at speed -1" in names["audio"]
    frame = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    one = np.zeros(1)
    sound = np.arange(5, dtype=np.float32)
    prepared = Prepared([frame], one, one, one, np.zeros((1, 4)), (4, 4), sound, 0.0, 16_000, 1.0)
    turned = next(k for k in kinds_of("image") if k.kind == "turning by degrees").apply(prepared)
    played = next(k for k in kinds_of("audio") if k.kind == "playing at speed").apply(prepared)
    assert turned.frames is not None and (turned.frames[0] == np.rot90(frame, 2)).all()
    assert played.audio is not None and played.audio.tolist() == [4, 3, 2, 1, 0]
