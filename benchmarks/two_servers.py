"""What the fault benchmark does with two servers on one workspace: nobody's change may be lost, no run start
twice."""

from __future__ import annotations

from benchmarks.fault_bench import CONFIG, Bench, wait_for
from benchmarks.fault_kills import answers, free_port
from benchmarks.sessions import Session
from core import audit
from core.access import LOCAL
from core.runs import events
from core.runs.folder import new_run
from core.runs.manager import RunManager
from core.thresholds import operating_point

EACH = 40  # changes of either writer
WRITER = """
import sys, time
from pathlib import Path
from core import audit
from core.access import LOCAL
from core.catalog.scan import scan
from core.thresholds.operating_point import OperatingPoint, save
from core.workspace import workspace
run, data, own, each, ready, go = sys.argv[1:]
open(ready, "w").close()
while not Path(go).exists():
    time.sleep(0.01)
for n in range(int(each)):
    save(run, OperatingPoint(n / 1e4, own, "val"), LOCAL)
    workspace().change_settings(lambda s: {**s, "marks": {**s.get("marks", {}), f"{own}{n}": n}})
    if n % 10 == 0:
        scan([Path(data)])
"""


def two_writers(bench: Bench) -> None:
    """Two processes save, change the settings and scan at once: every change of both is there."""
    run = new_run({"model": "none"}, path=bench.space.runs / "shared").path
    lines = len(audit.entries(bench.space))
    ready, go = [bench.space.root / f"ready-{own}" for own in "ab"], bench.space.root / "go"
    writers = [
        bench.start("-c", WRITER, str(run), str(bench.data), own, str(EACH), str(mark), str(go))
        for own, mark in zip("ab", ready, strict=True)
    ]
    wait_for(lambda: all(mark.exists() for mark in ready), 300)
    go.touch()
    for writer in writers:
        bench.check(writer.wait(600) == 0, f"one of two writers ended with {writer.returncode}")
    bench.check(
        len(operating_point.history(run)) == 2 * EACH, "of two writers' operating points some are lost"
    )
    marks = bench.space.settings().get("marks", {})
    bench.check(len(marks) == 2 * EACH, f"of two writers' settings {2 * EACH - len(marks)} are lost")
    bench.check(len(audit.entries(bench.space)) >= lines + 2 * EACH, "lines of the audit trail are lost")
    bench.check_trail("two writers")
    bench.space.change_settings(lambda s: {k: v for k, v in s.items() if k != "marks"})


def two_dashboards(bench: Bench) -> None:
    """Two servers look after one queue: each run is trained once, to its end."""
    ports = [free_port(), free_port()]
    servers = [bench.start("-m", "dashboard", "--port", str(port)) for port in ports]
    try:
        for port in ports:
            wait_for(lambda port=port: answers(f"http://127.0.0.1:{port}/_stcore/health"), 600)  # type: ignore[misc]
            with Session(port, "runs") as visitor:
                visitor.rerun()
        manager = RunManager(bench.space, keep=False)
        folders = [manager.submit({**CONFIG, "epochs": 2, "seed": seed}, LOCAL) for seed in (1, 2)]
        manager.close()
        wait_for(lambda: all(folder.status().final for folder in folders), 1200)
        for folder in folders:
            state = folder.status().state
            bench.check(state == "completed", f"of two servers' queue run {folder.id} is {state}")
            measured, _ = events.read(folder.events_file)
            once = [(e.epoch, e.name) for e in measured if e.name.startswith("val")]
            bench.check(len(once) == len(set(once)), f"run {folder.id} was trained by both servers")
    finally:
        for server in servers:
            server.terminate()
            server.wait(60)
