"""The reading processes of a run end with it, also where nobody lets go of the loader."""

from __future__ import annotations

import subprocess
import sys

from core.workspace import CODE_ROOT

PROGRAM = """
import builtins
from torch.utils.data import DataLoader
from core.training.data import prepare_worker
loader = DataLoader(range(8), num_workers=2, persistent_workers=True, worker_init_fn=prepare_worker)
reading = iter(loader)
next(reading)
builtins.held = loader, reading  # alive until the very end of the process
"""


def test_a_process_ends_although_its_loader_is_still_held() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=CODE_ROOT, timeout=120, check=False)
    assert done.returncode == 0
