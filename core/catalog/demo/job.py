"""One piece of work of the demo: a few files of one dataset, made apart from all others and from their order."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Job:
    work: Callable[..., None]  # called with the dataset's folder, the seed and the arguments
    arguments: dict[str, Any]
    samples: int


@dataclass(frozen=True)
class DemoSet:
    """A small edition of a published dataset."""

    name: str  # the published name
    folder: str  # as it is downloaded
    about: str
    jobs: list[Job]
    documents: dict[str, str] = field(default_factory=dict)  # lists and tables that lie beside the media

    @property
    def samples(self) -> int:
        return sum(job.samples for job in self.jobs)


def generator(seed: int, *names: object) -> np.random.Generator:
    """A stream of random numbers of its own for every thing that has a name."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def run(root: Path, folder: str, seed: int, job: Job) -> int:
    job.work(root / folder, seed, **job.arguments)
    return job.samples
