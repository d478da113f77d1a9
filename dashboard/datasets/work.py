"""Long work of the Datasets page: scanning roots and making the demo, with progress and a way to cancel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.catalog import overrides, roots, scan, table
from core.catalog.table import DatasetInfo
from dashboard import first_steps, jobs, session, theme

SCAN_JOB = "scan"
SCANS = "datasets-scans"  # how many this session has started
ADDED = "datasets-added"  # names of what the last scan added; the table has them first


def toolbar(infos: Sequence[DatasetInfo]) -> None:
    """Add a folder, scan again, and make the demo where it is not yet."""
    offers_demo = not first_steps.is_making_demo() and not any(info.demo for info in infos)
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if st.session_state.pop(first_steps.ADDS_OWN, False):
            st.session_state[_box()] = True
        box = st.popover("Add folder", icon=":material/create_new_folder:", key=_box(), on_change="rerun")
        # Of one width, whatever is wrong with the folder: a wide one would lie over the navigation.
        with box.container(width=theme.BOX):
            _ask_for_folder()
            _known_roots()
        known = scannable()
        if known and st.button("Rescan", icon=":material/refresh:", key="datasets-rescan"):
            theme.act(lambda: start_scan(known))
        if offers_demo and st.button(
            "Make the demo datasets",
            icon=":material/auto_fix_high:",
            key="datasets-demo",
            type="secondary" if known else "primary",  # the next step of who has no data yet
        ):
            theme.act(first_steps.start_demo)


def _box() -> str:
    """A key of its own for each scan: the box is closed and empty when the scan begins."""
    return f"datasets-add-box-{st.session_state.get(SCANS, 0)}"


def _ask_for_folder() -> None:
    with st.form(f"{_box()}-form", border=False):
        folder = st.text_input(
            "Folder on this machine that holds datasets as downloaded",
            key=f"{_box()}-folder",
            placeholder="/data/deepfakes",
        )
        if st.form_submit_button("Add and scan", type="primary", key="datasets-add"):
            theme.act(partial(_add, folder))


def scannable() -> list[Path]:
    """The data roots, and the datasets that were scanned by command or made as demo outside of them."""
    space = session.space()
    known = roots.read(space)
    for root in (Path(info.root) for info in table.infos(space)):
        if root.is_dir() and not any(root.is_relative_to(r) for r in known):
            known.append(root)
    return [r for r in known if r.is_dir()]


def _known_roots() -> None:
    for i, root in enumerate(roots.read(session.space())):
        # A row also on a telephone, where columns would stand under each other.
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(theme.safe(root), width=theme.BOX - 64)
            if st.button(
                ":material/close:", key=f"datasets-forget-{i}", help="Forget this folder; its files stay"
            ):
                theme.act(partial(roots.remove, root, session.person(), session.space()))


def _add(folder: str) -> None:
    added = roots.add(folder, session.person(), session.space())
    overrides.take_back(str(added), session.person(), session.space())
    # Together, so that a second copy of a dataset gets a name of its own.
    start_scan(present_roots(), asked=added)


def present_roots() -> list[Path]:
    """The data roots that are there: one on a disk that is not mounted stops no other."""
    return [root for root in roots.read(session.space()) if root.is_dir()]


def start_scan(folders: list[Path], asked: Path | None = None) -> None:
    """Scan in the background; the catalogue is replaced dataset by dataset. What lies in the folder that was `asked` for
    counts as added, whether or not it was known."""
    space = session.space()
    person = session.person()
    person.require_operator("scan folders")
    before = {info.name: Path(info.root) for info in table.infos(space)}
    st.session_state[SCANS] = st.session_state.get(SCANS, 0) + 1

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
            "added": [
                d.name
                for d in result.datasets
                if d.name not in before or (asked is not None and Path(d.root).is_relative_to(asked))
            ],
            "asked": asked,
            "gone": [
                name for name in before.keys() - set(table.datasets(space)) if not before[name].is_dir()
            ],
            "unrecognised": [(left.path, left.files) for left in result.unrecognised],
            "problems": result.problems,
        }

    jobs.start(SCAN_JOB, "Scanning:", work, page="datasets")


def progress() -> None:
    """Bars of what is under way."""
    jobs.watch(SCAN_JOB, on_finish=_select_added)
    jobs.watch(first_steps.DEMO_JOB)


def _select_added(job: jobs.Job) -> None:
    """What was just added is what the page shows."""
    if isinstance(job.result, dict) and (added := job.result["added"]):
        st.session_state[ADDED] = added
        st.session_state["datasets_chosen"] = added[0]


def added_first(infos: Sequence[DatasetInfo]) -> list[DatasetInfo]:
    added = st.session_state.get(ADDED, [])
    return sorted(
        infos, key=lambda info: (info.name not in added, added.index(info.name) if info.name in added else 0)
    )


def last_scan() -> dict[str, Any] | None:
    """What the last scan found and left over; None while one runs, or before the first."""
    job = jobs.current(SCAN_JOB)
    return job.result if job is not None and job.finished and isinstance(job.result, dict) else None
