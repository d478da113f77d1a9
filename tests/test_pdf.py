"""Reports as PDF: what must stand in them, how long they are, which characters they have, and what they never read."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest

from core import pdf
from core.access import Person
from core.detection.reporting import report
from core.detection.verdict import Faithfulness, HeatMap, Unit, Verdict
from core.version import VERSION
from tests.conftest import ROOT

ADA = Person("Ada Lovelace", operator=True)


def text_of(content: bytes) -> tuple[int, str]:
    """Pages, and all their text in one line."""
    opened = pypdfium2.PdfDocument(content)
    text = " ".join(page.get_textpage().get_text_range() for page in opened)
    return len(opened), " ".join(text.split())


def judged(folder: Path, maps: int = 8, fields: int = 400) -> Verdict:
    units = tuple(Unit("face", k, k / 2, k / 2, k / maps, (1.0, 2.0, 30.0, 40.0)) for k in range(maps))
    pictures = []
    for k in range(maps):
        path = folder / f"{k}.jpg"
        cv2.imwrite(str(path), np.full((480, 640, 3), 20 * k, np.uint8))
        faithful = Faithfulness(0.2, 0.8, 0.3, 0.1, 0.2, holds=True)
        pictures.append(
            HeatMap("gradcam", "picture", k, str(path), t0=k / 2, t1=k / 2, faithfulness=faithful)
        )
    return Verdict(
        file="видео Ελλάδα.mp4",
        status="ok",
        verdict="fake",
        score=0.81,
        threshold=0.5,
        modality="video",
        detector="my run",
        model="forensic_frames",
        units=units,
        words="Strong evidence",
        duration=4.0,
        explanations=tuple(pictures),
        about={"lines": ["On 80 test files: AUC 0.94."], "weights_sha256": "cd" * 32},
        caveats=("A score is evidence, not proof.",) * 6,
        facts={
            "sha256": "ab" * 32,
            "bytes": 10,
            "exif": {f"Field {i}": "long " * 200 for i in range(fields)},
        },
    )


def test_a_detection_report_holds_what_is_filed_away_on_at_most_three_pages(tmp_path: Path) -> None:
    pages, text = text_of(report.as_pdf([judged(tmp_path)], now=0.0, person=ADA))
    assert 1 <= pages <= 3
    for part in (
        "fake Strong evidence",
        "видео Ελλάδα.mp4",
        "0.810",
        "AUC 0.94",
        "Grad-CAM",
        "Ada Lovelace",
        f"workbench {VERSION}",
        "1970-01-01",
        "Caveats",
        "388 more lines",
    ):
        assert part in text, part
    assert "ab" * 32 in text.replace(" ", "") and "cd" * 32 in text.replace(" ", "")


def test_a_report_of_several_files_has_a_line_each_and_then_each(tmp_path: Path) -> None:
    one = judged(tmp_path, maps=2, fields=3)
    pages, text = text_of(report.as_pdf([one, replace(one, file="second.png", verdict="real")]))
    assert 3 <= pages <= 7
    assert "2 files" in text and text.count("second.png") == 2


def test_the_path_decides_between_pdf_and_html(tmp_path: Path) -> None:
    one = judged(tmp_path, maps=1, fields=0)
    for name, begin in (("a.PDF", b"%PDF-"), ("a.html", b"<!doctype html>"), ("a", b"<!doctype html>")):
        report.save(tmp_path / name, [one])
        assert (tmp_path / name).read_bytes().lstrip().startswith(begin), name


def test_a_character_without_a_glyph_is_written_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_glyphs_of_system", lambda wanted: frozenset())
    _, text = text_of(pdf.from_html("<style></style><p>報告 кот שלום</p>"))
    assert "[U+5831][U+544A]" in text and "кот" in text


def test_nothing_outside_the_document_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("<p>the secret</p>")
    (tmp_path / "style.css").write_text("p::after{content:'leaked'}")
    document = (
        f'<style>@import url("{(tmp_path / "style.css").as_uri()}");</style>'
        f'<link rel="stylesheet" href="{(tmp_path / "style.css").as_uri()}"><p>shown</p>'
        f'<object data="{(tmp_path / "secret.html").as_uri()}"></object><img src="http://127.0.0.1:9/x.png">'
    )
    pages, text = text_of(pdf.from_html(document))
    assert pages == 1 and text == "shown"


MANY_SIZES = """
from core.pdf import from_html
sizes = "".join(f"<b style='font-size:{size}px'>bold</b> <i>plain</i>" for size in range(6, 60))
style = "<style>body { font-family: Report, sans-serif }</style>"
for number in range(6):
    page = f"<html><head>{style}</head><body>{sizes}<p>{number}</p></body></html>"
    assert from_html(page).startswith(b"%PDF")
"""


def test_a_process_that_made_reports_ends_well() -> None:
    """The engine keeps fonts beyond the end of Python: those of several reports once took the process down there."""
    done = subprocess.run([sys.executable, "-c", MANY_SIZES], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
