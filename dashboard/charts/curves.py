"""Live curves of one or several runs, and the machine's figures under them on the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.runs.curves import MOST_POINTS, SYSTEM, Curve, Series, curve, pieces
from dashboard import theme

# A refresh of 8 runs stays under 100 KB: a point costs 11 bytes (two 32-bit numbers in base64).
MOST_BYTES = 96_000
LAYOUT_BYTES = 9_000
TRACE_BYTES = 300  # names, colours, keys
POINT_BYTES = 11
SYSTEM_SHARE = 0.2  # of the points, for all strips together
UNITS = {"throughput": "samples/s", "gpu": "GPU %", "gpu_memory": "GPU MB", "memory": "MB", "cpu": "CPU %",
         "data_wait": "wait"}  # fmt: skip
AXIS_TITLES = {"step": "step", "epoch": "epoch", "time": "seconds"}
DASHES = {"train": "dot", "val": "solid"}


@dataclass(frozen=True)
class View:
    """How the analyst wants to see the curves."""

    metric: str = "loss"
    axis: str = "step"
    smoothing: float = 0.6
    log_x: bool = False
    log_y: bool = False
    band: bool = True
    strips: tuple[str, ...] = ("throughput", "cpu", "memory", "gpu")

    @property
    def zoom(self) -> str:
        """While this stays the same, a refresh keeps zoom and selection."""
        return f"{self.metric}-{self.axis}-{self.log_x}-{self.log_y}"


def runs_figure(runs: Mapping[str, dict[str, Series]], view: View) -> go.Figure:
    """`runs` maps what a run is called to its series; its place in the mapping gives its colour."""
    strips = [s for s in view.strips if s in SYSTEM and any(s in found for found in runs.values())]
    drawn = {name: pieces(view.metric, found) for name, found in runs.items()}
    points = _points(sum(len(names) for names in drawn.values()), len(runs) * len(strips))
    figure = make_subplots(
        rows=1 + len(strips),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.03,
        row_heights=[1.0, *[0.28] * len(strips)],
    )
    for place, (label, found) in enumerate(runs.items()):
        color = theme.SERIES[place % len(theme.SERIES)]
        for name in drawn[label]:
            made = curve(found[name], axis=view.axis, smoothing=view.smoothing, points=points[0], name=name)
            split = name.partition("/")[0] if "/" in name else ""
            _add_curve(figure, made, f"{label} {split}".strip(), color, DASHES.get(split, "solid"), view)
        for row, strip in enumerate(strips, start=2):
            if strip in found:
                made = curve(found[strip], axis=view.axis, points=points[1])
                figure.add_trace(_line(made.x, made.y, label, color, width=1.2, legend=False), row=row, col=1)
    _axes(figure, strips, view)
    return theme.figure(figure, height=340 + 80 * len(strips), keep=view.zoom)


def _points(curves: int, strips: int) -> tuple[int, int]:
    """Points of a curve (drawn four times: smoothed, raw, both edges of the band) and of a strip."""
    traces = 5 * curves + strips
    whole = (MOST_BYTES - LAYOUT_BYTES - TRACE_BYTES * traces) / POINT_BYTES
    for_strips = int(whole * SYSTEM_SHARE / strips) if strips else 0
    for_curves = int(whole * (1 - SYSTEM_SHARE) / (4 * max(curves, 1)))
    return min(MOST_POINTS, max(20, for_curves)), min(MOST_POINTS // 2, max(10, for_strips))


def _add_curve(figure: go.Figure, made: Curve, label: str, color: str, dash: str, view: View) -> None:
    if made.thinned and view.band:
        for edge, fill in ((made.low, None), (made.high, "tonexty")):
            figure.add_trace(
                go.Scatter(
                    x=_small(made.x),
                    y=_small(edge),
                    fill=fill,
                    mode="lines",
                    line={"width": 0, "color": color},
                    fillcolor=_faint(color),
                    hoverinfo="skip",
                    showlegend=False,
                    name=f"{label} band",
                ),
                row=1,
                col=1,
            )
    if view.smoothing > 0 and len(made.x) > 1:
        figure.add_trace(
            _line(made.x, made.raw, f"{label} raw", color, opacity=0.25, legend=False), row=1, col=1
        )
    figure.add_trace(_line(made.x, made.y, label, color, dash=dash, width=2), row=1, col=1)
    if made.best is not None and "train" not in label.split()[-1:]:
        _mark_best(figure, made.best, label, color)


def _mark_best(figure: go.Figure, best: tuple[float, float], label: str, color: str) -> None:
    figure.add_trace(
        go.Scatter(
            x=[best[0]],
            y=[best[1]],
            mode="markers",
            marker={"symbol": "star", "size": 12, "color": color, "line": {"width": 1, "color": "white"}},
            name=f"{label} best",
            showlegend=False,
            hovertemplate=f"best {theme.number(best[1])} at %{{x}}<extra></extra>",
        ),
        row=1,
        col=1,
    )


def _line(
    x: np.ndarray,
    y: np.ndarray,
    label: str,
    color: str,
    *,
    dash: str = "solid",
    width: float = 1.0,
    opacity: float = 1.0,
    legend: bool = True,
) -> go.Scatter:
    return go.Scatter(
        x=_small(x),
        y=_small(y),
        mode="lines" if len(x) > 1 else "markers",
        line={"color": color, "dash": dash, "width": width},
        marker={"color": color},
        opacity=opacity,
        name=label,
        showlegend=legend,
        hoverinfo="all" if legend else "skip",
    )


def _faint(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"


def _small(values: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


def _axes(figure: go.Figure, strips: Sequence[str], view: View) -> None:
    rows = 1 + len(strips)
    figure.update_xaxes(title_text=AXIS_TITLES[view.axis], row=rows, col=1)
    figure.update_yaxes(title_text=view.metric, row=1, col=1)
    for row, strip in enumerate(strips, start=2):
        figure.update_yaxes(title_text=UNITS[strip], rangemode="tozero", nticks=3, row=row, col=1)
    if view.log_x:
        figure.update_xaxes(type="log")
    if view.log_y:
        figure.update_yaxes(type="log", row=1, col=1)
