"""Scores over time, and the moment that was clicked: its frame, its faces, its heat map.

a picture   the picture under its map, in place of the player
a clip      the timeline under the player; below both the frame under its map, beside it the other frames
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.detection import explanations, pictures, wording
from core.detection.reporting import faithfulness
from core.detection.serving.service import Job
from core.detection.verdict import HeatMap, Unit, Verdict
from dashboard import heat_map, theme, words
from dashboard.charts import detect as charts
from dashboard.detect import links as detect_links
from dashboard.detect import state as detect_state
from dashboard.detect.state import Item

MOST_SUSPICIOUS = 6
# Frames beside each other by how many there are, so that no row of them holds one alone; page.css has the widths.
ACROSS = {2: 2, 3: 3, 4: 4, 5: 3, 6: 3}


def is_still(verdict: Verdict) -> bool:
    """A picture has no moments."""
    return verdict.modality == "image"


def draw_still(item: Item, job: Job, verdict: Verdict, threshold: float | None) -> bool:
    """The picture under its map; False where it has none to draw."""
    maps = _picture_maps(verdict)
    shown = _choose_map(item, verdict, maps)
    if shown is None or not (Path(shown.frame).is_file() and Path(shown.overlay).is_file()):
        return False
    _under_its_map(item, verdict, shown, maps)
    _strip(item, verdict, maps, threshold)
    _how_it_is_made(item, job, verdict, shown)
    return True


def draw_timeline(item: Item, verdict: Verdict, threshold: float | None) -> None:
    """Under the player; a click on a score opens its moment."""
    if len(verdict.units) < 2:
        return
    shown = _choose_map(item, verdict, _picture_maps(verdict))
    st.markdown("### Over time")
    picked = st.plotly_chart(
        charts.timeline(verdict, threshold, shown.unit if shown else st.session_state.get(_key(item))),
        key=f"timeline-{item.key}-{verdict.detector}",
        on_select="rerun",
        selection_mode="points",
        config=theme.CHART_CONFIG,
    )
    unit = _read_pick(picked)
    if unit is not None and unit != st.session_state.get(f"picked-{item.key}"):
        st.session_state[f"picked-{item.key}"] = unit
        _look_at(item, unit, None, verdict.units[unit].t0)


def draw_frames(item: Item, job: Job, verdict: Verdict, threshold: float | None) -> None:
    """The frame that is looked at, and the others to choose from."""
    maps = _picture_maps(verdict)
    shown = _choose_map(item, verdict, maps)
    if shown is None:
        return
    left, right = st.container(key="detect-frames").columns([5, 6], gap="medium")
    with left:
        _moment(item, verdict, shown, maps)
    with right:
        _strip(item, verdict, maps, threshold)
        _how_it_is_made(item, job, verdict, shown)


def _picture_maps(verdict: Verdict) -> list[HeatMap]:
    return [m for m in verdict.explanations if m.kind == "picture"]


def _key(item: Item) -> str:
    return f"moment-{item.key}"


def _look_at(item: Item, unit: int, path: str | None, seconds: float) -> None:
    """Show this moment: the player jumps there too."""
    st.session_state[_key(item)] = unit
    st.session_state[f"map-{item.key}"] = path
    st.session_state[detect_links.moment_key(item.key)] = seconds
    st.rerun(scope="app")


def _choose_map(item: Item, verdict: Verdict, maps: list[HeatMap]) -> HeatMap | None:
    """The map of the moment that was clicked or that a link asks for, else of the most suspicious one."""
    unit = st.session_state.get(_key(item))
    path = st.session_state.get(f"map-{item.key}")
    own = [m for m in maps if m.path == path] or [m for m in maps if m.unit == unit]
    seconds = st.session_state.get(detect_links.moment_key(item.key))
    if maps and not own and seconds is not None:
        nearest = min(abs(m.t0 - seconds) for m in maps)
        own = [m for m in maps if abs(m.t0 - seconds) == nearest]
    return max(own or maps, key=lambda m: (verdict.units[m.unit].score, m.importance), default=None)


def _read_pick(event: Any) -> int | None:
    points = event.selection.points if event else []
    value = points[0].get("customdata") if points else None
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return int(value) if value is not None else None


def _strip(item: Item, verdict: Verdict, maps: list[HeatMap], threshold: float | None) -> None:
    """What speaks for a manipulation first; where nothing does, the frames as they follow each other."""
    if len(maps) < 2:
        return
    found = suspicious(verdict, maps, threshold)
    order = sorted(
        found or maps, key=lambda m: (-verdict.units[m.unit].score, -m.importance) if found else (m.t0,)
    )
    looked_at = "Faces that were looked at" if is_still(verdict) else "Frames that were looked at"
    st.markdown(f"### {'Most suspicious' if found else looked_at}")
    offered = order[:MOST_SUSPICIOUS]
    strip = st.container(key=f"detect-strip-{ACROSS[len(offered)]}")
    for k, one in enumerate(offered):
        unit = verdict.units[one.unit]
        with strip.container(gap="xxsmall"):
            if Path(one.path).is_file():
                st.image(one.path, width="stretch", alt=f"heat map over {_where(verdict, one, unit)}")
            if st.button(_label(verdict, one, unit), key=f"strip-{item.key}-{k}", type="tertiary"):
                _look_at(item, one.unit, one.path, one.t0)


def _label(verdict: Verdict, one: HeatMap, unit: Unit) -> str:
    """When and who, and the score where it says something."""
    when = "" if is_still(verdict) else f"{one.t0:.2f} s"
    what = " · ".join(part for part in (when, _who(verdict, unit)) if part)
    return what if verdict.without_evidence else f"{what} · {theme.number(unit.score)}"


def suspicious(verdict: Verdict, maps: list[HeatMap], threshold: float | None) -> list[HeatMap]:
    """Those of frames that are called fake or left to people; none where scores are no evidence, or where it is not
    known whether they are."""
    if verdict.without_evidence or wording.is_leaning(verdict.words):
        return []
    return [m for m in maps if verdict.word_at(verdict.units[m.unit].score, threshold) != "real"]


def _who(verdict: Verdict, unit: Unit) -> str:
    """Which person; in a clip of one person it need not be said."""
    return f"person {unit.track + 1}" if is_still(verdict) or len(verdict.tracks) > 1 else ""


def _where(verdict: Verdict, one: HeatMap, unit: Unit) -> str:
    if not is_still(verdict):
        who = _who(verdict, unit)
        return f"the frame at {one.t0:.2f} s" + (f", {who}" if who else "")
    return f"the face of person {unit.track + 1}" if unit.kind == "face" else "the picture"


def _moment(item: Item, verdict: Verdict, one: HeatMap, maps: list[HeatMap]) -> None:
    unit = verdict.units[one.unit]
    score = "" if verdict.without_evidence else f" · {theme.unbroken(f'score {theme.number(unit.score)}')}"
    where = _where(verdict, one, unit)
    st.markdown(f"### {where[:1].upper()}{where[1:]}{score}")
    _under_its_map(item, verdict, one, maps)


def _how_it_is_made(item: Item, job: Job, verdict: Verdict, one: HeatMap) -> None:
    """Another way of explaining, and whether this map means anything."""
    method_choice(item, job, explanations.PICTURE_METHODS)
    found = faithfulness.describe(one.faithfulness, meaningless=bool(verdict.without_evidence))
    st.caption(theme.safe(f"{explanations.METHODS.get(one.method, one.method)}: {found}"))


def method_choice(item: Item, job: Job, offered: Collection[str]) -> None:
    """How the map is made; another choice has the file judged again with it."""
    names = [explanations.AUTO, *offered]
    now = names.index(job.request.method) if job.request.method in names else 0
    key = f"method-{item.key}-{job.request.run}"
    method = st.selectbox(
        "Heat map by", names, now, format_func=words.EXPLANATIONS.__getitem__, key=key, width=220
    )
    if method != job.request.method and job.over:
        detect_state.again(item, job, method)
        st.rerun(scope="app")


def _under_its_map(item: Item, verdict: Verdict, one: HeatMap, maps: list[HeatMap]) -> None:
    if not (Path(one.frame).is_file() and Path(one.overlay).is_file()):
        return
    frame, mapped = layers(verdict, one)
    in_time = sorted(maps, key=lambda m: (m.t0, m.unit, m.path))
    place = in_time.index(one)
    wanted = heat_map.draw(
        frame,
        mapped,
        what=_where(verdict, one, verdict.units[one.unit]),
        place=place,
        of=len(in_time),
        seconds=one.t0,
        chosen=detect_links.moment_key(item.key) in st.session_state,
        key=f"map-{item.key}-{verdict.detector}",
    )
    if wanted is not None:
        other = in_time[wanted]
        _look_at(item, other.unit, other.path, other.t0)


def layers(verdict: Verdict, one: HeatMap) -> tuple[np.ndarray, np.ndarray]:
    """The frame, and the frame with all of the map over it; faces in both are marked."""
    unit = verdict.units[one.unit]
    frame, map_ = pictures.load(Path(one.frame)), pictures.load(Path(one.overlay))
    mapped = pictures.blend(frame, map_, 1.0)
    size = verdict.frame_size or (frame.shape[1], frame.shape[0])
    same = [u for u in verdict.units if u.index == unit.index and u.kind == "face" and u.box]
    boxes = [(u.box, _of_box(verdict, u)) for u in same if u.box is not None]
    if boxes:
        frame, mapped = pictures.draw_boxes(frame, boxes, size), pictures.draw_boxes(mapped, boxes, size)
    return frame, mapped


def _of_box(verdict: Verdict, unit: Unit) -> str:
    who = f"person {unit.track + 1}"
    return who if verdict.without_evidence else f"{who}: {theme.number(unit.score)}"
