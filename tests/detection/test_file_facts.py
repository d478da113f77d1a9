"""What files say of themselves: hashes, EXIF, tags, C2PA manifests in every container, duplicates."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.catalog import table
from core.detection import facts, provenance
from core.workspace import Workspace


def cbor(value: Any) -> bytes:
    """A few lines of RFC 8949, to make manifests for the reader."""

    def head(major: int, n: int) -> bytes:
        if n < 24:
            return bytes([major << 5 | n])
        return bytes([major << 5 | 25]) + struct.pack(">H", n)

    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return head(0, int(value))


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def superbox(label: str, *inside: bytes) -> bytes:
    description = box(b"jumd", b"\0" * 16 + b"\x03" + label.encode() + b"\0")
    return box(b"jumb", description + b"".join(inside))


def manifest() -> bytes:
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": source}]}
    claim = {"claim_generator": "Imagine/1.0", "dc:title": "a picture"}
    assertions = superbox("c2pa.assertions", superbox("c2pa.actions.v2", box(b"cbor", cbor(actions))))
    return superbox(
        "c2pa", superbox("urn:uuid:1", assertions, superbox("c2pa.claim", box(b"cbor", cbor(claim))))
    )


def jpeg(store: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(buffer, "JPEG", quality=80)
    data, half = buffer.getvalue(), len(store) // 2
    segments = b""
    for n, part in enumerate((store[:half], store[:8] + store[half:])):
        body = b"JP" + struct.pack(">HI", 7, n + 1) + part
        segments += b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body
    return data[:2] + segments + data[2:]


def png(store: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(buffer, "PNG")
    data = buffer.getvalue()
    chunk = struct.pack(">I", len(store)) + b"caBX" + store + struct.pack(">I", zlib.crc32(b"caBX" + store))
    return data[:33] + chunk + data[33:]


def mp4(store: bytes) -> bytes:
    body = provenance.C2PA_UUID + b"\0\0\0\0manifest\0" + struct.pack(">Q", 0) + store
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"uuid", body) + box(b"mdat", b"")


def riff(store: bytes) -> bytes:
    body = b"WAVE" + b"C2PA" + struct.pack("<I", len(store)) + store + b"\0" * (len(store) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("container", [jpeg, png, mp4, riff])
def test_a_manifest_is_found_in_every_container(container: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(container(manifest()))
    found = provenance.read(path)
    assert found is not None
    assert found["generator"] == "Imagine/1.0" and found["actions"] == ["c2pa.created"]
    assert found["says_generated"] and found["verified"] is False and found["manifests"] == ["urn:uuid:1"]


def test_files_without_a_manifest_have_none_and_damaged_ones_never_raise(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for container in (jpeg, png, mp4, riff):
        path.write_bytes(container(b""))
        assert not provenance.read(path)
        whole = container(manifest())
        for cut in range(0, len(whole), 7):
            path.write_bytes(whole[:cut])
            provenance.read(path)
        generator = np.random.default_rng(0)
        for _ in range(50):
            broken = bytearray(whole)
            for at in generator.integers(0, len(whole), 6):
                broken[at] = int(generator.integers(256))
            path.write_bytes(broken)
            provenance.read(path)


def test_exif_and_generation_parameters_are_read_and_remarked(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "Camera & Co", "Editor 9\nsecond line"
    Image.new("RGB", (64, 48), "blue").save(path, exif=exif, quality=90)
    found = facts.read(path)
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["exif"]["Make"] == "Camera & Co" and found["exif"]["Software"] == "Editor 9 second line"
    assert abs(int(found["exif"]["JPEG quality (estimated)"]) - 90) <= 2
    assert (found["media"]["width"], found["media"]["height"]) == (64, 48)
    drawn = tmp_path / "b.png"
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", "a cat, steps: 20")
    Image.new("RGB", (8, 8)).save(drawn, pnginfo=info)
    assert any("generators" in line for line in facts.read(drawn)["remarks"])


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
