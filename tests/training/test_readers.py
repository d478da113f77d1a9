"""The reading processes of a run end with it, also where nobody lets go of the loader."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from core.workspace import CODE_ROOT

PROGRAM = """
import builtins
from torch.utils.data import DataLoader
from core.training.reading.data import prepare_worker
loader = DataLoader(range(8), num_workers=2, persistent_workers=True, worker_init_fn=prepare_worker)
reading = iter(loader)
next(reading)
builtins.held = loader, reading  # alive until the very end of the process
"""


def test_a_process_ends_although_its_loader_is_still_held() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=CODE_ROOT, timeout=120, check=False)
    assert done.returncode == 0


LARGE = """
import os, sys, time
import numpy as np
from torch.utils.data import DataLoader
from core.training.reading.data import prepare_worker
class Large:
    def __len__(self): return 8
    def __getitem__(self, i):
        os.write(1, b"read\\n")
        return np.zeros(2**22, np.uint8)  # more than a pipe holds
loader = DataLoader(Large(), batch_size=None, num_workers=2, worker_init_fn=prepare_worker, collate_fn=lambda x: x)
reading = iter(loader)
os.write(1, f"pids {' '.join(str(worker.pid) for worker in reading._workers)}\\n".encode())
time.sleep(600)
"""


def test_readers_of_a_killed_process_do_not_stay_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", LARGE], cwd=CODE_ROOT, stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        lines: list[bytes] = []
        # Both have read twice: their first piece waits in a full pipe for somebody to take it.
        while lines.count(b"read\n") < 4 or len(lines) == lines.count(b"read\n"):
            lines.append(training.stdout.readline())
            assert lines[-1], "it has ended by itself"
        readers = [int(pid) for line in lines if line.startswith(b"pids") for pid in line.split()[1:]]
        training.kill()
    assert len(readers) == 2
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in readers):
        assert time.monotonic() < end, "a reader is still there"
        time.sleep(0.1)
