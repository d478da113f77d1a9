"""One file over HTTP: goes on where it broke off, never half in its place, compared with the sum that its source states.

source ──bytes──▶ .NAME.part ──all there, sum right──▶ NAME
           ▲          └ an interrupted one goes on from where it stopped (HTTP range)
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WorkbenchError

BLOCK = 1 << 20  # bytes read at a time
PATIENCE = 30  # seconds without a byte
MOST = 4_000_000_000  # bytes of a file whose size nobody stated
Progress = Callable[[int, int], None]  # bytes so far, of how many


@dataclass(frozen=True)
class Wanted:
    """`size` and `sha256` where they are known beforehand; `begins`: the first digits of the sum."""

    name: str
    source: str
    size: int | None = None
    sha256: str | None = None
    begins: str = ""


@dataclass
class Stated:
    """What a hub says of a file on the way to it: `X-Linked-Etag` holds the sum of a large file, `ETag` of a small one."""

    sha256: str = ""
    git: str = ""  # sha1 of `blob SIZE\\0CONTENT`
    size: int | None = None

    def take(self, headers: Any) -> None:
        linked = str(headers.get("X-Linked-Etag") or "").strip('W/"')
        plain = str(headers.get("ETag") or "").strip('W/"')
        if re.fullmatch(r"[0-9a-f]{64}", linked):
            self.sha256 = linked
        if str(headers.get("X-Linked-Size") or "").isdigit():
            self.size = int(headers["X-Linked-Size"])
        if headers.get("X-Repo-Commit") and re.fullmatch(r"[0-9a-f]{40}", linked or plain):
            self.git = linked or plain


class _Redirects(urllib.request.HTTPRedirectHandler):
    """The hub states the sum where it sends on to the store, not in the store's answer."""

    def __init__(self, stated: Stated) -> None:
        self.stated_labels = stated

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        self.stated_labels.take(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(wanted: Wanted, path: Path, progress: Progress = lambda done, total: None) -> str:
    """Put the file at `path`, whole, or raise. Returns its sha256."""
    part = path.with_name(f".{path.name}.part")
    stated = Stated()
    try:
        _download(wanted, part, stated, progress)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        named = "" if wanted.source.endswith(f"/{path.name}") else f" as {path.name}"
        raise WorkbenchError(
            f"{wanted.name} cannot be fetched ({_reason(error)}): put {wanted.source} into {path.parent}{named}"
        ) from error
    found = sum_of(part)
    wrong = _differs(wanted, stated, part, found)
    if wrong:
        part.unlink()
        raise WorkbenchError(
            f"{wanted.name}: the file at {wanted.source} has another sum ({found[:12]}…, not {wrong[:12]}…); "
            "it was not kept"
        )
    os.replace(part, path)
    return found


def _reason(error: Exception) -> object:
    """In words, without the system's number."""
    inner = getattr(error, "reason", None) or error
    return getattr(inner, "strerror", None) or inner


def _differs(wanted: Wanted, stated: Stated, part: Path, found: str) -> str:
    """The sum that it should have and has not; empty where it has, or nobody states one."""
    for expected in (wanted.sha256 or "", wanted.begins, stated.sha256):
        if expected and not found.startswith(expected):
            return expected
    if stated.git and not stated.sha256 and _git_sum(part) != stated.git:
        return stated.git
    return ""


def _download(wanted: Wanted, part: Path, stated: Stated, progress: Progress) -> None:
    """Append what is still missing; a server that cannot go on begins anew."""
    have = part.stat().st_size if part.exists() else 0
    if wanted.size is not None and have >= wanted.size:
        # Whole already, or of another file: the sum decides, and a wrong one begins anew.
        if have == wanted.size and sum_of(part) == wanted.sha256:
            return
        part.unlink()
        have = 0
    request = urllib.request.Request(wanted.source, headers={"Range": f"bytes={have}-"} if have else {})
    redirects = _Redirects(stated)
    try:
        answer = urllib.request.build_opener(redirects).open(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        part.unlink()  # nothing follows what is there: whole or of another file, so it begins anew
        request.remove_header("Range")
        have, answer = 0, urllib.request.build_opener(redirects).open(request, timeout=PATIENCE)
    with answer:
        stated.take(answer.headers)
        goes_on = bool(have) and answer.status == http.client.PARTIAL_CONTENT
        done = have if goes_on else 0
        length = answer.headers.get("Content-Length")
        coming = done + int(length) if length and length.isdigit() else None
        total = wanted.size or stated.size or coming
        with part.open("ab" if goes_on else "wb") as file:
            while block := answer.read(BLOCK):
                done += len(block)
                if done > (total or MOST):
                    raise OSError(f"more than the {total or MOST:,} bytes that it has")
                file.write(block)
                progress(done, total or done)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and done < total:
        raise OSError(f"it broke off after {done:,} of {total:,} bytes; ask again and it goes on from there")


def sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_sum(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
