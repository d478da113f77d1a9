"""`deepfake-workbench`: the command of an installed workbench. `dashboard` starts the pages, all else is a verb of core."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from core import cli
from core.startup import QuickExit
from core.version import VERSION
from dashboard import __main__ as server

DASHBOARD = "dashboard"


def start() -> int:
    """What the command itself runs."""
    return QuickExit().with_code(main())


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] == DASHBOARD:
        return server.main(arguments[1:])
    if arguments and arguments[0] in ("-V", "--version"):
        print(f"deepfake-workbench {VERSION}")
        return 0
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: deepfake-workbench VERB … (each takes --help, and all but the first --json)\n")
        verbs = {DASHBOARD: "start the workbench's pages", **cli.verbs()}
        print("\n".join(f"  {verb:<11} {summary}" for verb, summary in verbs.items()))
        return 0
    return cli.main(arguments, "deepfake-workbench")


if __name__ == "__main__":
    sys.exit(start())
