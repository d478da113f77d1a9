"""One page of HTML that says where the line is, why, and what it costs; complete in itself, no network."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from core import glossary, numbers
from core.thresholds import methods, table
from core.thresholds.band import Band
from core.thresholds.intervals import Interval
from core.thresholds.own_scale import fake_where, own, own_ends, uncertain_scores
from core.thresholds.point import Costs, Point
from core.thresholds.sweep import Sweep

FIGURES = (
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("fpr", "False-alarm rate"),
    ("f1", "F1"),
    ("macro_f1", "Macro F1"),
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("called_fake", "Share called fake"),
    ("cost", "Cost of 1,000 samples"),
)
STYLE = """body{font:14px/1.4 system-ui,sans-serif;max-width:62rem;margin:1.5rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.5rem;margin:.4rem 0}h2{font-size:1.1rem;margin:.9rem 0 .3rem}p{margin:.3rem 0}
table{border-collapse:collapse;margin:.4rem 0;font-variant-numeric:tabular-nums}
td,th{border:1px solid #bbb;padding:.15rem .5rem;text-align:right}th{text-align:left;background:#f3f3f3}
.sides,.pair{display:flex;flex-wrap:wrap;gap:.5rem 2rem;align-items:flex-start}.pair{gap:1rem}
svg{width:230px;height:230px}svg text{font-size:13px}.warn{border-left:4px solid #d55e00;padding-left:.6rem}
@page{size:A4;margin:9mm}
@media print{body{font-size:10px;margin:0;padding:0;max-width:none}h1{font-size:16px}h2{font-size:12px;margin:.5rem 0 .2rem}
p{margin:.15rem 0}table{margin:.2rem 0}.words{font-size:7.5px;line-height:1.1;margin:0;columns:2}.words small{font-size:inherit}
.sides{flex-wrap:nowrap;gap:1rem}.sides>*{flex:1}.pair{gap:.5rem}svg{width:150px;height:150px}svg text{font-size:15px}
tr,svg{break-inside:avoid}th{print-color-adjust:exact}}"""


@dataclass(frozen=True)
class Side:
    """One split: its name, its sweep, the point on it, and intervals where they were drawn."""

    name: str
    sweep: Sweep
    point: Point
    band: Band | None = None
    intervals: dict[str, Interval] = field(default_factory=dict)


def summary(
    title: str,
    why: str,
    chosen_on: str,
    sides: Sequence[Side],
    compared_on: str,
    points: Sequence[Point],
    warnings: Sequence[str],
    turned: bool = False,
    intervals: Sequence[dict[str, Interval]] = (),
) -> str:
    """`points` are those of the rules to compare, with their figures on `compared_on` and the intervals of these. It prints
    on one sheet.

    `turned`: scores were negated; they are written as their file has them.
    """
    point = sides[0].point
    line = (
        "Nothing is called fake"
        if point.threshold is None
        else f"A sample is called fake where its score is <b>{fake_where(point.threshold, turned)}</b>"
    )
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{line} ({escape(methods.title(why))}). The threshold was chosen on {escape(chosen_on)}. {_costs(point.costs)}</p>",
    ]
    parts += [f"<p class='warn'>{escape(warning)}</p>" for warning in warnings]
    parts += ["<div class='sides'>", *(_side(side, turned) for side in sides), "</div>"]
    parts += [f"<h2>Rules compared, on {escape(compared_on)}</h2>", _compare(points, turned, intervals)]
    parts.append(
        f"<p><small>Written {time.strftime('%Y-%m-%d %H:%M')} by the deepfake workbench. Intervals are of 95 %, "
        "from repeated draws of whole groups of samples.</small></p>",
    )
    document = "\n".join(parts)
    return f"{document}{_words(document)}</html>"


def _words(document: str) -> str:
    """What its words mean, in small print."""
    said = glossary.explain(re.sub(r"<style>.*?</style>|<[^>]*>", " ", document, flags=re.DOTALL))
    meanings = "; ".join(f"<b>{escape(word)}</b>: {escape(meaning)}" for word, meaning in said.items())
    return f"<p class='words'><small>{meanings}.</small></p>" if said else ""


def _costs(costs: Costs) -> str:
    share = (
        "as in the samples" if costs.prevalence is None else f"{numbers.threshold(100 * costs.prevalence)} %"
    )
    return f"A false alarm costs {numbers.threshold(costs.fp)}, a missed fake {numbers.threshold(costs.fn)}; prevalence of fakes: {share}."


def _side(side: Side, turned: bool) -> str:
    point, sweep = side.point, side.sweep
    rows = "".join(
        f"<tr><th>{escape(title)}</th><td>{_write_figure(getattr(point, name), side.intervals.get(name))}</td></tr>"
        for name, title in FIGURES
    )
    return (
        f"<section><h2>On {escape(side.name)}: {numbers.count_of(sweep.total, 'sample')}, {sweep.positives:,} fake</h2>"
        f"<p>AUC {_write_figure(sweep.auc, side.intervals.get('auc'))} · "
        f"average precision {_write_figure(sweep.ap, side.intervals.get('ap'))} · "
        f"equal error rate {_write_figure(sweep.eer, side.intervals.get('eer'))}</p>{_band(side.band, turned)}<div class='pair'><div>"
        "<table><tr><th></th><th>called fake</th><th>called real</th></tr>"
        f"<tr><th>is fake</th><td>{point.tp:,}</td><td>{point.fn:,}</td></tr>"
        f"<tr><th>is real</th><td>{point.fp:,}</td><td>{point.tn:,}</td></tr></table>{_roc(sweep, point)}</div>"
        f"<table>{rows}</table></div></section>"
    )


def _band(band: Band | None, turned: bool) -> str:
    if band is None:
        return ""
    scores = uncertain_scores(*own_ends(band.low, band.high, turned), turned)
    wrong = "" if band.error is None else f", {band_share(band, 'error')} of the decided are wrong"
    return f"<p>Uncertain {scores}: {band_share(band, 'queue')} are left to a person{wrong}.</p>"


def band_share(band: Band, name: str) -> str:
    value = band.queue if name == "queue" else band.error
    return numbers.percent_interval(value, *(band.intervals.get(name) or (None, None)))


def _roc(sweep: Sweep, point: Point) -> str:
    kept = table.rows(sweep)[::-1]
    x = np.concatenate([[0], sweep.fp[kept] / sweep.negatives]) * 260 + 30
    y = 270 - np.concatenate([[0], sweep.tp[kept] / sweep.positives]) * 260
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    cx, cy = 30 + 260 * (point.fpr or 0), 270 - 260 * (point.recall or 0)
    return (
        "<svg viewBox='0 0 300 300' role='img' aria-label='ROC with the chosen point'>"
        "<path d='M30 10H290V270H30Z' fill='none' stroke='#bbb'/>"
        "<path d='M30 270L290 10' stroke='#aaa' stroke-dasharray='4 4'/>"
        f"<polyline points='{line}' fill='none' stroke='#222' stroke-width='1.8'/>"
        f"<circle cx='{cx:.1f}' cy='{cy:.1f}' r='5' fill='#0b5c8e'/>"
        "<text x='160' y='292' text-anchor='middle'>false-alarm rate</text>"
        "<text x='18' y='140' text-anchor='middle' transform='rotate(-90 18 140)'>recall</text>"
        "<text x='30' y='285' text-anchor='middle'>0</text><text x='288' y='285' text-anchor='middle'>1</text>"
        "<text x='24' y='20' text-anchor='end'>1</text></svg>"
    )


def _compare(points: Sequence[Point], turned: bool, intervals: Sequence[dict[str, Interval]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for _, title in FIGURES)
    body = "".join(
        f"<tr><th>{escape(methods.title(p.method))}{'' if p.reachable else ' (out of reach: the best there is)'}</th>"
        f"<td>{numbers.threshold(own(p.threshold, turned))}</td>"
        + "".join(f"<td>{_write_figure(getattr(p, n), found.get(n))}</td>" for n, _ in FIGURES)
        + "</tr>"
        for p, found in zip(points, intervals or [{}] * len(points), strict=True)
    )
    return f"<table><tr><th>rule</th><th>threshold</th>{head}</tr>{body}</table>"


def _write_figure(value: float | None, ends: Interval | None) -> str:
    return numbers.interval(value, *(ends or (None, None)))
