"""`train`: from the catalogue to a finished run."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from core import numbers, priority, words
from core.cli._settings import add_settings, read_settings
from core.errors import BadInput, WorkbenchError
from core.memory import keep_freed
from core.runs.folder import FINAL_STATES, RunFolder, new_run
from core.runs.titles import name_of
from core.startup import without_collection
from core.thresholds import methods
from core.training.options.config import TrainConfig
from core.training.process.signals import call_on_stop_signal

SUMMARY = "train a detector"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", metavar="CONFIG.yaml", help="fields of the configuration")
    add_settings(parser)
    parser.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="the run's folder; default: a new one in the workspace"
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in --run-dir stopped")


def run(args: argparse.Namespace) -> dict[str, Any]:
    given = read_settings(args)
    if args.resume and args.run_dir is not None:
        folder, setup = existing_folder(args.run_dir, resume=True), None
        _refuse_other(TrainConfig.from_dict(given), given, folder)
    elif args.config or args.settings or args.run_dir is None:
        folder, setup = new_folder(TrainConfig.from_dict(given), args.run_dir, resume=args.resume)
    else:
        folder, setup = existing_folder(args.run_dir, resume=args.resume), None
    if args.resume and folder.status_file.exists() and folder.status().state == "completed":
        from core.training.worker import outcome

        print(f"{name_of(folder)} has completed; nothing is left to do", file=sys.stderr)
        return outcome(folder)  # as it is: its test split is not opened again
    devices = TrainConfig.from_dict(folder.config()).devices
    if devices > 1 and "WORLD_SIZE" not in os.environ:
        return train_together(folder, devices, args.resume)
    with without_collection():
        from core.training.worker import outcome, work

    keep_freed()
    priority.settle()  # torchrun starts each worker in a session of its own
    result = work(folder, resume=args.resume, setup=setup)
    return result or outcome(folder)


def new_folder(config: TrainConfig, path: Path | None, *, resume: bool) -> tuple[RunFolder, Any]:
    """A folder for a new run, made only when everything that it needs has been built."""
    if resume:
        raise BadInput("--resume needs --run-dir, the folder of the run that shall go on")
    if path is not None:
        _refuse_file(path)
        _refuse_finished(RunFolder(path))
    from core.training.process.ranks import own_device
    from core.training.setup import set_up

    own_device(config.device, config.devices)  # refused here where this machine does not have it
    setup = set_up(config)
    asked = {
        **config.to_dict(),
        "datasets": sorted(setup.planned.rows["dataset"].unique().tolist()),
        "model": config.model_name,
    }
    return new_run(asked, path=path.absolute() if path else None), setup


def existing_folder(path: Path, *, resume: bool) -> RunFolder:
    """A run folder as it stands: what the run manager starts, and what --resume goes on with."""
    if not (path / "config.yaml").is_file():
        raise BadInput(f"--run-dir: {path} holds no config.yaml; give a CONFIG.yaml or --set")
    folder = RunFolder(path.absolute())
    if not resume:
        _refuse_finished(folder)
    return folder


def _refuse_other(config: TrainConfig, given: dict[str, Any], folder: RunFolder) -> None:
    """A resumed run keeps its configuration: fields may be repeated, not changed."""
    asked, own = config.to_dict(), TrainConfig.from_dict(folder.config()).to_dict()
    for name in given:
        if asked[name] != own[name]:
            raise BadInput(
                f"{name}: {asked[name]!r} is not what {name_of(folder)} trains with ({own[name]!r}); "
                "--resume goes on with the run's own configuration, another folder starts anew"
            )


def _refuse_file(path: Path) -> None:
    there = next((part for part in (path, *path.parents) if part.exists()), path)
    if there.exists() and not there.is_dir():
        raise BadInput(f"--run-dir: {there} is a file, not a folder")


def _refuse_finished(folder: RunFolder) -> None:
    if folder.last_checkpoint.exists() or (
        folder.status_file.exists() and folder.status().state in FINAL_STATES
    ):
        raise BadInput(
            f"--run-dir: {folder.path} holds a run that has already trained ({folder.status().state}); "
            "--resume goes on with it, another folder starts anew"
        )


def train_together(folder: RunFolder, devices: int, resume: bool) -> dict[str, Any]:
    """Several processes on this machine, under torchrun; what they wrote is the result."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    command += ["-m", "core", "train", "--run-dir", str(folder.path), *(["--resume"] if resume else [])]
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)

    def ask(number: int) -> None:
        """The first rank looks for the file and takes the others along; a second Ctrl-C ends all at once."""
        if number == signal.SIGINT and folder.stop_file.exists():
            os.killpg(process.pid, signal.SIGKILL)
        folder.stop_file.touch()

    with call_on_stop_signal(ask):
        code = process.wait()
    from core.training.worker import outcome

    result = outcome(folder)
    if code and result["status"] != "stopped":
        raise WorkbenchError(result["error"] or f"torchrun ended with {code}; see {folder.log_file}")
    return result


def show(result: dict[str, Any]) -> str:
    lines = [f"{name_of(RunFolder(result['path']))}: {words.state(result['status'])}"]
    if result["best_epoch"]:
        lines.append(f"best epoch: {result['best_epoch']}")
    for split, figures in result["metrics"].items():
        chosen = figures["at_chosen"]
        low, high = (chosen["intervals"].get("auc") or (None, None))[:2]
        if chosen.get("auc") is not None and low is not None:
            lines.append(
                f"{words.capital(words.split(split))}: AUC {numbers.interval(chosen['auc'], low, high)}, balanced accuracy "
                f"{numbers.number(chosen['balanced_accuracy'])}, accuracy {numbers.number(chosen['accuracy'])} "
                f"(always answering the larger class: {numbers.number(figures['majority_baseline'])})"
            )
    if result["learned_nothing"]:
        lines.append(f"It learned nothing: {result['learned_nothing_reason']}.")
    point = result["operating_point"]
    if point:
        lines.append(
            f"operating point: fake from a score of {numbers.threshold(point.get('threshold'))} on "
            f"({methods.title(str(point.get('method')))})"
        )
    lines.append(f"all of it is in {result['path']}")
    return "\n".join(lines)
