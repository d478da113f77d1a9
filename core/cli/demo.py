"""`python -m core demo`: make the demo datasets and put them into the catalogue."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core import numbers
from core.catalog import demo
from core.workspace import workspace

SUMMARY = "make the demo datasets: small editions of published layouts, drawn and synthesised"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, help="where to make them (default: demo/ in the workspace)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same media (default 0)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.catalog.scan import scan

    root = args.root or workspace().demo
    with tqdm(total=100, desc="demo", unit="%", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int, _: str) -> None:
            bar.update(int(100 * done / total) - bar.n)

        result = demo.make(root, seed=args.seed, progress=progress)
    scan([Path(result["root"])])
    return result


def show(result: dict[str, Any]) -> str:
    lines = [f"{d['name']:<34} {d['samples']:>5} samples  {d['folder']}" for d in result["datasets"]]
    total = sum(d["samples"] for d in result["datasets"])
    lines.append(
        f"{numbers.count_of(len(result['datasets']), 'demo dataset')}, {numbers.count_of(total, 'sample')}, {result['bytes'] / 1e6:.0f} MB, "
        f"{result['seconds']:.0f} s; they are in the catalogue: `python -m core split` or `train` can use them"
    )
    return "\n".join(lines)
