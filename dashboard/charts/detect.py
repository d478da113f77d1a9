"""Charts of one verdict: the score on its scale, scores over time, the sound with the map over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core import numbers
from core.detection import wording
from core.detection.verdict import Unit, Verdict
from core.words import modality
from dashboard import theme

# Transparent where the map says nothing, so that the spectrogram stays readable.
MAP_COLOURS = [
    [0.0, "rgba(0,0,0,0)"],
    [0.15, "rgba(0,0,0,0)"],
    [0.5, "rgba(204,71,120,0.65)"],
    [0.8, "rgba(248,149,64,0.85)"],
    [1.0, "rgba(240,249,33,0.95)"],
]
MOST_MARKS = 600  # of one chart


def _side(x: float) -> str:
    """Where a text at x is held, so that it does not leave the picture."""
    return "left" if x < 0.15 else "right" if x > 0.85 else "center"


def scale(verdict: Verdict, threshold: float | None) -> go.Figure:
    """The score between 0 and 1 with the operating point and the band; shape and word say what colour does."""
    fig = go.Figure()
    _stretch(fig, (0, 1 if threshold is None else min(1, threshold)), (0.35, 0.65), theme.REAL, opacity=0.25)
    if threshold is not None:
        _operating_point(fig, threshold)
    if verdict.band is not None:
        _stretch(fig, verdict.band, (0.25, 0.75), theme.UNCERTAIN, opacity=0.35)
    # Its outline is told from the ground in either theme; the fillings alone are not.
    outline = {"width": 1, "color": theme.UNCERTAIN}
    fig.add_shape(type="rect", x0=0, x1=1, y0=0.35, y1=0.65, line=outline, layer="below")
    if verdict.score is not None:
        _score(fig, verdict.score, verdict.word_at(verdict.score, threshold), verdict)
    fig.update_xaxes(
        range=[-0.02, 1.02], title="score, from real (0) to fake (1)", tickvals=[0, 0.25, 0.5, 0.75, 1]
    )
    fig.update_xaxes(showgrid=False, zeroline=False)  # they would lie over the scale
    fig.update_yaxes(visible=False, range=[0, 1])
    theme.figure(fig, height=140, keep="scale")
    fig.update_layout(showlegend=False, margin={"t": 4, "b": 4, "l": 8, "r": 8})
    return fig


def _stretch(
    fig: go.Figure, x: tuple[float, float], y: tuple[float, float], colour: str, opacity: float = 1.0
) -> None:
    """Under the mark of the score, which would take on its colour."""
    place = {"x0": x[0], "x1": x[1], "y0": y[0], "y1": y[1]}
    fig.add_shape(type="rect", **place, fillcolor=colour, opacity=opacity, line_width=0, layer="below")


def _operating_point(fig: go.Figure, threshold: float) -> None:
    """What is called fake, from a line that ends under its words."""
    _stretch(fig, (max(0, threshold), 1), (0.35, 0.65), theme.FAKE, opacity=0.25)
    line = {"width": 2, "color": theme.UNCERTAIN}
    fig.add_shape(type="line", x0=threshold, x1=threshold, y0=0.33, y1=0.76, line=line, layer="below")
    words, side = f"threshold {numbers.threshold(threshold)}", _side(threshold)
    fig.add_annotation(x=threshold, y=1.0, text=words, showarrow=False, yanchor="top", xanchor=side)


def _score(fig: go.Figure, score: float, word: str, verdict: Verdict) -> None:
    fig.add_trace(
        go.Scatter(
            x=[score],
            y=[0.5],
            mode="markers",
            marker={**_marker([word], verdict), "size": 18},
            hovertemplate=f"score {numbers.number(score)}<extra></extra>",
            cliponaxis=False,
        )
    )
    # Beside its mark the text would lie on the edge of the scale.
    said = f"{wording.spoken(word, verdict.words)} {numbers.number(score)}"
    fig.add_annotation(x=score, y=0.3, text=said, showarrow=False, yanchor="top", xanchor=_side(score))


def timeline(verdict: Verdict, threshold: float | None, chosen: int | None = None) -> go.Figure:
    """A line a person for frames and faces, a bar a segment for sound; a click names the unit."""
    fig = go.Figure()
    units = list(enumerate(verdict.units))[:MOST_MARKS]
    for track in sorted({u.track for _, u in units}):
        own = [(k, u) for k, u in units if u.track == track]
        if own[0][1].kind == "segment":
            _segments(fig, own, threshold, verdict)
        else:
            _person(fig, own, threshold, verdict, track)
    if threshold is not None:
        fig.add_hline(
            y=threshold,
            line={"width": 1.5, "dash": "dash", "color": theme.UNCERTAIN},
        )
        # Above the field: beside the line it would lie over the last of the marks.
        said = f"dashed: threshold {numbers.threshold(threshold)}"
        above = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
        fig.add_annotation(x=1, y=1, text=said, showarrow=False, **above)
    if chosen is not None and chosen < len(verdict.units):
        unit = verdict.units[chosen]
        fig.add_vline(
            x=(unit.t0 + unit.t1) / 2, line={"width": 8, "color": "rgba(127,127,127,.35)"}, layer="below"
        )
    fig.update_xaxes(title="seconds", rangemode="tozero")
    # The first mark stands on the axis: the numbers beside it keep clear of it.
    fig.update_yaxes(title="score", range=[-0.03, 1.03], ticklabelstandoff=6)
    fig = theme.figure(fig, height=260, keep=verdict.file)
    fig.update_layout(showlegend=len(verdict.tracks) > 1, clickmode="event+select", hovermode="closest")
    return fig


def _person(
    fig: go.Figure, own: Sequence[tuple[int, Unit]], threshold: float | None, verdict: Verdict, track: int
) -> None:
    words = [verdict.word_at(u.score, threshold) for _, u in own]
    fig.add_trace(
        go.Scatter(
            x=[u.t0 for _, u in own],
            y=[u.score for _, u in own],
            mode="lines+markers",
            name=f"person {track + 1}",
            customdata=[k for k, _ in own],
            text=[
                f"frame {u.index}: {wording.spoken(word, verdict.words)}, score {numbers.number(u.score)}"
                for (_, u), word in zip(own, words, strict=True)
            ],
            line={"color": theme.SERIES[track % len(theme.SERIES)], "width": 1.5},
            marker=_marker(words, verdict),
            cliponaxis=False,
            hovertemplate="%{x:.2f} s, %{text}<extra></extra>",
        )
    )


def _segments(
    fig: go.Figure, own: Sequence[tuple[int, Unit]], threshold: float | None, verdict: Verdict
) -> None:
    """Each segment from its start to its end; segments overlap, so they are lines and not bars."""
    words = [verdict.word_at(u.score, threshold) for _, u in own]
    gaps: list[float | None] = [value for _, u in own for value in (u.t0, u.t1, None)]
    levels: list[float | None] = [value for _, u in own for value in (u.score, u.score, None)]
    colour = theme.SERIES[own[0][1].track % len(theme.SERIES)]
    name = f"person {own[0][1].track + 1}" if len(verdict.tracks) > 1 else "sound"
    fig.add_trace(
        go.Scatter(
            x=gaps, y=levels, mode="lines", line={"width": 5, "color": colour}, name=name, hoverinfo="skip"
        )
    )
    fig.add_trace(
        go.Scatter(
            x=[(u.t0 + u.t1) / 2 for _, u in own],
            y=[u.score for _, u in own],
            mode="markers",
            showlegend=False,
            customdata=[k for k, _ in own],
            text=[
                f"{u.t0:.2f} to {u.t1:.2f} s: {wording.spoken(w, verdict.words)}, score {numbers.number(u.score)}"
                for (_, u), w in zip(own, words, strict=True)
            ],
            marker=_marker(words, verdict),
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _marker(words: Sequence[str], verdict: Verdict) -> dict[str, Any]:
    """Colour and shape of each verdict; a score that only leans has a shape alone."""
    leaning = wording.is_leaning(verdict.words)
    colours = [theme.UNCERTAIN if leaning else theme.LABEL_COLORS[w] for w in words]
    shapes = [theme.LABEL_SYMBOLS[w] for w in words]
    return {"size": 12, "color": colours, "symbol": shapes, "line": {"width": 1.5, "color": colours}}


def sound(
    drawn: dict[str, Any], units: Sequence[Unit], threshold: float | None, opacity: float = 0.8
) -> go.Figure:
    """Waveform over spectrogram, the map over the spectrogram (or over time), windows that are called fake marked."""
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.35, 0.65], vertical_spacing=0.03)
    t0, t1 = float(drawn["t0"]), float(drawn["t1"])
    low, high = np.asarray(drawn["low"], np.float32), np.asarray(drawn["high"], np.float32)
    times = np.linspace(t0, t1, len(low), dtype=np.float32)
    outline = np.concatenate([times, times[::-1]]), np.concatenate([high, low[::-1]])
    fig.add_trace(_waveform(*outline), row=1, col=1)
    grid = np.asarray(drawn["decibels"])
    columns = np.linspace(t0, t1, grid.shape[1], dtype=np.float32)
    kilohertz = np.asarray(drawn["hertz"]) / 1000
    fig.add_trace(_spectrogram(grid, columns, kilohertz), row=2, col=1)
    if drawn.get("map") is not None:
        weights = np.asarray(drawn["map"], np.float32)
        fig.add_trace(_weights(weights, columns, kilohertz, opacity), row=2, col=1)
    called_fake = [u for u in units if u.kind == "segment" and threshold is not None and u.score >= threshold]
    for unit in called_fake:
        fig.add_vrect(x0=unit.t0, x1=unit.t1, fillcolor=theme.FAKE, opacity=0.15, line_width=1, row=1, col=1)
    if called_fake:
        above = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
        fig.add_annotation(x=1, y=1, text="shaded: called fake", showarrow=False, **above)
    fig.update_yaxes(title="", showticklabels=False, showgrid=False, zeroline=False, row=1, col=1)
    fig.update_yaxes(title="kHz", row=2, col=1)
    fig.update_xaxes(title="seconds", range=[t0, t1], row=2, col=1)
    fig = theme.figure(fig, height=380, keep="sound")
    fig.update_layout(showlegend=False)
    return fig


def _waveform(x: np.ndarray, y: np.ndarray) -> go.Scatter:
    line = {"width": 0.5, "color": theme.UNCERTAIN}
    return go.Scatter(
        x=x, y=y, fill="toself", fillcolor=theme.UNCERTAIN, line=line, hoverinfo="skip", name="waveform"
    )


def _spectrogram(grid: np.ndarray, columns: np.ndarray, kilohertz: np.ndarray) -> go.Heatmap:
    return go.Heatmap(
        z=(grid * 255).astype(np.uint8),
        x=columns,
        y=kilohertz,
        colorscale="Greys",
        reversescale=True,
        showscale=False,
        hoverinfo="skip",
        name="spectrogram",
    )


def _weights(weights: np.ndarray, columns: np.ndarray, kilohertz: np.ndarray, opacity: float) -> go.Heatmap:
    """The map over the spectrogram; one without frequencies lies over all of them."""
    z = weights if weights.ndim == 2 else np.repeat(weights[None], len(kilohertz), axis=0)
    return go.Heatmap(
        z=np.rint(z * 100).astype(np.uint8),
        x=columns,
        y=kilohertz,
        colorscale=MAP_COLOURS,
        zmin=0,
        zmax=100,
        opacity=opacity,
        showscale=False,
        name="map",
        hovertemplate="%{x:.2f} s, %{y:.1f} kHz, weight %{z} %<extra></extra>",
    )


def contributions(verdict: Verdict) -> go.Figure:
    """What each modality adds to the fused score: the score with it minus the score without."""
    names = [modality(str(c["modality"])) for c in verdict.contributions]
    adds = [float(c["adds"]) for c in verdict.contributions]
    fig = go.Figure(
        go.Bar(
            x=adds,
            y=names,
            orientation="h",
            text=[numbers.change(a) for a in adds],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.FAKE if a > 0 else theme.REAL for a in adds]},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    room = 0.25 * max(map(abs, adds)) or 0.01  # for the figure beside a bar that is too short for it
    ends = [min(0.0, *adds) - room, max(0.0, *adds) + room]
    fig.update_xaxes(title="score with it minus score without it", range=ends, zeroline=True)
    fig.update_yaxes(autorange="reversed", ticklabelstandoff=6)
    return theme.figure(fig, height=90 + 40 * len(names), keep="contributions")
