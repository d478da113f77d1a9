"""What a run leaves to people: drawn on validation at the end of training, with its figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.access import Person
from core.detection import defaults
from core.errors import BadInput
from core.thresholds import operating_point
from core.thresholds.operating_point import OperatingPoint
from core.training.scoring.evaluation.chosen_on_validation import choose_band, count_left_to_people
from core.training.scoring.evaluation.text import people_text
from core.workspace import Workspace

OWNER = Person("ann", operator=True)


def table(reals: list[float], fakes: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"label": [0] * len(reals) + [1] * len(fakes), "score": reals + fakes})


@pytest.mark.parametrize("seed", range(20))
def test_at_most_5_percent_of_either_verdict_err_outside_the_band_and_no_narrower_one_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    val = table(list(rng.beta(2, 4, 300)), list(rng.beta(4, 2, 200)))
    found = choose_band(val, 0.5)
    assert found is not None
    low, high = found
    scores, fake = val["score"].to_numpy(), val["label"].to_numpy() == 1
    over, under = scores >= high, scores < low
    assert low <= 0.5 <= high
    assert not over.any() or (~fake & over).sum() / over.sum() <= 0.05
    assert not under.any() or (fake & under).sum() / under.sum() <= 0.05
    for other in np.unique(scores[(scores >= 0.5) & (scores < high)]):
        assert (~fake & (scores >= other)).sum() / (scores >= other).sum() > 0.05
    people = count_left_to_people(val, 0.5, found)
    assert people is not None
    assert people["uncertain"] == int((~over & ~under).sum()) == 500 - people["decided"]
    assert people["wrong"] == int((~fake & over).sum() + (fake & under).sum())
    assert people["uncertain_fake"] + people["uncertain_real"] == people["uncertain"]


def test_classes_that_do_not_meet_leave_nothing_to_people() -> None:
    val = table([0.1, 0.2, 0.3], [0.7, 0.8])
    found = choose_band(val, 0.7)
    people = count_left_to_people(val, 0.7, found)
    assert people is not None and people["uncertain"] == 0 and people["error"] == 0.0
    assert "0 of 5, 0 % [0, 43.4]; of the other 5, 0 % [0, 43.4] are called wrongly" in people_text(people, 5)


def test_scores_that_tell_nothing_leave_everything_to_people() -> None:
    val = table([0.5] * 40, [0.5] * 40)
    people = count_left_to_people(val, 0.5, choose_band(val, 0.5))
    assert people is not None and people["uncertain"] == 80 and people["error"] is None
    assert "nothing is decided" in people_text(people, 80)


def test_one_class_or_no_threshold_has_no_band() -> None:
    assert choose_band(table([0.1, 0.2], []), 0.5) is None
    assert choose_band(table([0.1], [0.9]), None) is None
    assert count_left_to_people(table([0.1], [0.9]), None, None) is None


def test_a_detector_that_learned_nothing_gets_a_point_or_becomes_the_default_only_when_confirmed(
    space: Workspace,
) -> None:
    run = space.runs / "r"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text('{"learned_nothing": true}')
    point = OperatingPoint(0.5, "by hand", "val")
    with pytest.raises(BadInput, match="learned nothing"):
        operating_point.save(run, point, OWNER)
    assert operating_point.read(run) is None
    operating_point.save(run, point, OWNER, confirmed=True)
    operating_point.save(run, OperatingPoint(0.6, "by hand", "val"), OWNER, confirmed=True)
    with pytest.raises(BadInput, match="learned nothing"):
        operating_point.restore(run, 1, OWNER)
    assert operating_point.restore(run, 1, OWNER, confirmed=True).threshold == 0.5
    with pytest.raises(BadInput, match="learned nothing"):
        defaults.set_default("image", "r", OWNER, space)
    assert defaults.default_detector("image", space) is None
    defaults.set_default("image", "r", OWNER, space, confirmed=True)
    assert defaults.default_detector("image", space) == "r"
