"""Runs side by side: figures with intervals, ROC and precision–recall overlaid, differences, confusion matrices."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.runs.comparison import LOWER_IS_BETTER, Difference
from core.thresholds.sweep import sweep
from dashboard import theme

LEGEND = 44  # characters of a line of a legend
LEGEND_LINE = 19  # pixels
LINE = 13  # pixels of a run in a group
DRAWN = 400  # points of an overlaid curve
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "x", "triangle-up", "cross", "star", "pentagon")


def figures(rows: Mapping[str, Mapping[str, Any]], names: Sequence[str], keep: str = "figures") -> go.Figure:
    """One group a figure, one point a run with its 95 % interval. `rows`: run -> figures with `intervals`."""
    drawn = go.Figure()
    for place, (label, at) in enumerate(rows.items()):
        values = [at.get(name) for name in names]
        bounds = [(at.get("intervals") or {}).get(name) for name in names]
        color = theme.SERIES[place % len(theme.SERIES)]
        drawn.add_trace(
            go.Scatter(
                x=values,
                y=[theme.figure_name(name) for name in names],
                orientation="h",
                offsetgroup=str(place),
                mode="markers",
                name=_in_lines(label),
                marker={"color": color, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [_above(v, b) for v, b in zip(values, bounds, strict=True)],
                    "arrayminus": [_below(v, b) for v, b in zip(values, bounds, strict=True)],
                    "color": color,
                },
            )
        )
    drawn.update_layout(scattermode="group", scattergap=0.3)
    drawn.update_xaxes(range=[0, 1.02])
    drawn.update_yaxes(autorange="reversed")
    field = max(348, 60 + LINE * len(rows) * len(names))
    return _with_names_above(theme.figure(drawn, height=field, keep=keep, toolbar=False), field, rows)


def _with_names_above(drawn: go.Figure, field: int, names: Iterable[str]) -> go.Figure:
    """A name a line, with room for all of them: Plotly leaves them room by the width that it had at first, so that they
    lie over the curves where the window has become another one."""
    room = 12 + LEGEND_LINE * sum(1 + _in_lines(name).count("<br>") for name in names)
    drawn.update_layout(legend_orientation="v", margin_t=room, height=field + room)
    return drawn


def _in_lines(label: str) -> str:
    """A legend is cut where it is wider than its chart; what looks like HTML in a name is no HTML."""
    return "<br>".join(map(_plain, textwrap.wrap(label, LEGEND)))


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _above(value: float | None, bounds: Sequence[float] | None) -> float:
    return max(0.0, bounds[1] - value) if bounds and value is not None else 0.0


def _below(value: float | None, bounds: Sequence[float] | None) -> float:
    return max(0.0, value - bounds[0]) if bounds and value is not None else 0.0


def overlay(runs: Mapping[str, tuple[np.ndarray, np.ndarray]], kind: str) -> go.Figure:
    """ROC (`roc`) or precision–recall (`pr`) of several runs; `runs`: label -> (labels, scores)."""
    drawn, named = go.Figure(), []
    for place, (label, (labels, scores)) in enumerate(runs.items()):
        if not 0 < labels.sum() < len(labels):
            continue
        found = sweep(labels, scores)
        if kind == "roc":
            x, y, _ = found.roc()
            name = f"{label} (AUC {theme.number(found.auc)})"
        else:
            y, x, _ = found.precision_recall()
            name = f"{label} (average precision {theme.number(found.ap)})"
        named.append(name)
        x, y = (axis.astype(np.float32) for axis in _fewer(np.asarray(x), np.asarray(y)))
        line = {"color": theme.SERIES[place % len(theme.SERIES)], "dash": DASHES[place % len(DASHES)]}
        drawn.add_trace(go.Scatter(x=x, y=y, mode="lines", name=_in_lines(name), line=line))
    if kind == "roc":
        dotted = {"color": theme.UNCERTAIN, "dash": "dot", "width": 1}
        chance = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="chance", line=dotted)
        drawn.add_trace(chance.update(showlegend=False, hoverinfo="skip"))
    titles = ("false-alarm rate", "recall") if kind == "roc" else ("recall", "precision")
    drawn.update_xaxes(title_text=titles[0], range=[-0.01, 1.01])
    drawn.update_yaxes(title_text=titles[1], range=[-0.01, 1.01])
    return _with_names_above(theme.figure(drawn, height=380, keep=kind, toolbar=False), 348, named)


def _fewer(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= DRAWN:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, DRAWN).astype(int))
    return x[kept], y[kept]


def differences(found: Sequence[Difference], first: str, second: str) -> go.Figure:
    """Each figure's difference of two runs with its interval; grey and open where no difference is shown."""
    drawn = go.Figure()
    for shown, symbol, color, words in (
        (True, "circle", theme.SERIES[0], "a difference is shown"),
        (False, "circle-open", theme.UNCERTAIN, "no difference shown"),
    ):
        part = [d for d in found if d.shown is shown]
        if part:
            drawn.add_trace(
                go.Scatter(
                    x=[d.value for d in part],
                    y=[_with_direction(d.figure) for d in part],
                    mode="markers",
                    name=words,
                    marker={"symbol": symbol, "size": 11, "color": color},
                    error_x={
                        "type": "data",
                        "symmetric": False,
                        "array": [d.high - d.value for d in part],
                        "arrayminus": [d.value - d.low for d in part],
                        "color": color,
                    },
                )
            )
    drawn.add_vline(x=0, line={"width": 1, "dash": "dot", "color": theme.UNCERTAIN})
    drawn.update_layout(showlegend=True)  # also where all are of one kind
    drawn.update_yaxes(
        categoryorder="array", categoryarray=[_with_direction(d.figure) for d in reversed(found)]
    )
    halves = (f"“{first}”", f"minus “{second}”")
    title = " ".join(halves)
    # Too long for one line: a line for each run.
    drawn.update_xaxes(
        title_text=_plain(title) if len(title) <= LEGEND else "<br>".join(map(_in_lines, halves))
    )
    return theme.figure(drawn, height=120 + 32 * len(found), keep="differences")


def _with_direction(figure: str) -> str:
    return theme.figure_name(figure) + "<br>(less is better)" * (figure in LOWER_IS_BETTER)


CELLS = (("tn", "fp"), ("fn", "tp"))  # rows: truly real, truly fake; columns: called real, called fake


def confusion(at: Mapping[str, Any], title: str) -> go.Figure:
    """The four cells with counts and the share of their row; a click opens the samples of a cell."""
    counts = np.array([[float(at[name]) for name in row] for row in CELLS])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = [
        [f"{theme.count(c)}<br>{theme.percent(s)}" for c, s in zip(row, share, strict=True)]
        for row, share in zip(counts, shares, strict=True)
    ]
    x, y = ["called real", "called fake"], ["real", "fake"]
    drawn = go.Figure(
        go.Heatmap(
            z=shares,
            x=x,
            y=y,
            text=text,
            texttemplate="%{text}",
            colorscale="Blues",
            zmin=0,
            zmax=1,
            showscale=False,
            hoverinfo="skip",
        )
    )
    # Invisible markers, because a heat map's cells cannot be selected.
    drawn.add_trace(
        go.Scatter(
            x=[x[j] for i in range(2) for j in range(2)],
            y=[y[i] for i in range(2) for j in range(2)],
            customdata=[CELLS[i][j] for i in range(2) for j in range(2)],
            mode="markers",
            marker={"size": 70, "opacity": 0.001, "symbol": "square"},
            showlegend=False,
            text=[f"{y[i]}, {x[j]}: {text[i][j].replace('<br>', ', ')}" for i in range(2) for j in range(2)],
            hovertemplate="%{text}<extra></extra>",  # what skips hovering cannot be clicked either
        )
    )
    # Up to the edges of the cells: for the markers Plotly would leave room around them.
    drawn.update_xaxes(range=[-0.5, 1.5])
    drawn.update_yaxes(range=[1.5, -0.5])
    drawn.update_layout(title={"text": title, "font": {"size": 14}})
    return theme.figure(drawn, height=260, keep=title)
