"""Weights are fetched whole, with the right sum, going on where they broke off; or not at all."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.access import Person
from core.cli import main
from core.errors import BadInput, NotAllowed, WorkbenchError
from core.imports import weights, weights_on_disk
from core.workspace import Workspace

CONTENT = bytes(range(256)) * 400


class Server(ThreadingHTTPServer):
    """Serves CONTENT; breaks off once after `breaks_after` bytes; remembers the ranges it was asked for."""

    content = CONTENT
    breaks_after: int | None = None
    understands_ranges = True
    headers: dict[str, str] = {}  # noqa: RUF012 - set anew by a test

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
        for name, value in self.server.headers.items():
            self.send_header(name, value)
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
    assert weights.list_weights(space)[0]["here"] is True
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


def of_a_hub(server: Server, monkeypatch: pytest.MonkeyPatch, begins: str = "") -> None:
    """The same file, of which no sum is known beforehand."""
    known = weights.KNOWN[0]
    entry = weights.Weights(known.name, known.purpose, 1, "MIT", known.source, begins=begins, exact=False)
    monkeypatch.setattr(weights, "KNOWN", (entry,))


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ({"X-Linked-Etag": f'"{hashlib.sha256(CONTENT).hexdigest()}"'}, True),
        ({"X-Linked-Etag": f'"{"0" * 64}"'}, False),
        (
            {
                "X-Repo-Commit": "1",
                "ETag": f'"{hashlib.sha1(b"blob %d" % len(CONTENT) + bytes(1) + CONTENT).hexdigest()}"',
            },
            True,
        ),
        ({"X-Repo-Commit": "1", "ETag": f'"{"0" * 40}"'}, False),
        ({}, True),
    ],
)
def test_the_sum_that_a_hub_states_is_compared(
    header: dict[str, str], right: bool, server: Server, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_a_hub(server, monkeypatch)
    server.headers = header
    assert weights.list_weights(space)[0]["checksum"] == "checksum not known; printed after download"
    if right:
        assert weights.get("tiny.pth", space=space).read_bytes() == CONTENT
        assert weights.list_weights(space)[0]["here"] is True
        return
    with pytest.raises(WorkbenchError, match="has another sum"):
        weights.get("tiny.pth", space=space)
    assert not (space.weights / "tiny.pth").exists()


@pytest.mark.parametrize("begins", [hashlib.sha256(CONTENT).hexdigest()[:8], "00000000"])
def test_a_sum_in_the_published_name_is_compared(
    begins: str, server: Server, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_a_hub(server, monkeypatch, begins)
    if begins != "00000000":
        assert weights.get("tiny.pth", space=space).is_file()
        return
    with pytest.raises(WorkbenchError, match="has another sum"):
        weights.get("tiny.pth", space=space)


def test_a_folder_arrives_whole(server: Server, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    source = weights.KNOWN[0].source.removesuffix("tiny.pth")
    entry = weights.Weights(
        "sentences", "tests", 1, "MIT", source, exact=False, parts=("config.json", "1_Pooling/config.json")
    )
    monkeypatch.setattr(weights, "KNOWN", (entry,))
    folder = weights.get("sentences", space=space)
    assert (folder / "1_Pooling" / "config.json").read_bytes() == CONTENT
    assert weights.list_weights(space)[0]["here"] is True


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
    for one in weights.list_weights(space):
        assert {"name", "for", "bytes", "licence", "source", "sha256", "here"} <= set(one)
        assert one["sha256"] is None or len(one["sha256"]) == 64
        assert one["here"] is False and one["bytes"] > 0


def test_every_backbone_of_the_workbench_is_in_the_list(space: Workspace) -> None:
    """Under the name by which its loader looks for it in the folder of weights."""
    import models

    wanted = {
        part.strip()
        for name in models.list_models()
        for part in models.card(name).pretrained.split("+")
        if part.strip()
    }
    known = {
        Path(one["name"]).stem if not one["parts"] else one["name"] for one in weights.list_weights(space)
    }
    assert wanted <= known


def test_a_file_of_the_right_size_and_another_content_is_damaged(
    server: Server, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = weights.get("tiny.pth", space=space)
    before = path.stat()
    path.write_bytes(bytes(len(CONTENT)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    (one,) = weights.list_weights(space)
    assert (one["here"], one["state"]) == (False, "damaged")
    assert main(["weights"]) == 0
    shown = capsys.readouterr().out
    assert "damaged" in shown and "`weights get tiny.pth` fetches it again" in shown
    weights.get("tiny.pth", space=space)
    assert weights.list_weights(space)[0]["state"] == "here"


def test_a_sum_is_worked_out_once_for_each_content(
    server: Server, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights.get("tiny.pth", space=space)
    assert weights.list_weights(space)[0]["here"] is True
    monkeypatch.setattr(weights_on_disk, "sum_of", lambda path: pytest.fail("read again"))
    assert weights.list_weights(space)[0]["here"] is True
    monkeypatch.undo()
    path.write_bytes(CONTENT[:-1])
    assert weights_on_disk.state_of(_entry(), space) == "damaged"
    (space.cache / weights_on_disk.REMEMBERED).write_text("[torn")
    path.write_bytes(CONTENT)
    assert weights_on_disk.state_of(_entry(), space) == "here"


def _entry() -> weights.Weights:
    return weights.Weights("tiny.pth", "tests", len(CONTENT), "MIT", "", hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_without_a_known_sum_that_is_cut_off_is_damaged(suffix: str, space: Workspace) -> None:
    entry = weights.Weights(f"net{suffix}", "tests", 1, "MIT", "", exact=False)
    path = space.weights / entry.name
    path.parent.mkdir(parents=True)
    tensors = {"a": torch.zeros(40), "b": torch.ones(3, 3)}
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)
    assert weights_on_disk.state_of(entry, space) == "here"
    path.write_bytes(path.read_bytes()[:-20])
    assert weights_on_disk.state_of(entry, space) == "damaged"
    path.unlink()
    assert weights_on_disk.state_of(entry, space) == "not here"
