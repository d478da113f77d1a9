"""The Trail page: who did what, whether a line was changed, what leaves it, and who may see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import audit
from core.access import Person
from core.cli import audit as command
from core.detection import wording
from core.detection.trail import note_verdict
from core.detection.verdict import Verdict
from core.runs.folder import new_run
from core.workspace import Workspace
from dashboard import session
from tests.dashboard.html_tables import tables_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = 50  # lines
ADA, BOB = Person("ada@example.org", operator=True), Person("bob@example.org", operator=True)


def app(view: str = "views/trail") -> AppTest:
    return AppTest.from_file(str(ROOT / f"dashboard/{view}.py"), default_timeout=60).run()


@pytest.fixture
def written(space: Workspace) -> Path:
    audit.record(ADA, "delete run", "first", space, reason="old")
    audit.record(BOB, "judge", "=clip.mp4", space)
    audit.record(ADA, "import detector", "AASIST", space)
    return space.root / audit.FILE


def test_an_empty_trail_says_what_will_stand_here(space: Workspace) -> None:
    page = app()
    assert "Nothing was done here yet" in page.markdown[1].value and not page.exception


def test_the_newest_comes_first_and_filters_choose(written: Path) -> None:
    page = app()
    assert "3 lines, each as it was written" in page.success[0].value
    table = tables_of(page)[0]
    assert table["what was done"].tolist() == ["import detector", "judge", "delete run"]
    assert table["details"].tolist() == ["", "", "reason: old"]
    page.multiselect(key="trail-who").set_value([ADA.name]).run()
    assert tables_of(page)[0]["on"].tolist() == ["AASIST", "first"]
    page.text_input(key="trail-text").set_value("aasi").run()
    assert tables_of(page)[0]["on"].tolist() == ["AASIST"]


def test_lines_are_read_with_names_of_runs_and_words_for_keys(written: Path, space: Workspace) -> None:
    run = new_run({"modality": "image", "name": "My *first* one"}, space=space)
    run.set_status(state="stopped")
    audit.record(ADA, "save operating point", run.id, space, threshold=0.42, method="precision=0.95")
    page = app()
    line = tables_of(page)[0].iloc[0]
    assert line["on"] == "My *first* one" and "T" not in line["when"].replace("UTC", "")
    assert line["details"] == "threshold: 0.42, rule: Precision at least 95 %"
    page.text_input(key="trail-text").set_value("my *first").run()
    assert len(tables_of(page)[0]) == 1


def test_a_changed_line_is_named(written: Path) -> None:
    written.write_bytes(written.read_bytes().replace(b"clip.mp4", b"clap.mp4"))
    page = app()
    assert "Line 2 was changed" in page.error[0].value and not page.success
    assert tables_of(page)[0].set_index("line")["on"].to_dict() == {
        "3": "AASIST",
        "2": "=clap.mp4",
        "1": "first",
    }


def test_lines_are_numbered_as_they_stand_in_the_file(written: Path) -> None:
    written.write_bytes(written.read_bytes().replace(b'{"n": 2', b'"n": 2'))
    page = app()
    assert "Line 2 is no line of this file" in page.error[0].value
    assert tables_of(page)[0]["line"].tolist() == ["3", "1"]


def test_the_whole_trail_can_be_taken_away_and_verified_elsewhere(written: Path, tmp_path: Path) -> None:
    trail = audit.read(ADA)
    (tmp_path / audit.FILE).write_bytes(trail.content)
    assert audit.verify(Workspace(tmp_path)) == trail.verified == audit.verify()


def test_only_operators_see_it(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "person", lambda: Person("eve@example.org", operator=False))
    page = app()
    assert "may not read the audit trail" in page.info[0].value and not tables_of(page)


def test_a_link_opens_what_is_looked_for(written: Path) -> None:
    page = app()
    page.multiselect(key="trail-who").set_value([ADA.name]).run()
    page.multiselect(key="trail-action").set_value(["delete run", "judge"]).run()
    page.text_input(key="trail-text").set_value("first").run()
    link = {name: "".join(value) for name, value in page.query_params.items()}
    again = AppTest.from_file(str(ROOT / "dashboard/views/trail.py"), default_timeout=60)
    for name, value in link.items():
        again.query_params[name] = value
    again.run()
    assert tables_of(again)[0]["on"].tolist() == ["first"]
    assert again.multiselect(key="trail-action").value == ["delete run", "judge"]


def test_a_link_opens_the_page_of_the_list_that_it_names(space: Workspace) -> None:
    for number in range(PAGE + 3):
        audit.record(ADA, "judge", f"clip {number}.mp4", space)
    page = AppTest.from_file(str(ROOT / "dashboard/views/trail.py"), default_timeout=60)
    page.query_params["page"] = "2"
    page.run()
    assert tables_of(page)[0]["on"].tolist() == ["clip 2.mp4", "clip 1.mp4", "clip 0.mp4"]
    assert page.query_params["page"] in ("2", ["2"])
    page.text_input(key="trail-text").set_value("clip").run()  # other filters begin at the first page
    assert len(tables_of(page)[0]) == PAGE and "page" not in page.query_params


def test_details_name_detectors_and_leave_out_what_is_not_known(space: Workspace) -> None:
    run = new_run({"modality": "image", "name": "My first one"}, space=space)
    run.set_status(state="stopped")
    audit.record(ADA, "judge", "clip.mp4", space, verdict="fake", detector=run.id, sha256=None)
    assert tables_of(app())[0]["details"].tolist() == ["verdict: fake, detector: My first one"]


def test_a_verdict_is_read_no_surer_than_what_was_said_of_it(space: Workspace) -> None:
    for verdict, said in (
        ("fake", wording.LEANS["fake"]),
        ("uncertain", wording.AT_CHANCE),
        ("real", wording.LITTLE),
    ):
        note_verdict(
            ADA, Verdict(file="clip.mp4", status="ok", modality="video", verdict=verdict, words=said), space
        )
    shown = tables_of(app())[0]["details"].tolist()
    assert shown == ["verdict: real", "verdict: no evidence", "verdict: leans to fake"]
    assert next(entry["words"] for entry in audit.entries(space)) == wording.LEANS["fake"]
    assert "verdict leans to fake" in command.show(audit.entries(space))


def test_a_hash_is_shortened_and_a_file_that_was_not_judged_says_so(space: Workspace) -> None:
    audit.record(ADA, "judge", "clip.mp4", space, verdict="error", sha256="0123456789abcdef" * 4)
    page = app()
    assert tables_of(page)[0]["details"].tolist() == ["verdict: not readable, SHA-256: 0123456789ab…"]
