"""`python -m core feedback`: a dataset of the samples that people marked real or fake."""

from __future__ import annotations

import argparse
from typing import Any

from core import numbers

SUMMARY = "make the dataset `Feedback` of the samples that were marked real or fake on the Datasets and Detect pages"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # it has no options


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.catalog import feedback_dataset, statistics

    about, lost = feedback_dataset.collect()
    total = statistics.count(about.counts)
    return {
        "name": about.name,
        "root": about.root,
        "real": total.real,
        "fake": total.fake,
        "not_found": lost,
    }


def show(result: dict[str, Any]) -> str:
    lost = (
        f"; {numbers.count_of(result['not_found'], 'marked sample is', 'marked samples are')} gone"
        if result["not_found"]
        else ""
    )
    return f"{result['name']}: {result['real']:,} real and {result['fake']:,} fake in {result['root']}{lost}"
