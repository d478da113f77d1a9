"""What a file says of itself: container, codecs, tags, dates, EXIF, C2PA, hashes. Facts beside the
verdict."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.detection.provenance import find_marks, read_credentials
from core.errors import MediaError, WorkbenchError, one_line
from core.media import shards
from core.media.limits import Limits
from core.workspace import Workspace, workspace

log = logging.getLogger(__name__)

NO_MARK = (
    "It carries no mark of AI generation. That proves nothing: marks are removed by most sites and programs, also where "
    "the law asks for them (EU AI Act, article 50)."
)
LONGEST = 300  # characters of one value that are kept
MOST_TAGS = 60
MOST_CANDIDATES = 50  # files of the same size that are hashed to find a duplicate


def read(path: Path, probed: Any = None) -> dict[str, Any]:
    """Everything the file itself tells; a part that cannot be read says why and leaves the others.

    `probed`: what probing found, where it was done already.
    """
    facts: dict[str, Any] = {"bytes": _bytes(path), "sha256": digest(path)}
    info = _plain(probed) if probed is not None else _info(path)
    facts["media"] = info
    kind = info.get("kind")
    if kind == "image":
        facts["exif"] = _part(_exif, path)
    elif kind in ("video", "audio"):
        facts["tags"] = _part(_tags, path)
    facts["c2pa"] = _part(read_credentials, path)
    written = {**(facts.get("exif") or {}), **(facts.get("tags") or {})}
    marks = _part(lambda file: find_marks(file, written), path)
    facts["marks"] = [] if isinstance(marks, dict) else marks
    if isinstance(marks, dict):
        facts["marks_unreadable"] = marks["unreadable"]
    facts["remarks"] = remarks(facts)
    return facts


def _bytes(path: Path) -> int:
    return shards.length(path, Limits.from_settings()) if shards.address(path) else path.stat().st_size


def digest(path: Path) -> str:
    with shards.reader(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _info(path: Path) -> dict[str, Any]:
    from core.media.probe import probe

    try:
        return _plain(probe(path))
    except WorkbenchError as error:
        return {"unreadable": one_line(error)}


def _plain(info: Any) -> dict[str, Any]:
    document: dict[str, Any] = vars(info)  # a plain dataclass, also where it came through a pipe
    return {k: v for k, v in document.items() if v is not None and isinstance(v, (str, int, float, bool))}


def _part(read_part: Any, path: Path) -> Any:
    try:
        return read_part(path)
    except Exception as error:  # noqa: BLE001 (a metadata block is untrusted: whatever is wrong is one line)
        return {"unreadable": one_line(f"{type(error).__name__}: {error}")[:LONGEST]}


def _exif(path: Path) -> dict[str, str]:
    """EXIF and the text chunks, by name; the position is named, not printed."""
    from PIL import ExifTags, Image

    found: dict[str, str] = {}
    with Image.open(shards.source(path)) as picture:
        exif = picture.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        for source in (exif, inner):
            for number, value in source.items():  # type: ignore[assignment]
                name = ExifTags.TAGS.get(number, f"tag {number}")
                if name == "MakerNote":
                    found["camera's own block"] = "present"
                if name in ("MakerNote", "ExifOffset", "GPSInfo", "UserComment"):
                    continue
                found[name] = _text(value)
        if exif.get_ifd(ExifTags.IFD.GPSInfo):
            found["GPS position"] = "present"
        for field, text in picture.info.items():
            if isinstance(text, str) and field not in ("exif", "icc_profile"):
                found[str(field)[:60]] = _text(text)
    return dict(list(found.items())[:MOST_TAGS])


def _tags(path: Path) -> dict[str, str]:
    """Tags of the container and of each stream, as FFmpeg reads them; nothing is decoded."""
    import av

    found: dict[str, str] = {}
    place = shards.source(path) if shards.address(path) else str(path)
    with av.open(place, metadata_errors="replace") as container:
        for key, value in container.metadata.items():
            found[str(key)[:60]] = _text(value)
        for stream in list(container.streams)[:8]:
            for key, value in stream.metadata.items():
                found[f"{stream.type} {stream.index}: {key}"[:80]] = _text(value)
    return dict(list(found.items())[:MOST_TAGS])


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(c if c.isprintable() else " " for c in text)[:LONGEST].strip()


def remarks(facts: dict[str, Any]) -> list[str]:
    """What a reader should not overlook in the facts, in words."""
    lines = []
    lines += _credentials(facts.get("c2pa") or {})
    marks = [mark for mark in facts.get("marks") or [] if mark["generated"]]
    lines += [f"{mark['says']}. {mark['proves']} {mark['does_not']}" for mark in marks]
    c2pa = facts.get("c2pa") or {}
    unread = facts.get("marks_unreadable") or c2pa.get("unreadable")
    if unread:
        lines.append(f"Whether it carries a mark of AI generation could not be read ({unread}).")
    elif not marks and not c2pa.get("says_generated"):
        lines.append(NO_MARK)
    exif = {k.casefold(): v for k, v in (facts.get("exif") or {}).items()}
    if facts.get("exif") is not None and not any(k in exif for k in ("make", "model")):
        lines.append("No camera is named in its EXIF; most sites strip EXIF, so this says little on its own.")
    if "software" in exif:
        lines.append(f"Last written by software: {exif['software']}.")
    encoder = next((v for k, v in (facts.get("tags") or {}).items() if k.casefold().endswith("encoder")), "")
    if encoder.startswith(("Lavf", "Lavc")):
        lines.append("Written by FFmpeg: the file was re-encoded or re-packed after recording.")
    return lines


def _credentials(c2pa: dict[str, Any]) -> list[str]:
    if not c2pa.get("present"):
        return []
    by = c2pa.get("issuer") or c2pa.get("signed_by") or "an unnamed signer"
    if c2pa.get("trusted"):
        lines = [
            f"Its Content Credentials hold: signed by {by}, who is on the trust list, and unchanged since."
        ]
    elif c2pa.get("verified"):
        why = (
            "who is not on the trust list here"
            if c2pa.get("trust_list")
            else "and no trust list lies here to look the signer up in"
        )
        lines = [
            f"Its Content Credentials are unchanged since they were signed by {by}, {why}: anyone can make such a signature."
        ]
    else:
        problem = (
            c2pa.get("damaged") or "; ".join(c2pa.get("problems") or []) or "the signature does not hold"
        )
        lines = [
            f"Its Content Credentials do not hold ({problem}): the file or its manifest was changed after signing."
        ]
    if c2pa.get("generator"):
        lines.append(f"They were written by {c2pa['generator']}.")
    if c2pa.get("says_generated"):
        lines.append("They say that a generative model made it, or a part of it.")
    return lines


def duplicates(size: int, sha256: str, space: Workspace | None = None) -> list[dict[str, str]]:
    """Catalogued samples that are this very file, found by size first and by hash then."""
    found = []
    for row, path in _same_size(size, space or workspace()):
        try:
            if digest(path) == sha256:
                found.append({"id": str(row["id"]), "dataset": str(row["dataset"]), "label": _label(row)})
        # Catalogued and since gone: there is nothing to compare with.
        except FileNotFoundError:
            continue
        except (OSError, MediaError) as error:
            log.warning("%s is not looked at as a possible copy: %s", path, one_line(error))
    return found


def _same_size(size: int, space: Workspace) -> Iterator[tuple[dict[str, Any], Path]]:
    from core.catalog import table

    left = MOST_CANDIDATES
    for name in table.datasets(space):
        path = table.file_of(name, space)
        sizes, rows = _sizes(path, path.stat().st_mtime_ns)
        first, last = np.searchsorted(sizes, [size, size + 1])
        if first == last or left <= 0:
            continue
        wanted = rows[first:last][:left]
        left -= len(wanted)
        for row in table.arrow(name, space, ["id", "path", "dataset", "label"]).take(wanted).to_pylist():
            try:
                yield row, table.absolute_path(row, space)
            # Leads out of the data roots by now: it must not be read, and the next scan reports it.
            except MediaError:
                continue


@lru_cache(maxsize=64)
def _sizes(path: Path, changed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of a dataset's files in order, and the row of each; read again when the table changed."""
    import pyarrow.parquet as pq

    sizes = pq.read_table(path, columns=["bytes"]).column("bytes").to_numpy()
    order = np.argsort(sizes, kind="stable")
    return sizes[order], order


def _label(row: dict[str, Any]) -> str:
    return {1: "fake", 0: "real"}.get(row["label"], "unlabelled")
