"""Figures under the threshold lab: reliability, the two errors against each other, and who errors are made on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.thresholds import table
from core.thresholds.breakdown import NOBODY
from core.thresholds.calibration import Reliability
from core.thresholds.point import Point
from core.thresholds.sweep import Sweep
from dashboard import theme

MOST_BARS = 24


def reliability_figure(diagram: Reliability, name: str) -> go.Figure:
    """Share of fakes against the probability said; the size of a point is the number of samples in its bin."""
    size = 8 + 22 * np.sqrt(diagram.count / diagram.count.max())
    hover = [
        f"{low:.2f} to {high:.2f}: {n:,} samples, {share:.3f} fake"
        for low, high, n, share in zip(diagram.low, diagram.high, diagram.count, diagram.share, strict=True)
    ]
    fig = go.Figure(
        [
            go.Scatter(
                x=[0, 1],
                y=[0, 1],
                mode="lines",
                name="honest",
                line={"dash": "dot", "color": theme.UNCERTAIN},
            ),
            go.Scatter(
                x=diagram.mean,
                y=diagram.share,
                mode="lines+markers",
                name=name,
                marker={"size": size, "color": theme.SERIES[0], "opacity": 0.75},
                text=hover,
                hoverinfo="text",
            ),
        ]
    )
    fig.update_xaxes(title="probability said", range=[-0.02, 1.02])
    fig.update_yaxes(title="share that is fake", range=[-0.05, 1.05])
    return theme.figure(fig, height=360, keep="reliability")


def det_figure(sweep: Sweep, point: Point) -> go.Figure:
    """Detection error trade-off: both error rates on normal-deviate scales, with the line and the EER."""
    kept = table.rows(sweep)
    fpr, fnr = sweep.fp[kept] / sweep.negatives, (sweep.positives - sweep.tp[kept]) / sweep.positives
    shown = (fpr > 0) & (fpr < 1) & (fnr > 0) & (fnr < 1)
    fig = go.Figure(
        go.Scatter(
            x=_probit(fpr[shown]),
            y=_probit(fnr[shown]),
            mode="lines",
            name="trade-off",
            line={"color": theme.SERIES[0]},
            text=[f"FPR {a:.4f}, FNR {b:.4f}" for a, b in zip(fpr[shown], fnr[shown], strict=True)],
            hoverinfo="text",
        )
    )
    for x, y, name, symbol in (
        (sweep.eer, sweep.eer, f"EER {sweep.eer:.4f}", "diamond-open"),
        (point.fpr, point.fnr, "the line", "circle"),
    ):
        if x and y and 0 < x < 1 and 0 < y < 1:
            fig.add_scatter(
                x=_probit([x]),
                y=_probit([y]),
                mode="markers",
                name=name,
                marker={"symbol": symbol, "size": 12},
            )
    if not shown.any():
        words = "no threshold trades one error for the other here"
        fig.add_annotation(x=0.5, y=0.5, xref="paper", yref="paper", text=words, showarrow=False)
    ticks = [0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95]
    axis = {"tickvals": _probit(ticks), "ticktext": [f"{100 * t:g} %" for t in ticks]}
    fig.update_xaxes(title="reals called fake (FPR)", **axis)
    fig.update_yaxes(title="fakes missed (FNR)", **axis)
    return theme.figure(fig, height=360, keep="det")


def breakdown_figure(rows: pd.DataFrame, key: str) -> go.Figure:
    """Fakes found and reals accused for each value, with 95 % intervals; the worst first."""
    shown = rows.head(MOST_BARS).iloc[::-1]
    fig = go.Figure()
    for name, column, color, symbol in (
        ("fakes found (recall)", "recall", theme.FAKE, "x"),
        ("reals called fake (FPR)", "fpr", theme.REAL, "circle"),
    ):
        part = shown[shown[column].notna()]
        fig.add_scatter(
            x=part[column],
            y=part[key].map(lambda value: named(value, key)),
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part[f"{column}_high"] - part[column],
                "arrayminus": part[column] - part[f"{column}_low"],
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    fig.update_xaxes(range=[-0.02, 1.02], title="share")
    fig.update_yaxes(type="category")
    return theme.figure(fig, height=max(220, 90 + 26 * len(shown)), keep=f"breakdown-{key}")


def named(value: str, key: str) -> str:
    """A value as its axis shows it; reals have no method of forgery."""
    if value == NOBODY:
        return "none (reals)" if key == "method" else "not stated"
    return value[:40]


def _probit(shares: object) -> np.ndarray:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.asarray(shares, np.float64)))
