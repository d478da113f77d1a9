"""In the row of a run: its name, tags and note, and to delete it."""

from __future__ import annotations

import functools

import streamlit as st

from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.summaries import Summary
from dashboard import session, theme


def draw(run: Summary) -> None:
    """A box whose fields are made only while it is open: a list is drawn again every two seconds."""
    key = f"run-edit-{run.id}"
    if st.session_state.pop(_saved(run), False):
        st.session_state[key] = False
    box = st.popover(
        "Edit",
        key=key,
        icon=":material/edit:",
        type="tertiary",
        on_change="rerun",
    )
    if box.open:
        with box:
            _fields(run)
    else:
        st.session_state.pop(_asked(run), None)


def _fields(run: Summary) -> None:
    name = st.text_input("Name", run.name, max_chars=notes.LONGEST_NAME, key=f"run-name-{run.id}")
    tags = st.multiselect(
        "Tags",
        list(run.tags),
        default=list(run.tags),
        accept_new_options=True,
        placeholder="Add a tag",
        key=f"run-tags-{run.id}",
    )
    note = st.text_area("Note", run.note, max_chars=notes.LONGEST_NOTE, key=f"run-note-{run.id}", height=80)
    buttons = st.container(horizontal=True, horizontal_alignment="distribute")
    if buttons.button("Save", key=f"run-save-{run.id}", type="primary") and theme.run_guarded(
        functools.partial(_save, run, name, tags, note)
    ):
        st.session_state[_saved(run)] = True  # the box is closed before it is made the next time
        st.rerun()
    if run.active:
        st.caption("It can be deleted once it has stopped.")
    elif not st.session_state.get(_asked(run)):
        buttons.button(
            "Delete …",
            key=f"run-remove-{run.id}",
            icon=":material/delete:",
            on_click=st.session_state.__setitem__,
            args=(_asked(run), True),
        )
    else:
        _ask(run)


def _ask(run: Summary) -> None:
    """It stands beside Save, and hours of training go with it."""
    st.markdown(f"Delete “{theme.safe(run.name)}” for good, with its checkpoints, scores and results?")
    if st.button("Delete for good", key=f"run-remove-sure-{run.id}", icon=":material/delete:") and (
        theme.run_guarded(lambda: session.manager().delete(run.id, session.person()))
    ):
        st.rerun()


def _save(run: Summary, name: str, tags: list[str], note: str) -> None:
    folder = RunFolder(session.space().runs / run.id)
    notes.write(folder, session.person(), session.space(), name=name, tags=tags, note=note)


def _saved(run: Summary) -> str:
    return f"run-saved-{run.id}"


def _asked(run: Summary) -> str:
    return f"run-asked-{run.id}"
