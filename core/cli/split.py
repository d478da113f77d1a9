"""`python -m core split`: divide the catalogued datasets, write the plan, and say what leaks."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core import numbers, option_words, words
from core.catalog import allocation, duplicates, leaks, plan_files, shares, splits, table
from core.errors import BadInput

SUMMARY = "divide datasets into train, val and test without leaking, and report what leaks all the same"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", nargs="+", action="extend", metavar="NAME", help="only these (default: all)"
    )
    parser.add_argument("--protocol", choices=splits.PROTOCOLS, default="official")
    parser.add_argument(
        "--heldout", default="", metavar="METHOD", help="the method only in test (heldout_method)"
    )
    parser.add_argument(
        "--shares",
        default=shares.USUAL_SHARES,
        metavar="TRAIN/VAL/TEST",
        help="shares where no official list decides (default: %(default)s); 80/20 has no test part",
    )
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, metavar="PLAN.csv", help="write the plan here")
    parser.add_argument(
        "--no-media", action="store_true", help="do not read files to look for duplicates across the parts"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    names = list(dict.fromkeys(args.dataset)) if args.dataset else table.datasets()
    if not names:
        raise BadInput(
            "the catalogue is empty; scan a folder (`python -m core scan ROOT`) or make the demo first"
        )
    if args.heldout and args.protocol != "heldout_method":
        raise BadInput("--heldout needs --protocol heldout_method")
    samples = table.load(names)
    plan = splits.plan(samples, args.protocol, args.seed, heldout=args.heldout, shares=args.shares)
    if args.out:
        plan_files.write(plan, args.out)
    cost = None if args.no_media else duplicates.cost(plan.table[plan.table["split"] != ""])
    if cost is not None and cost.unread:
        print(cost.words, file=sys.stderr, flush=True)
    with tqdm(
        total=100, desc="duplicates", unit="%", file=sys.stderr, disable=not sys.stderr.isatty()
    ) as bar:

        def progress(done: float, total: float, _: str) -> None:
            bar.update(int(100 * done / max(1, total)) - bar.n)

        found = leaks.report(plan.table, media=not args.no_media, progress=progress)
    return {
        "protocol": plan.protocol,
        "seed": plan.seed,
        "datasets": names,
        "counts": plan.counts,
        "shares": {
            "asked": dict(zip(allocation.SPLITS, shares.parse_shares(args.shares), strict=True)),
            "reached": shares.shares_reached(plan.counts),
        },
        "dropped": plan.dropped,
        "crossing_groups": plan.crossing_groups,
        "leaks": [leak.to_dict() for leak in found],
        "leaky": plan.leaky,
        "notes": plan.notes,
        "check": None if cost is None else asdict(cost),
        "out": str(args.out) if args.out else None,
    }


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{option_words.choice('protocol', result['protocol'])}, seed {result['seed']}, {numbers.count_of(len(result['datasets']), 'dataset')}"
    ]
    for split, count in result["counts"].items():
        asked, all_ = (result["shares"][side][split] for side in ("asked", "reached"))
        share = f"{100 * (all_['all'] or 0):.1f} % (asked: {100 * asked:g} %)"
        lines.append(f"  {words.split(split):<10} {count['real']:>9,} real {count['fake']:>9,} fake  {share}")
    lines.append(
        f"  {numbers.count_of(result['dropped'], 'sample')} left out; {numbers.count_of(result['crossing_groups'], 'group is', 'groups are')} in more than one part"
    )
    lines += [f"  leak: {leak['kind']}: {leak['detail']} ({leak['count']:,})" for leak in result["leaks"]]
    lines += [f"  note: {note}" for note in result["notes"]]
    if result["out"]:
        lines.append(f"written: {result['out']}")
    return "\n".join(lines)
