"""The Compare page without a browser: figures side by side, the paired difference, the recommendation, the default."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from core.runs import cards, recommendation
from core.runs.folder import RunFolder, new_run
from core.runs.summaries import Summary
from core.workspace import Workspace
from dashboard.charts import compare as charts
from tests.dashboard.html_tables import table_with, tables_of
from tests.dashboard.thresholds_page import expanded

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


@pytest.fixture(autouse=True)
def fresh_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    known = [{"name": "small", "parameters": 400_000}, {"name": "large", "parameters": 9_000_000}]
    monkeypatch.setattr(cards, "stored", lambda: known)
    yield
    st.cache_resource.clear()


@pytest.fixture
def make_run(space: Workspace) -> Callable[..., RunFolder]:
    def make(
        model: str, strength: float, seed: int, dataset: str = "FaceForensics++", modality: str = "image"
    ) -> RunFolder:
        config = {"modality": modality, "model": model, "datasets": [dataset], "protocol": "group"}
        run = new_run(config, space=space)
        metrics: dict[str, object] = {"learned_nothing": False}
        labels = np.random.default_rng(7).integers(0, 2, 200)
        for split in ("val", "test"):
            noise = np.random.default_rng(seed).normal(size=200)
            table = pd.DataFrame(
                {
                    "id": [f"{dataset}/{split}/{i}" for i in range(200)],
                    "label": labels,
                    "dataset": dataset,
                    "group": [f"g{i // 2}" for i in range(200)],
                    "score": 1 / (1 + np.exp(-(strength * (labels - 0.5) + noise))),
                }
            )
            run.scores_file(split).parent.mkdir(exist_ok=True)
            table.to_parquet(run.scores_file(split))
            auc = float(roc_auc_score(table.label, table.score))
            at = {"threshold": 0.5, "auc": auc, "intervals": {"auc": [auc - 0.05, min(1.0, auc + 0.05)]}}
            at |= {"tp": 90, "fn": 10, "fp": 10, "tn": 90, "eer": 0.2}
            at["intervals"] |= {"eer": [0.1, 0.3]}
            metrics[split] = {
                "at_chosen": at,
                "at_default": at,
                "majority_baseline": 0.5,
                "n": 200,
                "real": 100,
                "fake": 100,
                "by": {"dataset": [{"name": dataset, "real": 100, "fake": 100, "auc": auc, "intervals": {}}]},
            }
        run.save_document("metrics", metrics)
        run.set_status(state="completed", best=0.9)
        return run

    return make


def open_page() -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.switch_page("views/compare.py").run()
    assert not page.exception, page.exception
    return page


def text_of(page: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(page, kind)).replace("\\", "")


def test_one_run_is_not_enough(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1)
    page = open_page()
    assert "Two finished runs are needed for a comparison. There is one." in text_of(page)
    assert [button.label for button in page.button] == ["Train a detector"]


def test_a_real_difference_is_named_and_the_better_one_recommended(
    make_run: Callable[..., RunFolder], space: Workspace
) -> None:
    weak, strong = make_run("small", 0.3, 1), make_run("large", 5, 2)
    page = open_page()
    text = text_of(page)
    assert (
        "is better" in text
        and "No difference shown" not in text.split("Is the difference real?")[-1].split(".")[0]
    )
    assert "Recommended for pictures: **large · FaceForensics++**" in text
    table = table_with(page, "parameters")
    assert set(table["parameters"]) == {"400,000", "9.00 million"}
    page.button(key="compare-default-image").click().run()
    assert space.settings()["detectors"] == {"image": strong.id}
    assert page.button(key="compare-default-image").disabled
    assert weak.id != strong.id


def test_a_difference_within_the_intervals_is_said_to_be_none_and_the_smaller_is_recommended(
    make_run: Callable[..., RunFolder],
) -> None:
    make_run("large", 2, 1)
    make_run("small", 2, 2)
    text = text_of(open_page())
    assert "**No difference shown** in AUC" in text
    assert "Recommended for pictures: **small · FaceForensics++**" in text


def test_published_figures_are_not_comparable_where_the_protocol_differs(
    make_run: Callable[..., RunFolder],
) -> None:
    make_run("small", 2, 1)
    make_run("large", 2, 2)
    page = open_page()
    assert not any("published detector" in table for table in tables_of(page))  # worked out when it is opened
    table = table_with(expanded(page, "compare-published"), "published detector")
    assert set(table["this run"]) == {"not comparable"}
    assert table["why"].str.len().min() > 10


def test_what_its_authors_state_stands_beside_an_imported_detector(
    make_run: Callable[..., RunFolder], space: Workspace
) -> None:
    make_run("small", 2, 1)
    other = make_run("large", 2, 2)
    space.detectors.mkdir()
    imported = RunFolder(other.path.rename(space.detectors / "AASIST"))
    published = [{"figure": "EER 0.83 %", "protocol": "ASVspoof 2019 LA"}]
    imported.save_document("detector", {"title": "AASIST", "parameters": 297_866, "published": published})
    text = text_of(expanded(open_page(), "compare-published"))
    assert (
        "Its authors state equal error rate 0.83 % (ASVspoof 2019 LA), by another protocol than the figures here."
        in text
    )


def test_runs_without_published_figures_are_named_in_one_sentence(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1, dataset="mine")
    make_run("large", 2, 2, dataset="mine")
    text = text_of(expanded(open_page(), "compare-published"))
    assert text.count("No published figure is about a dataset that") == 1


def test_runs_on_other_samples_cannot_be_paired(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1)
    make_run("large", 2, 2, dataset="Celeb-DF-v2")
    assert "share 0 scored test samples" in text_of(open_page())


def test_curves_of_all_chosen_runs_are_overlaid(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1)
    make_run("large", 2, 2)
    page = open_page()
    figures = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
    roc = next(f for f in figures if f["layout"].get("yaxis", {}).get("title", {}).get("text") == "recall")
    assert len(roc["data"]) == 3  # both, and chance


def test_the_measures_of_the_speech_community_stand_side_by_side(make_run: Callable[..., RunFolder]) -> None:
    for run in (("small", 0.3, 1), ("large", 5, 2)):
        make_run(*run, modality="audio")
    table = table_with(expanded(open_page(), "compare-field"), "minDCF")
    assert len(table) == 2
    for column in ("equal error rate", "minDCF", "actDCF", "Cllr, bits", "recall at 1 % false alarms"):
        assert all("[" in cell for cell in table[column])
    assert min(float(cell.split()[0]) for cell in table["minDCF"]) < 0.6


def test_runs_on_pictures_have_no_measures_of_the_speech_community(
    make_run: Callable[..., RunFolder],
) -> None:
    make_run("small", 0.3, 1)
    make_run("large", 5, 2)
    boxes = [box.label for box in open_page().expander]
    assert "Across datasets" in boxes and "The speech community's measures" not in boxes


def test_runs_that_share_samples_are_chosen_first(make_run: Callable[..., RunFolder]) -> None:
    older = [make_run("small", 2, 1), make_run("large", 2, 2)]
    make_run("other", 2, 3, dataset="Celeb-DF-v2")  # the newest, and alone with its samples
    page = open_page()
    assert set(page.multiselect(key="compare-runs").value) == {run.id for run in older}
    assert "scored, with 95 % intervals" in text_of(page)


def test_a_demo_run_is_never_recommended() -> None:
    demo = Summary("a", "a", "completed", demo=True, auc=0.9, auc_interval=(0.8, 0.95))
    assert recommendation.candidate(demo, 1) is None
    assert recommendation.why_not(demo) == "it learned from demo data only"
    assert recommendation.candidate(replace(demo, demo=False), 1) is not None
    assert recommendation.why_not(replace(demo, demo=False, state="failed")) == "it did not finish"


def test_home_offers_the_best_run_on_validation_and_not_the_newest(
    make_run: Callable[..., RunFolder], space: Workspace
) -> None:
    best = make_run("large", 4, 1)
    weaker, nothing, stopped = make_run("small", 1, 2), make_run("blind", 6, 3), make_run("cut off", 6, 4)
    metrics = nothing.document("metrics")
    assert metrics is not None
    nothing.save_document("metrics", {**metrics, "learned_nothing": True})
    stopped.set_status(state="stopped")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    offered = page.button(key="home-default")
    assert "large · FaceForensics++" in offered.label.replace("\\", "") and weaker.id != best.id
    assert "It is the best on validation of 2 trained on your data, with an AUC of" in text_of(page)
    offered.click().run()
    assert space.settings()["detectors"] == {"image": best.id}
    assert "home-default" not in [button.key for button in page.button]


def test_home_offers_nothing_that_learned_nothing(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("small", 2, 1)
    metrics = run.document("metrics")
    assert metrics is not None
    run.save_document("metrics", {**metrics, "learned_nothing": True})
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert "home-default" not in [button.key for button in page.button]


def test_the_paired_difference_comes_before_the_table(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1)
    make_run("large", 2, 2)
    heads = [m.value for m in open_page().markdown if m.value.startswith("## ")]
    assert heads == ["## Is the difference real?", "## Side by side"]


def test_a_link_opens_its_runs_in_its_part(make_run: Callable[..., RunFolder]) -> None:
    runs = [make_run("small", 2, 1), make_run("large", 2, 2), make_run("other", 1, 3)]
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.query_params["runs"] = f"{runs[0].id},{runs[2].id}"
    page.query_params["split"] = "val"
    page.switch_page("views/compare.py").run()
    assert page.multiselect(key="compare-runs").value == [runs[0].id, runs[2].id]
    assert "validation samples that both have" in text_of(page)
    page.query_params.clear()
    page.query_params["runs"] = ",".join(run.id for run in runs)
    page.run()
    assert "test samples that both have" in text_of(page), "who goes back sees what was there"


def test_a_link_opens_the_same_curve(make_run: Callable[..., RunFolder]) -> None:
    make_run("small", 2, 1), make_run("large", 2, 2)
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.query_params["curve"] = "pr"
    page.switch_page("views/compare.py").run()
    assert not page.exception and page.session_state["compare-overlays"] == "Precision–recall"
    assert page.query_params["curve"] in ("pr", ["pr"])


def test_a_name_that_looks_like_html_stands_in_the_charts_as_it_is() -> None:
    scored = (np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.2, 0.8]))
    drawn = charts.overlay({"checked & <b>": scored}, "roc")
    assert drawn.data[0].name == "checked &amp; &lt;b> (AUC 1.00)"
