"""Evaluation against scikit-learn, and the promises that no figure flatters itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from matplotlib.figure import Figure
from sklearn import metrics as reference

from core import words
from core.catalog.table import DatasetInfo, save
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.thresholds import operating_point
from core.training.augmentation.jpeg import jpeg_frame
from core.training.scoring.evaluation import breakdown, measure, write
from core.training.scoring.evaluation.degradations import degradations, h264
from core.training.scoring.evaluation.localisation import average_precision, localisation, propose
from core.training.scoring.evaluation.plots import training_curves
from tests.training.result_files import RESULT_FILES

IMAGE = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE


def scored(n: int = 300, *, fakes: float = 0.8, separation: float = 1.5, seed: int = 0) -> pd.DataFrame:
    """Scores of a detector whose classes lie `separation` deviations apart."""
    random = np.random.default_rng(seed)
    labels = (random.random(n) < fakes).astype(int)
    scores = 1 / (1 + np.exp(-random.normal(labels * separation, 1)))
    method = np.where(labels == 1, random.choice(["swap", "voice"], n), "")
    return pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(n)],
            "dataset": "set",
            "modality": "image",
            "method": [m or None for m in method],
            "group": [f"g{i // 2}" for i in range(n)],
            "label": labels,
            "score": scores,
            "probability": scores,
        }
    )


def run_with(space_root: Path, val: pd.DataFrame, test: pd.DataFrame, **config: object) -> RunFolder:
    folder = new_run(
        {"model": "net", "modality": "image", "datasets": ["set"], **config}, path=space_root / "run"
    )
    for split, table in (("val", val), ("test", test)):
        folder.scores_file(split).parent.mkdir(parents=True, exist_ok=True)
        folder.units_file(split).parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder.scores_file(split), index=False)
        units = table.loc[table.index.repeat(2), ["id", "score"]].assign(t0=0.0, t1=1.0)
        units["unit"] = units.groupby("id").cumcount()
        units.to_parquet(folder.units_file(split), index=False)
    return folder


def test_every_figure_equals_scikit_learn() -> None:
    table = scored()
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    called = scores >= 0.6
    at = measure(table, 0.6, resamples=0)
    expected = {
        "auc": reference.roc_auc_score(labels, scores),
        "ap": reference.average_precision_score(labels, scores),
        "accuracy": reference.accuracy_score(labels, called),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, called),
        "precision": reference.precision_score(labels, called),
        "recall": reference.recall_score(labels, called),
        "f1": reference.f1_score(labels, called),
        "precision_real": reference.precision_score(labels, called, pos_label=0),
        "f1_real": reference.f1_score(labels, called, pos_label=0),
        "macro_f1": reference.f1_score(labels, called, average="macro"),
        "mcc": reference.matthews_corrcoef(labels, called),
        "log_loss": reference.log_loss(labels, scores),
        "brier": reference.brier_score_loss(labels, scores),
    }
    for name, value in expected.items():
        assert at[name] == pytest.approx(value, abs=1e-9), name


def test_precision_at_a_prevalence_follows_bayes() -> None:
    at = measure(scored(), 0.6, prevalence=0.01, resamples=0)
    by_hand = at["recall"] * 0.01 / (at["recall"] * 0.01 + at["fpr"] * 0.99)
    assert at["precision_at_prevalence"] == pytest.approx(by_hand)
    assert at["precision_at_prevalence"] < at["precision"]


def test_the_majority_baseline_stands_beside_every_accuracy_and_is_named_where_nothing_exceeds_it() -> None:
    table = scored(fakes=0.92, separation=0.0)
    at = measure(table, None if table["score"].min() > 1 else float(table["score"].min()))
    assert at["majority_baseline"] == pytest.approx(max(table["label"].mean(), 1 - table["label"].mean()))
    assert any("no better than always answering with the larger class" in w for w in at["warnings"])
    assert any("calls 100 % of the samples fake" in w for w in at["warnings"])


def test_precision_of_no_calls_is_unknown_within_its_whole_range() -> None:
    at = measure(scored(), 2.0, resamples=50)
    assert (at["tp"], at["fp"], at["precision"]) == (0, 0, 0.0)
    assert at["intervals"]["precision"] == [0.0, 1.0]
    assert set(at["intervals"]) >= {"auc", "ap", "eer", "accuracy", "balanced_accuracy", "recall", "f1"}


def test_a_method_is_measured_against_the_reals_of_its_dataset() -> None:
    table = scored()
    rows = {row["name"]: row for row in breakdown(table, 0.6)["method"]}
    reals = int((table["label"] == 0).sum())
    assert set(rows) == {"swap", "voice"}
    assert all(row["real"] == reals for row in rows.values())


def test_a_part_that_is_all_of_the_samples_has_their_very_interval() -> None:
    """Of other draws its last digit would be another, and one page shows both."""
    table = scored()
    whole = measure(table, 0.6, resamples=60)
    rows = breakdown(table, 0.6, whole=whole)
    (alone,) = rows["dataset"]
    assert alone["intervals"]["auc"] == whole["intervals"]["auc"] and alone["auc"] == whole["auc"]
    assert all(row["auc"] != whole["auc"] for row in rows["method"])


def test_write_leaves_every_document_and_result_file(tmp_path: Path) -> None:
    folder = run_with(tmp_path, scored(seed=1), scored(seed=2), threshold_method="macro_f1")
    metrics = write(folder)
    for name in RESULT_FILES:
        assert (folder.results / name).stat().st_size > 100, name
    assert metrics["learned_nothing"] is False
    for split in ("val", "test"):
        for at in ("at_default", "at_chosen"):
            figures = metrics[split][at]
            for name in ("auc", "ap", "eer", "accuracy", "balanced_accuracy", "precision", "recall", "f1"):
                low, high = figures["intervals"][name]
                assert low <= figures[name] <= high, (split, at, name)
    assert json.loads((folder.path / "metrics.json").read_text())["test"]["units"]["n"] == 600
    point = operating_point.read(folder)
    assert point is not None
    assert point.threshold == metrics["val"]["at_chosen"]["threshold"]
    table = pd.read_parquet(folder.scores_file("test"))
    assert list(table.columns) == [
        "id",
        "dataset",
        "modality",
        "method",
        "group",
        "label",
        "score",
        "probability",
    ]
    assert (np.diff(table.sort_values("score")["probability"]) >= 0).all()


@pytest.mark.parametrize(
    ("monitor", "first"),
    [("accuracy", "loss"), ("macro_f1", "loss"), ("loss", "loss\n(picks the best epoch)")],
)
def test_training_curves_show_the_monitor_and_always_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monitor: str, first: str
) -> None:
    names = ("loss", "auc", "accuracy", "macro_f1", "balanced_accuracy", "f1")
    series = {f"{side}/{name}": [(1, 0.5), (2, 0.6)] for side in ("train", "val") for name in names}
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **_: drawn.append(self))
    training_curves(tmp_path / "curves.png", {**series, "lr": [(1, 0.1)]}, 2, monitor)
    titles = [axis.get_title() for axis in drawn[0].axes]
    assert titles[0] == first and "learning rate" in titles
    assert f"{words.figure(monitor)}\n(picks the best epoch)" in titles
    assert any(title.startswith("accuracy") for title in titles)


def test_the_threshold_never_looks_at_test(tmp_path: Path) -> None:
    first = run_with(tmp_path / "a", scored(seed=1), scored(seed=2))
    second = run_with(tmp_path / "b", scored(seed=1), scored(seed=3, separation=0.2))
    assert write(first)["test"]["at_chosen"]["threshold"] == write(second)["test"]["at_chosen"]["threshold"]


def test_a_detector_without_signal_has_learned_nothing_and_everything_says_so(tmp_path: Path) -> None:
    folder = run_with(
        tmp_path, scored(fakes=0.92, separation=0.0, seed=4), scored(fakes=0.92, separation=0.0, seed=5)
    )
    metrics = write(folder)
    assert metrics["learned_nothing"] is True
    assert "LEARNED NOTHING" in (folder.results / "training_results.txt").read_text()
    assert "Learned nothing" in (folder.results / "report.html").read_text()


@pytest.mark.parametrize(("each", "nothing"), [((2, 3), True), ((5, 5), False)])
def test_a_perfect_order_of_too_few_samples_shows_nothing(
    tmp_path: Path, each: tuple[int, int], nothing: bool
) -> None:
    """Of five samples in perfect order one order in ten is perfect by chance; of ten, one in 252."""
    reals, fakes = each
    table = scored(n=60)
    few = pd.concat(
        [table[table["label"] == 0][:reals], table[table["label"] == 1][:fakes]], ignore_index=True
    )
    few["score"] = [0.1 + 0.01 * k for k in range(reals)] + [0.8 + 0.01 * k for k in range(fakes)]
    metrics = write(run_with(tmp_path, few, few))
    low, high = metrics["test"]["at_chosen"]["intervals"]["auc"]
    assert high == 1
    assert (low > 0.5) is not nothing
    assert metrics["learned_nothing"] is nothing
    if nothing:
        assert "does not rise above chance" in metrics["learned_nothing_reason"]


@pytest.mark.parametrize("kept", [0, 1])
def test_one_class_only_gives_files_and_no_invented_figures(tmp_path: Path, kept: int) -> None:
    table = scored()
    one = table[table["label"] == kept].reset_index(drop=True)
    metrics = write(run_with(tmp_path, one, one))
    assert metrics["learned_nothing"] is True
    assert metrics["test"]["at_chosen"]["auc"] is None
    assert metrics["test"]["at_chosen"]["intervals"] == {}


@pytest.mark.parametrize("demo", [True, False])
def test_what_was_measured_on_demo_data_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: bool
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "ws"))
    table = scored()
    for name in table["dataset"].unique():
        save(name, pd.DataFrame(), DatasetInfo(name, "generic", str(tmp_path), demo=demo))
    folder = run_with(tmp_path, table, table)
    assert write(folder)["demo"] is demo
    text = (folder.results / "training_results.txt").read_text(encoding="utf-8")
    assert ("demo data" in text) is demo


def test_names_from_data_are_not_html_in_the_report(tmp_path: Path) -> None:
    table = scored()
    table["dataset"] = np.where(np.arange(len(table)) % 2, "<script>alert(1)</script>", "b")
    folder = run_with(tmp_path, table, table)
    write(folder)
    report = (folder.results / "report.html").read_text()
    assert "<script>" not in report
    assert "&lt;script&gt;" in report
    opened = pypdfium2.PdfDocument(folder.results / "report.pdf")
    text = " ".join(page.get_textpage().get_text_range() for page in opened)
    assert 1 <= len(opened) <= 3 and "<script>" in text and "Test (opened once" in text


def test_the_training_curves_fill_the_width_of_a_page(tmp_path: Path) -> None:
    """At a third of it, or seven panels beside each other, nobody could read them."""
    folder = run_with(tmp_path, scored(), scored(seed=1))
    names = ("loss", "auc", "accuracy", "balanced_accuracy", "f1")
    for epoch in (1, 2):
        values = {f"{part}/{name}": 0.5 for part in ("train", "val") for name in names}
        events.append(folder.events_file, epoch, epoch, {**values, "lr": 0.1})
    write(folder)
    opened = pypdfium2.PdfDocument(folder.results / "report.pdf")
    sizes = [
        (right - left, top - bottom)
        for page in opened
        for left, bottom, right, top in (o.get_bounds() for o in page.get_objects() if o.type == IMAGE)
    ]
    width, height = max(sizes)
    assert width > 500 and width / height < 2, "points; a page has 595"


def test_localisation_equals_a_hand_computed_figure() -> None:
    truth = {"a": [(0.0, 2.0)], "b": [(1.0, 3.0)], "c": []}
    proposals = {"a": [(0.0, 2.0, 0.9)], "c": [(0.0, 1.0, 0.8)], "b": [(1.0, 2.9, 0.7)]}
    # ranked: hit, miss, hit -> precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1
    assert average_precision(proposals, truth, 0.5) == pytest.approx((1 + 2 / 3) / 2)
    units = pd.DataFrame(
        {
            "id": list("aabbcc"),
            "t0": [0.0, 2, 0, 1, 0, 1],
            "t1": [2.0, 3, 1, 3, 1, 2],
            "score": [0.9, 0.1, 0.2, 0.8, 0.7, 0.3],
        }
    )
    found = localisation(units, truth, {"a": "one", "b": "one", "c": "two"}, draws=50)
    assert found is not None
    for name, (low, high) in found["intervals"].items():
        assert low <= found[name] <= high, name
        assert low < high, name
    assert "intervals" not in (localisation(units, truth) or {})
    spans = np.array([[0, 1], [1, 2], [2, 3], [3, 4]], dtype=float)
    assert (1.0, 3.0, pytest.approx(0.85)) in propose(spans, np.array([0.1, 0.9, 0.8, 0.1]))


def test_degradations_keep_shape_and_grow_with_their_strength() -> None:
    random = np.random.default_rng(0)
    smooth = np.kron(random.integers(60, 200, (8, 8, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    errors = [np.abs(jpeg_frame(smooth, q).astype(int) - smooth).mean() for q in (90, 50, 10)]
    assert errors == sorted(errors)
    frames = [smooth, smooth[:90, :70]]
    assert [f.shape for f in h264(frames, 23)] == [f.shape for f in frames]
    names = [d.name for d in degradations("multimodal")]
    assert len(names) == len(set(names))
    for expected in ("JPEG 90", "JPEG 30", "H.264 CRF 40", "MP3 kbit/s 64", "Opus kbit/s 12"):
        assert expected in names
