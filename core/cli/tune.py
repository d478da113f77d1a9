"""`tune`: search for good options; every trial is an ordinary run."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from core import numbers, option_words, words
from core.cli._settings import add_settings, read_settings

SUMMARY = "search for good options: several short trainings, each with other values"
SHOWN = 10  # trials that are printed, the best first
STATES = {
    "complete": "finished",
    "pruned": "cut short",
    "fail": "failed",
    "running": "running",
    "waiting": "waiting",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="CONFIG.yaml", help="a configuration, and under `search` the values that are tried"
    )
    parser.add_argument(
        "--trials",
        type=int,
        required=True,
        metavar="N",
        help="trials in all; called again, the search goes on",
    )
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
        f"{result['done']} of {numbers.count_of(result['trials'], 'trial')}, by {words.figure(result['monitor'])} on validation"
    ]
    for row in result["all"][:SHOWN]:
        options = ", ".join(f"{option_words.option(k)}: {_value(k, v)}" for k, v in row["params"].items())
        state = STATES.get(row["state"], row["state"])
        run = "" if row["run"] is None else f"  (run {row['run']})"
        lines.append(
            f"trial {row['number']:>3}  {numbers.number(row['value']):>6}  {state:<9}  {options}{run}"
        )
    if len(result["all"]) > SHOWN:
        lines.append(
            f"and {len(result['all']) - SHOWN:,} more, all of them in {result['folder']}/tuning.json"
        )
    lines.append(f"The search with its pictures is in {result['folder']}; the same command goes on with it.")
    return "\n".join(lines)


def _value(name: str, value: object) -> str:
    from core.training.options import display

    return numbers.number(value) if isinstance(value, float) else display.value(name, value)
