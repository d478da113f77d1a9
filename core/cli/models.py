"""`models`: the networks that can be trained, with their parameter counts."""

from __future__ import annotations

import argparse
from typing import Any

from core.errors import BadInput

SUMMARY = "the networks that can be trained, with their parameter counts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (also timm:NAME); default: all")
    parser.add_argument("--modality", choices=("image", "audio", "video", "multimodal"), help="only these")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    from models import registry

    try:
        names = args.names or registry.list_models(args.modality)
        return [row(name) for name in names if args.modality in (None, registry.card(name).modality)]
    except (registry.UnknownModel, registry.BadOption) as error:
        raise BadInput(str(error)) from error


def row(name: str) -> dict[str, Any]:
    from models import registry

    card = registry.card(name)
    return {
        "name": name,
        "modality": card.modality,
        "parameters": registry.count_parameters(name),
        "input": card.input,
        "pretrained": card.pretrained or None,
        "cam_layer": card.cam_layer or None,
        "about": card.about,
        "source": card.source,
        "tune": card.tune,
        "learning_rate": card.learning_rate,
        "objectives": dict(card.objectives),
        "options": card.options,
    }


def show(result: list[dict[str, Any]]) -> str:
    columns = ("name", "modality", "parameters", "input", "about")
    cells = [[f"{entry[c]:,}" if c == "parameters" else str(entry[c]) for c in columns] for entry in result]
    rows = [list(columns), *cells]
    widths = [max(len(line[i]) for line in rows) for i in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if c == "parameters" else cell.ljust(w)
            for c, cell, w in zip(columns, line, widths, strict=True)
        ).rstrip()
        for line in rows
    )
