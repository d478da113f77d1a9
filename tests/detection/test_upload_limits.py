"""Thousands of small uploads: limits on files and bytes of a session and of the server, and nothing left behind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import uploads
from core.detection.serving.uploads import Room, SessionFolder, Upload
from core.errors import BadInput, MediaError
from core.media.limits import Limits
from core.workspace import Workspace

ROOM = Room(files=5, session_bytes=100, server_bytes=150)


@pytest.fixture(autouse=True)
def nothing_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SERVER", uploads._Taken())


@pytest.fixture
def folder() -> Iterator[SessionFolder]:
    folder = SessionFolder()
    yield folder
    folder.close()


def keep(folder: SessionFolder, size: int, room: Room = ROOM, limits: Limits | None = None) -> Upload:
    return folder.keep(io.BytesIO(bytes(size)), "a.png", limits or Limits(), room)


def test_thousands_of_small_files_stop_at_the_sessions_limit(folder: SessionFolder) -> None:
    for _ in range(5):
        keep(folder, 1)
    for _ in range(2000):
        with pytest.raises(MediaError, match="holds 5 files already; press Clear"):
            keep(folder, 1)
    assert len(list(folder.path.iterdir())) == 5 and uploads.SERVER.bytes == 5


def test_the_bytes_of_a_session_have_a_limit_and_clearing_makes_room(folder: SessionFolder) -> None:
    first = keep(folder, 60)
    with pytest.raises(MediaError, match="take more than 100 bytes; press Clear"):
        keep(folder, 60)
    assert len(list(folder.path.iterdir())) == 1
    folder.remove(first)
    keep(folder, 60)
    assert uploads.SERVER.bytes == 60


def test_the_server_has_a_limit_over_all_sessions(folder: SessionFolder) -> None:
    other = SessionFolder()
    keep(other, 90)
    with pytest.raises(MediaError, match="on this server take more than 150 bytes; try again later"):
        keep(folder, 90)
    other.close()
    keep(folder, 90)
    assert uploads.SERVER.bytes == 90
    folder.close()
    assert uploads.SERVER.bytes == 0


def test_a_refused_file_takes_no_room(folder: SessionFolder) -> None:
    with pytest.raises(MediaError, match="more than the limit of 10 bytes"):
        keep(folder, 50, limits=Limits(bytes=10))
    assert uploads.SERVER.bytes == 0 and not list(folder.path.iterdir())


def test_what_was_made_of_a_file_goes_with_it(folder: SessionFolder, tmp_path: Path) -> None:
    upload, results = keep(folder, 1), folder.results()
    (results / "map.png").write_bytes(b"x")
    elsewhere = tmp_path / "kept"
    elsewhere.mkdir()
    folder.remove(upload, [results, elsewhere])
    assert not results.exists() and elsewhere.exists() and not upload.path.exists()


def test_a_session_that_ended_while_its_file_was_judged_leaves_nothing(tmp_path: Path) -> None:
    folder = SessionFolder()
    upload, out = keep(folder, 10), folder.results()
    folder.close()
    verdict = detect(upload.path, "a.png", Request(run=str(tmp_path / "none"), explain=True, out=out))
    assert verdict.status == "error" and not folder.path.exists()


def test_the_limits_are_read_from_the_settings(space: Workspace) -> None:
    assert Room.from_settings(space) == Room()
    space.save_settings({"uploads": {"files": 3}})
    assert Room.from_settings(space).files == 3
    for wrong, words in (({"file": 3}, "unknown 'file'"), ({"files": 0}, "must be a whole number > 0")):
        space.save_settings({"uploads": wrong})
        with pytest.raises(BadInput, match=words):
            Room.from_settings(space)
