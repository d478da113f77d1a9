"""Tuning with Optuna: trials are ordinary runs, pruned by their validation metric, resumable, several at once.

The study lives in a journal file, so that several processes (`tune` started twice) share it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from core.errors import BadInput, WorkbenchError, one_line
from core.runs import events, processes
from core.runs.folder import RunFolder, new_run, open_run
from core.training.balancing import TECHNIQUES
from core.training.options.config import TrainConfig
from core.training.process.signals import call_on_stop_signal
from core.training.tuning.results import summary, write_plots
from core.training.tuning.search import DEFAULT, check_space, suggest
from core.training.tuning.trials import Trials, count_done
from core.workspace import CODE_ROOT, Workspace, workspace, write_json

log = logging.getLogger("core.training.tuning.tuning")

LOOK = 0.5  # seconds between two looks at a trial
FAILURES = 3  # trials in a row that end a tuning: something else than the options is wrong


def tune(
    given: Mapping[str, Any],
    trials: int,
    *,
    jobs: int = 1,
    folder: Path | None = None,
    space: Workspace | None = None,
) -> dict[str, Any]:
    """Make the study's trials up to `trials` in all and write what was found. A second call goes on with
    it."""
    if trials < 1 or jobs < 1:
        raise BadInput(f"trials ({trials}) and jobs ({jobs}) must be > 0")
    space = space or workspace()
    fields, asked = dict(given), given.get("search")
    fields.pop("search", None)
    config = TrainConfig.from_dict(fields)
    if asked is not None and not isinstance(asked, Mapping):
        raise BadInput(f"search: {asked!r} must be a mapping of options to choices or ranges")
    search = check_space(asked if asked else default_space(config))
    check_trainable(config, space)
    folder = folder or folder_for(fields, search, space)
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(folder, minimize=config.lower_is_better)
    Tuning(study, config, search, folder, space, trials).run(jobs)
    result = summary(study, folder, trials, config)
    write_json(folder / "tuning.json", result)
    write_plots(study, folder / "results")
    return result


def check_trainable(config: TrainConfig, space: Workspace) -> None:
    """What no trial could mend is refused before the first."""
    from core.training.reading.samples import plan_samples, select
    from core.training.setup import card_for

    card_for(config)
    counts = plan_samples(config, select(config, space), space).counts()["val"]
    if config.monitor not in ("accuracy", "loss") and not all(counts.values()):
        raise BadInput(
            f"monitor: {config.monitor} needs both classes in validation, which has {counts['real']} real and "
            f"{counts['fake']} fake samples; name further datasets, or set it to accuracy or loss"
        )


def default_space(config: TrainConfig) -> dict[str, Any]:
    """The default without what the network does not have."""
    from core.training.setup import card_for

    card = card_for(config)
    chosen = dict(DEFAULT)
    if "dropout" not in card.options:
        del chosen["dropout"]
    if config.modality in ("video", "multimodal"):
        chosen["batch_size"] = [2, 4, 8]
    if (config.tune or card.tune) == "head":
        chosen["balancing"] = [[], *([name] for name in TECHNIQUES)]
    return chosen


def folder_for(fields: Mapping[str, Any], search: Mapping[str, Any], space: Workspace) -> Path:
    """The folder of this very configuration and space: the same command again goes on where it stood."""
    content = json.dumps([dict(fields), dict(search)], sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    root = space.root / "tuning"
    known = sorted(root.glob(f"*-{digest}")) if root.is_dir() else []
    if known:
        return known[-1]
    stem = re.sub(r"[^A-Za-z0-9]+", "_", str(fields.get("model") or fields.get("modality") or "net"))
    folder = new_run(
        {**fields, "search": dict(search)}, path=root / f"{time.strftime('%Y%m%d-%H%M%S')}-{stem}-{digest}"
    )
    folder.set_status(state="running", started=time.time())
    return folder.path


def open_study(folder: Path, *, minimize: bool = False) -> optuna.Study:
    """The study in the folder's journal. The best of few epochs says little, so nothing is pruned before the
    third."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    return optuna.create_study(
        study_name="tuning",
        storage=storage,
        direction="minimize" if minimize else "maximize",
        load_if_exists=True,
        sampler=_sampler(),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    )


def _sampler() -> optuna.samplers.TPESampler:
    """Options are chosen together, and trials under way are counted as poor, so that two processes look
    elsewhere."""
    with warnings.catch_warnings():  # both are called experimental
        warnings.simplefilter("ignore")
        return optuna.samplers.TPESampler(
            multivariate=True, constant_liar=True, warn_independent_sampling=False
        )


class Tuning:
    """Asks the study for fields, trains them as a run, tells it how each epoch went."""

    def __init__(
        self,
        study: optuna.Study,
        config: TrainConfig,
        search: dict[str, Any],
        folder: Path,
        space: Workspace,
        trials: int,
    ) -> None:
        self.study, self.config, self.search = study, config, search
        self.folder, self.space, self.trials = RunFolder(folder), space, trials
        self._given = Trials(study, folder)
        self._asking = threading.Lock()
        self._stop = threading.Event()
        self._failures = 0

    def run(self, jobs: int) -> None:
        self._begin()
        try:
            with call_on_stop_signal(lambda _: self._stop.set()), ThreadPoolExecutor(jobs) as pool:
                for ended in [pool.submit(self._work) for _ in range(jobs)]:
                    ended.result()
        except WorkbenchError as error:
            self._write_status(state="failed", ended=time.time(), error=one_line(error))
            raise
        if self._stop.is_set():
            self._write_status(state="stopped", ended=time.time())
            self.folder.stop_file.unlink(missing_ok=True)
        elif count_done(self.study) >= self.trials:  # else another process still works on the rest
            self._write_status(state="completed", ended=time.time())

    def _begin(self) -> None:
        """The command's own study is under way again, however it ended before; a page has said so itself."""
        if self.folder.status_file.exists() and not self.folder.status().person:
            self.folder.stop_file.unlink(missing_ok=True)
            self._write_status(state="running", ended=None, error=None)

    def _write_status(self, **fields: Any) -> None:
        if self.folder.status_file.exists():
            now = time.time()
            self.folder.set_status(step=count_done(self.study), steps=self.trials, heartbeat=now, **fields)

    def _work(self) -> None:
        while not self._stopping():
            with self._asking:
                trial = self._given.next(self.trials)
            if trial is None:
                return
            self._try(trial)
            self._write_status()

    def _try(self, trial: optuna.Trial) -> None:
        run = self._run_of(trial)
        if run is None:
            try:
                fields = suggest(trial, self.search)
                run = self._new_run(fields)
            except BadInput as error:
                log.warning("trial %d is no configuration (%s)", trial.number, error)
                self._end(trial, None, TrialState.FAIL)
                return
            trial.set_user_attr("run", run.id)
            log.info("trial %d: run %s %s", trial.number, run.id, fields)
        else:
            log.info("trial %d: run %s goes on", trial.number, run.id)
        value, ended = self._follow(trial, run)
        if ended == TrialState.FAIL and self._stopping() and run.status().state == "stopped":
            log.info("trial %d: stopped; the next call goes on with it", trial.number)
            return
        self._end(trial, value, TrialState.FAIL if value is None else ended)

    def _run_of(self, trial: optuna.Trial) -> RunFolder | None:
        """The run that a killed process left with this trial."""
        try:
            return open_run(trial.user_attrs["run"], space=self.space)
        # It has none yet, or it was deleted: the trial gets a new run.
        except (KeyError, BadInput):
            return None

    def _end(self, trial: optuna.Trial, value: float | None, state: TrialState) -> None:
        self.study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
        log.info("trial %d: %s, %s %s", trial.number, state.name.lower(), self.config.monitor, value)
        self._failures = self._failures + 1 if state == TrialState.FAIL and not self._stopping() else 0
        if self._failures >= FAILURES:
            run = trial.user_attrs.get("run")
            why = f"see the log of run {run}" if run else "the search space gives no configuration that fits"
            raise WorkbenchError(f"{self._failures} trials in a row could not be trained; {why}")

    def _new_run(self, fields: dict[str, Any]) -> RunFolder:
        """An ordinary run of the workspace; its test split stays closed, for tuning chooses on validation."""
        values = {**self.config.to_dict(), "model": self.config.model_name, **fields, "score_test": False}
        return new_run(TrainConfig.from_dict(values).to_dict(), space=self.space)

    def _follow(self, trial: optuna.Trial, run: RunFolder) -> tuple[float | None, TrialState]:
        """Train it in a process of its own; after each epoch ask whether it is worth going on."""
        alive, choose = self._start(run), min if self.config.lower_is_better else max
        known = self.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        offset, reported, best, pruned = 0, max(known, default=0), None, False
        while True:
            ended = not alive()
            found, offset = events.read(run.events_file, offset)
            for event in found:
                if event.name != f"val/{self.config.monitor}":
                    continue
                best = event.value if best is None else choose(best, event.value)
                if event.epoch <= reported:
                    continue
                reported = event.epoch
                trial.report(best, reported)
                if not pruned and not ended and trial.should_prune():
                    pruned = True
                    run.stop_file.touch()
            if ended:
                break
            if self._stopping():
                run.stop_file.touch()
            time.sleep(LOOK)
        state = run.status().state
        if pruned and state == "stopped":
            return best, TrialState.PRUNED
        return (best, TrialState.COMPLETE) if state == "completed" else (best, TrialState.FAIL)

    def _start(self, run: RunFolder) -> Callable[[], bool]:
        """Its process, asked whether it lives: one that still trains, none where it has ended, else a new
        one."""
        status = run.status()
        if status.state == "completed":
            return lambda: False
        if processes.alive(status.pid, status.process_start):
            return lambda: processes.alive(status.pid, status.process_start)
        resume = ["--resume"] if run.last_checkpoint.exists() else []
        with run.log_file.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "train", "--run-dir", str(run.path), *resume],
                cwd=CODE_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return lambda: process.poll() is None

    def _stopping(self) -> bool:
        if self.folder.stop_file.exists() or (
            self.folder.status_file.exists() and self.folder.status().state == "stopping"
        ):
            self._stop.set()
        return self._stop.is_set()
