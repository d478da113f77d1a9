"""Charts of a dataset's balance: pure functions from counts and measurements to figures.

Every bar carries (split, method, label, modality) as customdata: a click filters the gallery by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core import numbers, words
from core.catalog import statistics
from core.catalog.table import DatasetInfo
from dashboard import theme

LABELS = ("real", "fake", "unlabelled")
LABEL_OF = {0: "real", 1: "fake", None: "unlabelled"}
# Colour and pattern of a split: none of those of a label.
SPLIT_LOOK = {
    "train": ("#009E73", ""),
    "val": ("#CC79A7", "-"),
    "test": ("#8C6BB1", "|"),
    "unassigned": ("#9A9A9A", "+"),
}
MOST_WRITTEN = 12  # bars that have room for their numbers; more are read at the axis
BINS = 30
FINE, WARNING = theme.SERIES[0], theme.SERIES[2]  # of a property; no colours of a label


def splits_figure(about: DatasetInfo) -> go.Figure:
    """Real and fake of each split, side by side."""
    parts = statistics.count_by(about, "split")
    order = [s for s in statistics.SPLITS if s in parts]
    if order == ["unassigned"]:
        return _by_label(parts, order, "split", "samples", {"unassigned": "all samples"})
    return _by_label(parts, order, "split", "samples in each part", words.SPLITS)


def modalities_figure(about: DatasetInfo) -> go.Figure:
    parts = statistics.count_by(about, "modality")
    return _by_label(parts, list(parts), "modality", "samples of each kind", words.MODALITIES)


def _by_label(
    parts: dict[str, statistics.Count], order: Sequence[str], key: str, title: str, names: dict[str, str]
) -> go.Figure:
    figure = go.Figure()
    for label in LABELS:
        values = [getattr(parts[name], label) for name in order]
        if label == "unlabelled" and not any(values):
            continue
        figure.add_bar(
            x=list(order),
            y=values,
            name=words.LABELS[label],
            marker={
                "color": theme.LABEL_COLORS[label],
                "pattern": _pattern(theme.LABEL_PATTERNS[label]),
            },
            customdata=[_choice_of(**{key: name, "label": label}) for name in order],
            hovertemplate="%{x}, " + words.LABELS[label] + ": %{y:,}<extra></extra>",
        )
    figure.update_layout(barmode="group", yaxis_title=title)
    _write_numbers(figure)
    figure.update_xaxes(tickvals=list(order), ticktext=[names.get(name, name) for name in order])
    return theme.figure(figure, keep=f"{about_key(parts)}-{key}")


def _write_numbers(figure: go.Figure) -> None:
    """Over the bars instead of lines to an axis, where there are few."""
    if sum(len(bars["x"]) for bars in figure.data) > MOST_WRITTEN:
        return
    for bars in figure.data:
        bars.update(text=[theme.count(n) for n in bars["y"]], textposition="outside", cliponaxis=False)
    figure.update_yaxes(showgrid=False)


def _pattern(shape: str) -> dict[str, object]:
    return {
        "shape": shape,
        "fillmode": "overlay",
        "fgcolor": "rgba(255,255,255,0.6)",
        "size": 7,
    }


def about_key(parts: dict[str, statistics.Count]) -> str:
    return "-".join(parts)


def methods_figure(about: DatasetInfo) -> go.Figure:
    """Samples by method (reals first), the splits side by side."""
    counts: dict[str, dict[str, int]] = {}
    for row in about.counts:
        name = _method(row)
        split = row["split"] or "unassigned"
        counts.setdefault(name, {})
        counts[name][split] = counts[name].get(split, 0) + int(row["n"])
    fixed = [n for n in ("real", "unlabelled") if n in counts]
    order = fixed + sorted((n for n in counts if n not in fixed), key=lambda n: -sum(counts[n].values()))
    figure = go.Figure()
    for split in (s for s in statistics.SPLITS if any(s in c for c in counts.values())):
        color, shape = SPLIT_LOOK[split]
        values = [counts[name].get(split, 0) for name in order]
        figure.add_bar(
            x=order,
            y=values,
            name=words.split(split),
            marker={"color": color, "pattern": _pattern(shape)},
            customdata=[_method_choice(name, split) for name in order],
            hovertemplate="%{x}, " + words.split(split) + ": %{y:,}<extra></extra>",
        )
    figure.update_layout(barmode="group", yaxis_title="samples of each method")
    _write_numbers(figure)
    return theme.figure(figure, keep=f"{about.name}-methods")


def _method(row: dict[str, object]) -> str:
    if row["label"] != 1:
        return LABEL_OF[row["label"]]  # type: ignore[index]
    return str(row["method"] or "fake, method unknown")


def _method_choice(name: str, split: str) -> list[str]:
    if name in LABELS:
        return _choice_of(label=name, split=split)
    method = "unassigned" if name == "fake, method unknown" else name
    return _choice_of(label="fake", method=method, split=split)


def _choice_of(split: str = "", method: str = "", label: str = "", modality: str = "") -> list[str]:
    return [split, method, label, modality]


def measured_figure(frame: pd.DataFrame, feature: str, unit: str) -> go.Figure:
    """The distribution of a measured feature, real and fake laid over each other as shares of their class."""
    figure = go.Figure()
    values = frame[feature].to_numpy(float)
    known = np.isfinite(values)
    if known.any():
        low, high = float(values[known].min()), float(values[known].max())
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
        for value, label in ((0, "real"), (1, "fake")):
            mine = values[known & (frame["label"].to_numpy() == value)]
            if not len(mine):
                continue
            share = np.histogram(mine, edges)[0] / len(mine)
            figure.add_bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=100 * share,
                width=float(edges[1] - edges[0]),
                name=f"{label} ({theme.count(len(mine))})",
                opacity=0.6,
                marker={
                    "color": theme.LABEL_COLORS[label],
                    "pattern": _pattern(theme.LABEL_PATTERNS[label]),
                },
                customdata=[_choice_of(label=label) for _ in share],
                text=[numbers.short_percent(float(part)) for part in share],
                textposition="none",  # over the bars there is no room for them
                hovertemplate="%{x:.3~r} " + unit + ": %{text} of " + label + "<extra></extra>",
            )
    figure.update_layout(
        barmode="overlay",
        xaxis_title=f"{feature} ({unit})",
        yaxis_title="share of its class",
        yaxis_ticksuffix=" %",
    )
    return theme.figure(figure, keep=f"measured-{feature}")


def resolutions_figure(frame: pd.DataFrame) -> go.Figure:
    """Width and height of measured files; a large mark stands for many files of one size."""
    figure = go.Figure()
    for value, label in ((0, "real"), (1, "fake")):
        mine = frame[(frame["label"] == value) & frame["width"].notna()]
        if mine.empty:
            continue
        sizes = mine.groupby(["width", "height"]).size().reset_index(name="n")
        figure.add_scatter(
            x=sizes["width"],
            y=sizes["height"],
            mode="markers",
            name=f"{label} ({theme.count(len(mine))})",
            marker={
                "size": 8 + 22 * np.sqrt(sizes["n"] / sizes["n"].max()),
                "color": theme.LABEL_COLORS[label],
                "symbol": theme.LABEL_SYMBOLS[label] + "-open" * (label == "real"),
                "line": {"width": 2},
            },
            customdata=[[*_choice_of(label=label), int(n)] for n in sizes["n"]],
            hovertemplate="%{x} × %{y}: %{customdata[4]:,} " + label + "<extra></extra>",
        )
    figure.update_layout(xaxis_title="width (pixels)", yaxis_title="height (pixels)")
    return theme.figure(figure, keep="resolutions")


def shortcuts_figure(features: Sequence[object], warn_above: float) -> go.Figure:
    """The AUC of each trivial feature with its interval, and the line above which it is a warning."""
    rows = list(reversed(features))
    figure = go.Figure()
    figure.add_scatter(
        x=[f.auc for f in rows],  # type: ignore[attr-defined]
        y=[words.measured(f.name) for f in rows],  # type: ignore[attr-defined]
        mode="markers",
        marker={
            "size": 11,
            "color": [WARNING if f.warning else FINE for f in rows],  # type: ignore[attr-defined]
            "symbol": ["diamond" if f.warning else "circle" for f in rows],  # type: ignore[attr-defined]
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [f.high - f.auc for f in rows],  # type: ignore[attr-defined]
            "arrayminus": [f.auc - f.low for f in rows],  # type: ignore[attr-defined]
            "color": theme.UNCERTAIN,  # seen in light and dark
        },
        text=[numbers.interval(f.auc, f.low, f.high) for f in rows],  # type: ignore[attr-defined]
        hovertemplate="%{y}: %{text}<extra></extra>",
        showlegend=False,
    )
    # What the lines mean stands over the chart, to the left of one and to the right of the other.
    for x, dash, color, text, side in (
        (warn_above, "dash", WARNING, "warning", "right"),
        (0.5, "dot", theme.UNCERTAIN, "tells nothing", "left"),
    ):
        figure.add_vline(
            x=x,
            line_dash=dash,
            line_color=color,
            annotation_text=text,
            annotation_position=f"top {side}",
            annotation_yanchor="bottom",
        )
    figure.update_layout(xaxis={"range": [0.3, 1.02], "title": "AUC of the single property, 95 % interval"})
    return theme.figure(figure, height=120 + 28 * len(rows), keep="shortcuts")
