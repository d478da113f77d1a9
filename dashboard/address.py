"""What a page shows, in its address: a reload and a link that is passed on open the same view."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def asked(page: str) -> dict[str, str] | None:
    """What a link asks for; None where the address is empty or is what the page wrote itself."""
    given = {name: value for name, value in st.query_params.to_dict().items() if value}
    if not given or given == st.session_state.get(_written(page)):
        return None
    st.session_state[_written(page)] = given
    return given


def write(page: str, state: Mapping[str, str | None]) -> None:
    """Only what is stated; the page is not drawn again."""
    wanted = {name: value for name, value in state.items() if value}
    st.session_state[_written(page)] = wanted
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _written(page: str) -> str:
    return f"{page}-address"
