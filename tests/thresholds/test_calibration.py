"""Calibration keeps the order, mends known distortions, and equals scikit-learn where it does the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from core.access import Person
from core.errors import BadInput, NotAllowed
from core.thresholds import calibration
from core.thresholds.calibration import METHODS, Calibration, fit, reliability, sigmoid
from core.workspace import Workspace


def overconfident(
    n: int = 20_000, factor: float = 3.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores whose logit is `factor` times the true one, and the true probabilities."""
    random = np.random.default_rng(seed)
    logit = random.normal(size=n) * 1.5
    true = sigmoid(logit)
    return (random.random(n) < true).astype(int), sigmoid(factor * logit), true


@pytest.mark.parametrize("method", METHODS)
def test_mends_overconfidence(method: str) -> None:
    labels, scores, true = overconfident()
    before, fitted = reliability(labels, scores).ece, fit(labels, scores, method)
    assert reliability(labels, fitted.apply(scores)).ece < before / 4
    assert np.abs(fitted.apply(scores) - true).mean() < 0.02


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (40.0, 300.0), (1e-6, -2.0)])
def test_any_finite_scale_keeps_its_order(method: str, scale: float, shift: float) -> None:
    if method == "temperature" and shift:
        pytest.skip("a temperature alone cannot move a scale whose middle is not zero")
    labels, scores, _ = overconfident(3000)
    raw = np.log(scores / (1 - scores)) * scale + shift
    shares = fit(labels, raw, method).apply(np.sort(raw))
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert np.all(np.diff(shares) >= 0)
    assert shares[-1] - shares[0] > 0.5


def test_temperature_is_found() -> None:
    labels, scores, _ = overconfident(factor=3.0)
    assert fit(labels, scores, "temperature").temperature == pytest.approx(3.0, rel=0.05)


def test_platt_equals_an_unpenalised_logistic_regression() -> None:
    labels, scores, _ = overconfident()
    logit = np.log(scores / (1 - scores))
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], labels)
    expected = reference.predict_proba(logit[:, None])[:, 1]
    # Logits are cut at 1e-7.
    np.testing.assert_allclose(fit(labels, scores, "platt").apply(scores), expected, atol=3e-3)


def test_isotonic_equals_scikit_learn() -> None:
    labels, scores, _ = overconfident(1500)
    scores = np.round(scores, 2)
    expected = IsotonicRegression(out_of_bounds="clip").fit(scores, labels).predict(scores)
    np.testing.assert_allclose(fit(labels, scores, "isotonic").apply(scores), expected, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_separable_saturated_and_tiny_inputs_stay_finite(method: str) -> None:
    for labels, scores in (
        ([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0]),
        ([0, 1], [0.3, 0.3]),
        ([0, 1, 0], [-5e8, 7e8, 2.0]),
    ):
        shares = fit(np.array(labels), np.array(scores), method).apply(np.array(scores))
        assert np.isfinite(shares).all()


def separated(fakes: int = 36, reals: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """A detector that makes no mistake on few, mostly fake samples, sure of itself as networks are."""
    random = np.random.default_rng(0)
    logit = np.concatenate([random.normal(4, 1.5, fakes), random.normal(-18, 2, reals)])
    return np.repeat([1, 0], [fakes, reals]), sigmoid(logit)


@pytest.mark.parametrize("method", METHODS)
def test_a_fake_heavy_validation_set_lends_its_share_to_no_file(method: str) -> None:
    """Of the same scores a set with ten times as many fakes must not make every file look more fake."""
    labels, scores, true = overconfident(40_000)
    kept = (labels == 1) | (np.arange(len(labels)) % 10 == 0)
    even = fit(labels, scores, method).probability(scores)
    heavy = fit(labels[kept], scores[kept], method).probability(scores)
    assert np.abs(heavy - even).mean() < (0.05 if method == "temperature" else 0.02)
    assert np.abs(even - true).mean() < 0.02
    stated = fit(labels[kept], scores[kept], "platt").probability(scores, prevalence=10 / 11)
    assert np.abs(stated - fit(labels[kept], scores[kept], "platt").apply(scores)).mean() < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_few_samples_make_no_probability_sure(method: str) -> None:
    """After six reals nothing is fake for sure, after 36 fakes nothing real; the order of scores stays."""
    labels, scores = separated()
    fitted = fit(labels, scores, method)
    shares = fitted.probability(np.array([0.0, 1e-6, 0.007, 0.5, 0.9, 1.0]))
    assert np.all(np.diff(shares) >= 0)
    assert (shares[0], shares[-1]) == pytest.approx((8 / (8 + 7 * 38), 37 * 8 / (37 * 8 + 38)), abs=0.02)
    assert shares[-1] - shares[0] > 0.8


def test_a_low_score_of_a_detector_that_saw_few_reals_is_not_likely_fake() -> None:
    labels, scores = separated()
    assert scores[labels == 1].min() > 0.5
    assert fit(labels, scores, "platt").apply(np.array([0.007]))[0] > 0.6  # with 36 fakes in 42
    assert fit(labels, scores, "platt").probability(np.array([0.007]))[0] < 0.5


def test_a_temperature_does_not_blow_up_where_the_classes_are_apart() -> None:
    labels, scores = separated()
    assert 0.3 < fit(labels, scores, "temperature").temperature < 10
    odd = np.where(labels == 1, 0.6, 0.4)  # timid, and never wrong
    assert fit(labels, odd, "temperature").apply(np.array([0.4, 0.6])) == pytest.approx([0.1, 0.9], abs=0.08)


def test_what_was_fitted_on_no_samples_is_shown_as_it_is() -> None:
    stated = Calibration("platt", "probability", slope=2.0)
    np.testing.assert_array_equal(stated.probability(np.array([0.2])), stated.apply(np.array([0.2])))
    assert stated.stands and not Calibration("platt", "probability", fakes=9).stands


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_a_turned_polarity_is_not_hidden(method: str) -> None:
    labels, scores, _ = overconfident(2000)
    shares = fit(1 - labels, scores, method).apply(np.array([0.1, 0.9]))
    assert shares[1] >= shares[0]


@pytest.mark.parametrize("method", METHODS)
def test_survives_its_document(method: str) -> None:
    labels, scores, _ = overconfident(500)
    fitted = fit(labels, scores, method)
    again = Calibration.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted
    np.testing.assert_array_equal(again.apply(scores), fitted.apply(scores))


@pytest.mark.parametrize(
    "document", [{}, {"method": "magic"}, {"method": "isotonic"}, {"method": "platt", "slope": "x"}]
)
def test_damaged_documents_are_refused(document: dict) -> None:
    with pytest.raises(BadInput):
        Calibration.from_dict(document)


def test_refusals() -> None:
    with pytest.raises(BadInput, match="known are platt"):
        fit(np.array([0, 1]), np.array([0.1, 0.2]), "magic")
    with pytest.raises(BadInput, match="one class"):
        fit(np.array([1, 1]), np.array([0.1, 0.2]))
    with pytest.raises(BadInput, match="between 0 and 1"):
        reliability(np.array([0, 1]), np.array([0.1, 2.0]))


def test_reliability_counts_by_hand() -> None:
    found = reliability(np.array([0, 1, 1, 1]), np.array([0.05, 0.05, 0.95, 1.0]), bins=10)
    assert found.count.tolist() == [2, 2]
    assert found.share.tolist() == [0.5, 1.0]
    assert found.ece == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)


def test_saving_needs_an_operator_and_renews_probabilities(space: Workspace) -> None:
    import pandas as pd

    from tests.thresholds.run_folder import finished_run

    folder = finished_run(space, 60)
    table = pd.read_parquet(folder.scores_file("val"))
    fitted = fit(table["label"].to_numpy(), table["score"].to_numpy(), "isotonic")
    with pytest.raises(NotAllowed):
        calibration.save(folder.path, fitted, Person("ann", operator=False))
    calibration.save(folder.path, fitted, Person("ann", operator=True))
    assert Calibration.from_dict(folder.document("calibration") or {}) == fitted
    np.testing.assert_array_equal(
        pd.read_parquet(folder.scores_file("val"))["probability"], fitted.apply(table["score"].to_numpy())
    )
