"""export: a trained detector as one file that judges on any machine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from core import words
from core.detection import naming
from core.errors import BadInput

SUMMARY = "one file of a run: weights, recipe, calibration, operating point, reference; `detect --run FILE` judges with it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_name", metavar="RUN", help="a run of the workspace, or its folder")
    parser.add_argument("out", type=Path, metavar="FILE", help="where the detector goes, e.g. detector.pth")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.detection import source
    from core.detection.domain import reference

    found = source.find(args.run_name)
    if os.path.isdir(args.out):
        raise BadInput(f"{args.out} is a folder; name a file, e.g. {args.out / f'{found.id}.pth'}")
    if os.path.exists(args.out) and args.out.samefile(found.checkpoint):
        raise BadInput(f"{args.out} holds the run's own weights; name another file")
    try:
        path = source.export(args.run_name, args.out)
    except OSError as error:
        raise BadInput(f"{args.out} cannot be written ({error.strerror})") from error
    return {
        "detector": found.id,
        "modality": found.modality,
        "threshold": found.threshold,
        "learned_nothing": found.learned_nothing,
        "reference": reference.read_reference_bytes(source.find(path)) is not None,
        "path": os.fspath(path),
        "bytes": path.stat().st_size,
    }


def show(result: dict[str, Any]) -> str:
    nothing = "  It learned nothing: its verdicts are no evidence." if result["learned_nothing"] else ""
    if not result["reference"]:
        nothing += "  It holds nothing to compare files with: whether it knows a file cannot be told."
    return (
        f"{naming.name_of(result['detector'])} (judges {words.modality(result['modality'])}) is in {result['path']}, {result['bytes'] / 1e6:.1f} MB; "
        f"`python -m core detect FILE --run {result['path']}` judges with it.{nothing}"
    )
