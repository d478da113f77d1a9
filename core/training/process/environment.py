"""What stands around a training: its status and heartbeat, the signals that end it, its log. Only rank 0
writes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import psutil

from core.runs.folder import RunFolder
from core.training.process.heartbeat import Heartbeat
from core.training.process.ranks import Ranks
from core.training.process.signals import call_on_stop_signal

log = logging.getLogger("core.training")


class NonPrimaryHeartbeat:
    """What ranks other than 0 have for a heartbeat: they hear signals only, and write nothing."""

    def __init__(self, folder: RunFolder) -> None:
        self.fields: dict[str, Any] = {}
        self._folder, self._asked = folder, False

    def stop_requested(self) -> bool:
        return self._asked or self._folder.stop_file.exists()

    def request_stop(self) -> None:
        self._asked = True


@contextlib.contextmanager
def mark_running(folder: RunFolder, ranks: Ranks) -> Iterator[Heartbeat | NonPrimaryHeartbeat]:
    """The status says running, with this process, until the block ends; rank 0 only."""
    if not ranks.first:
        yield NonPrimaryHeartbeat(folder)
        return
    own = psutil.Process()
    folder.set_status(
        state="running",
        pid=own.pid,
        process_start=own.create_time(),
        host=socket.gethostname(),
        heartbeat=time.time(),
        started=time.time(),
        ended=None,
        error=None,
    )
    gpu = ranks.device.index if ranks.device.type == "cuda" else None
    with Heartbeat(folder, gpu=gpu, failure_of_another=ranks.failure_of_another) as heartbeat:
        yield heartbeat
        heartbeat.measure()


@contextlib.contextmanager
def stop_on_signals(heartbeat: Heartbeat | NonPrimaryHeartbeat) -> Iterator[None]:
    """SIGTERM and the first Ctrl-C ask the run to stop after its batch; a second Ctrl-C ends it at once."""

    def ask(number: int) -> None:
        log.info("asked to stop (%s); the batch is finished first", signal.Signals(number).name)
        heartbeat.request_stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with call_on_stop_signal(ask):
        yield


def leave_after_writing(ranks: Ranks) -> AbstractContextManager[None]:
    """torchrun ends all ranks as soon as one is gone: rank 0 writes why before it follows."""
    return call_on_stop_signal(lambda _: None) if ranks.several else contextlib.nullcontext()


@contextlib.contextmanager
def log_to_folder(folder: RunFolder) -> Iterator[None]:
    """Log lines go to log.txt and to stderr, once each where stderr is log.txt already. Only rank 0
    writes."""
    logger = logging.getLogger("core")
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    folder.path.mkdir(parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    folder.log_file.touch()
    if not is_same_file(sys.stderr, folder):
        handlers.append(logging.FileHandler(folder.log_file, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(form)
        logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def is_same_file(stream: Any, folder: RunFolder) -> bool:
    """Whether the stream is the run's log: whoever started the worker may have sent it there."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), folder.log_file.stat())
    except (OSError, AttributeError, ValueError):
        return False
