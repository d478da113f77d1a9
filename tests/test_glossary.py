"""A report explains the terms that it uses, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import glossary, html, words
from core.cli import main
from core.detection.reporting import report
from core.detection.verdict import Verdict
from core.thresholds import methods
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
# Where sentences for people are written about figures, runs and verdicts.
WRITERS = ("core/cli", "core/detection", "core/runs", "core/thresholds", "core/training/scoring", "dashboard")
ABBREVIATION = re.compile(r"(?<![\w./=<{-])[A-Za-z]?[a-z]{0,3}-?[A-Z]+[A-Z0-9]+(?:-[A-Z]+)?(?![\w=>}-])")
# Formats of files, parts of machines, units: known to who uses a computer, or the name of a thing.
EVERYDAY = {
    "AI",
    "AAC",
    "MP3",
    "UI",
    "ASV",
    "CPU",
    "CSV",
    "CUDA",
    "EU",
    "GB",
    "GPU",
    "GPS",
    "HTML",
    "HTTP",
    "ID",
    "IPTC",
    "JPEG",
    "JSON",
    "kB",
    "LFS",
    "MB",
    "NaN",
    "ONNX",
    "PDF",
    "PNG",
    "TB",
    "UTF-8",
    "UTF-16",
    "UTF8",
    "YAML",
}
# What stands for something to type in a line of help.
PLACEHOLDERS = {
    "CONFIG",
    "FALSEALARM",
    "FILE",
    "FN",
    "FOLDER",
    "FP",
    "HASH",
    "KEY",
    "MISS",
    "NAME",
    "PRIOR",
    "ROOT",
    "RUN",
    "SCORES",
    "VERB",
}
NO_SENTENCE = re.compile(r"<svg|\{font|\(\?P|\|[A-Z]{3}|LEARNED NOTHING")
# Figures whose name says all.
PLAIN = {
    "cost",
    "fakes found",
    "fakes missed",
    "reals kept",
    "samples per second",
    "memory",
    "GPU load",
    "GPU memory",
    "GPU temperature",
    "GPU power",
    "processor load",
    "waiting for data",
}
JARGON = re.compile(
    r"\b(bootstrap\w*|by group|priors?|quantiles?|i\.i\.d\.|p-value|hyperparameters?|logits?)\b"
)


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


def test_a_word_is_found_at_the_start_of_a_sentence_and_in_the_plural() -> None:
    assert list(glossary.explain("Recalls, and Precision at least 95 %.")) == ["precision", "recall", "95 %"]
    assert glossary.explain("recalled, groupings, lossless, a re-batch") == {}


def test_every_figure_is_explained_unless_its_name_says_all() -> None:
    named = {*words.FIGURES.values(), *(methods.title(m) for m in methods.list_offered())}
    assert {name for name in named if not glossary.explain(name)} - PLAIN == set()


def test_no_sentence_has_an_abbreviation_that_nothing_explains() -> None:
    unknown = {
        (abbreviation, place)
        for place, text in sentences()
        for abbreviation in ABBREVIATION.findall(text)
        if abbreviation not in EVERYDAY | PLACEHOLDERS and not glossary.explain(abbreviation)
    }
    assert unknown == set()


def test_no_sentence_speaks_to_statisticians_alone() -> None:
    assert [(place, text) for place, text in sentences() if JARGON.search(text)] == []


def test_a_command_explains_its_words_under_its_answer(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scores.csv"
    file.write_text("label,score\n" + "".join(f"{k % 2},{(k % 7) / 7 + k % 2}\n" for k in range(60)))
    assert main(["thresholds", str(file)]) == 0
    answer, _, meanings = capsys.readouterr().out.partition("\nWords\n")
    explained = [line.partition(":")[0].strip() for line in meanings.splitlines()]
    assert {"AUC", "equal error rate", "minDCF", "Cllr", "macro F1", "recall"} <= set(explained)
    assert all(glossary.explain(word).keys() & glossary.explain(answer).keys() for word in explained)
    assert main(["thresholds", str(file), "--json"]) == 0
    assert "Words" not in capsys.readouterr().out


def sentences() -> Iterator[tuple[str, str]]:
    """Every text of several words in the code that writes for people, with its place; docstrings are for developers."""
    for folder in WRITERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for line, text in _texts(ast.parse(file.read_text(encoding="utf-8"))):
                yield f"{file.relative_to(ROOT)}:{line}", text


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            apart |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            text = node.value
        else:
            continue
        if " " in text.strip() and not NO_SENTENCE.search(text):
            yield node.lineno, text


def test_a_word_in_a_cell_is_explained_whatever_its_neighbour(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '{% extends "document.html" %}{% import "parts.html" as parts %}{% block body %}'
        '{{ parts.ruled(("figure", "value"), [("macro F1", "0.913 [0.88, 0.94]")]) }}{% endblock %}',
        encoding="utf-8",
    )
    made = html.render(page, heading="", made="")
    assert glossary.MEANINGS["macro F1"] in made
    assert '0.913 <span class="interval">[0.88, 0.94]</span>' in made
