"""A small thread that shows a run is alive, hears when it shall stop, and measures the machine."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from core.runs import events
from core.runs.folder import FolderGone, RunFolder

log = logging.getLogger(__name__)

BEAT = 2.0  # seconds
MEASURE_EVERY = 2  # beats
MEGABYTE = 1024 * 1024


class Heartbeat:
    """Writes status.json every two seconds; `stopping` becomes true when the stop file or a signal asks for
    it."""

    def __init__(
        self,
        folder: RunFolder,
        *,
        gpu: int | None,
        beat: float = BEAT,
        failure_of_another: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.folder, self.beat, self._failure_of_another = folder, beat, failure_of_another
        self.machine = Machine(gpu)
        self.fields: Mapping[str, Any] = {}  # further fields of the status, replaced as a whole
        self._trouble: dict[str, str] = {}  # what could not be written at the last beat, and why
        self._asked = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=30)

    def stop_requested(self) -> bool:
        """Whether the run shall stop; the file is also looked for here, between two beats. FolderGone where
        that is so."""
        self.folder.require()
        if not self._asked.is_set() and self.folder.stop_file.exists():
            self._asked.set()
        return self._asked.is_set()

    def request_stop(self) -> None:
        self._asked.set()

    def _run(self) -> None:
        beats = 0
        while not self._over.wait(self.beat if beats else 0):
            self._try("the heartbeat", self._show)
            if beats % MEASURE_EVERY == 0:
                self._try("the use of the machine", self.measure)
            beats += 1

    def _show(self) -> None:
        if self._over.is_set():  # the last word is the run's own
            return
        # The training itself may wait on its card for the rank that failed, until it is ended with it.
        failed = self._failure_of_another()
        fields = dict(self.fields) if failed is None else {**self.fields, "error": failed}
        self.folder.set_status(heartbeat=time.time(), **fields)

    def measure(self) -> None:
        step, epoch = int(self.fields.get("step", 0)), int(self.fields.get("epoch", 1))
        events.append(self.folder.events_file, step, max(1, epoch), self.machine.measurements())

    def _try(self, what: str, action: Callable[[], Any]) -> None:
        """A full disk must not end the heartbeat: it is logged once and tried again at every beat."""
        try:
            action()
        except FolderGone:
            self._over.set()  # the training itself says so, at its next step
        except OSError as error:
            if self._trouble.get(what) != str(error):
                log.warning("%s cannot be written (%s)", what, error)
            self._trouble[what] = str(error)
        else:
            self._trouble.pop(what, None)


class Machine:
    """What this process and its workers use of the machine."""

    def __init__(self, gpu: int | None) -> None:
        self._process = psutil.Process()
        self._gpu = None if gpu is None else _gpu_handle(gpu)
        psutil.cpu_percent()

    def measurements(self) -> dict[str, float]:
        """CPU of the machine (%), memory of the run (MB), and of its GPU use (%), memory (MB), temperature
        (°C), power (W)."""
        found = {"cpu": psutil.cpu_percent(), "memory": self._memory() / MEGABYTE}
        if self._gpu is not None:
            found.update(gpu_measurements(self._gpu))
        return found

    def _memory(self) -> float:
        total = 0.0
        for process in [self._process, *self._process.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # a worker that has just ended uses none
        return total


def gpu_measurements(handle: Any) -> dict[str, float]:
    """What the driver says of a GPU; what this card does not measure is left out."""
    import pynvml

    asked: dict[str, Callable[[], float]] = {
        "gpu": lambda: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        "gpu_memory": lambda: float(pynvml.nvmlDeviceGetMemoryInfo(handle).used) / MEGABYTE,
        "gpu_temperature": lambda: float(
            pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)
        ),
        "gpu_power": lambda: float(pynvml.nvmlDeviceGetPowerUsage(handle)) / 1000,
    }
    found = {}
    for name, measure in asked.items():
        # A card that does not tell one figure tells the others.
        with contextlib.suppress(pynvml.NVMLError):
            found[name] = measure()
    return found


def _gpu_handle(index: int) -> Any:
    """The GPU's handle at the driver, which counts all GPUs, not only those that this process may see."""
    import pynvml
    import torch

    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(index).uuid}")
    except (pynvml.NVMLError, AttributeError, RuntimeError) as error:
        log.warning("the use of the GPU cannot be measured (%s)", error)
        return None
