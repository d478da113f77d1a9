"""Verdict files that grow with the batch: a stop or a kill loses only the file in hand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from core.detection import exports
from core.errors import BadInput


class Growing(Protocol):
    """Takes each entry as it comes."""

    def add(self, entry: Mapping[str, Any]) -> None: ...


class JsonLines:
    """One JSON object a line, appended to what the file holds; a torn last line of a killed batch is closed first.

    {"file": "a.png", …}⏎
    {"file": "b.pn          <- the process died here
    {"file": "c.png", …}⏎
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        torn = _last_byte(path) not in (b"", b"\n")
        self._write(b"\n" if torn else b"")

    def add(self, entry: Mapping[str, Any]) -> None:
        self._write(_line(entry) + b"\n")

    def _write(self, content: bytes) -> None:
        """In one call, so that the lines of two batches never mix."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise BadInput(f"{self._path} cannot be written ({error.strerror}); name another file") from error
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            if content:
                file.write(content)


class GrowingFolder:
    """verdicts.json and verdicts.csv under a folder: whole documents after every entry, in the order of arrival.

    verdicts.json   [⏎ entry,⏎ entry⏎]⏎      the closing bracket is overwritten by the next entry
    """

    END = b"\n]\n"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._json, self._csv = folder / "verdicts.json", folder / "verdicts.csv"
        self._entries = 0
        exports.save(folder, [])
        self._json.write_bytes(b"[" + self.END)

    def add(self, entry: Mapping[str, Any]) -> None:
        with self._json.open("r+b") as file:
            file.seek(-len(self.END), os.SEEK_END)
            file.write((b",\n" if self._entries else b"\n") + _line(entry) + self.END)
        with self._csv.open("ab") as file:
            file.write(exports.as_csv([entry], header=False).encode())
        self._entries += 1


def _line(entry: Mapping[str, Any]) -> bytes:
    """ASCII only: a file name that is no valid UTF-8 comes back as given."""
    return json.dumps(exports.plain(entry), allow_nan=False).encode()


def _last_byte(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if not file.tell():
                return b""
            file.seek(-1, os.SEEK_END)
            return file.read(1)
    except OSError:
        return b""
