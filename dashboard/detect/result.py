"""One judged file: player, verdict on its scale, timeline, sound, evidence, report and truth."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from core import numbers, words
from core.detection import explanations, exports, sound, stacking, wording
from core.detection.reporting import faithfulness, feedback, report
from core.detection.serving.service import Job
from core.detection.verdict import HeatMap, Unit, Verdict
from dashboard import session, theme
from dashboard.charts import detect as charts
from dashboard.detect import evidence as detect_evidence
from dashboard.detect import frame_view as detect_frame
from dashboard.detect import names as detect_names
from dashboard.detect import state as detect_state
from dashboard.detect.stages import STAGES
from dashboard.detect.state import Item

WINDOWS_SHOWN = 4  # of a recording, the most suspicious ones


def draw(item: Item) -> None:
    st.markdown(f"## {theme.safe(item.upload.shown)}" + (f" {theme.demo_badge()}" if item.demo else ""))
    if item.demo:
        st.caption(f"The demo made this one: {item.demo}.")
    jobs = list(item.latest.values())
    if len(jobs) > 1:
        detect_evidence.side_by_side(jobs)
        names = {
            j.request.run or "": detect_names.of_detector((j.verdict and j.verdict.detector) or j.request.run)
            for j in jobs
        }
        picked = st.segmented_control(
            "Look closer at",
            list(names),
            format_func=lambda k: names[k],
            default=next(iter(names)),
            key=f"pick-{item.key}",
        )
        job = item.latest.get(picked or "", jobs[0])
    else:
        job = jobs[0]
    verdict = job.verdict
    if verdict is not None and verdict.status == "error" and item.first.player is None:
        _verdict(item, job)  # there is nothing to look at beside it
    else:
        left, right = st.columns([5, 6], gap="medium")
        with left:
            _player(item)
        with right:
            _verdict(item, job)
    if verdict is None:
        return
    if verdict.status == "ok":
        threshold = None if verdict.without_evidence else _try_threshold(item, verdict)
        detect_frame.draw(item, job, verdict, threshold)
        _sound(item, job, verdict, threshold)
    detect_evidence.contributions(verdict)
    detect_evidence.draw(verdict)
    if job.over:
        _take_away(item, job, verdict)


def _player(item: Item) -> None:
    job = item.first
    if job.player is None:
        if job.verdict is not None and job.verdict.status == "error":
            return  # the reason stands beside it
        if job.player_error:
            st.caption(theme.safe(f"This file cannot be played here: {job.player_error}."))
        else:
            st.caption("Preparing a copy to look at …")
        return
    path, mime, kind = job.player
    if not path.is_file():
        return
    start = float(st.session_state.get(detect_state.moment_key(item.key)) or 0.0)
    if kind == "image":
        st.image(str(path), width="stretch", alt=item.upload.shown)
    elif kind == "video":
        st.video(str(path), format=mime, start_time=start)
    else:
        st.audio(str(path), format=mime, start_time=start)


def _verdict(item: Item, job: Job) -> None:
    verdict = job.verdict
    if verdict is None:
        st.status(STAGES.get(job.stage, job.stage), state="running")
        return
    detect_evidence.show_catalogued(verdict)
    if verdict.status == "error":
        st.error(
            theme.safe(verdict.reason or "This file could not be judged."),
            icon=":material/error:",
        )
        return
    if verdict.status == "not_applicable":
        headline = verdict.words or wording.not_applicable(verdict.reason or "")
        st.markdown(f"### :gray-badge[○ not judged] {theme.with_commands(headline)}")
        if verdict.reason and verdict.reason not in headline:
            st.caption(theme.with_commands(verdict.reason))
        detect_evidence.reservations(verdict)
        detect_evidence.beside(verdict)
        return
    _show_judged(item, job, verdict)


def _show_judged(item: Item, job: Job, verdict: Verdict) -> None:
    """The headline, what takes from it in one line under it, then the score on its scale."""
    threshold = _try_threshold(item, verdict)
    color, mark = detect_names.badge(verdict.word_at(verdict.score or 0.0, threshold), verdict.words)
    st.markdown(f"### :{color}-badge[{mark}] {theme.safe(verdict.words)}")
    detect_evidence.reservations(verdict)
    if verdict.reason and not verdict.is_reserved(verdict.reason):
        st.caption(theme.with_commands(verdict.reason))
    if verdict.without_evidence:  # its number says nothing of such a file: it is not drawn
        st.caption(f"Its score is {theme.number(verdict.score)}, {wording.MEANINGLESS}.")
    else:
        st.plotly_chart(
            charts.scale(verdict, threshold),
            key=f"scale-{item.key}-{verdict.detector}",
            config=theme.QUIET_CHART,
        )
        st.caption(_decide(verdict, threshold, job))
        if threshold != verdict.threshold:
            st.caption("A threshold is being tried; the words above belong to the saved operating point.")
        _threshold(item, verdict)
    detect_evidence.beside(verdict)
    if not job.over:
        st.caption(f":material/hourglass_empty: {STAGES.get(job.stage, job.stage)} …")


def _decide(verdict: Verdict, threshold: float | None, job: Job) -> str:
    kind = verdict.units[0].kind if verdict.units else "unit"
    above = sum(u.score >= threshold for u in verdict.units) if threshold is not None else 0
    chosen = wording.describe_choice(verdict.operating_point)
    at = (
        "No threshold: nothing is called fake"
        if threshold is None
        else f"Called fake from a score of {numbers.threshold(threshold)} on"
    )
    several, network = len(verdict.units) > 1, words.network(verdict.model) if verdict.model else ""
    after = "" if job.verdict_after is None else f" in {job.verdict_after:.1f} s"
    lines = [
        at + (f" ({chosen})." if chosen else "."),
        f"{above} of {len(verdict.units)} {kind}s reach it." if several and threshold is not None else "",
        f"Faces of {theme.count(len(verdict.tracks))} people." if len(verdict.tracks) > 1 else "",
        f"Probability that it is fake: {theme.number(verdict.probability)}."
        if verdict.calibrated
        else "The score is not calibrated, so it is no probability.",
        f"Judged by {detect_names.of_detector(verdict.detector)}{f' ({network})' if network else ''}{after}.",
    ]
    return theme.safe(" ".join(line for line in lines if line))


def _try_threshold(item: Item, verdict: Verdict) -> float | None:
    tried = st.session_state.get(f"try-{item.key}")
    on = st.session_state.get(f"try-on-{item.key}", False)
    return float(tried) if on and tried is not None else verdict.threshold


def _threshold(item: Item, verdict: Verdict) -> None:
    """Another threshold on the spot; nothing is saved."""
    with st.container(horizontal=True, vertical_alignment="center"):
        on = st.toggle("Try another threshold", key=f"try-on-{item.key}")
        if on:
            start = min(1.0, max(0.0, verdict.threshold if verdict.threshold is not None else 1.0))
            st.slider("Threshold", 0.0, 1.0, start, 0.001, format="%.3f", key=f"try-{item.key}", width=360)


def _sound(item: Item, job: Job, verdict: Verdict, threshold: float | None) -> None:
    path = verdict.waveform.get("path")
    if not path or not Path(path).is_file():
        return
    st.markdown("### The sound")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider(
            "Opacity of the map", 0.0, 1.0, 0.8, 0.05, key=f"sound-opacity-{item.key}", width=240
        )
        if not any(m.kind == "picture" for m in verdict.explanations):
            detect_frame.method_choice(item, job, explanations.METHODS)
    drawn = sound.load(Path(path))
    fig = charts.sound(drawn, verdict.units, threshold, opacity)
    st.plotly_chart(fig, key=f"sound-{item.key}-{verdict.detector}", config=theme.CHART_CONFIG)
    _windows(item, verdict)


def _windows(item: Item, verdict: Verdict) -> None:
    """The most suspicious windows, each with its own map and figure, and playable where it lies."""
    maps = {m.unit: m for m in verdict.explanations if m.kind != "picture"}
    order = [k for k, u in enumerate(verdict.units) if u.kind == "segment"]
    order.sort(key=lambda k: -verdict.units[k].score)
    for column, k in zip(st.columns(2) * 2, order[:WINDOWS_SHOWN], strict=False):
        with column.container(border=len(order) > 1):
            _window(item, verdict.units[k], maps.get(k), alone=len(order) == 1)


def _window(item: Item, unit: Unit, heard: HeatMap | None, *, alone: bool) -> None:
    st.caption(f"**{unit.t0:.1f} to {unit.t1:.1f} s** · score {theme.number(unit.score)}")
    if heard is not None:
        if not alone and Path(heard.path).is_file():  # alone it is the chart above
            st.image(heard.path, width="stretch", alt="heat map over the sound")
        st.caption(
            theme.safe(f"{explanations.METHODS[heard.method]}: {faithfulness.describe(heard.faithfulness)}")
        )
    play = item.first.player
    if play is not None and play[0].is_file():
        mime = "audio/mp4" if play[2] == "video" else play[1]
        st.audio(str(play[0]), format=mime, start_time=unit.t0, end_time=unit.t1)


def _take_away(item: Item, job: Job, verdict: Verdict) -> None:
    st.divider()
    done = [j.verdict for j in item.latest.values() if j.verdict is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        _reports(item, job, Path(verdict.file).stem, done)
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("The truth was")
            for truth in feedback.TRUTHS:
                kind: Literal["primary", "secondary"] = "primary" if item.truth == truth else "secondary"
                if st.button(truth, key=f"truth-{truth}-{item.key}", type=kind):
                    feedback.keep(verdict, truth, session.person(), session.space(), item.upload.path)
                    item.truth = truth
                    st.rerun(scope="app")
        if item.truth:
            copy = ", with a copy of the file for the dataset Feedback" if session.person().operator else ""
            st.caption(f"Kept as {item.truth}{copy}.")


def _reports(item: Item, job: Job, stem: str, done: list[Verdict]) -> None:
    """Each is written where its button is pressed."""
    space, person = session.space(), session.person()

    def write_pdf() -> bytes:
        return report.as_pdf(done, job.submitted, stacking.together(done, space), person)

    def write_html() -> str:
        return report.as_html(done, job.submitted, stacking.together(done, space), person)

    def write_json() -> str:
        return exports.as_json([v.to_dict() for v in done])

    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem)[:60] or "file"
    for label, make, mime, icon in (
        ("PDF", write_pdf, "application/pdf", ":material/picture_as_pdf:"),
        ("HTML", write_html, "text/html", ":material/description:"),
        ("JSON", write_json, "application/json", ":material/data_object:"),
    ):
        ending = label.lower()
        key = f"{ending}-{item.key}"
        st.download_button(
            f"Report ({label})", make, f"report_{name}.{ending}", mime, key=key, on_click="ignore", icon=icon
        )
