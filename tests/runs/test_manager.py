"""What an analyst asks of the run manager: start, queue, stop, resume, clone, delete."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.access import LOCAL, Person
from core.errors import BadInput, NotAllowed
from core.runs import events
from core.runs.manager import RunManager
from core.workspace import Workspace
from tests.runs.conftest import ended, wait_until

Make = Callable[..., RunManager]
SLOW = {"model": "slow", "epochs": 2000, "pause": 0.02}
QUICK = {"model": "quick", "epochs": 2}


def test_a_run_completes_and_its_folder_tells_all(make_manager: Make) -> None:
    run = make_manager().submit(QUICK, LOCAL)
    assert ended(run) == "completed"
    status = run.status()
    assert status.pid and status.process_start and status.handle and status.device == "cpu"
    assert [e.step for e in events.read(run.events_file)[0] if e.name == "train/loss"] == list(range(1, 11))
    assert f"pid {status.pid}" in run.log_file.read_text()


def test_one_slot_a_device_and_the_order_can_be_changed(make_manager: Make) -> None:
    manager = make_manager()
    first = manager.submit(SLOW, LOCAL)
    wait_until(lambda: first.status().step > 0)
    second, third = manager.submit(QUICK, LOCAL), manager.submit(QUICK, LOCAL)
    assert (second.status().state, third.status().state) == ("queued", "queued")
    assert manager.reorder([third.id], LOCAL) == [third.id, second.id]
    manager.stop(first.id, LOCAL)
    assert [ended(run) for run in (first, second, third)] == ["stopped", "completed", "completed"]
    assert third.status().started < second.status().started


def test_stopping_a_queued_run_takes_it_out_of_the_queue(make_manager: Make) -> None:
    manager = make_manager()
    first = manager.submit(SLOW, LOCAL)
    second = manager.submit(QUICK, LOCAL)
    assert manager.stop(second.id, LOCAL).state == "stopped"
    assert manager.waiting() == []
    assert manager.stop_all([first.id, second.id], LOCAL) == [first.id]
    assert ended(first) == "stopped"


def test_stop_is_graceful_and_resume_goes_on_from_the_checkpoint(make_manager: Make) -> None:
    manager = make_manager()
    run = manager.submit({"model": "m", "epochs": 8, "pause": 0.05}, LOCAL)
    wait_until(lambda: run.status().step >= 2)
    manager.stop(run.id, LOCAL)
    assert ended(run) == "stopped"
    assert run.status().error is None
    manager.resume(run.id, LOCAL)  # its worker may just be ending; the new one waits for that
    assert ended(run) == "completed"
    steps = [e.step for e in events.read(run.events_file)[0] if e.name == "train/loss"]
    assert steps == list(range(1, 41))


def test_a_worker_that_does_not_listen_is_ended_by_force(make_manager: Make) -> None:
    manager = make_manager(grace=0.3)
    run = manager.submit({**SLOW, "misbehave": "deaf"}, LOCAL)
    wait_until(lambda: run.status().step >= 1)
    manager.stop(run.id, LOCAL)
    assert ended(run) == "stopped"
    assert "by force" in run.status().error


def test_asking_twice_does_not_wait_for_the_grace_time(make_manager: Make) -> None:
    manager = make_manager(grace=3600)
    run = manager.submit({**SLOW, "misbehave": "deaf"}, LOCAL)
    wait_until(lambda: run.status().step >= 1)
    manager.stop(run.id, LOCAL)
    wait_until(run.stop_file.exists)
    manager.stop(run.id, LOCAL)
    assert ended(run) == "stopped"


def test_delete_refuses_while_it_runs_and_removes_the_folder_after(make_manager: Make) -> None:
    manager = make_manager()
    run = manager.submit(SLOW, LOCAL)
    wait_until(lambda: run.status().step >= 1)
    with pytest.raises(BadInput, match="stop it first"):
        manager.delete(run.id, LOCAL)
    manager.stop(run.id, LOCAL)
    assert ended(run) == "stopped"
    wait_until(lambda: not manager._watched)
    manager.delete(run.id, LOCAL)
    assert not run.path.exists()
    assert run.id not in [s.id for s in manager.list()]


def test_a_clone_has_the_configuration_with_the_changes(make_manager: Make) -> None:
    manager = make_manager()
    run = manager.submit(QUICK, LOCAL)
    clone = manager.clone(run.id, LOCAL, {"epochs": 1})
    assert clone.config() == {**QUICK, "epochs": 1}
    assert clone.id != run.id
    assert ended(clone) == "completed"


@pytest.mark.parametrize("action", ["stop", "resume", "delete", "clone"])
def test_an_unknown_run_is_named(make_manager: Make, action: str) -> None:
    with pytest.raises(BadInput, match="no run 'nothing'"):
        getattr(make_manager(keep=False), action)("nothing", LOCAL)


def test_a_viewer_may_change_nothing(make_manager: Make, space: Workspace) -> None:
    manager, viewer = make_manager(), Person("eve", operator=False)
    run = manager.submit(QUICK, LOCAL)
    assert ended(run) == "completed"
    for ask in (
        lambda: manager.submit(QUICK, viewer),
        lambda: manager.stop(run.id, viewer),
        lambda: manager.stop_all([run.id], viewer),
        lambda: manager.resume(run.id, viewer),
        lambda: manager.delete(run.id, viewer),
        lambda: manager.clone(run.id, viewer),
        lambda: manager.reorder([run.id], viewer),
    ):
        with pytest.raises(NotAllowed, match="eve may not"):
            ask()
    assert len(list(space.runs.iterdir())) == 1


def test_a_completed_run_is_not_resumed_and_a_run_elsewhere_is_not_deleted(
    make_manager: Make, tmp_path: object
) -> None:
    manager = make_manager()
    run = manager.submit(QUICK, LOCAL)
    assert ended(run) == "completed"
    with pytest.raises(BadInput, match="is completed; only"):
        manager.resume(run.id, LOCAL)
    elsewhere = manager.space.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "config.yaml").write_text("model: m\n")
    with pytest.raises(BadInput, match="not a run of this workspace"):
        manager.delete(str(elsewhere), LOCAL)
    assert elsewhere.exists()
