"""`python -m core unpack`: plain files of a dataset that lies in Parquet or tar files."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core import numbers

SUMMARY = "write the samples of a dataset in Parquet or tar files as plain files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="its name in the catalogue")
    parser.add_argument("folder", type=Path, metavar="DIR", help="an empty folder, or one that was begun")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.catalog.unpack import unpack

    with tqdm(desc="unpacking", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return asdict(unpack(args.dataset, args.folder, progress=progress))


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{numbers.count_of(result['written'], 'file')} written below {result['folder']}, "
        f"{numbers.count_of(result['kept'], 'was', 'were')} there"
    ]
    if result["bad"]:
        first = result["bad_rows"][0]
        lines.append(
            f"{numbers.count_of(result['bad'], 'row')} could not be read, so left out; the first: {first}"
        )
    return "\n".join(lines)
