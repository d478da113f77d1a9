"""What a list says of a failed run: the cause in one line, whatever a library wrapped it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import one_line
from core.runs.folder import new_run
from core.runs.reasons import LONGEST, cause
from core.runs.summaries import summary

WRAPPED = """RuntimeError: Caught ValueError in DataLoader worker process 0.
Original Traceback (most recent call last):
  File "/site-packages/torch/utils/data/_utils/worker.py", line 349, in _worker_loop
    data = fetcher.fetch(index)
  File "/core/training/reading/data.py", line 66, in __getitem__
    raise KeyError("a") from error
ValueError: clip.mp4 has no frames
that could be read
"""


@pytest.mark.parametrize("message", [WRAPPED, one_line(WRAPPED)], ids=["lines", "joined"])
def test_of_a_wrapped_traceback_the_last_error_is_left(message: str) -> None:
    assert cause(message) == "ValueError: clip.mp4 has no frames that could be read"


def test_a_plain_message_stays_and_a_long_one_is_cut() -> None:
    assert cause("the disk is full: free some space") == "the disk is full: free some space"
    assert len(cause("x" * 4000)) == LONGEST and cause("x" * 4000).endswith("…")


def test_a_list_shortens_what_an_earlier_version_wrote(tmp_path: Path) -> None:
    run = new_run({"model": "m"}, path=tmp_path / "run")
    run.set_status(state="failed", error=one_line(WRAPPED * 3))
    assert summary(run).error == "ValueError: clip.mp4 has no frames that could be read"
