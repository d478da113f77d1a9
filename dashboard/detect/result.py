"""One judged file: what there is to see or hear, the verdict on its scale, evidence, report and truth."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from core import numbers, words
from core.detection import exports, stacking, wording
from core.detection.reporting import feedback, report
from core.detection.serving.service import Job
from core.detection.verdict import Verdict
from dashboard import session, theme
from dashboard.charts import detect as charts
from dashboard.detect import evidence as detect_evidence
from dashboard.detect import frame_view as detect_frame
from dashboard.detect import links as detect_links
from dashboard.detect import names as detect_names
from dashboard.detect import sound_view as detect_sound
from dashboard.detect.stages import STAGES
from dashboard.detect.state import Item

TRIED = "At the threshold that is tried"


def draw(item: Item) -> None:
    st.markdown(f"## {theme.safe(item.upload.shown)}" + (f" {theme.demo_badge()}" if item.demo else ""))
    if item.demo:
        st.caption(f"The demo made this file: it is {item.demo}.")
    jobs = list(item.shown.values())
    job = _pick_detector(item, jobs) if len(jobs) > 1 else jobs[0]
    verdict = job.verdict
    if verdict is not None and verdict.status == "error" and item.first.player is None:
        _verdict(item, job)  # there is nothing to look at beside it
    else:
        left, right = st.container(key="detect-file").columns([5, 6], gap="medium")
        with left:
            _file(item, job)
        with right:
            _verdict(item, job)
    if verdict is None:
        return
    if verdict.status == "ok":
        threshold = _line(item, verdict)
        if not detect_frame.is_still(verdict):
            detect_frame.draw_frames(item, job, verdict, threshold)
        detect_sound.draw(item, job, verdict, threshold)
    detect_evidence.contributions(verdict)
    detect_evidence.draw(verdict)
    if job.over:
        _take_away(item, job, verdict)


def _pick_detector(item: Item, jobs: list[Job]) -> Job:
    """Of several that judged the file, the one that is looked at."""
    detect_evidence.side_by_side(jobs)
    names = {
        j.request.run or "": detect_names.of_detector((j.verdict and j.verdict.detector) or j.request.run)
        for j in jobs
    }
    key = detect_links.pick_key(item.key)
    st.session_state.setdefault(key, next(iter(names)))
    picked = st.segmented_control("Look closer at", list(names), format_func=lambda k: names[k], key=key)
    return item.shown.get(picked or "", jobs[0])


def _file(item: Item, job: Job) -> None:
    """What there is to see or hear: a picture under its map, or the player with the timeline."""
    verdict = job.verdict
    if verdict is None or verdict.status != "ok":
        _player(item)
        return
    threshold = _line(item, verdict)
    if detect_frame.is_still(verdict) and detect_frame.draw_still(item, job, verdict, threshold):
        return
    _player(item)
    if _has_room(verdict):
        detect_evidence.beside(verdict)
    elif not detect_frame.is_still(verdict):
        detect_frame.draw_timeline(item, verdict, threshold)


def _has_room(verdict: Verdict) -> bool:
    """Whether there is room under the player: of one unit no timeline is drawn."""
    return verdict.status == "ok" and not detect_frame.is_still(verdict) and len(verdict.units) < 2


def _line(item: Item, verdict: Verdict) -> float | None:
    """Where scores are told apart; nowhere in a file of which they say nothing."""
    return None if verdict.without_evidence else _try_threshold(item, verdict)


def _player(item: Item) -> None:
    job = item.first
    if job.player is None:
        if job.verdict is not None and job.verdict.status == "error":
            return  # the reason stands beside it
        if job.player_error:
            st.caption(theme.safe(f"This file cannot be played here: {job.player_error}."))
        else:
            st.caption("Preparing a copy for this page …")
        return
    path, mime, kind = job.player
    if not path.is_file():
        return
    start = float(st.session_state.get(detect_links.moment_key(item.key)) or 0.0)
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
            theme.sentence(detect_evidence.reason_of(verdict) or "This file could not be judged."),
            icon=":material/error:",
        )
        return
    if verdict.status == "not_applicable":
        sentence = verdict.words or wording.not_applicable(verdict.reason or "")
        headline = wording.beyond(wording.NOT_APPLICABLE, sentence)  # the badge says that it was not judged
        st.markdown(f"### :gray-badge[○ not judged] {theme.with_commands(headline)}")
        if verdict.reason and verdict.reason.casefold() not in headline.casefold():
            st.caption(theme.with_commands(wording.beyond(headline, verdict.reason)))
        detect_evidence.reservations(verdict)
        detect_evidence.beside(verdict)
        return
    _show_judged(item, job, verdict)


def _show_judged(item: Item, job: Job, verdict: Verdict) -> None:
    """The headline, what takes from it in one line under it, then the score on its scale."""
    threshold = _try_threshold(item, verdict)
    color, mark = detect_names.badge(verdict.word_at(verdict.score or 0.0, threshold), verdict.words)
    headline = _headline(verdict, mark) if threshold == verdict.threshold else TRIED
    st.markdown(f"### :{color}-badge[{mark}] {theme.safe(headline)}")
    detect_evidence.reservations(verdict)
    if verdict.reason and not verdict.is_reserved(verdict.reason):
        st.caption(theme.with_commands(wording.beyond(verdict.words, verdict.reason)))
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
            st.caption(
                "A threshold is being tried: badge, counts and charts follow it; the list and the reports keep to the "
                "saved one."
            )
        _threshold(item, verdict)
    if not _has_room(verdict):
        detect_evidence.beside(verdict)
    if not job.over:
        st.caption(f":material/hourglass_empty: {STAGES.get(job.stage, job.stage)} …")


def _headline(verdict: Verdict, mark: str) -> str:
    """What the badge before it has not said; nothing where the red line under it says it."""
    if verdict.learned_nothing:
        return ""
    return wording.beside(mark[2:], verdict.words)


def _decide(verdict: Verdict, threshold: float | None, job: Job) -> str:
    kind = verdict.units[0].kind if verdict.units else "unit"
    above = sum(u.score >= threshold for u in verdict.units) if threshold is not None else 0
    chosen = wording.describe_choice(verdict.operating_point) if threshold == verdict.threshold else ""
    at = (
        "No threshold: nothing is called fake"
        if threshold is None
        else "Threshold 0: everything is called fake"
        if threshold <= 0
        else f"Called fake from a score of {numbers.threshold(threshold)} on"
    )
    has_band = verdict.band is not None and verdict.band[0] < verdict.band[1]
    several, network = len(verdict.units) > 1, words.network(verdict.model) if verdict.model else ""
    after = "" if job.verdict_after is None else f" in {job.verdict_after:.1f} s"
    lines = [
        at + (f" ({chosen})." if chosen else "."),
        f"Scores of {wording.band(verdict.band)}, in grey, are left to a person." if has_band else "",
        f"{above} of {len(verdict.units)} {kind}s reach it." if several and threshold is not None else "",
        f"Faces of {theme.count(len(verdict.tracks))} people." if len(verdict.tracks) > 1 else "",
        _probability(verdict),
        f"Judged by “{detect_names.of_detector(verdict.detector)}”{f' ({network})' if network else ''}{after}.",
    ]
    return theme.safe(" ".join(line for line in lines if line))


def _probability(verdict: Verdict) -> str:
    """None of a score that only leans: what it is worth is not known."""
    if wording.is_leaning(verdict.words):
        return ""
    if not verdict.calibrated:
        return "The score is not calibrated, so it is no probability."
    return f"Probability that it is fake: {theme.number(verdict.probability)}."


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


def _take_away(item: Item, job: Job, verdict: Verdict) -> None:
    """A report of what was read of the file, and the truth about what was judged of it."""
    done = [j.verdict for j in item.latest.values() if j.verdict is not None]
    if all(one.status == "error" for one in done):
        return
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", key="detect-take-away"):
        _reports(item, job, Path(verdict.file).stem, done)
        if verdict.status == "ok":
            _truth(item, verdict)


def _truth(item: Item, verdict: Verdict) -> None:
    copy = ", with a copy of the file for the dataset Feedback" if session.person().operator else ""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.markdown("The truth was")
        for truth in feedback.TRUTHS:
            kind: Literal["primary", "secondary"] = "primary" if item.truth == truth else "secondary"
            if st.button(
                truth, key=f"truth-{truth}-{item.key}", type=kind, help=f"Keeps that it is {truth}{copy}."
            ):
                feedback.keep(verdict, truth, session.person(), session.space(), item.upload.path)
                item.truth = truth
                st.rerun(scope="app")
    if item.truth:
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
