"""What runs survive: each with real processes that are really killed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.access import LOCAL
from core.runs import events, listing, processes, summaries
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.runs.reasons import DISK_FULL
from core.workspace import Workspace
from tests.runs.conftest import WORKER, ended, wait_until

Make = Callable[..., RunManager]
SERVER = Path(__file__).with_name("stand_in_server.py")


@pytest.fixture
def start_server(space: Workspace) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    servers = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        server = subprocess.Popen(
            [sys.executable, str(SERVER), str(space.root), *arguments], stdout=subprocess.PIPE, text=True
        )
        servers.append(server)
        assert server.stdout is not None
        return server, server.stdout.readline().strip()

    yield start
    for server in servers:
        server.kill()
        server.wait()


def steps(run: RunFolder) -> list[int]:
    return [e.step for e in events.read(run.events_file)[0] if e.name == "train/loss"]


def test_the_server_is_killed_and_the_next_one_adopts_the_run(
    make_manager: Make, start_server: Callable[..., tuple[subprocess.Popen[str], str]], space: Workspace
) -> None:
    server, name = start_server("40")
    run = RunFolder(space.runs / name)
    wait_until(lambda: run.status().step >= 3)
    worker = run.status().pid
    server.kill()
    server.wait()
    at_death = run.status().step
    wait_until(lambda: run.status().step > at_death, "the run to go on without a server")
    manager = make_manager()
    assert name in manager._watched
    assert ended(run) == "completed"
    assert run.status().pid == worker
    assert steps(run) == list(range(1, 201))


@pytest.mark.long
def test_a_run_that_dies_while_no_server_lives_is_interrupted_and_can_be_resumed(
    make_manager: Make, start_server: Callable[..., tuple[subprocess.Popen[str], str]], space: Workspace
) -> None:
    server, name = start_server("40")
    run = RunFolder(space.runs / name)
    wait_until(lambda: run.status().step >= 3)
    server.kill()
    server.wait()
    os.kill(run.status().pid, signal.SIGKILL)
    wait_until(lambda: not processes.alive(run.status().pid, run.status().process_start))
    manager = make_manager()
    assert run.status().state == "interrupted"
    assert "resume" in run.status().error
    manager.resume(name, LOCAL)
    assert ended(run) == "completed"
    assert sorted(set(steps(run))) == list(range(1, 201))
    # Killed between a measurement and its checkpoint, that step is measured again.
    assert len(steps(run)) <= 201


def test_an_adopted_worker_that_is_killed_fails_with_a_reason(
    make_manager: Make, start_server: Callable[..., tuple[subprocess.Popen[str], str]], space: Workspace
) -> None:
    server, name = start_server("2000")
    run = RunFolder(space.runs / name)
    wait_until(lambda: run.status().step >= 1)
    server.kill()
    server.wait()
    make_manager()
    os.kill(run.status().pid, signal.SIGKILL)
    assert ended(run) == "failed"
    assert "worker is gone" in run.status().error
    assert "\n" not in run.status().error


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        ("kill", "SIGKILL"),
        ("exit", "ValueError: the loss is not finite"),
        ("silent", "without finishing"),
        ("disk", DISK_FULL),
        ("limit", DISK_FULL),
    ],
)
def test_a_worker_that_dies_fails_with_its_reason_and_can_be_resumed(
    make_manager: Make, misbehave: str, reason: str
) -> None:
    manager = make_manager()
    run = manager.submit({"model": "m", "epochs": 3, "misbehave": misbehave}, LOCAL)
    assert ended(run) == "failed"
    assert reason in run.status().error
    assert "\n" not in run.status().error
    wait_until(lambda: not manager._watched)
    manager.resume(run.id, LOCAL)
    assert ended(run) == "completed"
    assert run.status().error is None


@pytest.mark.parametrize("how", ["disk", "limit"])
def test_a_full_disk_leaves_earlier_files_whole(make_manager: Make, how: str) -> None:
    manager = make_manager()
    run = manager.submit({"model": "m", "epochs": 3, "misbehave": how}, LOCAL)
    assert ended(run) == "failed"
    assert run.last_checkpoint.read_text() == "2"
    assert list(run.path.glob(".*.tmp")) == []
    assert steps(run) == [1, 2]


@pytest.fixture
def small_disk(space: Workspace) -> Iterator[Path]:
    """A file system of its own under the runs, with room for little more than half a megabyte."""
    space.runs.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(space.runs)]
    try:
        refused = subprocess.run(words, capture_output=True, text=True).stderr.strip()
    except FileNotFoundError:
        refused = "there is no mount command"
    if refused:
        pytest.skip(f"no file system can be mounted here ({refused.splitlines()[0]})")
    yield space.runs
    subprocess.run(["umount", "-l", str(space.runs)], check=True)


def test_a_checkpoint_that_finds_no_room(small_disk: Path, make_manager: Make) -> None:
    manager = make_manager()
    run = manager.submit({"model": "m", "epochs": 3, "misbehave": "large"}, LOCAL)
    assert ended(run) == "failed"
    assert run.status().error == DISK_FULL
    assert run.last_checkpoint.read_text() == "2"
    assert list(run.path.glob(".*.tmp")) == []
    wait_until(lambda: not manager._watched)
    manager.resume(run.id, LOCAL)
    assert ended(run) == "completed"


def test_a_disk_that_is_full_to_the_last_byte(small_disk: Path, make_manager: Make) -> None:
    """Not even the state can be written then: it is as soon as there is room, and says why."""
    manager = make_manager()
    run = manager.submit({"model": "m", "epochs": 1000, "pause": 0.02}, LOCAL)
    wait_until(lambda: len(steps(run)) >= 2)
    worker = psutil.Process(run.status().pid)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    wait_until(
        lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the worker to end"
    )
    wait_until(lambda: "No space left" in manager.trouble, "the manager to find no room")
    assert run.status().state == "running"
    seen = steps(run)
    filler.unlink()
    assert ended(run) == "failed"
    assert run.status().error == DISK_FULL
    assert steps(run) == seen
    assert seen == list(range(1, len(seen) + 1))


def test_the_final_state_is_written_as_soon_as_the_disk_has_room(
    make_manager: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make_manager()
    write = RunFolder.set_status
    refused: list[object] = []
    shown: list[str] = []

    def full(self: RunFolder, **changes: object) -> object:
        if changes.get("state") == "failed" and len(refused) < 3:
            refused.append(changes)
            shown.append(manager.trouble)
            raise OSError(28, "No space left on device")
        return write(self, **changes)

    monkeypatch.setattr(RunFolder, "set_status", full)
    monkeypatch.setattr("core.runs.supervise.WRITE_AGAIN", 0.05)
    run = manager.submit({"model": "m", "misbehave": "kill"}, LOCAL)
    assert ended(run) == "failed"
    assert len(refused) == 3 and "No space left on device" in shown[-1]
    wait_until(lambda: not manager.trouble)
    told = [r.getMessage() for r in caplog.records if "status cannot be written" in r.getMessage()]
    assert len(told) == 1 and run.id in told[0]  # tried again and again, said once


def test_a_look_at_the_workspace_that_fails_is_shown_and_logged_once(
    make_manager: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.runs.scheduler.KEEP", 0.02)
    manager, looks = make_manager(), []

    def away() -> None:
        looks.append(1)
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(manager, "keep", away)
    wait_until(lambda: len(looks) > 3)
    assert "Stale file handle" in manager.trouble and "\n" not in manager.trouble
    assert len([r for r in caplog.records if "Stale file handle" in r.getMessage()]) == 1
    monkeypatch.setattr(manager, "keep", lambda: looks.append(0))
    wait_until(lambda: not manager.trouble)


@pytest.mark.parametrize("state", ["running", "stopping"])
def test_a_pid_that_is_now_somebody_elses_is_not_mistaken_for_the_run(
    make_manager: Make, space: Workspace, state: str
) -> None:
    """As after a restart of the machine: the pid lives, but it is another process."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    try:
        began = psutil.Process(stranger.pid).create_time() - 5000
        run = new_run({"model": "m"}, space=space)
        run.set_status(
            state=state,
            pid=stranger.pid,
            process_start=began,
            heartbeat=time.time() - 4000,
            handle=LocalExecutor.handle(stranger.pid, began),
        )
        make_manager()
        assert run.status().state == {"running": "interrupted", "stopping": "stopped"}[state]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_worker_that_hangs_is_shown_as_stalled_and_can_be_stopped(
    make_manager: Make, monkeypatch: pytest.MonkeyPatch, space: Workspace
) -> None:
    monkeypatch.setattr("core.runs.folder.STALLED_AFTER", 0.3)
    manager = make_manager(grace=0.2)
    run = manager.submit({"model": "m", "misbehave": "hang"}, LOCAL)
    wait_until(lambda: run.status().step == 2 and run.status().stalled)
    assert [s.stalled for s in listing.runs(space)] == [True]
    manager.stop(run.id, LOCAL)
    assert ended(run) == "stopped"


@pytest.mark.long
def test_two_servers_on_one_workspace_start_every_run_once(
    start_server: Callable[..., tuple[subprocess.Popen[str], str]], make_manager: Make, space: Workspace
) -> None:
    for _ in range(2):
        start_server()
    manager = make_manager()
    runs = [manager.submit({"model": "m", "epochs": 1}, LOCAL) for _ in range(6)]
    assert [ended(run) for run in runs] == ["completed"] * 6
    for run in runs:
        assert run.log_file.read_text().count("pid ") == 1
        assert steps(run) == [1, 2, 3, 4, 5]
    spans = sorted((run.status().started, run.status().ended) for run in runs)
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(spans))


def test_two_resumes_at_once_start_one_worker(make_manager: Make) -> None:
    first, second = make_manager(), make_manager()
    run = first.submit({"model": "m", "epochs": 2, "misbehave": "kill"}, LOCAL)
    assert ended(run) == "failed"
    wait_until(lambda: not first._watched)
    first.resume(run.id, LOCAL)
    second.start_waiting()
    assert ended(run) == "completed"
    assert run.log_file.read_text().count("pid ") == 2


@contextlib.contextmanager
def left_alone(space: Workspace) -> Iterator[tuple[RunFolder, subprocess.Popen[bytes]]]:
    """A run whose worker lives while no server does."""
    run = new_run({"model": "m", "epochs": 2000, "pause": 0.02}, space=space)
    run.set_status(state="running", started=time.time())
    worker = subprocess.Popen([sys.executable, str(WORKER), "--run-dir", str(run.path)])
    try:
        wait_until(lambda: run.status().pid)
        yield run, worker
    finally:
        worker.kill()
        worker.wait()


def assert_stops(manager: RunManager, run: RunFolder, worker: subprocess.Popen[bytes]) -> None:
    assert run.id in manager._watched
    manager.stop(run.id, LOCAL)
    worker.wait(20)
    assert ended(run) == "stopped"


def test_a_worker_whose_pid_was_not_written_is_found_by_its_command(
    make_manager: Make, space: Workspace
) -> None:
    """The server died between starting the worker and writing down who it is."""
    with left_alone(space) as (run, worker):
        run.set_status(pid=None, process_start=None)
        assert_stops(make_manager(), run, worker)


def test_a_worker_lives_although_the_clock_was_set_since_it_began(
    make_manager: Make, space: Workspace
) -> None:
    """Its start time is reckoned from the clock, so that it is another one now; its command line is not."""
    with left_alone(space) as (run, worker):
        run.set_status(process_start=(run.status().process_start or 0) - 3600)
        manager = make_manager()
        assert run.status().state == "running"
        assert_stops(manager, run, worker)


def test_a_run_of_a_machine_that_gives_no_sign_of_life_can_be_stopped_and_deleted(
    make_manager: Make, space: Workspace
) -> None:
    """As in a folder that was copied here while it ran there."""
    run = new_run({"model": "m", "epochs": 1}, space=space)
    run.set_status(state="running", host="elsewhere", pid=1, process_start=1.0, heartbeat=time.time() - 3600)
    manager = make_manager()
    assert run.status().state == "running" and run.status().stalled  # it is not ours to settle
    assert manager.stop(run.id, LOCAL).state == "stopped"
    assert "elsewhere" in str(run.status().error)
    manager.delete(run.id, LOCAL)
    assert not run.path.exists()


def test_a_run_of_a_machine_that_answers_is_asked_and_not_settled(
    make_manager: Make, space: Workspace
) -> None:
    run = new_run({"model": "m", "epochs": 1}, space=space)
    run.set_status(state="running", host="elsewhere", pid=1, process_start=1.0, heartbeat=time.time())
    assert make_manager().stop(run.id, LOCAL).state == "stopping"
    assert run.stop_file.exists()


def test_a_run_submitted_just_before_the_server_died_is_queued_again(
    make_manager: Make, space: Workspace
) -> None:
    run = new_run({"model": "m", "epochs": 1}, space=space)
    run.set_status(device="auto")  # and then the server died, before the queue was written
    make_manager()
    assert ended(run) == "completed"


def test_a_thousand_finished_runs_are_read_once(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1000):
        folder = space.runs / f"20260101-000000-m-{number}"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text("model: m\ndatasets: [d]\n")
        (folder / "status.json").write_text(json.dumps({"state": "completed", "created": number + 1}))
    first = listing.Listing(space)
    assert [s.created for s in first.runs()][:2] == [1000, 999]
    read: list[str] = []
    original = summaries.summary
    monkeypatch.setattr(listing, "summary", lambda run: (read.append(run.id), original(run))[1])
    assert len(first.runs()) == 1000
    assert len(listing.Listing(space).runs()) == 1000  # the next server, from the index on disk
    assert read == []
    RunFolder(space.runs / "20260101-000000-m-7").set_status(best=0.5)
    assert next(s.best for s in first.runs() if s.id.endswith("-7")) == 0.5
    assert len(read) == 1
