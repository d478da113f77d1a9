"""How long this machine, as busy as it is, takes for the first steps: a little of the same work, timed.

probe        two pictures and a second of speech, made in this process      p seconds by the clock, on average
the demo     as much as DEMO probes, on as many processes as it gets        p * DEMO / processes
the training as much as TRAINING probes, on two processors or more          p * TRAINING / 2
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from core.catalog.demo.manipulations import draw_generator, swap_face, vocode
from core.catalog.demo.people import draw_person
from core.catalog.demo.scenes import shoot
from core.catalog.demo.speech import draw_voice, record, speak

PROBES = 5  # one alone may get a processor that others use all the time
MOST_PROCESSES = 8  # of core.catalog.demo.making
# Processor seconds of each over those of a probe, on the machine of README's figures.
DEMO, TRAINING = 2250.0, 2400.0


@dataclass(frozen=True)
class Times:
    """Seconds of the demo datasets and of the first detector."""

    demo: float
    training: float


def expected() -> Times:
    """Measured now; takes about a fifth of a second."""
    probe()  # imports and caches are no part of it
    begin = time.perf_counter()
    for _ in range(PROBES):
        probe()
    seconds = (time.perf_counter() - begin) / PROBES
    processors = len(os.sched_getaffinity(0))
    return Times(
        demo=seconds * DEMO / max(1, min(MOST_PROCESSES, processors)),
        training=seconds * TRAINING / max(1, min(2, processors)),
    )


def probe() -> None:
    rng = np.random.default_rng(0)
    target, donor = (shoot(rng, draw_person(rng), 192, 192) for _ in range(2))
    swap_face(rng, target, donor, draw_generator(rng))
    vocode(rng, record(rng, speak(rng, draw_voice(rng), 1.0)), 16_000)
