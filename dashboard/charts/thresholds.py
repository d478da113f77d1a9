"""Figures under the threshold lab: reliability, and where the errors are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core import words
from core.thresholds.breakdown import NOBODY
from core.thresholds.calibration import Reliability
from dashboard import theme

MOST_BARS = 24


def reliability_figure(diagram: Reliability, name: str) -> go.Figure:
    """Share of fakes against the probability given; the size of a point is the number of samples in its bin."""
    size = 8 + 22 * np.sqrt(diagram.count / diagram.count.max())
    hover = [
        f"{theme.number(float(low), 2)} to {theme.number(float(high), 2)}: {theme.count_of(int(n), 'sample')}, {theme.percent(share)} fake"
        for low, high, n, share in zip(diagram.low, diagram.high, diagram.count, diagram.share, strict=True)
    ]
    fig = go.Figure(
        [
            go.Scatter(
                x=[0, 1],
                y=[0, 1],
                mode="lines",
                name="exactly right",
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
                cliponaxis=False,  # a point on the edge stays a circle
            ),
        ]
    )
    fig.update_xaxes(title="probability given", range=[-0.02, 1.02])
    fig.update_yaxes(title="share that is fake", range=[-0.05, 1.05])
    return theme.figure(fig, height=360, keep="reliability")


def breakdown_figure(rows: pd.DataFrame, key: str) -> go.Figure:
    """Fakes found and reals accused for each value, with 95 % intervals; the worst first."""
    shown = rows.head(MOST_BARS).iloc[::-1]
    fig = go.Figure()
    for name, column, color, symbol in (
        ("fakes found", "recall", theme.FAKE, "x"),
        ("reals called fake", "fpr", theme.REAL, "circle"),
    ):
        part = shown[shown[column].notna()]
        fig.add_scatter(
            x=part[column],
            y=part[key].map(lambda value: name_of(value, key)),
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part[f"{column}_high"] - part[column],
                "arrayminus": part[column] - part[f"{column}_low"],
            },
            text=[
                f"{name_of(value, key)}: {theme.interval(x, low, high)}"
                for value, x, low, high in zip(
                    part[key], part[column], part[f"{column}_low"], part[f"{column}_high"], strict=True
                )
            ],
            hoverinfo="text",
        )
    fig.update_xaxes(range=[-0.02, 1.02], title="share, with its 95 % interval")
    # All in their order, with as much room at the ends as between them.
    names = list(dict.fromkeys(name_of(value, key) for value in shown[key]))
    fig.update_yaxes(type="category", categoryarray=names, range=[-0.6, len(names) - 0.4])
    return theme.figure(fig, height=max(220, 90 + 26 * len(shown)), keep=f"breakdown-{key}")


def name_of(value: str, key: str) -> str:
    """A value as its axis shows it; reals have no method."""
    if value in (NOBODY, "-"):
        return "none (reals)" if key == "method" else "not stated"
    return words.part(key, value)[:40]
