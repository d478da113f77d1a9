"""A batch that is broken off leaves nothing: no process that waits for ever, no folder with pictures."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cli import main
from core.cli._cut_off import cut_once
from core.detection.reporting.growing import JsonLines
from core.workspace import CODE_ROOT
from tests.detection.tiny_runs import make_run

PARENT = """
import time
from core.media.sandbox import Sandbox
sandbox = Sandbox()
sandbox.start(1)
print(sandbox._idle[0].process.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_reader_ends_with_the_process_that_it_reads_for(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(CODE_ROOT)}
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended = gone(worker)
    if not ended:
        os.kill(worker, signal.SIGKILL)
    assert ended


@pytest.fixture
def judging(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A batch of very many pictures, of which some have their verdict."""
    picture = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    make_run(tmp_path / "pictures", "image", threshold=0.0)
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(tmp_path / "ws"), "PYTHONPATH": str(CODE_ROOT)}
    places = ["--jsonl", "lines.jsonl", "--out", "out", "--workers", "1", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "detect", *["a.png"] * 9000, "--run", "pictures", *places],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines, end = tmp_path / "lines.jsonl", time.monotonic() + 300
    while (not lines.exists() or lines.read_text().count("\n") < 5) and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def entries(place: Path) -> list[list[dict[str, object]]]:
    """What each of the growing files holds."""
    lines = [
        json.loads(line)
        for line in (place / "lines.jsonl").read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]
    with (place / "out" / "verdicts.csv").open(newline="") as file:
        return [lines, json.loads((place / "out" / "verdicts.json").read_text()), list(csv.DictReader(file))]


@pytest.mark.long
def test_a_kill_loses_only_the_file_in_hand(judging: subprocess.Popen[str], tmp_path: Path) -> None:
    judging.kill()
    judging.communicate()
    found = entries(tmp_path)
    assert min(map(len, found)) >= 4 and max(map(len, found)) - min(map(len, found)) <= 1
    assert {e["status"] for of_file in found for e in of_file} == {"ok"}


@pytest.mark.long
def test_two_polite_kills_end_cleanly_with_the_verdicts_so_far(
    judging: subprocess.Popen[str], tmp_path: Path
) -> None:
    judging.terminate()
    time.sleep(0.05)  # the second comes while the first is being answered
    judging.terminate()
    out, err = judging.communicate(timeout=120)
    assert judging.returncode == 130 and err == "interrupted\n"
    printed = json.loads(out)
    found = entries(tmp_path)
    assert 5 <= len(printed) < 9000 and {len(one) for one in found} == {len(printed)}


def test_a_kill_between_two_verdict_files_waits_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((32, 32, 3), np.uint8))
    make_run(tmp_path / "pictures", "image", threshold=0.0)
    monkeypatch.chdir(tmp_path)
    add = JsonLines.add

    def kill_then_add(lines: JsonLines, entry: Mapping[str, object]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        add(lines, entry)

    monkeypatch.setattr(JsonLines, "add", kill_then_add)
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    places = ["--jsonl", "lines.jsonl", "--out", "out", "--workers", "1", "--json"]
    try:
        code = main(["detect", *["a.png"] * 5, "--run", "pictures", *places])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    out, err = capsys.readouterr()
    assert code == 130 and err == "interrupted\n"
    assert len(json.loads(out)) == 1 and [len(one) for one in entries(tmp_path)] == [1, 1, 1]


def test_lines_are_appended_and_a_torn_one_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"file": "before"}\n{"file": "to')
    JsonLines(path).add({"file": "\udcff", "score": float("nan")})
    lines = path.read_text().split("\n")
    assert lines[0] == '{"file": "before"}' and lines[1] == '{"file": "to'
    assert json.loads(lines[2]) == {"file": "\udcff", "score": None} and lines[3:] == [""]


def killed_politely(left: list[bool]) -> None:
    with cut_once():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)  # what the signal breaks off; it is not slept through
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # breaks nothing any more
            left.append(True)


def test_a_polite_kill_leaves_as_ctrl_c_does() -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    left: list[bool] = []
    try:
        with pytest.raises(KeyboardInterrupt):
            killed_politely(left)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert left == [True]
