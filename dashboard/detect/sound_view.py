"""The sound of a judged file: waveform and spectrogram under the map, and its windows to listen to."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.detection import explanations, sound, wording
from core.detection.reporting import faithfulness
from core.detection.serving.service import Job
from core.detection.verdict import HeatMap, Unit, Verdict
from dashboard import theme
from dashboard.charts import detect as charts
from dashboard.detect import frame_view as detect_frame
from dashboard.detect.state import Item

WINDOWS_SHOWN = 4  # of a recording, those with the highest scores


def draw(item: Item, job: Job, verdict: Verdict, threshold: float | None) -> None:
    path = verdict.waveform.get("path")
    if not path or not Path(path).is_file():
        return
    st.markdown("### The sound")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider(
            "Opacity of the map", 0, 100, 80, 5, format="%d %%", key=f"sound-opacity-{item.key}", width=240
        )
        if not any(m.kind == "picture" for m in verdict.explanations):
            detect_frame.method_choice(item, job, explanations.METHODS)
    drawn = sound.load(Path(path))
    # A score that only leans calls nothing fake.
    line = None if wording.is_leaning(verdict.words) else threshold
    fig = charts.sound(drawn, verdict.units, line, opacity / 100)
    st.plotly_chart(fig, key=f"sound-{item.key}-{verdict.detector}", config=theme.CHART_CONFIG)
    _windows(item, verdict)


def _windows(item: Item, verdict: Verdict) -> None:
    """The segments with the highest scores, each with its own map and figure, and playable where it lies."""
    maps = {m.unit: m for m in verdict.explanations if m.kind != "picture"}
    order = [k for k, u in enumerate(verdict.units) if u.kind == "segment"]
    order.sort(key=lambda k: -verdict.units[k].score)
    alone, shown = len(order) == 1, order[:WINDOWS_SHOWN]
    if verdict.without_evidence:
        shown.sort()  # as they follow each other: no score is shown
    if len(order) > 1:
        st.markdown(f"### {'Segments' if verdict.without_evidence else 'Segments, highest score first'}")
    tested = {k: _tested(verdict, maps[k]) for k in shown if k in maps}
    alike = len(tested) > 1 and len(set(tested.values())) == 1
    if alike:  # said once
        st.caption(theme.safe(next(iter(tested.values()))))
    # Rows of two: below each other they keep their order.
    pairs = [place for _ in shown[::2] for place in st.columns(1 if alone else 2)]
    for place, k in zip(pairs, shown, strict=False):
        with place.container(border=not alone):
            heard = None if alone else maps.get(k)  # alone it is the chart above
            _window(item, verdict, verdict.units[k], heard, "" if alike else tested.get(k, ""))


def _tested(verdict: Verdict, heard: HeatMap) -> str:
    """What removing the marked parts does to the score."""
    words = faithfulness.describe(heard.faithfulness, meaningless=bool(verdict.without_evidence))
    return f"{explanations.METHODS[heard.method]}: {words}"


def _window(item: Item, verdict: Verdict, unit: Unit, heard: HeatMap | None, tested: str) -> None:
    score = "" if verdict.without_evidence else f" · score {theme.number(unit.score)}"
    st.caption(f"**{unit.t0:.2f} to {unit.t1:.2f} s**{score}")
    if heard is not None and Path(heard.path).is_file():
        st.image(heard.path, width="stretch", alt="heat map over the sound")
    if tested:
        st.caption(theme.safe(tested))
    play = item.first.player
    if play is not None and play[0].is_file():
        mime = "audio/mp4" if play[2] == "video" else play[1]
        st.audio(str(play[0]), format=mime, start_time=unit.t0, end_time=unit.t1)
