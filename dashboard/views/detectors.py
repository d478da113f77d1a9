"""Detectors: how good are published detectors on my files? Import, measure, rename, delete."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.catalog import table
from core.detection import defaults
from core.imports import in_child_process, store
from core.imports.store import Imported
from dashboard import address, jobs, session, tables, theme, words

IMPORT_JOB = "import-detector"


def page() -> None:
    theme.page_title("How good are published detectors?")
    found = store.list_imported(session.space())
    jobs.watch(IMPORT_JOB)
    for fault in store.list_damaged(session.space()):
        st.warning(theme.safe(fault))
    if found:
        _table(found)
        names = [one.name for one in found]
        link = address.read_link("detectors")
        if link is not None and link.get("detector") in names:
            st.session_state["detectors-chosen"] = link["detector"]
        name = st.selectbox("Detector", names, key="detectors-chosen")
        address.write("detectors", {"detector": name if name != names[0] else None})
        _details(next(one for one in found if one.name == name))
    else:
        st.info(
            "None is here yet. Import a detector that somebody published: a file of weights, or a folder from Hugging Face."
        )
    _import()


def _table(found: list[Imported]) -> None:
    rows = []
    for one in found:
        measured = one.measured or {}
        bounds = (measured.get("intervals") or {}).get("auc") or (None, None)
        rows.append(
            {
                "detector": one.name,
                "what it is": one.about.get("title"),
                "judges": words.modality(one.modality),
                "state": _state(one),
                "AUC on your files": theme.interval(measured.get("auc"), *bounds) if measured else "–",
                "published": "; ".join(_figure(p) for p in one.about.get("published") or ()) or "–",
                "licence": one.about.get("licence"),
            }
        )
    tables.show(rows, "detectors-table", what="Imported detectors", whole=("state",))


def _figure(published: Mapping[str, Any]) -> str:
    return words.spelled_out(str(published.get("figure")))


def _state(one: Imported) -> str:
    if one.measured is None:
        return "○ not measured here"
    return "✖ at chance" if one.measured.get("at_chance") else "✔ measured"


def _details(one: Imported) -> None:
    about = one.about
    if one.measured is None:
        st.warning(
            "**Not measured here.** All its verdicts are “uncertain” until it was measured on labelled files of yours."
        )
    elif one.measured.get("at_chance"):
        why = words.capital(str(one.measured.get("words") or "at chance"))
        st.error(f"✖ **{theme.safe(why)}**")
    else:
        on = ", ".join(map(str, one.measured.get("datasets") or ()))
        st.success(f"Measured on {theme.safe(on)}: {theme.count(int(one.measured.get('n') or 0))} files.")
    lines = [
        f"**{theme.safe(str(about.get('title')))}** has {theme.count(int(about.get('parameters') or 0))} parameters "
        f"and is given {theme.safe(str(about.get('input')))}.",
        f"Its word for a fake is {theme.safe(str(about.get('fake')))} ({theme.safe(str(about.get('fake_because')))}).",
        f"It comes from {theme.safe(str(about.get('source')))}. Licence: {theme.safe(str(about.get('licence')))}.",
    ]
    lines += [
        f"Published: {theme.safe(_figure(p))}, {theme.safe(str(p.get('protocol')))}."
        for p in about.get("published") or ()
    ]
    st.markdown("  \n".join(lines))
    _measure(one)
    _manage(one)


def _measure(one: Imported) -> None:
    """On labelled datasets of the catalogue; threshold, calibration and figures come from there."""
    key, space, person = f"measure-{one.name}", session.space(), session.person()
    jobs.watch(key)
    known = table.datasets(space)
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
            lambda _job: in_child_process.measure_in_child(one.name, chosen, person, space),
        )
        st.rerun()


def _manage(one: Imported) -> None:
    space, person = session.space(), session.person()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_default = defaults.default_detector(one.modality, space) == one.name
        what = words.modality(one.modality)
        label = f"Is the default for {what}" if is_default else f"Make it the default for {what}"
        if st.button(
            label, key="detectors-default", disabled=is_default or not person.operator
        ) and theme.run_guarded(
            functools.partial(defaults.set_default, one.modality, one.name, person, space)
        ):
            st.rerun()
        if st.button("Judge files with it", key="detectors-detect"):
            st.session_state["detect_run"] = one.name
            theme.go_to("detect")
        with st.popover("Rename", disabled=not person.operator):
            new = st.text_input("New name", one.name, key=f"detectors-name-{one.name}")
            if st.button("Rename", key="detectors-rename") and theme.run_guarded(
                functools.partial(store.rename, one.name, new, person, space)
            ):
                st.rerun()
        with st.popover("Delete", disabled=not person.operator):
            st.markdown("Its weights here and what was measured of it go. The file it came from stays.")
            if st.button("Delete it", key="detectors-delete", type="primary") and theme.run_guarded(
                functools.partial(store.delete, one.name, person, space)
            ):
                st.rerun()


def _import() -> None:
    person, space = session.person(), session.space()
    with (
        st.expander("Import a published detector", expanded=not store.list_imported(space)),
        st.form("detectors-import", border=False),
    ):
        source = st.text_input(
            "File or folder on this machine", key="detectors-source", placeholder="/data/weights/AASIST.pth"
        )
        left, middle, right = st.columns(3)
        name = left.text_input("Name", key="detectors-new-name", placeholder="That of the file")
        family = middle.selectbox(
            "Family",
            ["", *store.families()],
            format_func=lambda one: words.family(one) if one else "Found from the file",
            key="detectors-family",
        )
        fake = right.text_input(
            "The label that means fake", key="detectors-fake", placeholder="Where the file does not say"
        )
        pressed = st.form_submit_button("Import", type="primary", disabled=not person.operator)
    if not person.operator:
        st.caption("Operators import detectors; you may judge with those that are here.")
    if pressed:
        jobs.start(
            IMPORT_JOB,
            "Importing:",
            lambda _job: in_child_process.import_in_child(source, name, family, fake, person, space),
        )
        st.rerun()


page()
