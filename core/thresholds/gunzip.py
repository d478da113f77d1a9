"""A .gz file as the bytes that it holds, up to a limit."""

from __future__ import annotations

import io
import zlib
from typing import IO, Any

from core.errors import BadInput


class Gunzip(io.RawIOBase):
    """Decompresses as it is read and stops at the limit: a small file may hold terabytes."""

    def __init__(self, file: IO[bytes], most: int, too_large: str) -> None:
        self.file, self.most, self.too_large = file, most, too_large
        self.inflate = zlib.decompressobj(31)
        self.given = 0
        self.left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        data = b""
        while not data:
            if self.inflate.eof:  # members may follow each other
                self.left = self.inflate.unused_data or self.file.read(1 << 20)
                if not self.left:
                    return 0
                self.inflate = zlib.decompressobj(31)
            source = self.left or self.inflate.unconsumed_tail or self.file.read(1 << 20)
            self.left = b""
            if not source:
                raise EOFError("the compressed file ends early")
            data = self.inflate.decompress(source, wanted)
        self.given += len(data)
        if self.given > self.most:
            raise BadInput(self.too_large)
        buffer[: len(data)] = data
        return len(data)
