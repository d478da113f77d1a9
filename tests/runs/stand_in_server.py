"""A server without pages: it holds the run manager of a workspace, and starts one run if it is given epochs."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.access import LOCAL
from core.runs.manager import RunManager
from core.workspace import Workspace
from tests.runs.conftest import stand_in_executor

manager = RunManager(Workspace(Path(sys.argv[1])), make_executor=stand_in_executor)
if len(sys.argv) > 2:
    run = manager.submit({"model": "m", "epochs": int(sys.argv[2]), "pause": 0.02}, LOCAL)
    print(run.id, flush=True)
else:
    print("ready", flush=True)
time.sleep(3600)
