"""One page of HTML that says where the line is, why, and what it costs; complete in itself, no network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from core.thresholds import table
from core.thresholds.intervals import Interval
from core.thresholds.point import Point
from core.thresholds.sweep import Sweep

FIGURES = (
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("fpr", "False-positive rate"),
    ("f1", "F1"),
    ("macro_f1", "Macro F1"),
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("called_fake", "Share called fake"),
    ("cost", "Cost of 1,000 samples"),
)
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;margin:.6rem 0}td,th{border:1px solid #bbb;padding:.25rem .6rem;text-align:right}
th{text-align:left;background:#f3f3f3}.pair{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}
svg{width:300px;height:300px;border:1px solid #bbb}.warn{border-left:4px solid #d55e00;padding-left:.6rem}"""


@dataclass(frozen=True)
class Side:
    """One split: its name, its sweep, the point on it, and intervals where they were drawn."""

    name: str
    sweep: Sweep
    point: Point
    intervals: dict[str, Interval] = field(default_factory=dict)


def summary(
    title: str,
    why: str,
    chosen_on: str,
    sides: Sequence[Side],
    points: Sequence[Point],
    warnings: Sequence[str],
) -> str:
    """`points` are the methods to compare, with the figures of the last side."""
    line = sides[0].point.threshold
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>",
        f"<h1>{escape(title)}</h1>",
        f"<p>A sample is called fake where its score is at least <b>{_number(line, 6)}</b> ({escape(why)}). "
        f"The threshold was chosen on {escape(chosen_on)}.</p>",
    ]
    parts += [f"<p class='warn'>{escape(warning)}</p>" for warning in warnings]
    parts += [_side(side) for side in sides]
    parts += ["<h2>Methods compared</h2>", _compared(points)]
    parts.append(
        f"<p><small>Written {time.strftime('%Y-%m-%d %H:%M')} by the deepfake workbench.</small></p></html>"
    )
    return "\n".join(parts)


def _side(side: Side) -> str:
    point, sweep = side.point, side.sweep
    rows = "".join(
        f"<tr><th>{escape(title)}</th><td>{_number(getattr(point, name))}{_ends(side.intervals.get(name))}</td></tr>"
        for name, title in FIGURES
    )
    return (
        f"<h2>On {escape(side.name)}: {sweep.total:,} samples, {sweep.positives:,} fake</h2>"
        f"<p>AUC {_number(sweep.auc)}{_ends(side.intervals.get('auc'))} · AP {_number(sweep.ap)} · "
        f"EER {_number(sweep.eer)}</p><div class='pair'>"
        "<table><tr><th></th><th>called fake</th><th>called real</th></tr>"
        f"<tr><th>is fake</th><td>{point.tp:,}</td><td>{point.fn:,}</td></tr>"
        f"<tr><th>is real</th><td>{point.fp:,}</td><td>{point.tn:,}</td></tr></table>"
        f"<table>{rows}</table>{_roc(sweep, point)}</div>"
    )


def _roc(sweep: Sweep, point: Point) -> str:
    kept = table.rows(sweep)[::-1]
    x = np.concatenate([[0], sweep.fp[kept] / sweep.negatives]) * 280 + 10
    y = 290 - np.concatenate([[0], sweep.tp[kept] / sweep.positives]) * 280
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    cx, cy = 10 + 280 * (point.fpr or 0), 290 - 280 * (point.recall or 0)
    return (
        "<svg viewBox='0 0 300 300' role='img' aria-label='ROC with the chosen point'>"
        "<path d='M10 290L290 10' stroke='#aaa' stroke-dasharray='4 4'/>"
        f"<polyline points='{line}' fill='none' stroke='#222' stroke-width='1.8'/>"
        f"<circle cx='{cx:.1f}' cy='{cy:.1f}' r='5' fill='#0b5c8e'/></svg>"
    )


def _compared(points: Sequence[Point]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for _, title in FIGURES)
    body = "".join(
        f"<tr><th>{escape(p.method)}{'' if p.reachable else ' (out of reach: the best there is)'}</th>"
        f"<td>{_number(p.threshold, 6)}</td>"
        + "".join(f"<td>{_number(getattr(p, n))}</td>" for n, _ in FIGURES)
        + "</tr>"
        for p in points
    )
    return f"<table><tr><th>method</th><th>threshold</th>{head}</tr>{body}</table>"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}g}"


def _ends(ends: Interval | None) -> str:
    return "" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]"
