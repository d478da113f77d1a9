"""Names from data, folders and people: every page and export shows them, and none of them does anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog import exclusions, export, plan_files, splits, table
from core.detection import exports as verdicts
from core.detection.reporting import feedback, report
from core.detection.verdict import Unit, Verdict
from core.exports import plain_cell, safe_cell, to_csv
from core.runs.folder import RunFolder
from core.training.scoring.evaluation.report import report as run_report
from core.workspace import Workspace
from tests import hostile

ROOT = Path(__file__).resolve().parent.parent
MARKUP = "<img src=x onerror=window.ran=1>[a](javascript:window.ran=1)![b](x)**c**:rainbow[d]$e$"
FORMULA = '=HYPERLINK("http:evil","x")'
PAGES = ("home", "datasets", "train", "runs", "thresholds", "detect", "detectors", "compare", "trail")
ACTIVE = re.compile(r"(?<!\\)(<img|\[a\]|!\[b|\*\*c\*|:rainbow\[|\$e\$)")
DRAWN_AS_MARKDOWN = (
    "markdown",
    "caption",
    "error",
    "warning",
    "info",
    "success",
    "toast",
    "title",
    "header",
    "subheader",
)


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


def active_text(page: AppTest) -> list[str]:
    """What a page gives to Markdown with a name's markup alive in it: texts, labels, help."""
    texts = [str(e.value) for kind in DRAWN_AS_MARKDOWN for e in page.get(kind)]
    texts += [
        str(getattr(w, "label", "") or "")
        for kind in ("button", "checkbox", "toggle", "radio", "expander", "tab")
        for w in page.get(kind)
    ]
    return [text for text in texts if ACTIVE.search(text)]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_gives_a_name_to_markdown_as_it_is(name: str, space: Workspace) -> None:
    hostile.fill(space, MARKUP)
    page = AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=120).run()
    page.session_state["runs_chosen"] = [MARKUP]
    page.switch_page(f"views/{name}.py").run()
    assert not page.exception, page.exception
    assert active_text(page) == []
    tags = Tags()
    tags.feed("".join(element.proto.body for element in page.get("html")))
    assert tags.wrong == []


def test_pages_render_no_html_of_their_own_making() -> None:
    """`html` only for the stylesheets beside the code and for tables to read, whose cells are escaped
    (tests/dashboard/test_tables.py); `unsafe_allow_html` and iframes nowhere."""
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "dashboard").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"unsafe_allow_html|components\.v1|st\.iframe|\.html\(", line)
    ]
    assert sorted(found) == [
        'app.py: st.html(HERE / "page.css")',
        'app.py: st.html(HERE / "tables.css")',
        "runs.py: st.html(STYLE)",
        "tables.py: st.container(key=key).html(_html(frame, what, whole, linked, needed))",
    ]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if (
            tag == "script"
            or "onerror" in values
            or values.get("src") == "x"
            or "javascript" in str(values.get("href"))
        ):
            self.wrong.append(self.get_starttag_text() or tag)


def test_reports_show_names_and_run_nothing(space: Workspace, tmp_path: Path) -> None:
    hostile.fill(space, MARKUP)
    verdict = Verdict(
        MARKUP,
        "ok",
        "fake",
        0.9,
        0.5,
        "image",
        MARKUP,
        0.9,
        (Unit("frame", 0, 0.0, 0.0, 0.9),),
        words=MARKUP,
        reason=MARKUP,
        notes=(MARKUP,),
        caveats=(MARKUP,),
        outside=({"what": MARKUP, "words": MARKUP, "out": True},),
        facts={"sha256": "00", "exif": {MARKUP: MARKUP}, "media": {"codec": MARKUP}},
        operating_point={"method": MARKUP, "chosen_on": MARKUP, "why": MARKUP},
    )
    folder = RunFolder(space.runs / MARKUP)
    for text in (
        report.as_html([verdict]),
        run_report(MARKUP, folder.config(), folder.document("metrics") or {}, folder.path),
    ):
        reader = Tags()
        reader.feed(text)
        assert reader.wrong == [] and "&lt;img" in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_a_spreadsheet_runs_is_text_and_can_be_read_back(start: str) -> None:
    for text in (f"{start}1+1", f"'{start}1", f"''{start}1"):
        assert str(safe_cell(text)) == "'" + text and plain_cell(str(safe_cell(text))) == text
    for text in (f"a{start}1", "'a", "", "plain"):
        assert safe_cell(text) == text and plain_cell(text) == text
    assert safe_cell(-1.5) == -1.5


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def test_no_export_has_a_formula_in_a_cell(space: Workspace) -> None:
    hostile.fill(space, FORMULA)
    infos = [table.info(FORMULA, space)]
    samples = table.load([FORMULA], space)
    plan = splits.plan(samples, "random", 1, space=space)
    verdict = Verdict(FORMULA, "error", reason=FORMULA, detector=FORMULA, words=FORMULA, modality="image")
    feedback.keep(verdict, "real", hostile.Person(FORMULA, operator=False), space)
    texts = {
        "statistics": export.as_csv(infos, space),
        "plan": plan_files.as_csv(plan),
        "verdicts": verdicts.as_csv([{**verdict.to_dict(), "facts": {"sha256": FORMULA}}]),
        "feedback": (space.root / feedback.FILE).read_text(encoding="utf-8"),
        "exclusions": exclusions.file_of(space).read_text(encoding="utf-8"),
        "table": to_csv(samples[["id", "path", "method"]].rename(columns={"id": FORMULA})),
    }
    for name, text in texts.items():
        assert any("HYPERLINK" in cell for cell in cells(text)), name
        run = [c for c in cells(text) if c.startswith(("=", "+", "@", "\t", "\r")) or re.match("-[^0-9]", c)]
        assert run == [], name


def test_a_plan_and_exclusions_with_such_names_read_back_as_they_were(
    space: Workspace, tmp_path: Path
) -> None:
    hostile.fill(space, FORMULA)
    plan = splits.plan(table.load([FORMULA], space), "random", 1, space=space)
    plan_files.write(plan, tmp_path / "PLAN.csv")
    again = plan_files.read(tmp_path / "PLAN.csv")
    for column in ("id", "path", "label", "split"):
        assert list(again[column]) == list(plan.table[column]), column
    assert [e.id for e in exclusions.read(space)] == [f"{FORMULA}/{FORMULA}0.png"]


def test_every_csv_is_written_through_the_guard() -> None:
    writing = re.compile(r"csv\.(Dict)?[wW]riter\(|\.to_csv\(")
    unguarded = [
        str(path.relative_to(ROOT))
        for room in ("core", "dashboard")
        for path in (ROOT / room).rglob("*.py")
        if writing.search(text := path.read_text(encoding="utf-8"))
        and "safe_cell" not in text
        and "making" not in path.name
    ]
    assert unguarded == []
