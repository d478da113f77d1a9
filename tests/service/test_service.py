"""The service as programs meet it: a real process, asked over HTTP and with curl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from core import audit
from core.access import Person
from core.errors import BadInput, NotAllowed
from core.service import tokens
from core.workspace import Workspace
from tests.e2e.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
OLD = ROOT / "tests" / "old_workspace"
RUN = "20260115-101500-first"
WAIT = "?wait=240"
OPERATOR = Person("ada", operator=True)


class Started:
    """`python -m core serve` over a workspace with one small detector."""

    def __init__(self, folder: Path) -> None:
        self.space = Workspace(folder / "workspace")
        shutil.copytree(OLD, self.space.root)
        self.tokens = {name: tokens.make(name, OPERATOR, self.space) for name in ("newsdesk", "archive")}
        self.port = free_port()
        self.log = folder / "service.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, "DEEPFAKE_WORKSPACE": str(self.space.root)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 180
        while True:
            try:
                assert self.client().get("/healthz").status_code == 200
                return
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.2)

    def client(self, name: str | None = "newsdesk") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"} if name else {}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=280)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    running = Started(tmp_path_factory.mktemp("service"))
    yield running
    running.process.terminate()
    running.process.wait(30)


def picture(path: Path, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_a_program_gets_the_entries_of_the_command(started: Started, tmp_path: Path) -> None:
    good, bad = picture(tmp_path / "a.png"), tmp_path / "b.jpg"
    bad.write_bytes(b"no picture")
    files = [("file", (p.name, p.read_bytes())) for p in (good, bad)]
    with started.client() as client:
        answer = client.post(f"/v1/detect{WAIT}", files=files, data={"explain": "true", "run": RUN})
        assert answer.status_code == 200, answer.text
        first, second = answer.json()
        assert (first["file"], first["status"], first["detector"]) == ("a.png", "ok", RUN)
        # The run of that workspace learned nothing: no program reads fake or real from it.
        assert (first["verdict"], first["probability"]) == ("uncertain", None)
        assert first["learned_nothing"] is True and "learned nothing" in first["reason"]
        assert (second["file"], second["status"]) == ("b.jpg", "error")
        command = subprocess.run(
            [sys.executable, "-m", "core", "detect", str(good), "--run", RUN, "--json"],
            cwd=ROOT,
            capture_output=True,
            env={**os.environ, "DEEPFAKE_WORKSPACE": str(started.space.root)},
        )
        (same,) = json.loads(command.stdout)
        assert same["score"] == pytest.approx(first["score"], abs=1e-6)
        assert same["verdict"] == first["verdict"]
        map_of = client.get(first["heatmaps"][0])
        assert map_of.status_code == 200
        assert map_of.headers["content-type"].startswith("image/")
        report = f"/v1/jobs/{answer.headers['X-Job']}/report"
        page = client.get(report).text
        assert "a.png" in page and "by newsdesk" in page
        filed = client.get(report, params={"format": "pdf"})
        assert filed.headers["content-type"] == "application/pdf"
        printed = " ".join(
            sheet.get_textpage().get_text_range() for sheet in pypdfium2.PdfDocument(filed.content)
        )
        assert "a.png" in printed and "newsdesk" in printed
        assert client.get(report, params={"format": "docx"}).status_code == 422
        assert str(started.space.root) not in answer.text + page


def test_without_waiting_a_job_can_be_followed_and_forgotten(started: Started, tmp_path: Path) -> None:
    with started.client() as client:
        answer = client.post("/v1/detect", files={"file": picture(tmp_path / "c.png", 1).read_bytes()})
        assert answer.status_code == 202
        address = answer.headers["Location"]
        job = _done(client, address)
        assert (job["state"], job["done"], job["total"]) == ("done", 1, 1)
        with started.client("archive") as other:
            assert other.get(address).status_code == 404
        assert client.delete(address).status_code == 204
        assert client.get(address).status_code == 404


def _done(client: httpx.Client, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while (job := client.get(address).json())["state"] != "done":
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    return dict(job)


def test_nobody_is_let_in_without_a_token(started: Started) -> None:
    with started.client(None) as client:
        for ask in (client.get, client.delete):
            assert ask("/v1/jobs/x").status_code == 401
        assert client.get("/v1/detectors").status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.post("/v1/detect", files={"file": b"x" * 100}).status_code == 401
        wrong = client.get("/v1/detectors", headers={"Authorization": "Bearer guess"})
        assert wrong.status_code == 401
        assert client.get("/healthz").json()["status"] == "ok"


def test_it_says_what_can_judge_and_how_it_is_doing(started: Started) -> None:
    with started.client() as client:
        (detector,) = client.get("/v1/detectors").json()
        assert (detector["detector"], detector["default"]) == (RUN, True)
        figures = client.get("/metrics").text
        assert "workbench_queue" in figures
        assert 'workbench_requests_total{path="/v1/detectors",status="200"}' in figures
        page = client.get("/docs").text
        assert "https://" not in page
        assert client.get("/openapi.json").json()["info"]["title"] == "Deepfake workbench"


@pytest.mark.parametrize(
    ("data", "status", "why"),
    [
        ({"run": "nobody"}, 400, "nobody"),
        ({"explain": "perhaps"}, 422, "bool"),
    ],
)
def test_what_cannot_be_done_is_said(started: Started, data: dict[str, str], status: int, why: str) -> None:
    with started.client() as client:
        answer = client.post("/v1/detect", files={"file": b"x"}, data=data)
    assert answer.status_code == status
    assert why in answer.text


def test_a_request_without_a_length_or_beyond_the_bounds_is_not_read(started: Started) -> None:
    with started.client() as client:
        assert client.post("/v1/detect", content=iter([b"x"])).status_code == 411
        started.space.change_settings(
            lambda s: {**s, "uploads": {"session_bytes": 1000, "server_bytes": 2000}}
        )
        try:
            over = client.post("/v1/detect", files={"file": b"x" * 1_100_000})
        finally:
            started.space.change_settings(lambda s: {k: v for k, v in s.items() if k != "uploads"})
    assert over.status_code == 413
    assert "1,000 bytes" in over.text


def test_who_judged_stands_in_the_trail(started: Started, tmp_path: Path) -> None:
    with started.client("archive") as client:
        files = {"file": ("seen.png", picture(tmp_path / "d.png", 2).read_bytes())}
        assert client.post(f"/v1/detect{WAIT}", files=files).status_code == 200
        client.get("/metrics")  # sweeps
    judged = [
        e for e in audit.entries(started.space) if e["action"] == "judge" and e["subject"] == "seen.png"
    ]
    assert [e["who"] for e in judged] == ["archive"]
    assert audit.verify(started.space).broken is None


def test_the_journey_of_a_new_user_with_curl(started: Started, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    base, token = f"http://127.0.0.1:{started.port}", started.tokens["newsdesk"]
    own = ["curl", "-sS", "-H", f"Authorization: Bearer {token}"]

    def curl(*arguments: str) -> str:
        return subprocess.run([*own, *arguments], capture_output=True, text=True, check=True).stdout

    assert json.loads(curl(f"{base}/v1/detectors"))[0]["detector"] == RUN
    path = picture(tmp_path / "mine.png", 3)
    job = json.loads(curl("-F", f"file=@{path}", "-F", "explain=true", f"{base}/v1/detect"))["job"]
    deadline = time.monotonic() + 240
    while (state := json.loads(curl(f"{base}/v1/jobs/{job}")))["state"] != "done":
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    assert state["entries"][0]["file"] == "mine.png"
    assert "<h1>" in curl(f"{base}/v1/jobs/{job}/report")
    assert curl("-X", "DELETE", f"{base}/v1/jobs/{job}") == ""


def test_a_service_beyond_this_machine_needs_a_token(space: Workspace) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "serve", "--address", "0.0.0.0", "--port", str(free_port())],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--new-token" in done.stderr


def test_a_token_is_shown_once_and_only_its_hash_is_kept(space: Workspace) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "serve", "--new-token", "newsdesk", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    token = json.loads(done.stdout)["token"]
    assert token not in space.settings_file.read_text()
    assert tokens.caller(f"Bearer {token}", space) == Person("newsdesk", operator=False)
    assert tokens.caller("Bearer other", space) is None
    assert tokens.caller(None, space) is None
    with pytest.raises(BadInput, match="letters, digits"):
        tokens.make("a b", OPERATOR, space)
    with pytest.raises(NotAllowed):
        tokens.make("c", Person("eve", operator=False), space)
