"""A process of this workbench that answers messages: it is started here, asked through its stdin and heard on its stdout.

    message   | length, 8 bytes | content |     the same both ways; what the content means, the two ends agree on

They are started by hand, not by multiprocessing: that would run the main module of a dashboard again.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from core import priority
from core.workspace import CODE_ROOT

LENGTH = struct.Struct("<Q")
LARGEST = 8 << 30  # bytes of one message
BLOCK = 1 << 20  # bytes read at once
LOOK = 0.5  # seconds between two looks at whether a process is still wanted


class TooLarge(ValueError):
    """The other end announces more than can be passed on."""


class Messages:
    """Both ends send and receive the same way."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, *parts: bytes | memoryview) -> None:
        """One message, whose parts are written one after the other."""
        for part in (LENGTH.pack(sum(len(part) for part in parts)), *parts):
            view = memoryview(part)
            while len(view):  # a pipe takes what fits
                view = view[os.write(self._outgoing, view) :]

    def receive(self, seconds: float | None = None) -> bytearray:
        """The next message. EOFError where the other end is gone, TimeoutError where it takes longer."""
        end = None if seconds is None else time.monotonic() + seconds
        (length,) = LENGTH.unpack(self._read(LENGTH.size, end))
        if length > LARGEST:
            raise TooLarge(f"a message of {length} bytes")
        return self._read(length, end)

    def _read(self, length: int, end: float | None) -> bytearray:
        data = bytearray(length)
        view = memoryview(data)
        while len(view):
            if end is not None:
                left = end - time.monotonic()
                if left <= 0 or not self._ready(left):
                    raise TimeoutError
            count = os.readv(self._incoming, [view[:BLOCK]])
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def _ready(self, seconds: float) -> bool:
        poll = select.poll()  # knows descriptors above 1,023, which a busy server has
        poll.register(self._incoming, select.POLLIN)
        return bool(poll.poll(1000 * seconds))


class ChildProcess(Messages):
    """`python -m MODULE` with the pipes to it. It ends with the one that started it, whatever it does then: its stdin
    is closed."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        below: int = 0,
        quiet: bool = True,
    ) -> None:
        """`below`: by how much it comes after this process; `quiet`: what it prints on stderr is thrown
        away."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            cwd=CODE_ROOT,
            env=dict(environment),
            bufsize=0,
            start_new_session=True,  # a Ctrl-C in the terminal is for its starter to handle
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        super().__init__(self.process.stdout.fileno(), self.process.stdin.fileno())
        priority.lower(self.process.pid, below)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """From any thread; whoever waits for an answer hears of it and ends it."""
        self.process.kill()

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.kill()
        # It is ended already, and what was left to write is of no use to it.
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdout.close()


def starter() -> Messages:
    """In the child: the messages of the one that started it. What a library prints from now on is no
    message."""
    outgoing = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_starter, name="starter", daemon=True).start()
    return Messages(0, outgoing)


def _end_with_starter() -> None:
    """Also in the middle of a file that takes minutes: nobody waits for it any more."""
    poll = select.poll()
    poll.register(0, 0)  # of nothing but that the other end is closed
    poll.poll()
    os._exit(0)


def outlast(
    process: subprocess.Popen[str],
    cancelled: Callable[[], bool],
    on_line: Callable[[str], None] = lambda line: None,
) -> tuple[str, str]:
    """What it printed on stdout and stderr until it ended, or was killed because nobody wants it any more. The last line
    of stderr is told about while it works.
    """
    assert process.stdout is not None and process.stderr is not None
    printed, lines = [""], [""]
    readers = [
        threading.Thread(target=lambda: printed.extend(process.stdout or ())),
        threading.Thread(target=lambda: lines.extend(process.stderr or ())),
    ]
    for reader in readers:
        reader.start()
    told = lines[-1]
    try:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
            if cancelled():
                process.kill()
            elif lines[-1] != told:
                told = lines[-1]
                on_line(told.strip())
    finally:
        process.kill()  # nothing where it has ended
    for reader in readers:
        reader.join()
    return "".join(printed), "".join(lines)
