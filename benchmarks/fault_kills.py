"""What the fault benchmark kills, and what must hold after each kill."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks.fault_bench import CONFIG, PICTURES, Bench, wait_for
from benchmarks.sessions import Session
from core.access import LOCAL
from core.catalog import table
from core.detection import source
from core.errors import WorkbenchError
from core.imports import store
from core.media.cache import entries, read
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.thresholds import operating_point
from core.training.learning import best_model
from tests.imports.published_files import tiny_vit

# Each says when it is warm, then does one thing again and again until it is killed in the middle.
SAVER = """
import sys
from core.access import LOCAL
from core.thresholds.operating_point import OperatingPoint, history, save
open(sys.argv[2], "w").close()
while True:
    point = OperatingPoint(len(history(sys.argv[1])) / 1e4, "by hand", "val")
    save(sys.argv[1], point, LOCAL)
"""
SCANNER = """
import os, sys
from pathlib import Path
from core.catalog.scan import scan
picture = next(Path(sys.argv[1]).rglob("*.png"))
open(sys.argv[2], "w").close()
while True:
    os.utime(picture)  # changed, so that the catalogue is written anew
    scan([Path(sys.argv[1])])
"""
FILLER = """
import shutil, sys
from core.cli import main
from core.workspace import workspace
main(["prepare", sys.argv[1]])
open(sys.argv[2], "w").close()
while True:
    shutil.rmtree(workspace().cache, ignore_errors=True)
    main(["prepare", sys.argv[1]])
"""
DETECTOR = """
import itertools, sys
from pathlib import Path
from core.cli import main
run, data, out = sys.argv[1].split("|")
files = [str(p) for p in sorted(Path(data).rglob("*.png"))[:8]]
main(["detect", files[0], "--run", run])
open(sys.argv[2], "w").close()
first = len(list(Path(out).iterdir()))
for n in itertools.count(first):
    Path(out, str(n)).mkdir()
    main(["detect", *files, "--run", run, "--jsonl", f"{out}/{n}/verdicts.jsonl", "--out", f"{out}/{n}"])
"""
EXPORTER = """
import sys
from pathlib import Path
from core.detection import source
run, out = sys.argv[1].split("|")
source.export(run, Path(out))
open(sys.argv[2], "w").close()
while True:
    source.export(run, Path(out))
"""
IMPORTER = """
import sys
from pathlib import Path
from core.access import LOCAL
from core.imports import store
from core.imports.importing import import_detector
import_detector(Path(sys.argv[1]), name="warm")
open(sys.argv[2], "w").close()
while True:
    import_detector(Path(sys.argv[1]), name="again")
    store.delete("again", LOCAL)
"""


def fault_save(bench: Bench) -> None:
    run = bench.space.runs / "saved"
    if not run.exists():
        new_run({"model": "none"}, path=run)
    before = len(operating_point.history(run))
    bench.interrupt("save", SAVER, run, 0.5)
    points = operating_point.history(run)
    bench.check(len(points) >= before, "operating points were lost")
    values = [round((p.threshold or 0) * 1e4) for p in reversed(points)]
    bench.check(values == list(range(len(values))), "the history of operating points has a gap")


def fault_scan(bench: Bench) -> None:
    bench.interrupt("scan", SCANNER, bench.data, 1.0)
    names = table.datasets(bench.space)
    bench.check(names == ["faulty"], f"the catalogue holds {names} after a killed scan")
    bench.check(
        len(table.load(["faulty"], bench.space)) == PICTURES, "a killed scan left a part of a catalogue"
    )


def fault_cache(bench: Bench) -> None:
    config = bench.space.root / "prepare.yaml"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    bench.interrupt("cache", FILLER, config, 1.5)
    for _, _, path in entries(bench.space):
        bench.check(read(path) is not None, f"{path.name} in the cache is damaged")


def fault_run(bench: Bench) -> None:
    """Kill the worker again and again until the run is through; it must end complete, its files whole."""
    folder = new_run(CONFIG, space=bench.space)
    for attempt in range(30):
        arguments = ["-m", "core", "train", "--run-dir", str(folder.path)]
        process = bench.start(*arguments, *(["--resume"] if attempt else []))
        if bench.kills.get("run", 0) < bench.wanted:
            bench.kill("run", process, 25.0)
        else:
            process.wait()
        check_run_files(bench, folder)
        if folder.status().state == "completed":
            break
    bench.check(folder.status().state == "completed", f"run {folder.id} ended {folder.status().state}")
    bench.run = folder.id


def check_run_files(bench: Bench, folder: RunFolder) -> None:
    for path in folder.path.rglob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            bench.check(False, f"{path.name} of run {folder.id} is half-written")


def fault_server(bench: Bench) -> None:
    """Kill a dashboard while its run goes on; a manager that comes after must adopt it and settle the right
    state."""
    port = free_port()
    manager = RunManager(bench.space, keep=False)
    folder = manager.submit(CONFIG, LOCAL)
    manager.close()
    server = bench.start("-m", "dashboard", "--port", str(port))
    wait_for(lambda: answers(f"http://127.0.0.1:{port}/_stcore/health"), 600)
    with Session(port, "runs") as visitor:
        visitor.rerun()  # the first page starts what waits in the queue
    wait_for(lambda: folder.status().state != "queued", 300)
    bench.kill("server", server, 20.0)
    after = RunManager(bench.space)
    wait_for(lambda: folder.status().final, 900)
    after.close()
    bench.check(
        folder.status().state == "completed", f"after a killed server the run is {folder.status().state}"
    )


def fault_detect(bench: Bench) -> None:
    """Of a killed batch the entries that were there stay: whole lines, whole documents, one a file."""
    out = bench.space.root / "verdicts"
    out.mkdir(exist_ok=True)
    bench.interrupt("detect", DETECTOR, f"{bench.run}|{bench.data}|{out}", 8.0)
    files = [str(p) for p in sorted(bench.data.rglob("*.png"))[:8]]
    for lines in out.glob("*/verdicts.jsonl"):
        entries_there = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
        names = [one["file"] for one in entries_there]
        bench.check(
            len(set(names)) == len(names) and set(names) <= set(files),
            f"{lines} holds {len(names)} wrong entries",
        )
    for document in out.glob("*/verdicts.json"):
        try:
            json.loads(document.read_text(encoding="utf-8"))
        except ValueError:
            bench.check(False, f"{document} is half-written")


def fault_export(bench: Bench) -> None:
    exported = bench.space.root / "exported.pth"
    bench.interrupt("export", EXPORTER, f"{bench.run}|{exported}", 1.0)
    try:
        best_model.read(exported)
        found = source.find(exported, bench.space)
        bench.check(found.modality == "image", f"{exported} says {found.modality}")
    except WorkbenchError as error:
        bench.check(False, f"a killed export left {exported}: {error}")


def fault_import(bench: Bench) -> None:
    """What is listed opens; what was half-made is not listed."""
    folder = published(bench)
    shutil.rmtree(bench.space.detectors, ignore_errors=True)
    bench.interrupt("import", IMPORTER, folder, 2.0)
    names = [one.name for one in store.list_imported(bench.space)]
    bench.check("warm" in names, f"of the imported detectors {names} are left")
    for name in names:
        try:
            best_model.read(source.find(name, bench.space).checkpoint)
        except WorkbenchError as error:
            bench.check(False, f"a killed import left {name}: {error}")


def published(bench: Bench) -> Path:
    """A small classifier as Hugging Face keeps them."""
    folder = bench.space.root.parent / "published"
    return folder if folder.is_dir() else tiny_vit(folder)


def fault_service(bench: Bench) -> None:
    """A killed service starts again on the same workspace and answers; its callers' files went with it."""
    port = free_port()
    service = bench.start("-m", "core", "serve", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: answers(f"{address}/healthz"), 600)
    picture = next(bench.data.rglob("*.png")).read_bytes()
    for _ in range(6):
        httpx.post(
            f"{address}/v1/detect", files={"file": ("a.png", picture)}, data={"run": bench.run}, timeout=120
        )
    bench.kill("service", service, 3.0)
    bench.check_trail("a killed service")
    if bench.kills.get("service", 0) < bench.wanted:
        return
    again = bench.start("-m", "core", "serve", "--port", str(port))
    wait_for(lambda: answers(f"{address}/healthz"), 600)
    found = httpx.post(
        f"{address}/v1/detect?wait=200",
        files={"file": ("a.png", picture)},
        data={"run": bench.run},
        timeout=300,
    )
    bench.check(
        found.status_code == 200,
        f"the service that came after answers {found.status_code}: {found.text[:200]}",
    )
    again.terminate()
    again.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False


FAULTS: dict[str, Callable[[Bench], None]] = {
    "save": fault_save,
    "scan": fault_scan,
    "cache": fault_cache,
    "run": fault_run,
    "detect": fault_detect,
    "export": fault_export,
    "import": fault_import,
    "service": fault_service,
    "server": fault_server,
}
