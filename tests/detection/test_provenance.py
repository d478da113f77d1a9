"""Content Credentials that hold, that do not, and whose signer is unknown; and marks that anybody can write."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.detection import facts
from core.detection.provenance import find_marks, read_credentials
from core.workspace import Workspace
from tests.detection.signed_files import Signer, make_signer

PIXELS = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return make_signer()


def plain_file(kind: str, folder: Path) -> Path:
    path = folder / f"plain.{kind.rsplit('/', 1)[-1]}"
    if kind == "audio/wav":
        soundfile.write(path, np.zeros(1600, np.float32), 16000)
    elif kind == "video/mp4":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("h264", rate=5)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(PIXELS, "rgb24")))
            container.mux(stream.encode())
    else:
        Image.fromarray(PIXELS).save(path)
    return path


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "audio/wav", "video/mp4"])
def test_credentials_are_verified_in_every_container(
    kind: str, space: Workspace, tmp_path: Path, signer: Signer
) -> None:
    plain = plain_file(kind, tmp_path)
    assert read_credentials(plain, space) is None
    signed = signer.sign(plain, kind, tmp_path / "file")
    found = read_credentials(signed, space)
    assert found is not None
    assert (found["state"], found["verified"], found["trusted"]) == ("valid", True, False)
    assert (found["issuer"], found["generator"][:11]) == ("Test desk", "Imagine 1.0")
    assert found["actions"] == ["c2pa.created"]
    assert found["says_generated"]
    assert found["problems"] == []


def test_a_signer_on_the_list_is_trusted_and_the_list_can_be_replaced(
    space: Workspace, tmp_path: Path, signer: Signer
) -> None:
    signed = signer.sign(plain_file("image/jpeg", tmp_path), "image/jpeg", tmp_path / "file")
    trust = space.root / "trust"
    trust.mkdir(parents=True)
    (trust / "list.pem").write_text(make_signer("Somebody else").root)
    found = read_credentials(signed, space)
    assert found is not None
    assert (found["state"], found["trust_list"]) == ("valid", True)
    (trust / "list.pem").write_text(signer.root)
    (trust / "broken.pem").write_bytes(b"\xff\xfeno certificate")
    found = read_credentials(signed, space)
    assert found is not None
    assert (found["state"], found["trusted"]) == ("trusted", True)


def test_a_changed_pixel_breaks_the_credentials(space: Workspace, tmp_path: Path, signer: Signer) -> None:
    signed = signer.sign(plain_file("image/png", tmp_path), "image/png", tmp_path / "file.png")
    content = bytearray(signed.read_bytes())
    content[-40] ^= 1
    signed.write_bytes(content)
    found = read_credentials(signed, space)
    assert found is not None
    assert (found["state"], found["verified"]) == ("invalid", False)
    assert found["problems"]
    lines = " ".join(facts.read(signed)["remarks"])
    assert "do not hold" in lines


def test_damaged_files_have_facts_all_the_same(space: Workspace, tmp_path: Path, signer: Signer) -> None:
    whole = signer.sign(plain_file("image/jpeg", tmp_path), "image/jpeg", tmp_path / "file").read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "broken"
    for cut in random.integers(0, len(whole), 30):
        path.write_bytes(whole[:cut])
        assert facts.read(path)["bytes"] == cut
    for _ in range(60):
        broken = bytearray(whole)
        for at in random.integers(0, len(whole), 6):
            broken[at] = int(random.integers(256))
        path.write_bytes(broken)
        found = facts.read(path)
        assert found["sha256"] == hashlib.sha256(broken).hexdigest() and json.dumps(found)


def xmp(inside: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
        f'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {inside}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def kinds(found: list[dict[str, Any]]) -> list[tuple[str, bool | None]]:
    return [(mark["kind"], mark["generated"]) for mark in found]


@pytest.mark.parametrize(
    ("source", "generated"),
    [
        ("trainedAlgorithmicMedia", True),
        ("compositeWithTrainedAlgorithmicMedia", True),
        ("digitalCapture", False),
    ],
)
def test_the_source_that_xmp_declares_is_read(source: str, generated: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    declared = f'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{source}"'
    Image.fromarray(PIXELS).save(path, xmp=xmp(declared))
    assert kinds(find_marks(path, {})) == [("iptc", generated)]
    remarks = " ".join(facts.read(path)["remarks"])
    assert ("not signed" in remarks) is generated


@pytest.mark.parametrize("label", ["1", "2", "3"])
def test_the_label_of_the_chinese_rule_is_read_from_xmp_and_from_a_chunk(label: str, tmp_path: Path) -> None:
    content = json.dumps({"Label": label, "ContentProducer": "Maker & Co"})
    path = tmp_path / "a.jpg"
    escaped = (
        content.replace("&", "&amp;").replace('"', "&quot;").replace("{", "&#123;").replace("}", "&#125;")
    )
    Image.fromarray(PIXELS).save(path, xmp=xmp(f'TC260:AIGC="{escaped}"'))
    (found,) = facts.read(path)["marks"]
    assert (found["kind"], found["generated"]) == ("aigc", True)
    assert "Maker & Co" in found["says"]
    chunk = tmp_path / "a.png"
    info = PngInfo()
    info.add_text("AIGC", content)
    Image.fromarray(PIXELS).save(chunk, pnginfo=info)
    assert kinds(facts.read(chunk)["marks"]) == [("aigc", True)]


@pytest.mark.parametrize(
    ("field", "program"),
    [("parameters", "Stable Diffusion"), ("prompt", "ComfyUI"), ("sd-metadata", "InvokeAI")],
)
def test_fields_of_generators_are_named(field: str, program: str, tmp_path: Path) -> None:
    path, info = tmp_path / "a.png", PngInfo()
    info.add_text(field, "a cat, steps: 20")
    Image.fromarray(PIXELS).save(path, pnginfo=info)
    found = facts.read(path)
    assert kinds(found["marks"]) == [("generator", True)]
    assert program in found["marks"][0]["says"]


def test_a_camera_proves_little_and_no_mark_proves_nothing(tmp_path: Path) -> None:
    path, exif = tmp_path / "a.jpg", Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model 1"
    Image.fromarray(PIXELS).save(path, exif=exif)
    found = facts.read(path)
    assert kinds(found["marks"]) == [("camera", None)]
    assert any("That proves nothing" in line for line in found["remarks"])


def test_marks_that_cannot_be_read_are_not_called_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain_file("image/png", tmp_path)

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(facts, "find_marks", fail)
    found = facts.read(path)
    assert found["marks"] == []
    assert any("could not be read" in line and "the disk is gone" in line for line in found["remarks"])
    assert not any("carries no mark" in line for line in found["remarks"])
