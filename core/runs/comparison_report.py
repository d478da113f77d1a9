"""The comparison to take away: the paired differences first, then the runs side by side. HTML, or PDF to file
away."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from core import html, numbers, pdf, words
from core.access import LOCAL, Person
from core.errors import BadInput, one_line
from core.runs import comparison, figures
from core.runs.folder import RunFolder
from core.version import VERSION

TEMPLATE = Path(__file__).with_name("comparison.html")
BESIDE = 4  # runs beside one another; more would not fit on paper
SHOWN = {
    "auc": "AUC",
    "ap": "average precision",
    "eer": words.figure("eer"),
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "recall": "recall (fake)",
    "precision": "precision (fake)",
}


def as_html(
    runs: Mapping[str, RunFolder],
    split: str = "test",
    person: Person = LOCAL,
    now: float | None = None,
) -> str:
    """`runs` maps what a run is called to its folder; the first is compared with each of the others."""
    if len(runs) < 2:
        raise BadInput("a comparison needs at least two runs")
    (first, reference), *others = runs.items()
    when = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(now))
    return html.render(
        TEMPLATE,
        heading="Comparison report",
        made=f"made {when} {person.by} with deepfake workbench {VERSION}",
        pairs=[_pair(first, reference, name, folder, split) for name, folder in others],
        split=words.split(split),
        side_by_side=[
            _side_by_side(islice(runs.items(), begin, begin + BESIDE), split)
            for begin in range(0, len(runs), BESIDE)
        ],
        made_of=[_made_of(name, folder) for name, folder in runs.items()],
        folders={name: f"{folder.path.parent.name}/{folder.id}" for name, folder in runs.items()},
    )


def as_pdf(
    runs: Mapping[str, RunFolder],
    split: str = "test",
    person: Person = LOCAL,
    now: float | None = None,
) -> bytes:
    return pdf.from_html(as_html(runs, split, person, now))


def _pair(first: str, a: RunFolder, second: str, b: RunFolder, split: str) -> dict[str, Any]:
    title, minus = f"“{first}” against “{second}”", f"“{first}” minus “{second}”"
    try:
        found = comparison.compare_paired(a, b, split)
    except BadInput as error:
        return {"title": title, "minus": minus, "words": f"{one_line(error)}.", "rows": []}
    note = f" {words.capital(found.note)}." if found.note else ""
    return {
        "title": title,
        "minus": minus,
        "words": f"{' '.join(found.auc.in_words(first, second))} {found.how_measured}{note}",
        "rows": [
            (
                SHOWN.get(d.figure) or words.figure(d.figure),
                numbers.interval(d.value, d.low, d.high),
                "differs" if d.shown else "no difference shown",
            )
            for d in found.differences
        ],
    }


def _side_by_side(runs: Iterable[tuple[str, RunFolder]], split: str) -> dict[str, Any]:
    """A row a figure, a column a run: intervals have room in it where a column a figure would break them."""
    columns = [(name, *_figures(folder, split)) for name, folder in runs]
    heads, *rows = zip(("figure", *SHOWN.values(), "samples"), *columns, strict=True)
    return {"heads": heads, "rows": rows}


def _figures(folder: RunFolder, split: str) -> tuple[str, ...]:
    found = (figures.in_force(folder) or {}).get(split) or {}
    at = found.get("at_chosen") or {}
    bounds = at.get("intervals") or {}
    cells = (numbers.interval(at.get(key), *(bounds.get(key) or (None, None))) for key in SHOWN)
    return (*cells, f"{found['n']:,}" if "n" in found else "–")


def _made_of(name: str, folder: RunFolder) -> tuple[str, str, str]:
    config = folder.config()
    datasets = ", ".join(map(str, config.get("datasets") or [])) or "–"
    demo = " (demo data)" if (figures.figures(folder) or {}).get("demo") is True else ""
    return name, words.network(str(config.get("model") or "–")), f"{datasets}{demo}"
