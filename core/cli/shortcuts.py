"""`python -m core shortcuts`: which trivial features tell real from fake in the catalogued datasets."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tqdm import tqdm

from core import numbers, words
from core.catalog import shortcut_measurements, shortcuts, table
from core.errors import BadInput

SUMMARY = "probe datasets for shortcuts: file size, duration, silence and such that give the label away"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", nargs="+", action="extend", metavar="NAME", help="only these (default: all)"
    )
    parser.add_argument(
        "--samples", type=int, default=shortcut_measurements.PER_CLASS, help="files measured of each class"
    )
    parser.add_argument(
        "--together", action="store_true", help="as one set: what pairing the named datasets gives away"
    )
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> dict[str, Any]:
    names = list(dict.fromkeys(args.dataset)) if args.dataset else table.datasets()
    if not names:
        raise BadInput(
            "the catalogue is empty; scan a folder (`python -m core scan ROOT`) or make the demo first"
        )
    if args.samples < shortcuts.LEAST:
        raise BadInput(f"--samples ({args.samples}) must be at least {shortcuts.LEAST}")
    if args.together:
        both = shortcuts.probe_together(names, per_class=args.samples, seed=args.seed)
        return {"datasets": [both.to_dict()], "warn_above": shortcuts.WARN_ABOVE, "skipped": []}
    found, skipped = [], []
    for name in tqdm(names, desc="shortcuts", file=sys.stderr, disable=not sys.stderr.isatty()):
        try:
            found.append(shortcuts.probe(name, per_class=args.samples, seed=args.seed).to_dict())
        except BadInput as error:
            if args.dataset:
                raise
            skipped.append(str(error))
    return {"datasets": found, "warn_above": shortcuts.WARN_ABOVE, "skipped": skipped}


def show(result: dict[str, Any]) -> str:
    lines = ["How well each feature alone tells real from fake: AUC, 0.5 is not at all, 1 is always"]
    for probe in result["datasets"]:
        lines.append(f"{probe['dataset']} ({probe['real']} real, {probe['fake']} fake measured)")
        for f in probe["features"]:
            mark = "  ! tells real from fake" if f["warning"] else ""
            lines.append(
                f"  {words.measured(f['name']):<17} {numbers.interval(f['auc'], f['low'], f['high'])}  "
                f"{f['fakes_are']} in fakes{mark}"
            )
    return "\n".join(lines + result["skipped"])
