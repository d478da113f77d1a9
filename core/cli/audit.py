"""`audit`: who did what in this workspace, and whether the trail is as it was written."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.errors import WorkbenchError

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
    from core import audit

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
    return "\n".join(map(_line, result))


def _line(entry: dict[str, Any]) -> str:
    from core import audit

    more = audit.details(entry)
    return (
        f"{entry['when']}  {entry['who']}: {entry['action']} {entry['subject']}{f' ({more})' if more else ''}"
    )
