"""Options of the commands that can work on a cluster."""

from __future__ import annotations

import argparse

LOCAL, RAY = "local", "ray"
SHARD = 64  # files


def add_executor(parser: argparse.ArgumentParser, *, resume: str) -> None:
    """`resume` says with what the command goes on."""
    parser.add_argument(
        "--executor",
        choices=(LOCAL, RAY),
        default=LOCAL,
        help="where the files are worked on; ray: in shards on the cluster that settings.toml ([executor] cluster) or "
        "RAY_ADDRESS names (default: %(default)s)",
    )
    parser.add_argument(
        "--shard", type=int, default=SHARD, metavar="FILES", help="files of one shard (default: %(default)s)"
    )
    parser.add_argument("--resume", action="store_true", help=resume)
