"""weights: which files of weights the workbench can use, and fetching one."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.errors import BadInput

SUMMARY = "list the weights that can be used, or fetch one of them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", default="list", choices=("list", "get"))
    parser.add_argument("name", nargs="?", help="the file's name, for get")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    from core.imports import weights

    if args.action == "get":
        if not args.name:
            raise BadInput("get needs the name of a file; `python -m core weights` lists them")
        _get(args.name)
    elif args.name:
        raise BadInput(f"list takes no name ({args.name})")
    found = weights.list_weights()
    return [
        one for one in found if args.action == "list" or one["name"] == weights.list_known(args.name).name
    ]


def _get(name: str) -> None:
    from tqdm import tqdm

    from core.imports import weights
    from core.imports.fetching import sum_of

    one = weights.list_known(name)
    shown = tqdm(total=one.bytes, desc=one.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty())

    def progress(done: int, total: int) -> None:
        shown.total = total
        shown.update(done - shown.n)

    with shown:
        path = weights.get(name, progress=progress)
    if path.is_file():
        print(f"{path}: sha256 {sum_of(path)}", file=sys.stderr)


def show(result: list[dict[str, Any]]) -> str:
    lines = []
    for one in result:
        size = f"{'' if one['exact'] else 'about '}{one['bytes'] / 1e6:,.1f} MB"
        lines.append(f"{one['name']:<52} {size:>16}  {one['state']:<8} {one['licence']}")
        lines.append(f"    {one['for']}")
        lines.append(f"    {one['source']}  ({one['checksum']})")
        if one["state"] == "damaged":
            lines.append(
                f"    it lies here with another content; `weights get {one['name']}` fetches it again"
            )
    return "\n".join(lines)
