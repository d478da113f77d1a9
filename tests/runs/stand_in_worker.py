"""A worker that takes milliseconds: it writes what the trainer writes, and misbehaves as its config.yaml asks.

Fields: epochs, pause (seconds a step), misbehave (exit, kill, hang, deaf, disk, large, limit, silent).
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.runs import events, processes
from core.runs.folder import RunFolder
from core.workspace import write_atomic

STEPS = 5  # in an epoch


def misbehave(run: RunFolder, how: str) -> None:
    if how == "exit":
        print("ValueError: the loss is not finite", file=sys.stderr)
        sys.exit(1)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(3600)
    if how == "silent":
        sys.exit(0)
    if how in ("large", "limit"):  # a checkpoint that does not fit
        if how == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        write_atomic(run.last_checkpoint, b"0" * (1 << 20))
    if how == "disk":
        (run.path / ".last.pth.torn.tmp").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(run.last_checkpoint))


def main() -> None:
    run = RunFolder(sys.argv[sys.argv.index("--run-dir") + 1])
    config = run.config()
    rank = int(os.environ.get("RANK", "0"))
    how, epochs = config.get("misbehave", ""), int(config.get("epochs", 3))
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    if rank == 0:
        run.set_status(
            state="running",
            pid=os.getpid(),
            process_start=processes.start_time(os.getpid()),
            heartbeat=time.time(),
            epochs=epochs,
            steps=epochs * STEPS,
            started=time.time(),
        )
        print(f"pid {os.getpid()} world {os.environ.get('WORLD_SIZE', '1')}", flush=True)
    first = int(run.last_checkpoint.read_text()) if "--resume" in sys.argv else 0
    for step in range(first + 1, epochs * STEPS + 1):
        time.sleep(float(config.get("pause", 0.01)))
        epoch = (step - 1) // STEPS + 1
        if rank == 0:
            events.append(
                run.events_file, step, epoch, {"train/loss": 1 / step, "val/auc": 1 - 1 / (step + 1)}
            )
            run.set_status(heartbeat=time.time(), step=step, epoch=epoch, best=1 - 1 / (step + 1))
            write_atomic(run.last_checkpoint, str(step))
        if step == 2 and how not in ("", "deaf") and "--resume" not in sys.argv:
            misbehave(run, how)
        if (stop or run.stop_file.exists()) and how != "deaf":
            if rank == 0:
                run.set_status(state="stopped", ended=time.time())
            return
    if rank == 0:
        run.set_status(state="completed", ended=time.time())


main()
