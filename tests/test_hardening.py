"""What an attacker or an accident may try: leaving the workspace by a name, bombs, markup in names."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from core.access import Person
from core.catalog import table
from core.errors import BadInput, MediaError
from core.media.images import open_image
from core.runs.folder import new_run, open_run
from core.runs.manager import RunManager
from core.thresholds import score_files
from core.workspace import Workspace, write_atomic
from dashboard import theme


@pytest.mark.parametrize(
    "name", ["../../outside", "..", "a/../../b", "/etc/passwd", "a\\..\\b", "~root", "."]
)
def test_a_name_never_leads_out_of_the_workspace(space: Workspace, name: str) -> None:
    assert table.file_of(name, space).resolve().parent == space.catalog.resolve()
    manager = RunManager(space, keep=False)
    for act in (manager.delete, manager.resume):
        with pytest.raises(BadInput):
            act(name, Person("ada", operator=True))
    manager.close()


def test_a_run_of_elsewhere_can_be_read_but_not_deleted(space: Workspace, tmp_path: Path) -> None:
    elsewhere = new_run({"model": "x"}, path=tmp_path / "copied")
    elsewhere.set_status(state="completed")
    assert open_run(elsewhere.path, space=space).status().state == "completed"
    manager = RunManager(space, keep=False)
    with pytest.raises(BadInput):
        manager.delete(str(elsewhere.path), Person("ada", operator=True))
    manager.close()
    assert elsewhere.status_file.exists()


def png(width: int, height: int) -> bytes:
    """A picture whose header declares a size that its few bytes unfold to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(50_000, 50_000))
    with pytest.raises(MediaError, match=r"pixels"):
        open_image(path)


def test_a_score_file_beyond_the_limit_is_refused_before_it_is_read(space: Workspace, tmp_path: Path) -> None:
    space.save_settings({"score_files": {"max_bytes": 1000}})
    path = tmp_path / "scores.csv"
    write_atomic(path, "label,score\n" + "1,0.5\n0,0.4\n" * 500)
    with pytest.raises(BadInput, match="over 1,000 bytes"):
        score_files.read(path)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](http://a/b)",
        "**bold**",
        ":red[x]",
        "$x$",
        "`x`",
    ],
)
def test_a_name_from_data_is_shown_and_does_nothing(name: str) -> None:
    shown = theme.safe(name)
    for mark in "<>[]()*`$:!":
        assert mark not in shown.replace("\\" + mark, "")


def test_marks_that_turn_the_direction_of_text_are_shown_as_unreadable() -> None:
    assert "\u202e" not in theme.safe("gpj.\u202eexe")
