"""A threshold for each slice: equal rates, what changes against the single one, and slices too small for their own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.cli import main
from core.errors import BadInput
from core.thresholds.methods import choose
from core.thresholds.slices import PRESETS, by_slice
from core.thresholds.sweep import sweep
from tests.thresholds.run_folder import scores


def unequal() -> pd.DataFrame:
    """Two datasets on shifted scales, and a third that is tiny."""
    high = scores(600, 1, dataset="high").assign(score=lambda t: 0.5 + t["score"] / 2)
    low = scores(600, 2, dataset="low").assign(score=lambda t: t["score"] / 2)
    return pd.concat([high, low, scores(20, 3, dataset="tiny")], ignore_index=True)


@pytest.mark.parametrize(("preset", "rate"), [("equal_recall", "recall"), ("equal_fpr", "fpr")])
def test_every_slice_reaches_the_rate_of_the_single_threshold(preset: str, rate: str) -> None:
    table = unequal()
    found = by_slice(table, by="dataset", preset=preset)
    single = choose(sweep(table["label"].to_numpy(), table["score"].to_numpy()), "macro_f1")
    assert (found.threshold, found.target) == (single.threshold, getattr(single, rate))
    before = [getattr(part.single, rate) for part in found.slices[:2]]
    after = [getattr(part.own, rate) for part in found.slices[:2]]
    assert max(after) - min(after) < 0.05 < max(before) - min(before)


@pytest.mark.parametrize("preset", PRESETS)
def test_changes_are_counted_and_lie_in_their_intervals(preset: str) -> None:
    table = unequal()
    for by in ("dataset", "method"):
        found = by_slice(table, by=by, preset=preset)
        for part in found.slices:
            for label, change in ((1, part.recall), (0, part.fpr)):
                assert change is not None
                counts = ("tp", part.fake) if label else ("fp", part.real)
                moved = getattr(part.own, counts[0]) - getattr(part.single, counts[0])
                assert change.more - change.fewer == moved
                assert change.value == pytest.approx(moved / counts[1])
                assert change.interval[0] <= change.value <= change.interval[1]
                assert change.interval[0] < change.interval[1]
                assert min(change.more, change.fewer) == 0
            if preset == "single" or part.too_small:
                assert part.threshold == found.threshold
        if by == "dataset":
            moved = sum(part.own.tp - part.single.tp for part in found.slices)
            assert found.recall is not None
            assert found.recall.more - found.recall.fewer == moved


def test_small_slices_keep_the_single_threshold_and_say_why() -> None:
    found = by_slice(unequal(), by="dataset", preset="equal_fpr")
    tiny = found.slices[-1]
    assert tiny.name == "tiny"
    assert "real samples, under 30" in tiny.too_small
    assert [part.too_small for part in found.slices[:2]] == ["", ""]
    few = scores(400, 5).assign(score=lambda t: np.where(t["label"] == 1, t["score"] + 2, t["score"]))
    assert "only" not in by_slice(few, by="dataset").slices[0].too_small


def test_methods_are_judged_against_the_reals_of_their_datasets() -> None:
    table = unequal()
    found = by_slice(table, by="method", preset="equal_recall")
    assert [part.name for part in found.slices] == ["hard", "reenactment", "swap", "synthesis"]
    for part in found.slices:
        assert part.fake == int(np.sum((table["method"] == part.name) & (table["label"] == 1)))
        assert part.real == int(np.sum(table["label"] == 0))


def test_lines_are_placed_on_validation_and_looked_at_on_test() -> None:
    found = by_slice(unequal(), scores(300, 9, dataset="high"), by="dataset")
    assert [part.name for part in found.slices] == ["high"]
    alone = by_slice(unequal(), by="dataset")
    assert found.slices[0].threshold == alone.slices[0].threshold
    strange = by_slice(unequal(), scores(300, 9, dataset="new"), by="dataset").slices[0]
    assert "no samples where thresholds are chosen" in strange.too_small


def test_the_command_answers_by_dataset_and_method(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unequal().to_csv(tmp_path / "s.csv", index=False)
    words = ["thresholds", str(tmp_path / "s.csv"), "--by", "dataset", "--preset", "equal_fpr"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["slices"]
    assert [part["name"] for part in found["slices"]] == ["high", "low", "tiny"]
    assert found["preset"] == "equal_fpr"
    assert main(words) == 0
    assert "keeps the single threshold" in capsys.readouterr().out
    pd.DataFrame({"label": [0, 1], "score": [0.1, 0.9]}).to_csv(tmp_path / "bare.csv", index=False)
    assert main(["thresholds", str(tmp_path / "bare.csv"), "--by", "dataset"]) == 2
    assert "no column dataset" in capsys.readouterr().err
    with pytest.raises(BadInput, match="unknown preset"):
        by_slice(unequal(), preset="best")
