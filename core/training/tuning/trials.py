"""Who works on which trial of a study: several processes share one, and a killed one leaves trials behind."""

from __future__ import annotations

import os
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from core.locks import hold
from core.runs import processes

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
OWNER = "owner"  # attribute of a trial: host, pid and start of the process that works on it


def count_done(study: optuna.Study, *, running: bool = False) -> int:
    states = (*DONE, TrialState.RUNNING) if running else DONE
    return len(study.get_trials(deepcopy=False, states=states))


class Trials:
    """Hands out trials, one at a time over all processes of the study: never more than asked for, none
    twice."""

    def __init__(self, study: optuna.Study, folder: Path) -> None:
        self.study, self._lock = study, folder / "trials.lock"

    def next(self, most: int) -> optuna.Trial | None:
        """A trial that a dead process left, else a new one; None where `most` are done or under way."""
        with hold(self._lock):
            left = next((t for t in self._running() if is_abandoned(t)), None)
            if left is not None:
                trial = optuna.Trial(self.study, left._trial_id)
            elif count_done(self.study, running=True) >= most:
                return None
            else:
                trial = self.study.ask()
            trial.set_user_attr(OWNER, ownership())
            return trial

    def _running(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def ownership() -> list[object]:
    pid = os.getpid()
    return [processes.host(), pid, processes.start_time(pid)]


def is_abandoned(trial: FrozenTrial) -> bool:
    """Whether its process is gone. Of another machine's nothing is known here; its own next call will see to
    it."""
    owner = trial.user_attrs.get(OWNER)
    if not owner:
        return True
    host, pid, started = owner
    return host == processes.host() and not processes.alive(pid, started)
