"""The top of the Detect page: what to judge, and with which detector."""

from __future__ import annotations

import streamlit as st

from core.detection import defaults, source
from core.detection.request import Request
from core.detection.samples import Sample, demo_samples
from core.detection.serving.uploads import Room, Upload
from core.errors import WorkbenchError, one_line
from core.media.limits import Limits
from core.runs.listing import Summary, listing
from core.runs.titles import titles
from dashboard import session, theme
from dashboard.detect import state as detect_state
from dashboard.uploading import file_uploader

REFUSED_SHOWN, REFUSED_KEPT = 5, 1000  # lines; more are counted


def detectors() -> list[Summary]:
    """Finished runs that can judge, the latest first."""
    space = session.space()
    return [
        run
        for run in listing(space).runs()
        if run.state in ("completed", "stopped") and (space.runs / run.id / "best_model.pth").is_file()
    ]


def choose(runs: list[Summary]) -> list[str | None]:
    """The detectors to use; empty means the default of each file's kind."""
    known, called = {run.id: run for run in runs}, titles(runs)
    wanted = st.session_state.pop("detect_run", None)  # another page sends its run here
    if wanted in known:
        st.session_state["detect_runs"] = [wanted]
    chosen = st.multiselect(
        "Detector",
        list(known),
        format_func=lambda run_id: _named(known[run_id], called[run_id]),
        placeholder="automatic: the default for each kind of file",
        key="detect_runs",
        help="Several detectors judge side by side; they are combined only where a validation set of both allows it.",
    )
    for run_id in chosen:
        _about(run_id)
    if not chosen:
        _about_defaults()
    return list(chosen)


def _named(run: Summary, title: str) -> str:
    mark = " ✖ learned nothing" if run.learned_nothing else ""
    return f"{title} · {run.modality}{mark}"


def _about(run_id: str) -> None:
    try:
        found = source.find(run_id, session.space())
    except WorkbenchError as error:
        st.error(theme.safe(one_line(error)))
        return
    if found.learned_nothing:
        st.error("**✖ This detector learned nothing.** Its verdicts are no evidence.")
    point = found.operating_point
    threshold = "nothing is called fake" if found.threshold is None else f"{found.threshold:.3f}"
    by = (
        f", by {theme.safe(point['method'])} on {theme.safe(point['chosen_on'])}"
        if point.get("method")
        else ""
    )
    st.caption(f"operating point {threshold}{by}")


def _about_defaults() -> None:
    """Who judges which kind of file, as it will be."""
    space, latest = session.space(), candidates()
    names = titles(detectors())
    lines = []
    for kind in defaults.FITTING:
        try:
            run, note = defaults.for_file(kind, space, latest)
        except WorkbenchError:
            lines.append(f"**{kind}**: no detector yet; train one on {kind} data")
            continue
        lines.append(
            f"**{kind}**: {theme.safe(names.get(run, run))}" + (f". {theme.safe(note)}" if note else "")
        )
    st.caption("  \n".join(lines))


def request() -> Request:
    text = st.session_state.get("detect_text") or None
    return Request(text=text, explain=True, candidates=candidates())


def candidates() -> dict[str, str]:
    """For kinds of file without a default: the latest finished run that learned something."""
    found: dict[str, str] = {}
    for run in sorted(detectors(), key=lambda r: bool(r.learned_nothing)):
        found.setdefault(run.modality, run.id)
    return found


def likely() -> tuple[str, ...]:
    """The detectors that the first files will ask for: the defaults, else the latest finished runs."""
    space, latest = session.space(), candidates()
    named = [defaults.default_detector(m, space) or latest.get(m) for m in ("image", "video", "audio")]
    return tuple(name for name in named if name)


def uploader(runs: list[str | None]) -> None:
    limits, room = Limits.from_settings(session.space()), Room.from_settings(session.space())
    own = detect_state.session()
    files = file_uploader(
        "Drop pictures, clips or recordings here",
        accept_multiple_files=True,
        key=f"detect-upload-{st.session_state.get('detect_round', 0)}",
        max_upload_size=max(1, min(limits.bytes // 1_000_000, 500)),
    )
    own.seen &= {file.file_id for file in files}  # only of what still hangs on the page
    for file in files:
        if file.file_id in own.seen:
            continue
        own.seen.add(file.file_id)
        try:
            upload = own.folder.keep(file, file.name, limits, room)
        except WorkbenchError as error:
            own.refused = [*own.refused, one_line(error)][-REFUSED_KEPT:]
            continue
        detect_state.add(upload, runs, request())
    for line in own.refused[:REFUSED_SHOWN]:
        st.error(theme.safe(line))
    if len(own.refused) > REFUSED_SHOWN:
        st.error(f"and {theme.count(len(own.refused) - REFUSED_SHOWN)} more files were refused")


@st.cache_data(ttl=60, show_spinner=False)
def _samples(root: str) -> list[Sample]:
    return demo_samples(session.space())


def samples(runs: list[str | None]) -> None:
    """One click judges a demo sample; the sample stays where it is."""
    known = _samples(str(session.space().root))
    if not known:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"or a sample {theme.demo_badge()}")
        for k, sample in enumerate(known):
            if st.button(sample.title.capitalize(), key=f"detect-sample-{k}"):
                upload = Upload(sample.path, sample.path.name, ours=False)
                detect_state.add(upload, runs, request(), demo=sample.label)
                st.rerun()
