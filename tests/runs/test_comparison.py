"""Differences of two runs against a loop written out, recommendations, and published figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from sklearn.metrics import roc_auc_score

from core.catalog.layouts import layouts
from core.errors import BadInput
from core.runs import comparison, comparison_report, published, recommendation
from core.runs.comparison import Difference, compare_paired
from core.runs.folder import RunFolder, new_run
from core.runs.recommendation import Candidate, recommend
from core.runs.summaries import Summary
from core.workspace import Workspace

MakeRun = Callable[..., RunFolder]


def scores(strength: float, seed: int, n: int = 300, flip: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, n)
    noise = np.random.default_rng(seed).normal(size=n)
    return pd.DataFrame(
        {
            "id": [f"d/{i}" for i in range(n)],
            "group": [f"g{i // 3}" for i in range(n)],
            "label": 1 - labels if flip else labels,
            "score": 1 / (1 + np.exp(-(strength * (labels - 0.5) + noise))),
        }
    )


@pytest.fixture
def make_run(space: Workspace) -> MakeRun:
    def make(table: pd.DataFrame, split: str = "test") -> RunFolder:
        run = new_run({"model": "m"}, space=space)
        run.scores_file(split).parent.mkdir(exist_ok=True)
        table.to_parquet(run.scores_file(split))
        return run

    return make


def figure(found: comparison.Paired, name: str) -> Difference:
    return next(d for d in found.differences if d.figure == name)


def test_a_clear_difference_is_shown_with_the_value_of_scikit_learn(make_run: MakeRun) -> None:
    strong, weak = scores(4, 1), scores(0.5, 2)
    found = compare_paired(make_run(strong), make_run(weak))
    auc = figure(found, "auc")
    expected = roc_auc_score(strong.label, strong.score) - roc_auc_score(weak.label, weak.score)
    assert auc.value == pytest.approx(expected)
    assert auc.low < auc.value < auc.high and auc.shown
    assert found.shared == 300


def test_the_same_scores_show_no_difference(make_run: MakeRun) -> None:
    table = scores(2, 1)
    found = compare_paired(make_run(table), make_run(table))
    assert not any(d.shown for d in found.differences)
    assert "the very same score" in found.note
    assert not compare_paired(make_run(table), make_run(scores(1, 1))).note


@pytest.mark.long
def test_the_interval_is_that_of_a_loop_over_groups(make_run: MakeRun) -> None:
    a, b = scores(2, 1), scores(1.5, 2)
    auc = figure(compare_paired(make_run(a), make_run(b), n=2000), "auc")
    rng, groups = np.random.default_rng(5), a.group.unique()
    rows = {g: np.flatnonzero(a.group == g) for g in groups}
    draws = []
    for _ in range(1000):
        drawn = np.concatenate([rows[g] for g in rng.choice(groups, len(groups))])
        y = a.label.to_numpy()[drawn]
        draws.append(
            roc_auc_score(y, a.score.to_numpy()[drawn]) - roc_auc_score(y, b.score.to_numpy()[drawn])
        )
    low, high = np.percentile(draws, [2.5, 97.5])
    assert auc.low == pytest.approx(low, abs=0.01)
    assert auc.high == pytest.approx(high, abs=0.01)


def test_only_shared_samples_count(make_run: MakeRun) -> None:
    table = scores(2, 1)
    found = compare_paired(make_run(table.iloc[:200]), make_run(table.iloc[100:]))
    assert (found.shared, found.only_first, found.only_second) == (100, 100, 100)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (scores(1, 1).iloc[:5], "share 5 scored test samples"),
        (scores(1, 1, flip=True), "do not agree on the labels"),
        (scores(1, 1).query("label == 1"), "of one class only"),
    ],
)
def test_what_cannot_be_compared_says_why(make_run: MakeRun, second: pd.DataFrame, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        compare_paired(make_run(scores(1, 1)), make_run(second))


def test_an_error_names_runs_as_pages_do(make_run: MakeRun) -> None:
    first, second = make_run(scores(1, 1)), make_run(scores(1, 1).iloc[:5])
    for run, name in ((first, "First detector"), (second, "Second detector")):
        run.save_config({**run.config(), "name": name})
    with pytest.raises(BadInput, match=r"^“First detector” and “Second detector” share 5"):
        compare_paired(first, second)


def test_a_run_without_scores_says_so(make_run: MakeRun) -> None:
    with pytest.raises(BadInput, match="no scores on validation"):
        compare_paired(make_run(scores(1, 1)), make_run(scores(1, 1)), "val")


def candidates(make_run: MakeRun, *specs: tuple[float, int]) -> tuple[list[Candidate], dict[str, RunFolder]]:
    found, folders = [], {}
    for seed, (strength, parameters) in enumerate(specs):
        table = scores(strength, seed)
        run = make_run(table, "val")
        folders[run.id] = run
        summary = Summary(id=run.id, name=f"net {seed}", state="completed", modality="image")
        found.append(Candidate(summary, float(roc_auc_score(table.label, table.score)), None, parameters))
    return found, folders


def test_the_best_on_validation_is_recommended(make_run: MakeRun) -> None:
    found, folders = candidates(make_run, (0.3, 10), (4.0, 1000))
    advice = recommend(found, folders)
    assert advice is not None and advice.run.name == "net 1"
    assert "the highest of 2" in advice.reason


def test_among_equals_the_smaller_is_recommended(make_run: MakeRun) -> None:
    found, folders = candidates(make_run, (2.0, 10_000_000), (2.0, 400_000))
    advice = recommend(found, folders)
    assert advice is not None and advice.run.name == "net 1"


def test_nothing_that_learned_nothing_is_recommended() -> None:
    good = Summary(id="a", name="a", state="completed", auc=0.9, auc_interval=(0.8, 1.0))
    assert recommendation.candidate(good) is not None
    assert recommendation.candidate(replace(good, learned_nothing=True)) is None
    assert recommendation.candidate(replace(good, state="failed")) is None
    assert recommendation.candidate(replace(good, auc=None, auc_interval=None)) is None


def test_a_high_figure_on_few_samples_is_not_the_best(make_run: MakeRun) -> None:
    few, many = make_run(scores(2, 1, n=60), "val"), make_run(scores(2, 2), "val")
    spans = {few.id: (0.99, (0.8, 1.0)), many.id: (0.97, (0.96, 0.98))}
    found = [
        Candidate(Summary(id=run.id, name=run.id, state="completed"), *spans[run.id], parameters=None)
        for run in (few, many)
    ]
    advice = recommend(found, {few.id: few, many.id: many})
    assert advice is not None and advice.run.id == many.id
    assert "of 2 the one whose interval begins highest" in advice.reason


def test_a_demo_run_is_the_first_default_only_where_there_is_nothing_else() -> None:
    demo = Summary("demo", "demo", "completed", demo=True, auc=0.99, auc_interval=(0.98, 1.0))
    own = replace(demo, id="own", name="own", demo=False, auc=0.7, auc_interval=(0.6, 0.8))
    first = recommendation.best_to_start_with([demo, own])
    assert first is not None and first.run is own and "the only one trained on your data" in first.reason
    alone = recommendation.best_to_start_with([demo, replace(own, learned_nothing=True)])
    assert alone is not None and alone.run is demo and "demo data" in alone.reason
    assert recommendation.best_to_start_with([replace(demo, state="stopped")]) is None
    assert recommend([], {}) is None


FF = {"modality": "image", "datasets": ["FaceForensics++"], "protocol": "official"}
METRICS = {
    "test": {
        "at_chosen": {"auc": 0.97, "intervals": {"auc": [0.95, 0.98]}},
        "units": {"at_chosen": {"auc": 0.95, "intervals": {"auc": [0.94, 0.96]}}},
        "by": {"dataset": [{"name": "FaceForensics++", "auc": 0.97}]},
    }
}


def xception(found: list[published.Beside]) -> published.Beside:
    return next(b for b in found if b.figure.detector == "Xception")


def test_a_published_figure_stands_beside_a_run_where_all_matches() -> None:
    beside = xception(published.beside(FF, {"protocol": "official"}, METRICS, "c23"))
    assert beside.why_not is None
    assert beside.figure.value == 0.9637
    assert (beside.ours, beside.interval) == (0.95, (0.94, 0.96))  # frame level, as published


@pytest.mark.parametrize(
    ("changes", "compression", "why"),
    [
        ({"protocol": "group"}, "c23", "split by group"),
        ({"datasets": ["Celeb-DF-v2"]}, "c23", "trained on “Celeb-DF-v2”"),
        ({"datasets": ["FaceForensics++", "DFDC"]}, "c23", "also trained on “DFDC”"),
        ({"max_samples_per_class": 50}, "c23", "at most 50 samples"),
        ({}, "c40", "compression c40"),
        ({}, None, "unknown or mixed"),
        ({"modality": "audio"}, "c23", "judges sound"),
    ],
)
def test_else_it_is_not_comparable_and_says_why(
    changes: dict[str, object], compression: str | None, why: str
) -> None:
    beside = xception(published.beside({**FF, **changes}, {}, METRICS, compression))
    assert beside.ours is None
    assert beside.why_not is not None and why in beside.why_not


def test_demo_data_and_part_of_a_dataset_are_not_comparable() -> None:
    copies = {"FaceForensics++": "FaceForensics++ here is demo data"}
    beside = xception(published.beside(FF, {}, METRICS, "c23", copies))
    assert (beside.ours, beside.why_not) == (None, "FaceForensics++ here is demo data")


def test_what_its_authors_do_not_state_cannot_match() -> None:
    config = {"modality": "multimodal", "datasets": ["FakeAVCeleb"], "protocol": "official"}
    metrics = {"test": {"at_chosen": {"auc": 0.9}, "by": {"dataset": [{"name": "FakeAVCeleb", "auc": 0.9}]}}}
    found = {b.figure.detector: b for b in published.beside(config, {}, metrics, None)}
    assert found["AVFF"].figure.value == 0.991 and found["AVFF"].ours is None
    assert "not stated how" in str(found["AVFF"].why_not)
    celeb = {"test": {"at_chosen": {"auc": 0.9}, "by": {"dataset": [{"name": "Celeb-DF-v2", "auc": 0.9}]}}}
    rows = [
        b
        for b in published.beside(FF, {}, celeb, "c23")
        if b.figure.detector in ("Forensics Adapter", "TALL")
    ]
    assert {b.figure.level for b in rows} == {"frame", "video"}
    assert all("not stated on which compression" in str(b.why_not) and b.ours is None for b in rows)


def test_the_datasets_are_called_as_the_catalogue_calls_them() -> None:
    known = {layout.dataset for layout in layouts().values()}
    named = {f.tested_on for f in published.figures()}
    assert {
        "FaceForensics++",
        "Celeb-DF-v2",
        "DFDC",
        "DFDC Preview",
        "DeepFakeDetection",
        "ASVspoof 2019 LA",
        "ASVspoof 2021 DF",
        "In-the-Wild",
    } <= known & named


def test_every_published_figure_is_a_share_with_its_source() -> None:
    for found in published.figures():
        assert 0 < found.value < 1
        assert found.source and found.level in ("frame", "video", "utterance")


def test_the_file_of_figures_lies_beside_its_code() -> None:
    assert Path(published.__file__).with_name("published.json").exists()


def test_the_report_says_the_difference_first_and_escapes_names(make_run: MakeRun) -> None:
    strong, weak, other = (make_run(scores(s, n)) for s, n in ((4, 1), (0.5, 2), (0.5, 2)))
    page = comparison_report.as_html({"<b>strong": strong, "weak": weak}, now=0.0)
    assert "“&lt;b&gt;strong” is better: its AUC is" in page and "<b>" not in page
    assert page.index("is better: its AUC") < page.index("What they learned from")
    assert "demo data" not in page
    strong.save_document("metrics", {"demo": True})
    assert "– (demo data)" in comparison_report.as_html({"strong": strong, "weak": weak})
    assert "\ufffd" not in page, "a space that keeps figures together is no hidden mark"
    page = comparison_report.as_html({"weak": weak, "strong": strong, "equal": other})
    assert "“strong” is better: its AUC is 0." in page, "also where the better one is second"
    assert "No difference shown in AUC: “weak” minus “equal” is " in page
    content = comparison_report.as_pdf({"strong": strong, "weak": weak})
    opened = pypdfium2.PdfDocument(content)
    assert 1 <= len(opened) <= 3 and "Comparison report" in opened[0].get_textpage().get_text_range()
    with pytest.raises(BadInput, match="at least two"):
        comparison_report.as_html({"weak": weak})


def test_an_imported_detector_is_compared_on_all_of_the_run_s_samples(make_run: MakeRun) -> None:
    """Measured by halves, of which few are in the run's test part: none of them is lost, for it learned from none."""
    mine, theirs = scores(3, 1), scores(0.2, 2)
    trained, imported = make_run(mine[240:]), make_run(theirs[::2])
    theirs[1::2].to_parquet(imported.scores_file("val"))
    assert compare_paired(trained, imported).shared == 30
    imported.save_document("detector", {"title": "of others"})
    for found in (compare_paired(trained, imported), compare_paired(imported, trained)):
        assert found.shared == 60 and "learned from none of these samples" in found.note
    assert compare_paired(imported, imported).shared == 150
