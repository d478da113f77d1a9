"""import: a published checkpoint as a detector of the workspace."""

from __future__ import annotations

import argparse
from typing import Any

from core import words

SUMMARY = "make a detector of a published checkpoint: a file, or a folder from Hugging Face"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="the file of weights, or the folder that holds it")
    parser.add_argument("--name", help="what the detector is called here (default: the file's name)")
    parser.add_argument(
        "--as", dest="family", metavar="FAMILY", help="take it for this family instead of recognising it"
    )
    parser.add_argument(
        "--fake",
        metavar="LABEL",
        help="which label (or number of an output) means fake, where the file does not say; several with a comma "
        "between them",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.imports.importing import import_detector

    return import_detector(args.source, name=args.name, family=args.family, fake=args.fake)


def show(result: dict[str, Any]) -> str:
    from models.published import families

    lines = [
        f"{result['detector']}: {result['title']}, {result['parameters']:,} parameters, takes {result['input']}",
        f"recognised as {families()[result['family']].about} (--as {result['family']} says so without looking)",
        f"fake is: {result['fake']} ({result['fake_because']})",
        f"licence: {result['licence']}; from {result['source']}",
        *(f"published: {words.spelled_out(one['figure'])}, {one['protocol']}" for one in result["published"]),
        *result["notes"],
        "Not measured here yet: its verdicts are `uncertain` until "
        f"`python -m core evaluate {result['detector']!r} --dataset NAME` measured it on labelled files of yours.",
    ]
    return "\n".join(lines)
