"""What the live curves draw: one or several runs on one chart, the machine's figures under them on the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.runs.curves import MOST_POINTS, SYSTEM, Curve, Series, curve, pieces
from dashboard import theme, words

# A refresh of 8 runs stays under 100 KB of JSON; a number of
# five digits with its comma takes 8 bytes or less.
MOST_BYTES = 97_000
SERIES_BYTES = 320  # names, colours, keys, and the best point
NUMBER_BYTES = 8.0
SYSTEM_SHARE = 0.2  # of the points, for all strips together
DIGITS = 5
HEIGHT, STRIP_HEIGHT, AXIS_HEIGHT = 340, 92, 46  # pixels
AXIS_TITLES = {"step": "step", "epoch": "epoch", "time": "seconds"}
EACH_STEP = {"step": "each step"}  # a curve of single batches; the others are named after their part


@dataclass(frozen=True)
class View:
    """How the analyst wants to see the curves."""

    metric: str = "loss"  # nothing: the strips have a chart of their own
    axis: str = "step"
    smoothing: float = 0.6
    log_x: bool = False
    log_y: bool = False
    band: bool = True
    record: bool = False  # the best value so far, as a stepped line
    strips: tuple[str, ...] = (
        "throughput",
        "cpu",
        "memory",
        "gpu",
        "gpu_memory",
        "gpu_temperature",
        "gpu_power",
    )

    @property
    def zoom(self) -> str:
        """While this stays the same, a refresh keeps the zoom."""
        return f"{self.metric}-{self.axis}-{self.log_x}-{self.log_y}"


def payload(runs: Mapping[str, dict[str, Series]], view: View, *, share: float = 1.0) -> dict[str, Any]:
    """`runs` maps what a run is called to its series; its place in the mapping gives its colour. `share` of what a
    refresh may weigh is this chart's: several beside each other weigh as much as one."""
    strips = [s for s in view.strips if s in SYSTEM and any(s in found for found in runs.values())]
    drawn = {name: pieces(view.metric, found) if view.metric else [] for name, found in runs.items()}
    points = _points(sum(len(names) for names in drawn.values()), len(runs) * len(strips), share)
    series = []
    for place, (label, found) in enumerate(runs.items()):
        color = theme.SERIES[place % len(theme.SERIES)]
        for name in drawn[label]:
            made = curve(found[name], axis=view.axis, smoothing=view.smoothing, points=points[0], name=name)
            split = name.partition("/")[0] if "/" in name else ""
            named = " · ".join(filter(None, (label, EACH_STEP.get(split) or words.split(split))))
            series.append({"run": label, **_curve(made, named, color, split, view)})
        for panel, strip in enumerate(strips, start=1 if view.metric else 0):
            if strip in found:
                made = curve(found[strip], axis=view.axis, points=points[1])
                series.append(_strip(made, label, color, panel))
    large = {"title": words.figure(view.metric), "weight": 1, "log": view.log_y}
    return {
        "zoom": view.zoom,
        "log_x": view.log_x,
        "x_title": AXIS_TITLES[view.axis],
        "height": (HEIGHT if view.metric else AXIS_HEIGHT) + STRIP_HEIGHT * len(strips),
        "panels": [*([large] if view.metric else []), *(_panel_of(strip) for strip in strips)],
        "series": series,
    }


def _panel_of(strip: str) -> dict[str, Any]:
    """A small panel: its axis begins at zero and reaches at least `top`, so that a share is seen of its whole."""
    whole = 100 if words.UNITS.get(strip) == "%" else 1
    return {"title": words.with_unit(strip), "weight": 0.26, "log": False, "top": whole}


def _points(curves: int, strips: int, share: float) -> tuple[int, int]:
    """Points of a curve (x, smoothed, raw, least, greatest and best so far) and of a strip (x and value)."""
    whole = (MOST_BYTES * share - SERIES_BYTES * (curves + strips)) / NUMBER_BYTES
    for_strips = int(whole * SYSTEM_SHARE / 2 / strips) if strips else 0
    for_curves = int(whole * (1 - SYSTEM_SHARE) / (6 * max(curves, 1)))
    return min(MOST_POINTS, max(20, for_curves)), min(MOST_POINTS // 2, max(10, for_strips))


def _curve(made: Curve, label: str, color: str, split: str, view: View) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "panel": 0,
        "label": label,
        "color": color,
        "dash": split == "train",
        "legend": True,
        "x": _short(made.x),
        "y": _short(made.y),
    }
    if split == "step":
        drawn["width"] = 1
    if view.smoothing > 0 and len(made.x) > 1:
        drawn["raw"] = _short(made.raw)
    if made.thinned and view.band:
        drawn["low"], drawn["high"] = _short(made.low), _short(made.high)
    if made.best is not None and split not in ("step", "train", "chance"):
        drawn["best"] = _short(made.best)
        if view.record and made.record is not None:
            drawn["record"] = _short(made.record)
    return drawn


def _strip(made: Curve, run: str, color: str, panel: int) -> dict[str, Any]:
    """A line of one of the small panels: what the machine did meanwhile."""
    return {
        "panel": panel,
        "run": run,
        "label": run,
        "color": color,
        "dash": False,
        "width": 1.2,
        "legend": False,
        "x": _short(made.x),
        "y": _short(made.y),
    }


def _short(values: Sequence[float] | np.ndarray) -> list[float]:
    """Whole numbers stay whole; others keep as many digits as a screen has pixels for."""
    return [int(v) if v == int(v) and abs(v) < 1e6 else float(f"{v:.{DIGITS}g}") for v in map(float, values)]
