"""Weights are fetched whole, with the right sum, going on where they broke off; or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.access import Person
from core.errors import BadInput, NotAllowed, WorkbenchError
from core.imports import weights
from core.workspace import Workspace

CONTENT = bytes(range(256)) * 400


class Server(ThreadingHTTPServer):
    """Serves CONTENT; breaks off once after `breaks_after` bytes; remembers the ranges it was asked for."""

    content = CONTENT
    breaks_after: int | None = None
    understands_ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = (
            int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.understands_ranges else 0
        )
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        breaks, self.server.breaks_after = self.server.breaks_after, None
        self.wfile.write(body if breaks is None else body[:breaks])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{made.server_address[1]}/tiny.pth"
    entry = weights.Weights(
        "tiny.pth", "tests", len(CONTENT), "MIT", address, hashlib.sha256(CONTENT).hexdigest()
    )
    monkeypatch.setattr(weights, "KNOWN", (entry,))
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_file_arrives_whole(server: Server, space: Workspace) -> None:
    seen: list[tuple[int, int]] = []
    path = weights.get("tiny.pth", space=space, progress=lambda done, total: seen.append((done, total)))
    assert path == space.weights / "tiny.pth" and path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert weights.listed(space)[0]["here"] is True
    weights.get("tiny.pth", space=space)
    assert len(server.ranges) == 1  # what is here is not fetched again


@pytest.mark.parametrize("understands", [True, False])
def test_what_broke_off_goes_on(server: Server, space: Workspace, understands: bool) -> None:
    server.breaks_after, server.understands_ranges = 5000, understands
    with pytest.raises(WorkbenchError, match=r"tiny.pth cannot be fetched .* put http://127"):
        weights.get("tiny.pth", space=space)
    assert not (space.weights / "tiny.pth").exists()
    assert weights.get("tiny.pth", space=space).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=5000-"]


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"\0", CONTENT + b"more"])
def test_another_file_is_not_kept(server: Server, space: Workspace, content: bytes) -> None:
    server.content = content
    with pytest.raises(WorkbenchError):
        weights.get("tiny.pth", space=space)
    assert not (space.weights / "tiny.pth").exists()
    server.content = CONTENT
    assert weights.get("tiny.pth", space=space).read_bytes() == CONTENT


def test_without_a_network_it_says_where_to_put_the_file(server: Server, space: Workspace) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(WorkbenchError) as error:
        weights.get("tiny.pth", space=space)
    assert str(space.weights) in str(error.value) and "http://127.0.0.1" in str(error.value)


def test_an_unknown_name_and_a_viewer(server: Server, space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"known are tiny\.pth"):
        weights.get("other.pth", space=space)
    with pytest.raises(NotAllowed):
        weights.get("tiny.pth", person=Person("eve", operator=False), space=space)


def test_the_list_has_what_the_contract_names(space: Workspace) -> None:
    for one in weights.listed(space):
        assert set(one) == {"name", "for", "bytes", "licence", "source", "sha256", "here"}
        assert len(one["sha256"]) == 64 and one["here"] is False
