"""The process that decodes for sandbox.py."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import sys
from typing import Any

from core.child_process import Messages, starter
from core.media.limits import Limits
from core.media.sandbox import GRACE, answer
from core.media.wire import pack, unpack

OPEN_FILES = 256


def main() -> None:
    """`python -m core.media.worker [MODULE]`: the module is imported before the first request."""
    messages = starter()
    for name in sys.argv[1:]:
        # What it lacks is said to whoever asks for it.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    with contextlib.suppress(EOFError, OSError):  # whoever asked is gone
        while True:
            _serve(unpack(messages.receive()), messages)


def _serve(request: dict[str, Any], messages: Messages) -> None:
    limits: Limits = request["limits"]
    # Should the parent be gone, nobody kills a worker that hangs: then the alarm does.
    signal.setitimer(signal.ITIMER_REAL, limits.decode_seconds + 2 * GRACE)
    _limit(resource.RLIMIT_AS, _address_space() + int(limits.memory))
    try:
        parts = pack(answer(request))
    except MemoryError:
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        text = f"{os.path.basename(str(request['path']))}: decoding needs more memory than the limit"
        parts = pack({"error": text, "kind": "MediaError"})
    finally:
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        signal.setitimer(signal.ITIMER_REAL, 0)
    messages.send(*parts)


def _limit(what: int, value: int) -> None:
    """The soft limit: raised again for the next file. Some systems do not know some of them."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (value, resource.getrlimit(what)[1]))


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    # Another system than Linux: memory is bounded by less.
    except OSError:
        return 0


if __name__ == "__main__":
    main()
