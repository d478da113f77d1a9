"""Long lists page by page; which page is shown stands in the address, as all else that a page shows."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def take(name: str, given: Mapping[str, str], usual: int = 1) -> None:
    """The page of `name`'s list that a link or a reload asks for: ?page=3; else the usual one."""
    asked = given.get("page", "")
    st.session_state[_wanted(name)] = (
        int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else usual
    )


def draw(name: str, pages: int, *, key: str) -> int:
    """Which page is shown, from 1 on, with what changes it where there are several. Another `key` begins at the first."""
    asked = st.session_state.pop(_wanted(name), 0)
    if pages < 2:
        return 1
    if asked in range(1, pages + 1):
        st.session_state[key] = asked
    elif st.session_state.get(key, 1) > pages:  # the list has become shorter
        st.session_state[key] = pages
    return int(st.pagination(pages, key=key) or 1)


def in_address(number: int, usual: int = 1) -> str | None:
    return str(number) if number != usual else None


def _wanted(name: str) -> str:
    return f"{name}-page-wanted"
