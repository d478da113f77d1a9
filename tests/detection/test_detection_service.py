"""The server's detection process: verdicts that grow, fairness, death and restart, nothing left on disk."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile

from core.detection.request import Request
from core.detection.serving import uploads
from core.detection.serving.service import Job, Service
from core.detection.serving.uploads import SessionFolder, Upload
from core.detection.verdict import Verdict
from core.errors import MediaError
from core.media.limits import Limits
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run

NASTY = "../../<img src=x onerror=alert(1)>'\"\u202egnp.exe"


def sounded(seconds: float) -> bytes:
    buffer = io.BytesIO()
    sound = np.random.default_rng(0).standard_normal(int(8000 * seconds)) * 0.1
    soundfile.write(buffer, sound, 8000, format="WAV")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("service")
    before = os.environ.get("DEEPFAKE_WORKSPACE")
    os.environ["DEEPFAKE_WORKSPACE"] = str(place / "ws")
    make_run(place / "ws" / "runs" / "pictures", "image")
    picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    cv2.imwrite(str(place / "a.png"), picture)
    yield place
    os.environ.pop("DEEPFAKE_WORKSPACE")
    if before is not None:
        os.environ["DEEPFAKE_WORKSPACE"] = before


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


def finished(job: Job, seconds: float = 240.0) -> Job:
    end = time.monotonic() + seconds
    while not job.over and time.monotonic() < end:
        time.sleep(0.05)
    assert job.over, job.stage
    return job


def keep(folder: SessionFolder, path: Path, shown: str = "a.png") -> Upload:
    return folder.keep(io.BytesIO(path.read_bytes()), shown, Limits())


def test_an_upload_is_judged_explained_and_forgotten(service: Service, place: Path) -> None:
    folder = SessionFolder()
    upload = keep(folder, place / "a.png", NASTY)
    assert upload.path.parent == folder.path and upload.path.name == "upload-00001"
    job = finished(service.submit("one", upload, Request(run="pictures", explain=True, out=folder.results())))
    verdict = job.verdict
    assert verdict is not None and verdict.status == "ok" and verdict.file == NASTY
    assert (
        all(folder.path in Path(p).parents and Path(p).is_file() for p in verdict.heatmaps)
        and verdict.heatmaps
    )
    assert job.verdict_after is not None
    # This process judged nothing.
    assert "core.detection.detector" not in sys.modules or "torch" in sys.modules
    folder.close()
    assert not folder.path.exists()


def test_what_is_wrong_with_a_file_names_it_as_the_analyst_does(service: Service, place: Path) -> None:
    folder = SessionFolder()
    upload = folder.keep(io.BytesIO(b"PK\x03\x04 not a clip"), "holiday.mp4", Limits())
    job = finished(service.submit("one", upload, Request(run="pictures", out=folder.results())))
    assert job.verdict is not None and job.verdict.status == "error"
    assert "holiday.mp4" in (job.verdict.reason or "") and "upload-" not in (job.verdict.reason or "")
    folder.close()


WRONG: dict[str, tuple[bytes, str]] = {
    "locked.zip": (b"PK\x03\x04\x14\x00\x01\x00" + bytes(60), "password-protected ZIP archive; unpack it"),
    "clip.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(60), "RAR archive; unpack it"),
    "drawing.svg": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "SVG drawing",
    ),
    "page.jpg": (b"<!doctype html><script>alert(1)</script>", "HTML or XML page"),
    "weights.pth": (b"\x80\x04\x95cposix\nsystem\n", "is not media that can be decoded"),
    "long.wav": (sounded(3.0), "the limit is 2 s"),
    "empty.png": (b"", "the file is empty"),
}


def test_every_wrong_kind_of_file_gets_one_clear_line_and_the_session_goes_on(
    service: Service, place: Path
) -> None:
    Workspace(place / "ws").save_settings({"limits": {"duration": 2.0}})
    folder = SessionFolder()
    for name, (content, words) in WRONG.items():
        upload = folder.keep(io.BytesIO(content), name, Limits())
        job = finished(service.submit("one", upload, Request(run="pictures", out=folder.results())))
        assert job.verdict is not None and job.verdict.status == "error", name
        reason = job.verdict.reason or ""
        assert words in reason and name in reason and "\n" not in reason and "upload-" not in reason
    good = service.submit("one", keep(folder, place / "a.png"), Request(run="pictures"))
    assert finished(good).verdict.status == "ok"  # type: ignore[union-attr]
    folder.close()
    Workspace(place / "ws").settings_file.unlink()


def test_a_process_that_dies_costs_one_file_and_comes_back(service: Service, place: Path) -> None:
    folder = SessionFolder()
    assert service._process is not None
    service._process.process.send_signal(signal.SIGSTOP)  # it cannot answer, so the file is surely under way
    lost = service.submit("one", keep(folder, place / "a.png"), Request(run="pictures"))
    kept = service.submit("one", keep(folder, place / "a.png"), Request(run="pictures"))
    end = time.monotonic() + 60
    while lost.stage == "queued" and time.monotonic() < end:
        time.sleep(0.02)
    service._process.process.send_signal(signal.SIGKILL)
    assert finished(lost).verdict is not None and "died" in (lost.verdict.reason or "")  # type: ignore[union-attr]
    assert finished(kept).verdict is not None and kept.verdict.status == "ok"  # type: ignore[union-attr]
    folder.close()


def test_sessions_take_turns_and_can_cancel() -> None:
    service = Service()
    service._closed = True  # nobody serves: only the queue is looked at
    with service._changed:
        service._changed.notify()
    service._thread.join(10)
    service._closed = False
    upload, request = Upload(Path("x"), "x", ours=False), Request()
    for session in ("batch", "batch", "batch", "single"):
        service.submit(session, upload, request)
    order = [service._next() for _ in range(3)]
    assert [j.session for j in order if j] == ["batch", "single", "batch"]
    assert service.cancel("batch") == 1 and service.waiting() == 0
    service.close()


def test_an_upload_over_the_limit_is_refused_and_removed() -> None:
    folder = SessionFolder()
    with pytest.raises(MediaError, match=r"big\.mp4: more than the limit"):
        folder.keep(io.BytesIO(bytes(2_000_000)), "big.mp4", Limits(bytes=1_000_000))
    assert list(folder.path.iterdir()) == []
    folder.close()


def test_folders_of_dead_servers_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.tempfile, "gettempdir", lambda: str(tmp_path))
    dead, alive = tmp_path / f"{uploads.PREFIX}999999999-x", tmp_path / f"{uploads.PREFIX}{os.getpid()}-x"
    dead.mkdir()
    alive.mkdir()
    assert uploads.sweep() == 1 and alive.is_dir() and not dead.exists()


class Scripted:
    """In place of the detection process: answers at once, as the worker does, and keeps what was asked."""

    alive = True

    def __init__(self) -> None:
        self.go = threading.Event()
        self.heard: list[tuple[str, str]] = []
        self._answers: deque[dict[str, Any]] = deque()
        self._name = ""

    def ask(self, job: Job) -> None:
        self.go.wait(60)
        self._name = job.upload.shown
        self._say("verdict")
        self._say("facts", facts={"sha256": "ab"})
        self._answers.append({"stage": "may explain"})

    def tell(self, task: dict[str, Any]) -> None:
        maps = {"heatmaps": ("map.jpg",)} if task["explain"] else {}
        if maps:
            self._say("map", facts={"sha256": "ab"}, **maps)
        self._say("done", facts={"sha256": "ab"}, **maps)

    def _say(self, stage: str, **more: Any) -> None:
        verdict = Verdict(self._name, "ok", verdict="fake", score=0.9, **more)
        self._answers.append({"stage": stage, "verdict": verdict.to_dict()})

    def answer(self, _seconds: float) -> dict[str, Any]:
        answer = self._answers.popleft()
        self.heard.append((answer["stage"], self._name))
        return answer

    def kill(self) -> None:
        self.alive = False

    end = kill


@pytest.fixture
def scripted(place: Path) -> Iterator[tuple[Service, Scripted]]:
    service, process = Service(), Scripted()
    service._process = process  # type: ignore[assignment]
    yield service, process
    process.go.set()
    service.close()


def test_of_many_files_all_have_their_verdict_before_one_is_explained(
    scripted: tuple[Service, Scripted],
) -> None:
    service, process = scripted
    names = ["a", "b", "c", "d"]
    request = Request(explain=True)
    jobs = [service.submit("many", Upload(Path(n), n, ours=False), request) for n in names]
    process.go.set()
    for job in jobs:
        verdict = finished(job, 60).verdict
        assert verdict is not None and verdict.heatmaps == ("map.jpg",) and verdict.facts["sha256"] == "ab"
        assert job.verdict_after is not None
    first_map = next(k for k, (stage, _) in enumerate(process.heard) if stage == "map")
    assert [name for stage, name in process.heard[:first_map] if stage == "done"] == names[:3]
    assert [name for stage, name in process.heard[:first_map] if stage == "verdict"] == names
    # The last file was explained at once, as nobody waited; the others are judged once more, in their order.
    assert [name for stage, name in process.heard if stage == "map"] == ["d", "a", "b", "c"]


def test_who_leaves_while_maps_wait_keeps_the_verdicts(scripted: tuple[Service, Scripted]) -> None:
    service, process = scripted
    jobs = [service.submit("s", Upload(Path(n), n, ours=False), Request(explain=True)) for n in "ab"]
    cancelled: list[int] = []
    tell = process.tell

    def leaving(task: dict[str, Any]) -> None:
        if task["explain"]:  # the last file is explained; the first still waits for its maps
            cancelled.append(service.cancel("s"))
        tell(task)

    process.tell = leaving  # type: ignore[method-assign]
    process.go.set()
    first, last = (finished(job, 60).verdict for job in jobs)
    assert cancelled == [1] and last is not None and last.heatmaps
    assert first is not None and first.verdict == "fake" and first.notes == ("Heat maps were cancelled.",)


def test_a_verdict_that_was_reached_stands_where_its_heat_maps_fail(place: Path) -> None:
    service = Service()
    job = Job("one", Upload(place / "a.png", "a.png", ours=False), Request())
    job.verdict = Verdict("a.png", "ok", verdict="fake", score=0.9)
    service._failed(job, EOFError())
    assert job.over and job.verdict.verdict == "fake"
    assert any("Heat maps could not be made" in note for note in job.verdict.notes)
    service.close()
