"""Tuning with Optuna: trials are ordinary runs, pruned by their validation metric, resumable, several at once.

The study lives in a journal file, so that several processes (`tune` started twice) share it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import signal
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

from core.errors import BadInput, WorkbenchError
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.training.config import TrainConfig
from core.training.search import DEFAULT, check_space, suggest
from core.workspace import CODE_ROOT, Workspace, workspace, write_json

log = logging.getLogger("core.training.tuning")

LOOK = 0.5  # seconds between two looks at a trial
DONE = (TrialState.COMPLETE, TrialState.PRUNED)


def tune(
    given: Mapping[str, Any],
    trials: int,
    *,
    jobs: int = 1,
    folder: Path | None = None,
    space: Workspace | None = None,
) -> dict[str, Any]:
    """Make the study's trials up to `trials` in all and write what was found. A second call goes on with it."""
    if trials < 1 or jobs < 1:
        raise BadInput(f"trials ({trials}) and jobs ({jobs}) must be > 0")
    space = space or workspace()
    fields, asked = dict(given), given.get("search")
    fields.pop("search", None)
    config = TrainConfig.from_dict(fields)
    search = check_space(asked if isinstance(asked, Mapping) else default_space(config))
    folder = folder or folder_for(fields, search, space)
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(folder)
    Tuning(study, config, search, folder, space, trials).run(jobs)
    result = summary(study, folder, trials, config)
    write_json(folder / "tuning.json", result)
    write_plots(study, folder / "results")
    return result


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
        chosen["balancing"] = [*chosen["balancing"], ["smote"]]
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


def open_study(folder: Path) -> optuna.Study:
    """The study in the folder's journal. The best of few epochs says little, so nothing is pruned before the third."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    return optuna.create_study(
        study_name="tuning",
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(
            multivariate=True, constant_liar=True, warn_independent_sampling=False
        ),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
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
        self._asking = threading.Lock()
        self._stop = threading.Event()

    def run(self, jobs: int) -> None:
        with self._stopped_by_signals():
            forget_abandoned(self.study)
            with ThreadPoolExecutor(jobs) as pool:
                for ended in [pool.submit(self._work) for _ in range(jobs)]:
                    ended.result()
        state = "stopped" if self._stop.is_set() else "completed"
        if self.folder.status_file.exists():
            done = count_done(self.study)
            self.folder.set_status(state=state, ended=time.time(), step=done, steps=self.trials)

    def _work(self) -> None:
        while not self._stopping():
            with self._asking:
                if count_done(self.study, running=True) >= self.trials:
                    return
                trial = self.study.ask()
            fields = suggest(trial, self.search)
            self._try(trial, fields)
            if self.folder.status_file.exists():
                self.folder.set_status(step=count_done(self.study), steps=self.trials, heartbeat=time.time())

    def _try(self, trial: optuna.Trial, fields: dict[str, Any]) -> None:
        try:
            run = self._new_run(fields)
        except BadInput as error:
            log.warning("trial %d is no configuration (%s)", trial.number, error)
            self.study.tell(trial, state=TrialState.FAIL)
            return
        trial.set_user_attr("run", run.id)
        log.info("trial %d: run %s %s", trial.number, run.id, fields)
        value, ended = self._follow(trial, run)
        if ended == TrialState.COMPLETE and value is None:
            ended = TrialState.FAIL
        self.study.tell(trial, value if ended == TrialState.COMPLETE else None, state=ended)
        log.info("trial %d: %s, %s %s", trial.number, ended.name.lower(), self.config.monitor, value)

    def _new_run(self, fields: dict[str, Any]) -> RunFolder:
        """An ordinary run of the workspace; its test split stays closed, for tuning chooses on validation."""
        values = {**self.config.to_dict(), "model": self.config.model_name, **fields, "score_test": False}
        return new_run(TrainConfig.from_dict(values).to_dict(), space=self.space)

    def _follow(self, trial: optuna.Trial, run: RunFolder) -> tuple[float | None, TrialState]:
        """Train it in a process of its own; after each epoch ask whether it is worth going on."""
        with run.log_file.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "train", "--run-dir", str(run.path)],
                cwd=CODE_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        offset, told, best, pruned = 0, 0, None, False
        while True:
            ended = process.poll() is not None
            found, offset = events.read(run.events_file, offset)
            for event in found:
                if event.name != f"val/{self.config.monitor}" or event.epoch <= told:
                    continue
                told, best = event.epoch, event.value if best is None else max(best, event.value)
                trial.report(best, event.epoch)
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

    def _stopping(self) -> bool:
        if self.folder.stop_file.exists() or (
            self.folder.status_file.exists() and self.folder.status().state == "stopping"
        ):
            self._stop.set()
        return self._stop.is_set()

    def _stopped_by_signals(self) -> Any:
        return StoppedBySignals(self._stop.set)


class StoppedBySignals:
    """SIGTERM and Ctrl-C end the tuning after the batch of each trial; the next call goes on."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask
        self.before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self.before[number] = signal.signal(number, lambda *_: self.ask())

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)


def count_done(study: optuna.Study, *, running: bool = False) -> int:
    states = (*DONE, TrialState.RUNNING) if running else DONE
    return len(study.get_trials(deepcopy=False, states=states))


def forget_abandoned(study: optuna.Study) -> None:
    """Trials whose process died count as failed, so that others take their place."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        began = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        run = trial.user_attrs.get("run")
        alive = run is not None and _lives(run)
        if not alive and time.time() - began > 60:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _lives(run: str) -> bool:
    from core.runs import processes
    from core.runs.folder import open_run

    try:
        status = open_run(run).status()
    except BadInput:
        return False
    return status.state in ("queued", "running", "stopping") and processes.alive(
        status.pid, status.process_start
    )


def summary(study: optuna.Study, folder: Path, trials: int, config: TrainConfig) -> dict[str, Any]:
    """All trials, the best first."""
    rows: list[dict[str, Any]] = [
        {
            "number": t.number,
            "state": t.state.name.lower(),
            "value": t.value if t.state == TrialState.COMPLETE else None,
            "params": dict(t.params),
            "run": t.user_attrs.get("run"),
            "epochs": len(t.intermediate_values),
        }
        for t in study.get_trials(deepcopy=False)
    ]
    ranked = sorted(rows, key=lambda r: (r["value"] is None, -float(r["value"] or 0.0), r["number"]))
    best = ranked[0] if ranked and ranked[0]["value"] is not None else None
    if best is None and rows and all(r["state"] == "fail" for r in rows):
        raise WorkbenchError(f"no trial could be trained; see the log of run {rows[0]['run']}")
    return {
        "folder": str(folder),
        "trials": trials,
        "done": count_done(study),
        "monitor": config.monitor,
        "best": best,
        "all": ranked,
    }


def write_plots(study: optuna.Study, results: Path) -> None:
    """History, importances and slices, as pictures for print."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from optuna.visualization import matplotlib as drawn

    results.mkdir(parents=True, exist_ok=True)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    plots: dict[str, Callable[[optuna.Study], Any]] = {
        "optimization_history": drawn.plot_optimization_history
    }
    if complete:
        plots["slice"] = drawn.plot_slice
        plots["intermediate_values"] = drawn.plot_intermediate_values
    if len({t.value for t in complete}) > 1:
        plots["param_importances"] = drawn.plot_param_importances
    for name, plot in plots.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            plot(study)
        plt.savefig(results / f"{name}.png", dpi=150, bbox_inches="tight")
        plt.close("all")
