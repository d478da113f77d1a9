"""In a real browser: scores as the field publishes them, held against scikit-learn and SciPy, there, back and reloaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from scipy import stats
from sklearn import metrics

from tests.e2e.conftest import Server
from tests.e2e.test_thresholds_e2e import LAB, settled

pytestmark = [pytest.mark.long, pytest.mark.pages]

FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
}
NUMBER = r"−?\d[\d,]*(?:\.\d+)?"


def bring(page: Page, url: str, *files: Path) -> None:
    page.goto(f"{url}/thresholds")
    for place, file in enumerate(files):
        page.locator('input[type="file"]').nth(place).set_input_files(str(file))
        settled(page)
    expect(page.locator('.lab [data-part="threshold"]')).not_to_be_empty()
    expect(page.get_by_text("Where the errors are")).to_be_visible()
    settled(page)


def line(page: Page) -> float:
    return float(page.evaluate(f"({LAB})().t"))


def printed(page: Page) -> dict[str, list[str]]:
    """Each figure as it stands on the page, with its ends where it has them."""
    found = {}
    for name in (*FIGURES, "fpr"):
        text = page.locator(f'.lab dd[data-figure="{name}"]').inner_text()
        found[name] = re.findall(NUMBER, text)
    return found


def assert_close(text: str, value: float) -> None:
    """The text is the value, rounded to the digits that it has."""
    digits = len(text.partition(".")[2])
    assert abs(float(text.replace(",", "").replace("−", "-")) - value) <= 0.51 * 10.0**-digits, (text, value)


def assert_true_of(page: Page, label: np.ndarray, score: np.ndarray) -> None:
    called = score >= line(page)
    tp, fp = int((called & (label == 1)).sum()), int((called & (label == 0)).sum())
    texts = printed(page)
    for name, reference in FIGURES.items():
        assert_close(texts[name][0], float(reference(label, called)))
    assert_close(texts["fpr"][0], fp / (label == 0).sum())
    for name, hits, of in (
        ("precision", tp, tp + fp),
        ("recall", tp, int((label == 1).sum())),
        ("fpr", fp, int((label == 0).sum())),
    ):
        ends = stats.binomtest(hits, of).proportion_ci(method="wilson")
        assert_close(texts[name][1], ends.low)
        assert_close(texts[name][2], ends.high)
    for name, (value, low, high) in texts.items():
        assert float(low) <= float(value) <= float(high), name
        assert low != high, name


def at_every_method(page: Page, label: np.ndarray, score: np.ndarray) -> None:
    buttons = page.locator(".lab button[data-method]")
    for place in range(buttons.count()):
        buttons.nth(place).click()
        assert_true_of(page, label, score)


def there_and_back(page: Page) -> None:
    """By keys and by the mouse, to exactly where it was."""
    settled(page)
    slider = page.locator('.lab [data-part="slider"]')
    slider.focus()
    start = line(page)
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert line(page) > start
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    assert line(page) == start
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    # Whole pixels: a press is told in those, a move in fractions, and between the two may lie a score.
    at = [round(box["x"] + share * box["width"]) for share in (0.4, 0.7, 0.4)]
    page.mouse.move(at[0], y)
    page.mouse.down()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    before = line(page)
    page.mouse.move(at[1], y, steps=5)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert line(page) != before
    page.mouse.move(at[2], y, steps=5)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert line(page) == before
    page.mouse.up()
    settled(page)


def view(page: Page) -> list[object]:
    """How the lab is drawn: plane, metric, scale, and the window of its axis."""
    lab = f"({LAB})()"
    return list(
        page.evaluate(
            f"[{lab}.drawings.kind, {lab}.drawings.metric, {lab}.axis.scale, {lab}.axis.low, {lab}.axis.high, "
            f"{lab}.form.cost.fn]"
        )
    )


def reload(page: Page, turned: bool = False) -> None:
    """The same line, figures, intervals and drawings; the file is still there. The address has the file's own scale."""
    page.locator('.lab [data-part="plane"]').select_option("det")
    page.locator('.lab [data-part="metric"]').select_option("recall")
    page.locator('.lab [data-part="zoom-in"]').click()
    page.locator('.lab input[name="fn"]').fill("5")
    page.keyboard.press("Tab")
    at = line(page)
    expect(page).to_have_url(re.compile(re.escape(f"at={-at if turned else at!r}")))
    expect(page).to_have_url(re.compile(r"fn=5.*plane=det|plane=det.*fn=5"))
    before = printed(page), view(page), page.locator('.lab [data-part="which"]').inner_text()
    page.reload()
    expect(page.get_by_text("Where the errors are")).to_be_visible()
    expect(page.locator('.lab [data-part="threshold"]')).not_to_be_empty()
    settled(page)
    assert line(page) == at
    assert (printed(page), view(page), page.locator('.lab [data-part="which"]').inner_text()) == before
    assert view(page)[0] == "det"


def test_a_published_score_file(start_server: Callable[..., Server], page: Page, shared_data: Path) -> None:
    file = shared_data / "scores" / "asvspoof2019_la_oc_softmax.csv.gz"
    table = pd.read_csv(file)
    label, score = (table["label"] == "fake").to_numpy(int), table["score"].to_numpy()
    bring(page, start_server().url, file)
    expect(page.locator('.lab button[data-method="default"]')).to_have_count(0)
    expect(page.get_by_text("no finished runs")).to_have_count(0)
    at_every_method(page, label, score)
    there_and_back(page)
    assert_true_of(page, label, score)
    reload(page)
    assert_true_of(page, label, score)


def test_a_score_file_with_its_key_file(
    start_server: Callable[..., Server], page: Page, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    label = (random.random(900) < 0.8).astype(int)
    score = random.normal(size=900) * 2 - 2.5 * label  # as the field has it: high is bona fide
    names = [f"LA_E_{2834763 + place}" for place in range(900)]
    key = ["spoof" if fake else "bonafide" for fake in label]
    attack = [f"A{7 + place % 3:02d}" if fake else "-" for place, fake in enumerate(label)]
    order = random.permutation(900)
    (tmp_path / "scores.txt").write_text(
        "".join(f"{name} {value!r}\n" for name, value in zip(names, score.tolist(), strict=True))
    )
    # As ASVspoof 2019 publishes it: LA_0039 LA_E_2834763 - A11 spoof
    rows = [f"LA_{i % 67:04d} {names[i]} - {attack[i]} {key[i]}\n" for i in order]
    (tmp_path / "key.txt").write_text("".join(rows))
    bring(page, start_server().url, tmp_path / "scores.txt", tmp_path / "key.txt")
    expect(page.get_by_text("do low scores mean fake").first).to_be_visible()
    page.get_by_text("Low scores mean fake", exact=True).click()
    expect(page.get_by_text("do low scores mean fake")).to_have_count(0)
    settled(page)
    at_every_method(page, label, -score)
    there_and_back(page)
    assert_true_of(page, label, -score)
    shown = float(
        page.locator('.lab [data-part="threshold"]').inner_text().replace(",", "").replace("−", "-")
    )
    assert abs(shown + line(page)) < 1e-4 * abs(shown), "the file's own scale"
    reload(page, turned=True)
    assert_true_of(page, label, -score)
