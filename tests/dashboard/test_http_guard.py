"""The HTTP layer of a real server: who may upload, how much, what every answer carries, and what departed visitors leave."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.sessions import Session
from core.detection.serving.uploads import SERVER, Room
from core.workspace import Workspace
from dashboard.uploading import Permits
from tests.e2e.conftest import Server, free_port

BOUNDS = {"files": 3, "session_bytes": 40_000, "server_bytes": 1_000_000}


class Visitor(Session):
    """A session that remembers its own name, as an attacker reads it from the websocket."""

    session_id = ""

    def seen(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "new_session":
            self.session_id = message.new_session.initialize.session_id


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]


def put(port: int, session: str, size: int, *, name: str = "a", length: bool = True) -> Answer:
    """An upload as the browser sends it, with the cookie that any visitor is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    edge = "edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="f"; filename="f.jpg"\r\n\r\n'.encode()
    body = head + b"x" * size + f"\r\n--{edge}--\r\n".encode()
    token = cookie(port)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "X-Xsrftoken": token,
        "Cookie": f"_streamlit_xsrf={token}",
    }
    path = f"/_stcore/upload_file/{session}/{name}"
    if length:
        connection.request("PUT", path, body, headers)
    else:
        connection.request("PUT", path, iter([body]), headers, encode_chunked=True)
    response = connection.getresponse()
    answer = Answer(
        response.status, response.read().decode(), {k.lower(): v for k, v in response.headers.items()}
    )
    connection.close()
    return answer


def cookie(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=30) as answer:
        given = answer.headers.get("Set-Cookie", "")
    assert "_streamlit_xsrf=" in given
    return str(given.split("_streamlit_xsrf=", 1)[1].split(";", 1)[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workspace = tmp_path_factory.mktemp("guarded") / "workspace"
    Workspace(workspace).save_settings({"uploads": BOUNDS})
    running = Server(workspace, free_port())
    running.start()
    yield running
    running.stop()


def test_a_session_without_an_uploader_is_refused(server: Server) -> None:
    with Visitor(server.port, "home") as visitor:
        visitor.rerun()
        refused = put(server.port, visitor.session_id, 1000)
    assert refused.status == 403
    assert "no page of this session takes files" in refused.text
    assert put(server.port, "nobody", 1000).status == 403


def test_an_uploader_takes_files_within_the_bounds_and_no_more(server: Server) -> None:
    with Visitor(server.port, "thresholds") as visitor:
        visitor.rerun()
        assert put(server.port, visitor.session_id, 15_000, name="one").status == 204
        over = put(server.port, visitor.session_id, 30_000, name="two")
        assert over.status == 413
        assert "40,000 bytes" in over.text
        assert put(server.port, visitor.session_id, 10, length=False).status == 411
        assert put(server.port, visitor.session_id, 10, name="two").status == 204
        assert put(server.port, visitor.session_id, 10, name="three").status == 204
        assert "3 files already" in put(server.port, visitor.session_id, 10, name="four").text


def test_a_refusal_reaches_who_is_still_sending(server: Server) -> None:
    """A browser sends the whole file before it reads: a door that shuts meanwhile is a network error to it."""
    half = b"x" * 50_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            b"PUT /_stcore/upload_file/nobody/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        )
        for _ in range(2):
            time.sleep(0.3)
            line.sendall(half)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"no page of this session takes files" in answer


def test_who_never_sends_the_rest_is_let_go(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            b"PUT /_stcore/upload_file/nobody/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        )
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_a_page_without_an_uploader_takes_the_permit_back(server: Server) -> None:
    with Visitor(server.port, "thresholds") as visitor:
        visitor.rerun()
        assert put(server.port, visitor.session_id, 10).status == 204
        visitor.page, visitor.page_hash = "home", ""
        visitor.rerun()
        assert put(server.port, visitor.session_id, 10, name="b").status == 403


def test_every_answer_says_who_may_frame_it_and_what_it_is(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/", timeout=30) as answer:
        headers = answer.headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert put(server.port, "nobody", 10).headers["x-content-type-options"] == "nosniff"


class File:
    def __init__(self, size: int) -> None:
        self.data = b"x" * size


def test_what_is_on_its_way_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SERVER, "bytes", 0)  # other tests' sessions may still hold some
    permits, room = Permits(), Room(files=10, session_bytes=100, server_bytes=150)
    assert permits.refuse("a", 60, {}, room) is None
    with permits.arriving("a", 60):
        assert "100 bytes" in str(permits.refuse("a", 60, {}, room))
        assert permits.refuse("b", 60, {}, room) is None
        assert "150 bytes" in str(permits.refuse("b", 95, {}, room))
    assert permits.refuse("a", 60, {"a": [File(30)]}, room) is None
    assert "100 bytes" in str(permits.refuse("a", 60, {"a": [File(50)]}, room))


def test_sessions_of_departed_visitors_are_ended_without_another_visitor() -> None:
    """In a process of its own: Streamlit has one runtime a process."""
    program = """
import asyncio
from streamlit import config
from streamlit.runtime.session_manager import SessionInfo
from dashboard import server
app = server.create()
runtime = app._create_runtime()
class Gone:
    id, ended = "gone", False
    def shutdown(self): Gone.ended = True
storage = runtime._session_mgr._session_storage
storage._cache = type(storage._cache)(maxsize=8, ttl=0.01)
storage._cache["gone"] = SessionInfo(client=None, session=Gone())
import time; time.sleep(0.05)
assert server.end_departed(runtime) == 1 and Gone.ended
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr


def test_pages_draw_no_uploader_that_the_door_does_not_know() -> None:
    dashboard = Path(__file__).parents[2] / "dashboard"
    raw = [
        str(path.relative_to(dashboard))
        for path in dashboard.rglob("*.py")
        if path.name != "uploading.py" and ".file_uploader(" in path.read_text(encoding="utf-8")
    ]
    assert raw == []
