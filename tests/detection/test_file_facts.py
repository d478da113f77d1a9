"""What files say of themselves: hashes, EXIF, tags, C2PA manifests in every container, duplicates."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from core.catalog import table
from core.catalog.scan import scan
from core.detection import fact_rows, facts
from core.workspace import Workspace


def test_exif_and_generation_parameters_are_read_and_remarked(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "Camera & Co", "Editor 9\nsecond line"
    Image.new("RGB", (64, 48), "blue").save(path, exif=exif, quality=90)
    found = facts.read(path)
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["exif"]["Make"] == "Camera & Co" and found["exif"]["Software"] == "Editor 9 second line"
    assert abs(int(found["media"]["quality"]) - 90) <= 2
    assert (found["media"]["width"], found["media"]["height"]) == (64, 48)
    drawn = tmp_path / "b.png"
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", "a cat, steps: 20")
    Image.new("RGB", (8, 8)).save(drawn, pnginfo=info)
    assert any("Stable Diffusion" in line for line in facts.read(drawn)["remarks"])


def test_a_family_of_formats_is_written_as_a_list() -> None:
    rows = fact_rows.of_contents({"media": {"kind": "video", "container": "mov,mp4,m4a"}})
    assert rows == {"kind": "video", "container": "mov, mp4, m4a"}


def test_width_and_height_are_one_fact_and_a_picture_has_no_frames() -> None:
    media = {"kind": "image", "width": 480, "height": 320, "frames": 1}
    assert fact_rows.of_contents({"media": media}) == {
        "kind": "picture",
        "width × height": "480 × 320 pixels",
    }


def test_a_file_that_is_no_media_has_facts_too(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"nothing of the kind")
    found = facts.read(path)
    assert "unreadable" in found["media"] and found["bytes"] == 19
    json.dumps(found)


def test_a_catalogued_sample_is_recognised_by_its_content(tmp_path: Path) -> None:
    import pandas as pd

    space, root = Workspace(tmp_path / "ws"), tmp_path / "data"
    root.mkdir()
    (root / "one.bin").write_bytes(b"12345678")
    (root / "two.bin").write_bytes(b"87654321")  # the same size
    rows = [
        {"id": f"set/{name}", "path": name, "dataset": "set", "modality": "image", "label": label, "bytes": 8}
        for name, label in (("one.bin", 1), ("two.bin", 0))
    ]
    table.save("set", pd.DataFrame(rows), table.DatasetInfo("set", "generic", str(root)), space)
    sha = hashlib.sha256(b"12345678").hexdigest()
    assert facts.duplicates(8, sha, space) == [{"id": "set/one.bin", "dataset": "set", "label": "fake"}]
    assert facts.duplicates(9, sha, space) == []


def test_a_possible_copy_that_cannot_be_read_is_said(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / "set/real").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "set/real" / name)
    scan([tmp_path / "set"], space=space)
    read = facts.digest

    def refuse(path: Path) -> str:
        if path.name == "one.png":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    file = tmp_path / "set/real/two.png"
    monkeypatch.setattr(facts, "digest", refuse)
    found = facts.duplicates(file.stat().st_size, read(file), space)
    assert [one["id"] for one in found] == ["set/real/two.png"]
    assert "one.png is not looked at as a possible copy" in caplog.text
    (tmp_path / "set/real/one.png").unlink()
    caplog.clear()
    monkeypatch.setattr(facts, "digest", read)
    assert len(facts.duplicates(file.stat().st_size, read(file), space)) == 1 and caplog.text == ""
