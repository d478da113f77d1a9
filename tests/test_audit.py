"""The audit trail: what is written, and that any changed line is found."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import audit
from core.access import Person
from core.detection.reporting import feedback
from core.detection.verdict import Verdict
from core.runs.folder import new_run
from core.runs.manager import RunManager
from core.thresholds import operating_point
from core.workspace import Workspace

ADA = Person("ada@example.org", operator=True)
ROOT = Path(__file__).parent.parent


def write(space: Workspace, count: int) -> Path:
    for k in range(count):
        audit.record(ADA, "delete run", f"run {k}\n\u202e", space, note="ü")
    return space.root / audit.FILE


def test_what_people_do_is_written_down(space: Workspace) -> None:
    run = new_run({"model": "x"}, space=space)
    run.set_status(state="stopped")
    manager = RunManager(space, keep=False)
    operating_point.save(run, operating_point.OperatingPoint(0.4, "by hand", "val"), ADA)
    feedback.keep(Verdict(file="clip.mp4", status="ok"), "fake", ADA, space)
    manager.delete(run.id, ADA)
    manager.close()
    done = [(e["who"], e["action"], e["subject"]) for e in audit.entries(space)]
    assert done == [
        (ADA.name, "save operating point", run.id),
        (ADA.name, "mark truth", "clip.mp4"),
        (ADA.name, "delete run", run.id),
    ]
    assert audit.verify(space) == audit.Verified(3, audit.entries(space)[-1]["hash"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(space: Workspace, data: st.DataObject) -> None:
    path = space.root / audit.FILE
    if not path.exists():
        write(space, 5)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(33, 126).filter(lambda b: b != whole[place] and b != 92))
    try:
        path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        assert audit.verify(space).broken is not None
    finally:
        path.write_bytes(whole)


def test_lines_taken_out_or_swapped_are_found(space: Workspace) -> None:
    path = write(space, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[3]]))
    assert audit.verify(space).broken == 2
    path.write_bytes(b"".join([lines[0], lines[2], lines[1], lines[3]]))
    assert audit.verify(space).broken == 2
    head = audit.entries(space)[-1]["hash"]
    path.write_bytes(b"".join(lines[:3]))
    assert audit.verify(space).broken is None
    assert audit.verify(space, expect=str(head)).broken == 4


def test_many_writers_make_one_chain(space: Workspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: audit.record(ADA, "judge", f"{k}", space), range(40)))
    assert audit.verify(space).lines == 40
    assert audit.verify(space).broken is None


def test_the_command_verifies_and_names_the_line(space: Workspace) -> None:
    path = write(space, 3)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "core", "audit", *arguments]
        return subprocess.run(whole, capture_output=True, text=True, cwd=ROOT)

    assert json.loads(run("verify", "--json").stdout)["lines"] == 3
    assert [e["n"] for e in json.loads(run("show", "--last", "2", "--json").stdout)] == [2, 3]
    path.write_text(path.read_text().replace("run 1", "run 9"))
    broken = run("verify")
    assert broken.returncode == 1
    assert broken.stderr == "audit trail: line 2 was changed; the lines before it are as written\n"


def test_a_trail_that_cannot_be_written_stops_nobody(
    space: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (space.root / audit.FILE).mkdir(parents=True)
    audit.record(ADA, "judge", "clip.mp4", space)
    assert "could not be written" in caplog.text
