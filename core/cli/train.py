"""`train`: from the catalogue to a finished run."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import BadInput, WorkbenchError
from core.runs.folder import FINAL_STATES, RunFolder, new_run
from core.training.config import TrainConfig, parse_setting, read_yaml

SUMMARY = "train a detector"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", metavar="CONFIG.yaml", help="fields of the configuration")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="one field; the value is YAML",
    )
    parser.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="the run's folder; default: a new one in the workspace"
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in --run-dir stopped")


def run(args: argparse.Namespace) -> dict[str, Any]:
    given = read_yaml(args.config) if args.config else {}
    given.update(parse_setting(setting) for setting in args.settings)
    folder = prepared_folder(
        args.run_dir, given, asked=bool(args.config or args.settings), resume=args.resume
    )
    devices = TrainConfig.from_dict(folder.config()).devices
    if devices > 1 and "WORLD_SIZE" not in os.environ:
        return train_together(folder, devices, args.resume)
    from core.training.worker import outcome, work

    result = work(folder, resume=args.resume)
    return result or outcome(folder)


def prepared_folder(path: Path | None, given: dict[str, Any], *, asked: bool, resume: bool) -> RunFolder:
    """The folder to train in. What cannot be trained is refused before there is one."""
    if path is not None and (path / "config.yaml").is_file() and not asked:
        folder = RunFolder(path.absolute())
        if not resume:
            _refuse_finished(folder)
        return folder
    if resume:
        if path is None:
            raise BadInput("--resume needs --run-dir, the folder of the run that shall go on")
        if not (path / "config.yaml").is_file():
            raise BadInput(f"--resume: {path} holds no run")
        raise BadInput("--resume goes on with the run's own configuration; leave out CONFIG.yaml and --set")
    if path is not None and not asked:
        raise BadInput(f"--run-dir: {path} holds no config.yaml; give a CONFIG.yaml or --set")
    if path is not None:
        _refuse_finished(RunFolder(path))
    config = TrainConfig.from_dict(given)
    return new_run(checked(config), path=path.absolute() if path else None)


def checked(config: TrainConfig) -> dict[str, Any]:
    """The fields to keep, after looking whether they can be trained; datasets and model are named in them."""
    from core.training.samples import select
    from core.training.setup import card_for

    card_for(config)
    table = select(config)
    return {
        **config.to_dict(),
        "datasets": sorted(table["dataset"].unique().tolist()),
        "model": config.model_name,
    }


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
    ended = subprocess.run(command, check=False, stdout=sys.stderr)
    from core.training.worker import outcome

    result = outcome(folder)
    if ended.returncode and result["status"] != "stopped":
        raise WorkbenchError(
            result["error"] or f"torchrun ended with {ended.returncode}; see {folder.log_file}"
        )
    return result


def show(result: dict[str, Any]) -> str:
    lines = [f"run {result['run']}: {result['status']}"]
    if result["best_epoch"]:
        lines.append(f"best epoch {result['best_epoch']}")
    for split, figures in result["metrics"].items():
        chosen = figures["at_chosen"]
        low, high = (chosen["intervals"].get("auc") or (None, None))[:2]
        if chosen.get("auc") is not None and low is not None:
            lines.append(
                f"{split}: AUC {chosen['auc']:.3f} [{low:.2f}, {high:.2f}], balanced accuracy "
                f"{chosen['balanced_accuracy']:.3f}, accuracy {chosen['accuracy']:.3f} "
                f"(always the majority: {figures['majority_baseline']:.3f})"
            )
    if result["learned_nothing"]:
        lines.append(f"learned nothing: {result['learned_nothing_reason']}")
    point = result["operating_point"]
    if point:
        lines.append(f"operating point {point.get('threshold')} ({point.get('method')})")
    lines.append(result["path"])
    return "\n".join(lines)
