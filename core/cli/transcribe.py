"""`python -m core transcribe`: words for the samples of a dataset that have none, through a speech recogniser."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from tqdm import tqdm

from core import numbers

SUMMARY = (
    "write down what is said in samples without words, through a speech recogniser that is on this machine"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="its name in the catalogue")
    parser.add_argument(
        "--recogniser",
        metavar="FOLDER",
        help="a folder of transformers' Whisper; else the first in the workspace's weights",
    )
    parser.add_argument(
        "--language", metavar="L", help="what is spoken (en, de, …); else the recogniser decides"
    )
    parser.add_argument(
        "--again", action="store_true", help="hear anew what another recogniser wrote; other words stay"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.catalog import table
    from core.training import transcribing

    table.info(args.dataset)  # a name that is not known says so before torch is imported
    folder = transcribing.recogniser_folder(args.recogniser)
    with tqdm(desc="hearing", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        recogniser = transcribing.Whisper(folder, args.language)
        return asdict(transcribing.transcribe(args.dataset, recogniser, progress=progress, again=args.again))


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{result['dataset']}: {numbers.count_of(result['written'], 'sample')} heard by {result['by']}, in {result['silent']:,} of them "
        f"nothing was said; {result['had_words']:,} had words and keep them, {result['heard_before']:,} were heard "
        f"before; in {result['file']}"
    ]
    if result["bad"]:
        lines.append(f"{result['bad']:,} could not be decoded; the first: {result['bad_files'][0]}")
    return "\n".join(lines)
