"""A text whose columns are apart by any white space, as one whose columns are apart by one space."""

from __future__ import annotations

import io
import re
from typing import IO, Any

import numpy as np


class SingleSpaces(io.RawIOBase):
    """A file with one space where it has several or tabs, and none at the ends of its lines."""

    def __init__(self, file: IO[bytes] | io.RawIOBase, block: int) -> None:
        self.file, self.block = file, block
        self.rest, self.ready = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.ready:
            data = self.file.read(self.block) or b""
            if not data and not self.rest:
                return 0
            text = self.rest + data
            cut = text.rfind(b"\n") + 1 if data else len(text)
            if not cut and len(text) > self.block:
                cut = len(text)  # a row longer than a block is refused by whoever reads it
            self.ready, self.rest = memoryview(_single_spaced(text[:cut])), text[cut:]
        given = self.ready[: len(buffer)]
        self.ready = self.ready[len(given) :]
        buffer[: len(given)] = given
        return len(given)


def _has_two_white(text: bytes) -> bool:
    """Whether two bytes of white space follow each other; one pass, where each search of bytes would be one."""
    white = np.frombuffer(text, np.uint8) <= ord(" ")
    return bool((white[1:] & white[:-1]).any())


def _single_spaced(text: bytes) -> bytes:
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    if not text.startswith(b" ") and not _has_two_white(text):
        return text
    if b"  " in text:
        text = re.sub(rb" {2,}", b" ", text)
    if b" \n" in text or b" \r" in text:
        text = re.sub(rb" +(?=\r?\n)", b"", text)
    if b"\n " in text or text.startswith(b" "):
        text = re.sub(rb"(?m)^ +", b"", text)
    return text
