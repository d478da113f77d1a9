"""What /metrics tells Prometheus: requests, verdicts, what waits, seconds, memory."""

from __future__ import annotations

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from core.memory import resident

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """One registry a server, so that tests and servers do not share figures."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self.requests = Counter("workbench_requests", "Answers given", ("path", "status"), registry=own)
        self.verdicts = Counter("workbench_verdicts", "Files judged", ("verdict",), registry=own)
        self.seconds = Histogram(
            "workbench_file_seconds", "From upload to verdict", buckets=SECONDS, registry=own
        )
        self._waiting = Gauge("workbench_queue", "Files that wait for a verdict", registry=own)
        self._memory = Gauge(
            "workbench_memory_bytes", "Resident memory of the service and its processes", registry=own
        )

    def text(self, waiting: int) -> bytes:
        self._waiting.set(waiting)
        self._memory.set(resident(psutil.Process()))
        return bytes(generate_latest(self._registry))
