"""A report explains the terms that it uses, and no others."""

from __future__ import annotations

from core import glossary, html
from core.detection.reporting import report
from core.detection.verdict import Verdict


def test_a_longer_word_does_not_count_for_the_shorter_one_in_it() -> None:
    assert list(glossary.explain("balanced accuracy and macro F1")) == ["balanced accuracy", "macro F1"]
    assert list(glossary.explain("F1 0.9, macro F1 0.8")) == ["F1", "macro F1"]
    assert glossary.explain("nothing of the kind") == {}


def test_only_what_a_report_says_is_explained() -> None:
    about = {"lines": ["On 30 files: AUC 0.9."], "name": "Our first"}
    page = report.as_html(
        [Verdict("a.png", "ok", "fake", 0.9, 0.5, detector="run-1", model="x", about=about)]
    )
    assert "Our first (x)" in page and "run-1" in page
    assert "<strong>AUC</strong>" in page and "<strong>recall</strong>" not in page
    assert html.PLACE not in page


def test_a_value_cannot_place_the_words() -> None:
    page = report.as_html([Verdict(f"{html.PLACE}AUC.png", "error", reason="broken")])
    assert "&lt;!--glossary--&gt;" in page and page.count("<h2>Words</h2>") == 1
