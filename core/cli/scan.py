"""python -m core scan ROOT…: recognise the datasets below folders, count them, save the catalogue."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tqdm import tqdm

from core import numbers, words
from core.catalog import advice, roots, statistics, table
from core.catalog.expected import compare_with_expected
from core.catalog.info import DatasetInfo
from core.catalog.scan import ScanResult, scan

SUMMARY = "recognise and count the datasets below folders; save the catalogue"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("roots", nargs="+", metavar="ROOT", help="a folder that holds datasets as downloaded")
    parser.add_argument(
        "--expected", action="store_true", help="also list every known dataset: found, partly or not found"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    watched = sys.stderr.isatty()
    with tqdm(file=sys.stderr, disable=not watched, leave=False) as bar:

        def progress(what: str, done: int, out_of: int) -> None:
            if bar.desc != what:  # each stage has a rate, and so a time left, of its own
                bar.reset(out_of or None)
                bar.set_description_str(what)
            bar.update(done - bar.n)

        result = scan(args.roots, progress=progress if watched else None)
    for root in args.roots:  # so that the Datasets page scans them again
        roots.add(root)
    answer = document(result)
    if args.expected:
        every = [table.info(name) for name in table.datasets()]
        answer["expected"] = [row.to_dict() for row in compare_with_expected(every)]
    return answer


def document(result: ScanResult) -> dict[str, Any]:
    """The result as the contract has it."""
    return {
        "seconds": round(result.seconds, 3),
        "samples": sum(about.samples for about in result.datasets),
        "totals": {m: c.summary() for m, c in statistics.totals(result.datasets).items()},
        "datasets": [_dataset(about) for about in result.datasets],
        "unrecognised": [{"path": left.path, "files": left.files} for left in result.unrecognised],
        "ignored": [{"path": i.path, "files": i.files, "why": i.why} for i in result.ignored],
        "problems": result.problems,
    }


def _dataset(about: DatasetInfo) -> dict[str, Any]:
    total = statistics.count(about.counts)
    splits = statistics.count_by(about, "split")
    pair = {"real", "fake"}

    def short(count: statistics.Count) -> dict[str, Any]:
        return {k: v for k, v in count.summary().items() if k in pair}

    return {
        "name": about.name,
        "layout": about.layout,
        "root": about.root,
        "demo": about.demo,
        **total.summary(),
        "advice": advice.text(about),
        "modalities": {m: short(c) for m, c in statistics.count_by(about, "modality").items()},
        "splits": {s: short(splits.get(s, statistics.Count())) for s in statistics.SPLITS},
        "methods": statistics.methods(about),
        "published": about.published,
        "missing": statistics.missing(about),
        "problems": about.problems,
        "problem_count": about.problem_count,
        "notes": about.notes,
        "preset": advice.advise(about).preset,
    }


def show(result: dict[str, Any]) -> str:
    """A table for people."""
    lines = [
        f"{numbers.count_of(len(result['datasets']), 'dataset')}, {numbers.count_of(result['samples'], 'sample')}, {result['seconds']} s",
        "",
    ]
    head = f"{'dataset':<36} {'real':>10} {'fake':>10} {'no label':>10} {'ratio':>8}  severity"
    lines += [head, "-" * len(head)]
    for entry in result["datasets"]:
        ratio = numbers.ratio(entry["ratio"]) if entry["ratio"] else "-"
        lines.append(
            f"{entry['name']:<36} {entry['real']:>10,} {entry['fake']:>10,} {entry['unlabelled']:>10,} "
            f"{ratio:>8}  {words.SEVERITIES.get(entry['severity'], entry['severity'])}{'  (demo data)' if entry['demo'] else ''}"
        )
        lines += [f"    ! {problem}" for problem in entry["problems"]]
    for row in result.get("expected", ()):
        copy = "(a demo copy is here)" if row["demo"] else ""
        lines.append(f"{row['state']:<10} {row['name']:<36} {row['root'] or copy}".rstrip())
        lines += [f"    - {missing}" for missing in row["missing"]]
    lines += [
        f"not recognised as a dataset: {left['path']} ({numbers.count_of(left['files'], 'file')})"
        for left in result["unrecognised"]
    ]
    return "\n".join(lines + [f"! {problem}" for problem in result["problems"]])
