"""`models`: the networks that can be trained, with their parameter counts."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core import words
from core.errors import BadInput
from core.runs import cards

SUMMARY = "the networks that can be trained, with their parameter counts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (also timm:NAME); default: all")
    parser.add_argument("--modality", choices=("image", "audio", "video", "multimodal"), help="only these")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """From the stored table where it knows all; torch is imported only for what it does not know."""
    rows = {card["name"]: card for card in cards.stored()}
    further = bool(cards.further_files())
    if further or not set(args.names) <= set(rows):
        rows = _ask(args.names, rows, further)
    chosen = [rows[name] for name in args.names or sorted(rows)]
    return [row for row in chosen if args.modality in (None, row["modality"])]


def _ask(names: list[str], known: dict[str, dict[str, Any]], further: bool) -> dict[str, dict[str, Any]]:
    from models import registry

    try:
        wanted = names or registry.list_models()
        # A file of somebody's own may put another network under a known name.
        fresh = [name for name in wanted if further or name not in known]
        return known | {name: describe(name, known.get(name)) for name in fresh}
    except (registry.UnknownModel, registry.BadOption) as error:
        raise BadInput(str(error)) from error


def describe(name: str, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """A network's row; its parameters are counted unless a row with the same card is known."""
    from models import registry

    card = registry.card(name)
    row: dict[str, Any] = {
        "name": name,
        "modality": card.modality,
        "parameters": None,
        "input": card.input,
        "pretrained": card.pretrained or None,
        "cam_layer": card.cam_layer or None,
        "about": card.about,
        "source": card.source,
        "tune": card.tune,
        "learning_rate": card.learning_rate,
        "objectives": dict(card.objectives),
        "options": card.options,
        "asked": {option: asdict(one) for option, one in registry.asked_options(name).items()},
    }
    counted = known["parameters"] if known and _same(known, row) else registry.count_parameters(name)
    return {**row, "parameters": counted}


def _same(known: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether the cards agree, as JSON keeps them."""
    from core.cli import as_json

    return as_json({**known, "parameters": None}) == as_json(row)


def show(result: list[dict[str, Any]]) -> str:
    """A line a network; its name for people first, then the one to type."""
    columns = ("network", "to type", "looks at", "parameters", "is given", "what it is")
    cells = [
        [
            words.network(one["name"]),
            one["name"],
            words.modality(one["modality"]),
            f"{one['parameters']:,}",
            str(one["input"]),
            str(one["about"]),
        ]
        for one in result
    ]
    rows = [list(columns), *cells]
    widths = [max(len(line[i]) for line in rows) for i in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if c == "parameters" else cell.ljust(w)
            for c, cell, w in zip(columns, line, widths, strict=True)
        ).rstrip()
        for line in rows
    )
