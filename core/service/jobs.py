"""What callers have asked for: a job is one request with its files, kept for a while after it is done."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.access import Person
from core.detection.exports import plain
from core.detection.serving.service import Job as FileJob
from core.detection.serving.uploads import SessionFolder

KEPT = 600.0  # seconds after the last verdict


@dataclass
class Job:
    """One request. Its folder holds the uploads and heat maps, and goes with it."""

    owner: Person
    folder: SessionFolder
    explain: bool
    files: list[FileJob] = field(default_factory=list)
    # Place → entry of a file that was not taken.
    refused: dict[int, dict[str, Any]] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: float = field(default_factory=time.time)
    ended: float | None = None

    @property
    def total(self) -> int:
        return len(self.files) + len(self.refused)

    @property
    def done(self) -> int:
        return sum(one.over for one in self.files) + len(self.refused)

    @property
    def state(self) -> str:
        if any(one.stage == "cancelled" for one in self.files):
            return "cancelled"
        if self.done == self.total:
            return "done"
        return "queued" if all(one.stage == "queued" for one in self.files) else "running"

    def entries(self) -> list[dict[str, Any] | None]:
        """As `python -m core detect --json` prints them, in the order given; null where none is there yet."""
        waiting = iter(self.files)
        return [
            self.refused[n] if n in self.refused else self._entry(next(waiting)) for n in range(self.total)
        ]

    def heatmap(self, number: int) -> Path | None:
        paths = list(self._paths())
        return paths[number] if 0 <= number < len(paths) else None

    def document(self) -> dict[str, Any]:
        return {
            "job": self.id,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "entries": self.entries(),
        }

    def _paths(self) -> Iterator[Path]:
        for one in self.files:
            yield from (Path(p) for p in (one.verdict.heatmaps if one.verdict is not None else ()))

    def _entry(self, one: FileJob) -> dict[str, Any] | None:
        """Paths of this machine stay here: a heat map is named by its address."""
        if one.verdict is None or not one.over:
            return None
        entry: dict[str, Any] = plain(one.verdict.to_dict())
        number = {str(path): n for n, path in enumerate(self._paths())}
        entry["heatmaps"] = [f"/v1/jobs/{self.id}/heatmaps/{number[str(p)]}" for p in one.verdict.heatmaps]
        entry["explanations"] = [
            {**e, "path": f"/v1/jobs/{self.id}/heatmaps/{number[e['path']]}", "overlay": "", "frame": ""}
            for e in entry["explanations"]
            if e["path"] in number
        ]
        entry["waveform"] = {}
        return entry


class Jobs:
    """All jobs of one server; those that ended long ago are forgotten with their files."""

    def __init__(self, kept: float = KEPT) -> None:
        self.kept = kept
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def add(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def get(self, name: str, owner: Person) -> Job | None:
        """A job of this caller; somebody else's is as if it were not there."""
        job = self._jobs.get(name)
        return job if job is not None and job.owner == owner else None

    def of(self, owner: Person) -> list[Job]:
        return [job for job in list(self._jobs.values()) if job.owner == owner]

    def remove(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)
        job.folder.close()

    def look(self) -> list[Job]:
        """Note which jobs have just ended, and forget the old ones. Gives those that have just ended."""
        ended = []
        for job in list(self._jobs.values()):
            if job.ended is None and job.done == job.total:
                job.ended = time.time()
                ended.append(job)
            elif job.ended is not None and time.time() - job.ended > self.kept:
                self.remove(job)
        return ended

    def close(self) -> None:
        for job in list(self._jobs.values()):
            self.remove(job)
