"""One conformance test for all executors: start, watch, stop, force, and go on from another server."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.access import LOCAL
from core.errors import BadInput, WorkbenchError
from core.runs import devices, executors
from core.runs.executors import ray_jobs, ray_shards
from core.runs.executors.base import Executor, tail
from core.runs.executors.local import LocalExecutor
from core.runs.executors.ray_jobs import RayExecutor
from core.runs.executors.torchrun import TorchrunExecutor
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.workspace import Workspace
from tests.runs.conftest import ended, stand_in, wait_until

MakeExecutor = Callable[[Workspace], Executor]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Ray cluster of one machine that asks for a token, started and ended by the test."""
    pytest.importorskip("ray", reason="needs requirements-cluster.txt, which is not installed")
    port, dashboard = free_port(), free_port()
    ray = str(Path(sys.executable).with_name("ray"))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    environment = {**os.environ, **token, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore"}
    command = [
        ray,
        "start",
        "--head",
        f"--port={port}",
        f"--dashboard-port={dashboard}",
        "--num-cpus=2",
        "--include-dashboard=true",
        "--dashboard-host=127.0.0.1",
        "--disable-usage-stats",
        "--block",
    ]
    log = (tmp_path_factory.mktemp("ray") / "ray.log").open("wb")
    head = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in token.items():
                patch.setenv(name, value)
            address = f"http://127.0.0.1:{dashboard}"
            wait_for_cluster(address, head)
            yield address
    finally:
        head.terminate()
        head.wait(60)


def wait_for_cluster(address: str, head: subprocess.Popen[bytes]) -> None:
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert head.poll() is None, "ray start ended"
        try:
            asked = urllib.request.Request(f"{address}/api/jobs/", headers=ray_jobs.authorization())
            urllib.request.urlopen(asked, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the Ray cluster did not come up")


class Conformance:
    """Every executor passes all of these."""

    @pytest.fixture
    def make(self) -> MakeExecutor:
        raise NotImplementedError

    @pytest.fixture
    def begin(
        self, make: MakeExecutor, space: Workspace
    ) -> Iterator[Callable[..., tuple[Executor, RunFolder, str]]]:
        begun: list[tuple[Executor, str]] = []

        def begin(**config: object) -> tuple[Executor, RunFolder, str]:
            executor = make(space)
            run = new_run({"model": "m", "epochs": 1, **config}, space=space)
            handle = executor.submit(run, resume=False, slots=("cpu",), processes=1)
            begun.append((executor, handle))
            return executor, run, handle

        yield begin
        for executor, handle in begun:
            executor.stop(handle, force=True)

    def gone(self, executor: Executor, handle: str) -> None:
        wait_until(lambda: not executor.poll(handle).alive, "the process to go")

    def test_a_run_ends_with_status_0_and_its_output_is_in_the_log(
        self, begin: Callable[..., tuple[Executor, RunFolder, str]]
    ) -> None:
        executor, run, handle = begin()
        self.gone(executor, handle)
        assert executor.poll(handle).code == 0
        assert run.status().state == "completed"
        assert any("world 1" in line for line in executor.tail(run))

    def test_a_failure_has_a_status_and_its_reason_is_in_the_log(
        self, begin: Callable[..., tuple[Executor, RunFolder, str]]
    ) -> None:
        executor, run, handle = begin(misbehave="exit")
        self.gone(executor, handle)
        assert executor.poll(handle).code not in (0, None)
        assert any("the loss is not finite" in line for line in executor.tail(run))

    def test_asked_to_stop_it_ends_after_its_batch(
        self, begin: Callable[..., tuple[Executor, RunFolder, str]]
    ) -> None:
        executor, run, handle = begin(epochs=2000, pause=0.02)
        wait_until(lambda: run.status().step >= 1, "the first step")
        assert executor.poll(handle).alive
        run.stop_file.touch()
        executor.stop(handle, force=False)
        self.gone(executor, handle)
        assert run.status().state == "stopped"

    def test_by_force_it_ends_even_if_it_does_not_listen(
        self, begin: Callable[..., tuple[Executor, RunFolder, str]]
    ) -> None:
        executor, run, handle = begin(epochs=2000, pause=0.02, misbehave="deaf")
        wait_until(lambda: run.status().step >= 1, "the first step")
        executor.stop(handle, force=False)
        executor.stop(handle, force=True)
        self.gone(executor, handle)
        executor.stop(handle, force=True)  # nothing happens if it is gone
        assert run.status().state == "running"

    def test_another_server_goes_on_with_the_handle(
        self, begin: Callable[..., tuple[Executor, RunFolder, str]], make: MakeExecutor, space: Workspace
    ) -> None:
        _, run, handle = begin(epochs=2000, pause=0.02)
        wait_until(lambda: run.status().step >= 1, "the first step")
        other = make(space)
        assert other.here(handle)
        assert other.poll(handle).alive
        run.stop_file.touch()
        other.stop(handle, force=False)
        self.gone(other, handle)
        assert run.status().state == "stopped"

    def test_the_manager_settles_it(self, make: MakeExecutor, space: Workspace) -> None:
        manager = RunManager(space, make_executor=lambda _, space: make(space))
        try:
            run = manager.submit({"model": "m", "epochs": 8, "misbehave": "kill"}, LOCAL)
            assert ended(run) == "failed"
            assert run.status().error
            wait_until(lambda: not manager._watched)
            manager.resume(run.id, LOCAL)
            assert ended(run) == "completed"
        finally:
            manager.close()


class TestLocal(Conformance):
    @pytest.fixture
    def make(self) -> MakeExecutor:
        return lambda space: LocalExecutor(space, stand_in)


@pytest.mark.long
@pytest.mark.alone
class TestTorchrun(Conformance):
    @pytest.fixture
    def make(self) -> MakeExecutor:
        return lambda space: TorchrunExecutor(space, stand_in)

    def test_several_processes_train_together(self, make: MakeExecutor, space: Workspace) -> None:
        executor = make(space)
        run = new_run({"model": "m", "epochs": 1}, space=space)
        handle = executor.submit(run, resume=False, slots=("cpu",), processes=2)
        self.gone(executor, handle)
        assert any("world 2" in line for line in tail(run))
        assert run.status().state == "completed"


@pytest.mark.long
@pytest.mark.alone
class TestRay(Conformance):
    @pytest.fixture
    def make(self, cluster: str) -> MakeExecutor:
        return lambda space: RayExecutor(space, cluster, stand_in, gpus=0)


def test_a_cluster_gets_the_token_that_ray_would_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert ray_jobs.authorization() == {}
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("of-home\n")
    assert ray_jobs.authorization() == {"Authorization": "Bearer of-home"}
    (tmp_path / "another").write_text("of-path")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "another"))
    assert ray_jobs.authorization() == {"Authorization": "Bearer of-path"}
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of-environment")
    assert ray_jobs.authorization() == {"Authorization": "Bearer of-environment"}
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert ray_jobs.authorization() == {}


def test_no_cluster_is_one_clear_line(space: Workspace) -> None:
    pytest.importorskip("ray", reason="needs requirements-cluster.txt, which is not installed")
    run = new_run({"model": "m"}, space=space)
    executor = RayExecutor(space, f"http://127.0.0.1:{free_port()}", stand_in)
    with pytest.raises(WorkbenchError, match="no Ray cluster answers at"):
        executor.submit(run, resume=False, slots=("cpu",), processes=1)


def test_ray_that_does_not_start_in_its_time_is_one_clear_line(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="needs requirements-cluster.txt, which is not installed")

    def too_slow(**_: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", too_slow)
    with pytest.raises(WorkbenchError, match="Ray does not start on this machine"):
        next(ray_shards.over_shards("core.numbers:number", [1.0], space=space))


def test_the_right_executor_is_chosen(space: Workspace) -> None:
    assert executors.choose_executor(1, space) == "local"
    assert executors.choose_executor(2, space) == "torchrun"
    space.save_settings({"executor": {"default": "ray"}})
    assert executors.choose_executor(1, space) == "ray"
    with pytest.raises(BadInput, match="unknown executor 'slurm'; known are local, torchrun, ray"):
        executors.create("slurm", space)


def test_torchrun_over_several_nodes_needs_a_meeting_point(space: Workspace) -> None:
    run = new_run({"model": "m"}, space=space)
    with pytest.raises(BadInput, match="need a meeting point"):
        TorchrunExecutor(space, nodes=2)
    command = TorchrunExecutor(space, nodes=2, rendezvous="first:29500").torchrun(run, True, 4)
    assert "--nnodes=2" in command and "--rdzv-endpoint=first:29500" in command
    assert command[-4:] == ["train", "--run-dir", str(run.path), "--resume"]


def test_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "slots", lambda: ("cuda:0", "cuda:1", "cpu"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.choose("auto", 1, set()) == ("cuda:0",)
    assert devices.choose("auto", 1, {"cuda:0"}) == ("cuda:1",)
    assert devices.choose("auto", 2, {"cuda:0"}) is None
    assert devices.choose("cpu", 4, {"cuda:0"}) == ("cpu",)
    assert devices.choose("cuda:1", 1, {"cuda:1"}) is None
    assert devices.environment(("cuda:1",)) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert devices.environment(("cpu",)) == {"CUDA_VISIBLE_DEVICES": ""}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert devices.environment(("cuda:1",)) == {"CUDA_VISIBLE_DEVICES": "5"}


def test_the_tail_of_a_log_shows_the_last_state_of_a_progress_bar(space: Workspace) -> None:
    run = new_run({"model": "m"}, space=space)
    assert tail(run) == []
    run.log_file.write_bytes(b"first\n" + b"x" * 100_000 + b"\nsecond\n10%\r50%\r100%\nlast")
    assert tail(run, 3) == ["second", "100%", "last"]
