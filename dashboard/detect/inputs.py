"""The top of the Detect page: what to judge, and with which detector."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from core import numbers, words
from core.detection import choice, defaults, source, wording
from core.detection.request import Request
from core.detection.samples import Sample, demo_samples
from core.detection.serving.uploads import Room, Upload
from core.errors import WorkbenchError, one_line
from core.media.limits import Limits
from core.runs.listing import detectors as imported_detectors
from core.runs.listing import listing
from core.runs.summaries import Summary
from core.runs.titles import titles
from dashboard import session, theme
from dashboard.detect import links as detect_links
from dashboard.detect import state as detect_state
from dashboard.uploading import file_uploader

REFUSED_SHOWN, REFUSED_KEPT = 5, 1000  # lines; more are counted


def detectors() -> list[Summary]:
    """Finished runs that can judge, the latest first, then what was imported."""
    return [*list_trained(), *imported_detectors(session.space())]


def list_trained() -> list[Summary]:
    space = session.space()
    able = set(choice.list_finished(space))
    return [run for run in listing(space).runs() if run.id in able]


def choose(runs: list[Summary]) -> list[str | None]:
    """The detectors to use; empty means the default of each file's kind."""
    known, called = {run.id: run for run in runs}, titles(runs)
    wanted = st.session_state.pop("detect_run", None)  # another page sends its run here
    if wanted in known:
        st.session_state["detect_runs"] = [wanted]
    chosen = st.multiselect(
        "Detector",
        list(known),
        format_func=lambda run_id: _label(known[run_id], called[run_id]),
        placeholder="Automatic",
        key="detect_runs",
        wrap=True,
        help="Several detectors judge each file side by side. Their scores are combined only where all of them were "
        "measured on the same validation samples: how much each counts is learned from these.",
    )
    for run_id in chosen:
        _about(run_id, called[run_id])
    if not chosen:
        _about_defaults()
    return list(chosen)


def may_read_text(runs: Sequence[Summary], chosen: Collection[str | None]) -> bool:
    """Whether one of those that judge takes several kinds of media, which words may be among."""
    return any(run.modality == "multimodal" for run in runs if not chosen or run.id in chosen)


def _label(run: Summary, title: str) -> str:
    word = "at chance" if run.model.startswith("published:") else "learned nothing"
    mark = f" · {word}" if run.learned_nothing else ""
    return f"{title} · {words.modality(run.modality)}{mark}"


def _about(run_id: str, title: str) -> None:
    """What to expect of it: whether its verdicts count, from where on it calls a file fake, and who made it."""
    try:
        found = source.find(run_id, session.space())
    except WorkbenchError as error:
        st.error(theme.safe(one_line(error)))
        return
    if detect_links.has_judged(run_id) and (found.learned_nothing or not found.measured):
        return  # the verdict on the file says it
    name, made = theme.safe(f"“{title}”"), () if detect_state.session().items else found.about.lines
    if not found.measured:
        st.warning(
            f"**{name} is not measured here.** All its verdicts are “uncertain” until it is measured on the Detectors page."
        )
        _tell(made)  # else beside the verdict
        return
    if found.learned_nothing:
        why = "learned nothing"
        if found.imported is not None:
            why = f"is {(found.imported['measured'] or {}).get('words') or 'at chance'}"
        st.error(f"**{name} {theme.safe(why)}.** Its verdicts are no evidence.", icon=":material/block:")
        _tell(made)
        return
    _tell((_from_where_on(found, title), *made))


def _from_where_on(found: source.Source, title: str) -> str:
    if found.threshold is None:
        return f"“{title}” calls no file fake: it has no threshold."
    if found.threshold <= 0:
        return f"“{title}” calls every file fake: its threshold is 0."
    band = (
        f" and leaves scores of {wording.band(found.band)} to a person"
        if found.band and found.band[0] < found.band[1]
        else ""
    )
    return f"“{title}” calls a file fake from a score of {numbers.threshold(found.threshold)} on{band}."


def _tell(lines: Sequence[str]) -> None:
    if lines:
        st.caption(theme.safe(" ".join(lines)))


def _about_defaults() -> None:
    """Which detectors are asked about which kind of file, and in which order."""
    space, others, names = session.space(), candidates(), titles(detectors())
    lines = []
    for kind in defaults.FITTING:
        try:
            asked = list(choice.candidates(kind, others, space))
        # None that judges such files: the line below says so.
        except WorkbenchError:
            asked = []
        if not asked:
            lines.append(f"**{words.capital(words.modality(kind))}**: no detector yet; train one")
            continue
        first = theme.safe(f"“{names.get(asked[0].run, asked[0].run)}”")
        more = f", then {theme.count_of(len(asked) - 1, 'other')}" if len(asked) > 1 else ""
        lines.append(f"**{words.capital(words.modality(kind))}**: {first}{more}")
    st.caption(
        "Unless you choose a detector, each file is judged by the first of these that knows files like it. If none does, "
        "or if that is not known, the verdict says so.  \n" + "  \n".join(lines)
    )


def request() -> Request:
    text = st.session_state.get("detect_text") or None
    return Request(text=text, explain=True, candidates=candidates())


def offer_to_judge(chosen: Sequence[str | None]) -> None:
    """The open file was judged as it came; what is chosen or written since then waits for a press."""
    item, asked = detect_links.opened(), request()
    if item is None or not item.upload.path.is_file():
        return
    new = [run for run in chosen or [None] if not item.is_judged_by(run)]
    # Words are for detectors that read them; taking them away again asks for nothing.
    with_words = bool(asked.text) and all(job.request.text != asked.text for job in item.latest.values())
    if not (new or with_words):
        return
    how = "it" if len(chosen) == 1 else "them" if chosen else "the detector that fits it"
    if st.button(f"Judge the open file with {how if new else 'these words'}", key=f"detect-judge-{item.key}"):
        for run in new if new and not with_words else chosen or [None]:
            detect_state.judge(item, replace(asked, run=run))
            st.session_state[detect_links.pick_key(item.key)] = run or ""
        st.rerun()


def candidates() -> tuple[str, ...]:
    """Finished runs that the automatic choice may take beside the defaults, those that learned something first."""
    return tuple(choice.list_finished(session.space()))


def likely() -> tuple[str, ...]:
    """The detectors that the first files will ask for."""
    found = []
    for kind in ("image", "video", "audio"):
        try:
            first = next(choice.candidates(kind, candidates(), session.space()), None)
        except WorkbenchError:  # no detector for this kind yet; the page says so where one chooses
            continue
        found += [first.run] if first else []
    return tuple(dict.fromkeys(found))


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
    if len([file for file in files if file.file_id not in own.seen]) > 1:
        st.session_state["detect_open_first"] = True  # when all are judged, the one that needs a person
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
        st.error(
            f"{theme.count_of(len(own.refused) - REFUSED_SHOWN, 'more file was', 'more files were')} refused."
        )


@st.cache_data(ttl=60, show_spinner=False)
def _samples(root: str) -> list[Sample]:
    return demo_samples(session.space())


def samples(runs: list[str | None]) -> None:
    """One click judges a demo sample; the sample stays where it is."""
    known = _samples(str(session.space().root))
    if not known:
        return
    st.markdown(f"Or judge one of these samples {theme.demo_badge()}")
    with st.container(key="detect-samples"):
        for k, sample in enumerate(known):
            if st.button(sample.title.capitalize(), key=f"detect-sample-{k}", width="stretch"):
                upload = Upload(sample.path, sample.path.name, ours=False)
                detect_state.add(upload, runs, request(), demo=sample.label)
                st.rerun()
