"""What the fault benchmark does on a disk that fills up: every act ends whole, or not at all and in one line.

The disk is a small tmpfs where this user may mount one. Elsewhere a limit on the size of files takes its place: it
stops a write in the middle too, though only of files that are larger.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.fault_bench import CONFIG, PICTURES, Bench
from benchmarks.fault_kills import published
from core import cli, temporary
from core.access import LOCAL
from core.catalog import table
from core.catalog.scan import scan
from core.detection import source
from core.errors import WorkbenchError, cannot_write
from core.imports import store
from core.imports.importing import import_detector
from core.runs.folder import new_run
from core.thresholds import operating_point
from core.training.learning import best_model
from core.workspace import Workspace

DISK = 128_000_000  # bytes
MOST_FREE = 400_000  # bytes left at most: about what the largest act writes
PAGE = 4096


class Act(NamedTuple):
    """Something that writes, and how often of fifty times it is tried."""

    do: Callable[[Bench], object]
    share: float


def act_save(bench: Bench) -> None:
    number = len(operating_point.history(run_of(bench)))
    operating_point.save(run_of(bench), operating_point.OperatingPoint(number / 1e4, "by hand", "val"), LOCAL)


def act_scan(bench: Bench) -> None:
    os.utime(next(bench.data.rglob("*.png")))
    scan([bench.data], space=bench.space)


def act_settings(bench: Bench) -> None:
    bench.space.change_settings(lambda s: {**s, "notes": {"longer": "x" * bench.luck.randrange(20_000)}})


def act_detect(bench: Bench) -> None:
    out = bench.space.root / "verdicts" / str(len(list((bench.space.root / "verdicts").glob("*"))))
    out.mkdir(parents=True)
    files = [str(p) for p in sorted(bench.data.rglob("*.png"))[:4]]
    command("detect", *files, "--run", bench.run, "--jsonl", str(out / "verdicts.jsonl"), "--out", str(out))


def act_import(bench: Bench) -> None:
    import_detector(published(bench), name=f"one-{bench.luck.randrange(10**9)}", space=bench.space)


def act_export(bench: Bench) -> None:
    source.export(bench.run, bench.space.root / "exported.pth", bench.space)


def act_prepare(bench: Bench) -> None:
    config = bench.space.root.parent / "prepare.yaml"
    config.write_text(
        json.dumps({**CONFIG, "image_size": bench.luck.choice((48, 56, 72, 80))}), encoding="utf-8"
    )
    command("prepare", str(config))


def act_train(bench: Bench) -> None:
    folder = new_run({**CONFIG, "epochs": 1}, space=bench.space)
    command("train", "--run-dir", str(folder.path))


ACTS = {
    "save": Act(act_save, 0.3),
    "scan": Act(act_scan, 0.14),
    "settings": Act(act_settings, 0.14),
    "detect": Act(act_detect, 0.14),
    "import": Act(act_import, 0.08),
    "export": Act(act_export, 0.08),
    "prepare": Act(act_prepare, 0.08),
    "train": Act(act_train, 0.04),
}


class OneLine(WorkbenchError):
    """What a command printed where it could not write."""


def command(*words: str) -> None:
    """As the command line does it, in this process; more than a line on failure is a finding."""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(io.StringIO()):
        status = cli.main(list(words))
    lines = [line for line in printed.getvalue().splitlines() if line and "%|" not in line]
    if status:
        if lines and "internal error" not in lines[-1]:
            raise OneLine(lines[-1])
        raise RuntimeError(f"{words[0]} ended with {status}: {lines[-3:]}")


def run_of(bench: Bench) -> Path:
    return bench.space.runs / bench.run


def fill_disks(bench: Bench, times: int) -> None:
    """`times` acts, each on a disk that is full from the start or becomes so on the way."""
    place = bench.space.root.parent / "small disk"
    with small_disk(place) as limited:
        time.sleep(temporary.NEW)
        temporary.sweep(bench.space)  # what kills left, as the next start does
        moved = Bench(Workspace(place / "workspace"), bench.data, bench.luck, run=bench.run)
        shutil.copytree(
            bench.space.root,
            moved.space.root,
            ignore=shutil.ignore_patterns("cache", "detectors", "verdicts", "demo"),
        )
        published(moved)
        before = os.environ["DEEPFAKE_WORKSPACE"]
        os.environ["DEEPFAKE_WORKSPACE"] = str(moved.space.root)
        try:
            for name, act in ACTS.items():
                for _ in range(max(1, round(times * act.share))):
                    fill_once(moved, name, act, place, mounted=limited)
                    bench.full[name] = bench.full.get(name, 0) + 1
        finally:
            os.environ["DEEPFAKE_WORKSPACE"] = before
        bench.wrong += moved.wrong


def fill_once(bench: Bench, name: str, act: Act, place: Path, *, mounted: bool) -> None:
    points, names = (
        len(operating_point.history(run_of(bench))),
        {one.name for one in store.list_imported(bench.space)},
    )
    free = bench.luck.choice((0, bench.luck.randrange(20_000), bench.luck.randrange(MOST_FREE)))
    try:
        with full(place, free) if mounted else short_files(free):
            act.do(bench)
    except OSError as error:
        bench.check(cannot_write(error) is not None, f"{name}: {type(error).__name__} {error}")
    except WorkbenchError as error:
        bench.check("\n" not in str(error), f"{name} says {error}")
    except Exception as error:  # noqa: BLE001 (anything else is a finding)
        bench.check(False, f"{name}: {type(error).__name__} {error}")
    check_whole(bench, name, points, names)


def check_whole(bench: Bench, after: str, points: int, names: set[str]) -> None:
    """Everything reads, nothing that was there is missing, nothing half-made is left."""
    there = operating_point.history(run_of(bench))
    bench.check(
        len(there) - points in (0, 1), f"after {after} {len(there)} operating points, {points} before"
    )
    bench.check(len(table.load(["faulty"], bench.space)) == PICTURES, f"after {after} a part of a catalogue")
    listed = {one.name for one in store.list_imported(bench.space)}
    bench.check(names <= listed, f"after {after} {names - listed} is not listed any more")
    bench.check_trail(after)
    bench.space.settings()
    for path in bench.space.root.rglob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            bench.check(False, f"{path} is half-written after {after}")
    for path in bench.space.root.rglob("verdicts.jsonl"):
        bench.check(all(json.loads(line) for line in path.read_text().splitlines()), f"{path} after {after}")
    for path in (*bench.space.root.rglob("*.pth"),):
        try:
            best_model.read(path) if path.name != "last.pth" else None
        except WorkbenchError as error:
            bench.check(False, f"after {after}: {error}")
    left = list(bench.space.root.rglob(".*.tmp")) + list(bench.space.detectors.glob(".import-*"))
    bench.check(not left, f"{after} left {[p.name for p in left]}")


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A folder on a disk of its own, where one can be mounted; whether it was."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    mounted = shutil.which("mount") is not None and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def full(place: Path, free: int) -> Iterator[None]:
    """The disk with so many bytes left."""
    ballast = place / "ballast"
    # The error is what is wanted: the disk is full.
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
    size = ballast.stat().st_size
    os.truncate(ballast, max(0, size - -(-free // PAGE) * PAGE))
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def short_files(most: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
