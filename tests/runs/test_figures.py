"""Figures of a folder from elsewhere: drawn whole, or refused with one line."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from core.errors import BadInput
from core.runs.figures import figures, in_force
from core.runs.folder import RunFolder, new_run
from core.workspace import Workspace

AT: dict[str, Any] = {
    "threshold": None,
    "auc": 0.9,
    "ap": None,
    "tp": 1,
    "fp": 2,
    "tn": 3,
    "fn": 4,
    "intervals": {"auc": [0.8, 1.0], "ap": None},
    "warnings": ["few"],
}
SPLIT: dict[str, Any] = {
    "n": 10,
    "real": 5,
    "fake": 5,
    "majority_baseline": 0.5,
    "at_default": AT,
    "at_chosen": AT,
    "level": "samples",
    "units": {"n": 20, "at_default": AT, "at_chosen": AT},
    "by": {"dataset": [{"name": "d", "real": 5, "fake": 5, "auc": None, "intervals": {}}]},
}


@pytest.fixture
def run(space: Workspace) -> RunFolder:
    return new_run({"model": "m"}, space=space)


def test_what_training_writes_is_taken(run: RunFolder) -> None:
    assert figures(run) is None
    run.save_document("metrics", {"val": SPLIT, "test": {**SPLIT, "units": None, "by": {}}, "warnings": []})
    assert figures(run) == run.document("metrics")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), 3),
        ((), {}),
        (("n",), "ten"),
        (("at_chosen",), {}),
        (("at_chosen", "auc"), "high"),
        (("at_chosen", "intervals"), [1, 2]),
        (("at_chosen", "intervals", "auc"), [0.1]),
        (("at_default", "tp"), None),
        (("by",), [1]),
        (("by", "dataset"), "x"),
        (("by", "dataset"), [{"name": "d"}]),
        (("units",), {"n": 3}),
        (("majority_baseline",), True),
    ],
)
def test_anything_else_is_one_line(run: RunFolder, path: tuple[str, ...], value: Any) -> None:
    document: dict[str, Any] = {"val": SPLIT, "test": copy.deepcopy(SPLIT)}
    inner = document
    for key in ("test", *path)[:-1]:
        inner = inner[key]
    inner[("test", *path)[-1]] = value
    run.save_document("metrics", document)
    with pytest.raises(BadInput, match=r"metrics\.json does not hold what training writes"):
        figures(run)


def test_figures_are_those_of_the_operating_point_in_use(run: RunFolder) -> None:
    run.save_document("metrics", {"test": SPLIT})
    assert in_force(run) == figures(run)
    point = {"threshold": 0.7, "recall": 0.25, "tp": 9, "intervals": {"recall": [0.1, 0.4]}}
    run.save_document("operating_point", {"threshold": 0.7, "figures": {"test": point}})
    found = in_force(run)
    assert found is not None
    at = found["test"]["at_chosen"]
    assert (at["threshold"], at["recall"], at["tp"], at["auc"]) == (0.7, 0.25, 9, 0.9)
    assert at["intervals"] == {"auc": [0.8, 1.0], "ap": None, "recall": [0.1, 0.4]}
    assert found["test"]["at_default"] == AT
