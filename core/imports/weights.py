"""Files of weights that the workbench can use: what for, how large, whose, from where, and whether they are here.

source ──bytes──▶ .NAME.part ──all there, sum right──▶ weights/NAME
           ▲          └ an interrupted one goes on from where it stopped (HTTP range)
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.access import LOCAL, Person
from core.errors import BadInput, WorkbenchError
from core.locks import held
from core.media.faces import yunet_file
from core.workspace import Workspace, workspace

BLOCK = 1 << 20  # bytes read at a time
PATIENCE = 30  # seconds without a byte
AASIST = "https://github.com/clovaai/aasist/raw/a04c9863/models/weights/"
MESONET = "https://github.com/DariusAf/MesoNet/raw/2144d56a/weights/"
ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
Progress = Callable[[int, int], None]  # bytes so far, of how many


@dataclass(frozen=True)
class Weights:
    """One file. `sha256` was taken from the file itself."""

    name: str
    purpose: str
    bytes: int
    licence: str
    source: str
    sha256: str


KNOWN = (
    Weights(
        "face_detection_yunet_2026may.onnx", "finding faces (YuNet), which the packaged cascade misses more often", 229_738,
        "MIT", ZOO + "face_detection_yunet_2026may.onnx",
        "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
    ),
    Weights(
        "AASIST.pth", "published detector of synthetic speech (import it)", 1_281_532, "MIT", AASIST + "AASIST.pth",
        "51d2d9cf0738172f61e2a384ec50a54a55363240f67c971ed55a92435bc1a1c0",
    ),
    Weights(
        "AASIST-L.pth", "published detector of synthetic speech, small (import it)", 426_428, "MIT", AASIST + "AASIST-L.pth",
        "814331d088032bb4c3fa61cc014789eadeed464209dd094ab3a2dd6ffbdce27a",
    ),
    Weights(
        "Meso4_DF.h5", "published detector of swapped faces (import it)", 156_128, "Apache-2.0", MESONET + "Meso4_DF.h5",
        "036ed30d04ffd9c7506f825b97c86aa64915f5818931da96817b169aad790af5",
    ),
    Weights(
        "Meso4_F2F.h5", "published detector of reenacted faces (import it)", 156_128, "Apache-2.0", MESONET + "Meso4_F2F.h5",
        "bcfda015d217b9f8d6557693edbdf9f4e79cfd22672541968dd0e2954462b5d7",
    ),
    Weights(
        "MesoInception_DF.h5", "published detector of swapped faces (import it)", 197_504, "Apache-2.0",
        MESONET + "MesoInception_DF.h5", "234586d40058e76ef8b6f27ca4b63c06e31c2a5a69c0d8ba6f30b1468ab7bafa",
    ),
    Weights(
        "MesoInception_F2F.h5", "published detector of reenacted faces (import it)", 197_504, "Apache-2.0",
        MESONET + "MesoInception_F2F.h5", "d4533ac8a3197dc35c47405d23d99e888c1d0135e267e03540c7451feaccff3f",
    ),
)  # fmt: skip


def listed(space: Workspace | None = None) -> list[dict[str, Any]]:
    """Every known file, as the command prints it."""
    space = space or workspace()
    return [{**_plain(one), "here": is_here(one, space)} for one in KNOWN]


def _plain(one: Weights) -> dict[str, Any]:
    values = asdict(one)
    return {"name": values.pop("name"), "for": values.pop("purpose"), **values}


def is_here(one: Weights, space: Workspace) -> bool:
    """Of YuNet any edition counts: the workbench takes the latest that lies there."""
    if "yunet" in one.name and yunet_file(space) is not None:
        return True
    path = space.weights / one.name
    return path.is_file() and path.stat().st_size == one.bytes


def known(name: str) -> Weights:
    for one in KNOWN:
        if one.name == name or Path(one.name).stem == name:
            return one
    raise BadInput(f"unknown weights {name!r}; known are {', '.join(one.name for one in KNOWN)}")


def get(
    name: str,
    *,
    person: Person = LOCAL,
    space: Workspace | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fetch a file into the workspace's folder of weights, whole and with the right sum or not at all."""
    person.require_operator("fetch weights")
    space, one = space or workspace(), known(name)
    path = space.weights / one.name
    if path.is_file() and _sum(path) == one.sha256:
        return path
    space.weights.mkdir(parents=True, exist_ok=True)
    part = space.weights / f".{one.name}.part"
    with held(space.weights / ".lock"):
        try:
            _fetch(one, part, progress)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise WorkbenchError(
                f"{one.name} cannot be fetched ({getattr(error, 'reason', None) or error}): "
                f"put {one.source} into {space.weights} as {one.name}"
            ) from error
        found = _sum(part)
        if found != one.sha256:
            part.unlink()
            raise WorkbenchError(
                f"{one.name}: the file at {one.source} has another sum ({found[:12]}…, not {one.sha256[:12]}…); "
                "it was not kept"
            )
        os.replace(part, path)
    return path


def _fetch(one: Weights, part: Path, progress: Progress) -> None:
    """Append what is still missing; a server that cannot go on begins anew."""
    have = part.stat().st_size if part.exists() else 0
    if have >= one.bytes:  # whole already, or of another file: the sum decides, and a wrong one begins anew
        if have == one.bytes and _sum(part) == one.sha256:
            return
        part.unlink()
        have = 0
    request = urllib.request.Request(one.source, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        goes_on = have and answer.status == http.client.PARTIAL_CONTENT
        done = have if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            while block := answer.read(BLOCK):
                done += len(block)
                if done > one.bytes:
                    raise OSError(f"more than the {one.bytes:,} bytes that it has")
                file.write(block)
                progress(done, one.bytes)
            file.flush()
            os.fsync(file.fileno())
    if done < one.bytes:
        raise OSError(
            f"it broke off after {done:,} of {one.bytes:,} bytes; ask again and it goes on from there"
        )


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
