"""Detectors: how good are published detectors on my files? Import, measure, rename, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from core import progress
from core.catalog import table
from core.detection import defaults
from core.imports import in_child_process, store
from core.imports.store import Imported
from core.training.reading import usable_datasets as fits
from dashboard import address, jobs, session, tables, theme, words

IMPORT_JOB = "import-detector"
OWN_IMPORT = "detectors-own-import"  # the job that this session began
CHOSEN, NEXT = "detectors-chosen", "detectors-next"  # the one that is shown, and the one that will be
DELETE = "Its weights here and what was measured of it are deleted. The file it came from stays."
NOTHING_TO_MEASURE_ON = "The catalogue has no dataset yet to measure it on."


def page() -> None:
    theme.page_title("How good are published detectors?")
    found = store.list_imported(session.space())
    damaged = store.list_damaged(session.space())
    for fault in damaged:
        _damaged(fault)
    if found:
        _table(found)
        names = [one.name for one in found]
        link = address.read_link("detectors")
        if link is not None and link.get("detector") in names:
            st.session_state[CHOSEN] = link["detector"]
        if (wanted := st.session_state.pop(NEXT, None)) in names:
            st.session_state[CHOSEN] = wanted
        name = st.selectbox("Detector", names, key=CHOSEN)
        address.write("detectors", {"detector": name if name != names[0] else None})
        _details(next(one for one in found if one.name == name))
    elif not damaged:
        st.info(
            "No detector was imported yet. Import one that somebody published: a file of weights, or a folder from "
            "Hugging Face. Once it is measured on labelled files of yours, its verdicts count."
        )
    _import()


def _damaged(fault: store.Damaged) -> None:
    """What is wrong, and the first step out of it: its name is taken as long as it is there."""
    with st.container(border=True):
        st.warning(theme.safe(fault.words), icon=":material/warning:")
        box = st.popover("Delete", disabled=not session.person().operator)
        with box.container(width=theme.BOX):
            st.markdown(DELETE)
            _delete_button(fault.name, f"detectors-delete-damaged-{fault.name}")


def _delete_button(name: str, key: str) -> None:
    if st.button("Delete it", key=key, type="primary") and theme.run_guarded(
        partial(store.delete, name, session.person(), session.space())
    ):
        st.rerun()


def _table(found: list[Imported]) -> None:
    rows = []
    for one in found:
        measured = one.measured or {}
        bounds = (measured.get("intervals") or {}).get("auc") or (None, None)
        rows.append(
            {
                "detector": one.name,
                "what it is": words.architecture(str(one.about.get("title") or "")),
                "judges": words.modality(one.modality),
                "state": _state(one),
                "AUC on your files": theme.interval(measured.get("auc"), *bounds) if measured else "–",
                "published": "; ".join(_figure_on(p) for p in one.about.get("published") or ()) or "–",
                "licence": one.about.get("licence"),
            }
        )
    tables.show(rows, "detectors-table", what="Imported detectors")


def _figure(published: Mapping[str, Any]) -> str:
    return words.spelled_out(str(published.get("figure")))


def _figure_on(published: Mapping[str, Any]) -> str:
    """Two figures of one detector differ in what they were measured on."""
    return f"{_figure(published)} ({str(published.get('protocol')).split(',')[0]})"


def _state(one: Imported) -> str:
    if one.measured is None:
        return "○\u00a0not measured here"
    return "⊘\u00a0at chance" if one.measured.get("at_chance") else "✔\u00a0measured"


def _details(one: Imported) -> None:
    about = one.about
    if one.measured is None:
        st.warning(
            "**Not measured here.** All its verdicts are “uncertain” until it is measured on labelled files of yours.",
            icon=":material/warning:",
        )
    elif one.measured.get("at_chance"):
        why = words.capital(str(one.measured.get("words") or "at chance"))
        st.error(f"**{theme.safe(why)}.** Its verdicts are no evidence.", icon=":material/block:")
    else:
        st.success(theme.safe(_measured(one.measured)), icon=":material/check_circle:")
    title = words.architecture(str(about.get("title")))
    because = str(about.get("fake_because")).replace("id2label", "labels")  # what was imported before says so
    because = because.replace(" = ", "\u00a0=\u00a0")
    lines = [
        f"**{theme.safe(title)}** has {theme.count_of(int(about.get('parameters') or 0), 'parameter')} "
        f"and is given {theme.safe(theme.with_units(words.input_of(str(about.get('input')))))}.",
        f"Its word for a fake is “{theme.safe(str(about.get('fake')))}” ({theme.safe(because)}).",
        f"Source: {theme.safe(str(about.get('source')))}. Licence: {theme.safe(str(about.get('licence')))}.",
    ]
    lines += [
        f"Published: {theme.safe(_figure(p))}, {theme.safe(str(p.get('protocol')))}."
        for p in about.get("published") or ()
    ]
    st.markdown("  \n".join(lines))
    _measure(one)
    _manage(one)


def _measured(found: Mapping[str, Any]) -> str:
    on = ", ".join(f"“{name}”" for name in found.get("datasets") or ())
    files = theme.count_of(int(found.get("n") or 0), "file")
    bounds = (found.get("intervals") or {}).get("auc") or (None, None)
    auc = theme.unbroken(theme.interval(found.get("auc"), *bounds))
    return f"Measured on {files} of {on}: its AUC there is {auc}."


def _measure(one: Imported) -> None:
    """On labelled datasets of the catalogue; threshold, calibration and figures come from there."""
    key, space, person = f"measure-{one.name}", session.space(), session.person()
    jobs.watch(key)
    known = [name for name in table.datasets(space) if fits.fit(name, one.modality, space).why is None]
    if not known:
        theme.empty(NOTHING_TO_MEASURE_ON, "Add a folder of labelled files", "datasets")
        return
    with (
        st.form(f"detectors-measure-{one.name}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        chosen = st.multiselect(
            "Measure it on",
            known,
            key=f"detectors-datasets-{one.name}",
            placeholder="Labelled datasets of the catalogue",
            wrap=True,
        )
        pressed = st.form_submit_button("Measure", disabled=not person.operator)
    if pressed:
        jobs.start(
            key,
            f"Measuring {one.name}:",
            lambda job: in_child_process.measure_in_child(
                one.name, chosen, person, space, job.cancel.is_set, partial(_report, job)
            ),
        )
        st.rerun()


def _report(job: jobs.Job, line: str) -> None:
    """How far the measuring is; the bar has time left of its own."""
    counts = progress.read(line)
    if counts is None:
        job.report(0, 0, line)
    else:
        job.report(*counts, f"{theme.count(counts[0])} of {theme.count_of(counts[1], 'file')}")


def _manage(one: Imported) -> None:
    space, person = session.space(), session.person()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_default = defaults.default_detector(one.modality, space) == one.name
        what = words.modality(one.modality)
        label = f"Is the default for {what}" if is_default else f"Make it the default for {what}"
        why_not = "" if is_default else _why_no_default(one, operator=person.operator)
        if st.button(
            label,
            key="detectors-default",
            disabled=is_default or bool(why_not),
        ) and theme.run_guarded(partial(defaults.set_default, one.modality, one.name, person, space)):
            st.rerun()
        if st.button("Judge files with it", key="detectors-detect"):
            st.session_state["detect_run"] = one.name
            theme.go_to("detect")
        # A box for each: the next one's is closed, so that a second press does nothing to it.
        with st.popover("Rename", key=f"detectors-rename-{one.name}", disabled=not person.operator):
            new = st.text_input("New name", one.name, key=f"detectors-name-{one.name}")
            if st.button("Rename", key="detectors-rename", type="primary") and theme.run_guarded(
                partial(store.rename, one.name, new, person, space)
            ):
                st.session_state[NEXT] = new
                st.rerun()
        box = st.popover("Delete", key=f"detectors-delete-{one.name}", disabled=not person.operator)
        with box.container(width=theme.BOX):
            st.markdown(DELETE)
            _delete_button(one.name, "detectors-delete")
    if why_not:
        st.caption(why_not)


def _why_no_default(one: Imported, *, operator: bool) -> str:
    """Said beside the button; empty where it can be pressed."""
    if one.measured is None:
        return "It can be made the default once it is measured here."
    if one.measured.get("at_chance"):
        return "It cannot be made the default, because it is at chance."
    return "" if operator else "Operators choose the default."


def _import() -> None:
    person, space = session.person(), session.space()
    with st.expander(
        "Import a published detector", expanded=_import_is_watched() or not store.list_imported(space)
    ):
        jobs.watch(IMPORT_JOB, on_finish=_show_imported)
        _ask_what_to_import()
    if not person.operator:
        st.caption("Operators import detectors; you may judge with those that are here.")


def _show_imported(job: jobs.Job) -> None:
    """What this session has just imported."""
    if job.result and job is st.session_state.get(OWN_IMPORT):
        st.session_state[NEXT] = job.result["detector"]


def _import_is_watched() -> bool:
    """Whether one goes on, which all may see, or this session's own failed; the job is the server's."""
    job = jobs.current(IMPORT_JOB)
    own = job is not None and job is st.session_state.get(OWN_IMPORT)
    return job is not None and (not job.finished or (own and job.error is not None))


def _ask_what_to_import() -> None:
    person, space = session.person(), session.space()
    with st.form("detectors-import", border=False):
        source = st.text_input(
            "File or folder on this machine", key="detectors-source", placeholder="/data/weights/AASIST.pth"
        )
        left, middle, right = st.columns(3)
        name = left.text_input("Name", key="detectors-new-name", placeholder="As the file is called")
        family = middle.selectbox(
            "Family",
            ["", *store.families()],
            format_func=lambda one: words.family(one) if one else "From the file",
            key="detectors-family",
        )
        fake = right.text_input(
            "The label that means fake", key="detectors-fake", placeholder="If the file does not say it"
        )
        pressed = st.form_submit_button("Import", type="primary", disabled=not person.operator)
    if pressed:
        _begin_import(
            lambda job: in_child_process.import_in_child(
                source, name, family, fake, person, space, job.cancel.is_set
            )
        )


def _begin_import(work: Callable[[jobs.Job], object]) -> None:
    under_way = jobs.current(IMPORT_JOB)
    job = jobs.start(IMPORT_JOB, "Importing:", work)
    if job is under_way:  # somebody else's
        st.info("Another import goes on. Press Import again when it is over.")
        return
    st.session_state[OWN_IMPORT] = job
    st.rerun()


page()
