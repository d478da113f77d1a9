"""python -m benchmarks.domain FOLDER: does a detector notice files of another kind, and leave those of its own alone?

FOLDER holds faces/, speech/ and foreign/ (benchmarks.quality describes the first two). Detectors of faces, of speech and
of the demo are trained as benchmarks.quality and benchmarks.first_detectors do, or taken from --keep where they lie. Each
then meets files of other kinds, and files of its own kind that neither training nor validation saw. The limit is
the run's own; several rules stand side by side, each at its own limit of 4 %. Which distances the rule joins was settled
while looking at these same folders, so its figures on them describe that choice and do not confirm it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.domain_cases import Case, cases
from benchmarks.domain_rows import RULES, Row, measure

AT_LEAST, AT_MOST = 0.95, 0.05  # of foreign files, of own ones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with faces/, speech/ and foreign/")
    parser.add_argument("--only", nargs="*", choices=("faces", "speech", "demo"), help="these detectors")
    parser.add_argument("--folds", type=int, default=5, help="folds of the speech that are judged (of 5)")
    parser.add_argument("--most", type=int, default=60, help="files of a kind that are judged (default 60)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where trained detectors stay for next time")
    parser.add_argument("--small", action="store_true", help="few files to learn from and to judge")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    args = parser.parse_args()
    for name in ("faces", "speech", "foreign"):
        if not (args.folder / name).is_dir():
            parser.error(f"{args.folder} has no folder {name}")
    with tempfile.TemporaryDirectory(prefix="domain-") as scratch:
        place = args.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        most = 6 if args.small else args.most
        wanted = args.only or ["faces", "speech", "demo"]
        rows = [
            row
            for case in cases(args.folder, place, wanted, args.folds, small=args.small)
            for row in measured(case, most)
        ]
    if args.json:
        args.json.write_text(json.dumps([row.to_dict() for row in rows], indent=2) + "\n", encoding="utf-8")
    head("all")
    for row in together(rows):
        show(row)
    sys.exit(0 if reached(rows) else 1)


def measured(case: Case, most: int) -> list[Row]:
    """Each row is printed as it comes: a detector takes minutes."""
    head(case.name)
    rows = []
    for row in measure(case, most):
        show(row)
        rows.append(row)
    return rows


def head(title: str) -> None:
    print(
        f"\n{title}\n{'files called foreign':<44} {'n':>5}  " + "  ".join(f"{rule:>11}" for rule in RULES),
        flush=True,
    )


def show(row: Row) -> None:
    shares = "  ".join(f"{row.share(rule):>10.1%} " for rule in RULES)
    print(f"{row.kind + ': ' + row.what:<44} {row.n:>5}  {shares}{row.remark}", flush=True)


def together(rows: list[Row]) -> list[Row]:
    """By medium: all foreign files, all own ones."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.kind == "processed":
            continue
        key = (row.kind, row.medium)
        found[key] = found[key].plus(row) if key in found else row.named(row.medium)
    return list(found.values())


def reached(rows: list[Row]) -> bool:
    within: dict[str, Callable[[float], bool]] = {
        "foreign": lambda share: share >= AT_LEAST,
        "own": lambda share: share <= AT_MOST,
    }
    return all(within[row.kind](row.share("in use")) for row in together(rows))


if __name__ == "__main__":
    main()
