"""`audit`: who did what in this workspace, and whether the trail is as it was written."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core import audit, numbers, words
from core.detection import trail
from core.errors import WorkbenchError
from core.runs import listing
from core.runs.titles import with_id
from core.thresholds import methods

SUMMARY = "show who did what here, or verify that no line of the trail was changed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", choices=("show", "verify"), default="show")
    parser.add_argument(
        "--last", type=int, default=50, metavar="N", help="show: the last N lines (default 50)"
    )
    parser.add_argument(
        "--expect", metavar="HASH", help="verify: a hash noted earlier, which must still stand in the trail"
    )


def run(args: argparse.Namespace) -> Any:
    if args.what == "show":
        return audit.entries()[-max(1, args.last) :]
    found = audit.verify(expect=args.expect)
    if found.broken is not None:
        raise WorkbenchError(
            f"audit trail: line {found.broken} {found.why}; the lines before it are as written"
        )
    return asdict(found)


def show(result: Any) -> str:
    if isinstance(result, dict):
        return f"{result['lines']:,} lines, each as it was written; the last hash is {result['head']}"
    if not result:
        return "nothing was done here yet"
    names = {run.id: run.name for run in listing.runs()}
    return "\n".join(_line(entry, names) for entry in result)


def _line(entry: dict[str, Any], names: dict[str, str]) -> str:
    """With the names that runs have today."""
    subject = str(entry["subject"])
    more = ", ".join(
        f"{words.recorded(key)} {_value(key, value, names)}" for key, value in trail.stated(entry)
    )
    what = with_id(names.get(subject, subject), subject)
    return f"{entry['when']}  {entry['who']}: {entry['action']} {what}{f' ({more})' if more else ''}"


def _value(key: str, value: object, names: dict[str, str]) -> str:
    if key == "method" and isinstance(value, str):
        return methods.title(value)
    if key == "detector":
        return names.get(str(value), str(value))
    return numbers.threshold(value) if isinstance(value, float) else str(value)
