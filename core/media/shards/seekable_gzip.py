"""A gzip file read like a plain one: states of the decoder are kept on the way, so that going back costs little.

    position  0 ........ 16 MB ........ 32 MB ........ 48 MB
    kept      s0         s1             s2                      a read at 40 MB starts from s2

The first pass decompresses everything once (200 to 300 MB a second); later any place is at most SPAN away.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from typing import BinaryIO, Protocol, Self

from core.errors import MediaError
from core.media.limits import Limits

SPAN = 16 << 20  # decompressed bytes between two kept states; one takes about 40 kB
CHUNK = 64 << 10  # compressed bytes that are read at a time
BLOCK = 256 << 10  # decompressed bytes that are held at a time
FREE, RATIO = 256 << 20, 200  # a file may grow to this many bytes, and beyond to so many times its own size


class Decoder(Protocol):
    """What zlib.decompressobj gives."""

    @property
    def eof(self) -> bool: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int = 0) -> bytes: ...

    def copy(self) -> Self: ...


@dataclass(frozen=True)
class State:
    """A place to go on from: decompressed and compressed position, and the decoder as it was there."""

    position: int
    fed: int
    decoder: Decoder


class SeekableGzip:
    """The decompressed bytes of an open gzip file, also of several in a row, as one may seek and read in them.

    It reads at places of its own, so that forked processes do not move each other's.
    """

    def __init__(self, file: BinaryIO, name: str, limits: Limits) -> None:
        self.file, self.name, self.limits = file, name, limits
        self.bytes = file.seek(0, 2)
        self.states = [State(0, 0, _decoder())]
        self.position = 0
        self.deadline = limits.deadline()
        self._go_on_from(self.states[0])

    def begin(self, limits: Limits) -> None:
        """The time that the next reads may take starts now."""
        self.limits, self.deadline = limits, limits.deadline()

    def _go_on_from(self, state: State) -> None:
        self.decoder: Decoder = state.decoder.copy()
        self.start, self.block = state.position, b""
        self.tail = b""
        self.fed = self.next = state.fed

    def tell(self) -> int:
        return self.position

    def seek(self, position: int, whence: int = 0) -> int:
        self.position = position + (self.position if whence == 1 else 0)
        return self.position

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        if self.position < self.start or self.position > self.start + len(self.block) + SPAN:
            self._restart()
        parts: list[bytes] = []
        missing = size
        while missing > 0:
            at = self.position - self.start
            if at >= len(self.block):
                if not self._advance():
                    break
                continue
            part = self.block[at : at + missing]
            parts.append(part)
            missing -= len(part)
            self.position += len(part)
        return b"".join(parts)

    def _restart(self) -> None:
        """From the last kept state before the position, unless this is past it already."""
        nearest = self.states[bisect_right(self.states, self.position, key=lambda state: state.position) - 1]
        if nearest.position > self.start or self.position < self.start:
            self._go_on_from(nearest)

    def _advance(self) -> bool:
        """The next block; False at the end."""
        self.start += len(self.block)
        self.block = b""
        self._keep_state()
        while not self.block:
            self._check()
            data = self.tail if len(self.tail) > 1 else self.tail + self._read_chunk()
            if not data:
                if self.decoder.eof:
                    return False
                raise EOFError("it ends too early")
            if self.decoder.eof:
                if not data.startswith(b"\x1f\x8b"):  # padding behind the last one
                    return False
                self.decoder = _decoder()
            self.block = self.decoder.decompress(data, BLOCK)
            self.tail = self.decoder.unused_data if self.decoder.eof else self.decoder.unconsumed_tail
            self.fed = self.next - len(self.tail)
        return True

    def _read_chunk(self) -> bytes:
        data = os.pread(self.file.fileno(), CHUNK, self.next)
        self.next += len(data)
        return data

    def _keep_state(self) -> None:
        if self.start >= self.states[-1].position + SPAN and not self.decoder.eof:
            self.states.append(State(self.start, self.fed, self.decoder.copy()))

    def _check(self) -> None:
        most = max(FREE, RATIO * self.bytes)
        if self.start > most:
            raise MediaError(
                f"{self.name}: grows to more than {RATIO} times its size; it is no archive of media, or an attack"
            )
        try:
            self.deadline.check(self.name)
        except MediaError as error:
            raise MediaError(
                f"{self.name}: to decompress it takes longer than {self.limits.decode_seconds:g} s "
                "(settings, [limits]); decompress it once (gunzip) to a plain .tar, which is read in place"
            ) from error


def _decoder() -> Decoder:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
