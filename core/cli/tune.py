"""`tune`: search for good options; every trial is an ordinary run."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from core import numbers, words
from core.cli._settings import add_settings, read_settings

SUMMARY = "search for good options with Optuna"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="CONFIG.yaml", help="fields of the configuration, and under `search` the space"
    )
    parser.add_argument("--trials", type=int, required=True, metavar="N", help="trials in all; again goes on")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="trials at a time (default 1)")
    add_settings(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    given = read_settings(args)
    from core.training.tuning.tuning import tune

    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("core.training.tuning.tuning").setLevel(logging.INFO)
    path = Path(args.config).absolute()
    # A tuning that a page has started has a folder of its own, with its configuration in it.
    own = path.parent if path.name == "config.yaml" and (path.parent / "status.json").exists() else None
    return tune(given, args.trials, jobs=args.jobs, folder=own)


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{result['done']} of {result['trials']} trials, by {words.figure(result['monitor'])} on validation"
    ]
    for row in result["all"][:10]:
        value = numbers.number(row["value"])
        params = ", ".join(
            f"{k}={numbers.number(v)}" if isinstance(v, float) else f"{k}={v}"
            for k, v in row["params"].items()
        )
        lines.append(f"{row['number']:>4}  {value}  {row['state']:<9} {row['run']}  {params}")
    lines.append(result["folder"])
    return "\n".join(lines)
