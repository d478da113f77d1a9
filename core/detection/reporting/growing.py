"""Verdict files that grow with the batch: a stop or a kill loses only the file in hand."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from core.appending import append_whole
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
        self._write(b"")

    def add(self, entry: Mapping[str, Any]) -> None:
        self._write(_line(entry) + b"\n")

    def _write(self, content: bytes) -> None:
        try:
            append_whole(self._path, content)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise BadInput(f"{self._path} cannot be written ({error.strerror}); name another file") from error


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
        size = self._json.stat().st_size - len(self.END)
        try:
            self._end_with(size, (b",\n" if self._entries else b"\n") + _line(entry) + self.END)
        except OSError:  # a full disk took a part: the document stays as it was
            os.truncate(self._json, size + len(self.END))
            self._end_with(size, self.END)
            raise
        with self._csv.open("ab") as file:
            file.write(exports.as_csv([entry], header=False).encode())
        self._entries += 1

    def _end_with(self, place: int, content: bytes) -> None:
        with self._json.open("r+b") as file:
            file.seek(place)
            file.write(content)


def _line(entry: Mapping[str, Any]) -> bytes:
    """ASCII only: a file name that is no valid UTF-8 comes back as given."""
    return json.dumps(exports.plain(entry), allow_nan=False).encode()
