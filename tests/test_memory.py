"""Freed memory is kept: a pass that was made before asks the system for nothing new."""

from __future__ import annotations

import subprocess
import sys

import pytest

PASSES = """
import resource
import numpy as np
from core.memory import keep_freed
if {kept}:
    assert keep_freed()
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def one(): np.ones(20 << 20, np.uint8).sum()
for _ in range(3): one()
before = faults()
for _ in range(20): one()
print(faults() - before)
"""


def faults(kept: bool) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PASSES.format(kept=kept)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the settings are glibc's")
def test_large_arrays_are_not_asked_for_anew() -> None:
    pages = 20 * (20 << 20) // 4096
    assert faults(kept=True) < pages / 100


GIVEN_BACK = """
import os, psutil
import numpy as np
from core.memory import give_back_freed, keep_freed
assert keep_freed()
kept = np.ones(1)
many = [np.ones(20 << 20, np.uint8) for _ in range(20)]
last = np.ones(20 << 20, np.uint8)  # stands behind them, so that the end of the heap cannot go back
del many
own = psutil.Process()
before = own.memory_info().rss
give_back_freed()
print(before - own.memory_info().rss)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the settings are glibc's")
def test_what_is_kept_goes_back_when_asked() -> None:
    done = subprocess.run([sys.executable, "-c", GIVEN_BACK], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 15 * (20 << 20)
