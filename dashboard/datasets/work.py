"""Long work of the Datasets page: scanning roots and making the demo, with progress and a way to cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core.catalog import roots, scan, table
from dashboard import first_steps, jobs, session, theme

SCAN_JOB = "scan"


def toolbar() -> None:
    """Add a folder, scan again, make the demo."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Add folder", icon=":material/create_new_folder:"):
            st.text_input(
                "Folder on this machine that holds datasets as downloaded",
                key="datasets-new-root",
                placeholder="/data/deepfakes",
            )
            if st.button("Add and scan", type="primary", key="datasets-add"):
                theme.acted(_add)
            _known_roots()
        known = scannable()
        if st.button("Rescan", icon=":material/refresh:", key="datasets-rescan", disabled=not known):
            theme.acted(lambda: start_scan(known))
        if st.button("Make the demo datasets", icon=":material/auto_fix_high:", key="datasets-demo"):
            theme.acted(first_steps.start_demo)


def scannable() -> list[Path]:
    """The data roots, and the datasets that were scanned by command or made as demo outside of them."""
    space = session.space()
    known = roots.read(space)
    for name in table.datasets(space):
        root = table.root_of(name, space)
        if root.is_dir() and not any(root.is_relative_to(r) for r in known):
            known.append(root)
    return [r for r in known if r.is_dir()]


def _known_roots() -> None:
    for i, root in enumerate(roots.read(session.space())):
        name, button = st.columns([5, 1], vertical_alignment="center")
        name.markdown(theme.safe(root))
        if button.button(
            ":material/close:", key=f"datasets-forget-{i}", help="Forget this folder; its files stay"
        ):
            theme.acted(lambda root=root: roots.remove(root, session.person(), session.space()))  # type: ignore[misc]


def _add() -> None:
    roots.add(st.session_state["datasets-new-root"], session.person(), session.space())
    start_scan(
        roots.read(session.space())
    )  # together, so that a second copy of a dataset gets a name of its own


def start_scan(folders: list[Path]) -> None:
    """Scan in the background; the catalogue is replaced dataset by dataset."""
    space = session.space()
    person = session.person()
    person.require_operator("scan folders")

    def work(job: jobs.Job) -> dict[str, Any]:
        result = scan.scan(
            folders,
            progress=lambda what, done, out_of: job.report(
                done, out_of, what if out_of else f"{done:,} {what}"
            ),
            cancel=job.cancel.is_set,
            space=space,
            person=person,
        )
        return {
            "seconds": result.seconds,
            "samples": sum(d.samples for d in result.datasets),
            "datasets": len(result.datasets),
            "unrecognised": [(left.path, left.files) for left in result.unrecognised],
            "problems": result.problems,
        }

    jobs.start(SCAN_JOB, "Scan", work)


def progress() -> None:
    """Bars of what is under way, and what the last scan left over."""
    for key in (SCAN_JOB, first_steps.DEMO_JOB):
        jobs.watch(key)
    job = jobs.current(SCAN_JOB)
    if job is None or not job.finished or not isinstance(job.result, dict):
        return
    found = job.result
    st.caption(
        f"Last scan: {theme.counted(found['datasets'], 'dataset')}, {theme.counted(found['samples'], 'sample')} "
        f"in {theme.duration(found['seconds'])}."
    )
    left = found["unrecognised"]
    if left or found["problems"]:
        files = sum(n for _, n in left)
        with st.expander(
            f"Not recognised: {theme.counted(len(left), 'folder')}, {theme.counted(files, 'file')}"
        ):
            st.markdown(
                "No known layout fits these, and they have no `real` and `fake` folders and no table of paths "
                "and labels."
            )
            st.dataframe(
                {"folder": [p for p, _ in left], "files": [n for _, n in left]},
                hide_index=True,
                height="content",
            )
            for problem in found["problems"][:50]:
                st.markdown(f"- {theme.safe(problem)}")
            if left:
                from dashboard.datasets import mapping  # which starts a scan, and so needs this module

                mapping.folder_panel(left)
