"""What a page shows, in its address: a reload and a link that is passed on open the same view.

the page draws, writes ?run=a            the browser takes it over a little later
the page draws, writes ?run=a&slice=b
a click, sent with ?run=a                not a link: the browser had not taken over the last one yet
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

# How long after it was replaced the browser may still send an address of the page's own, in seconds.
STALE_FOR = 10.0


@dataclass
class _Addresses:
    """What a page wrote: the address that stands, and when each earlier one was replaced."""

    standing: dict[str, str] = field(default_factory=dict)
    replaced: dict[frozenset[tuple[str, str]], float] = field(default_factory=dict)


def read_link(page: str, apart: Collection[str] = ()) -> dict[str, str] | None:
    """What a link asks for; None where the address is empty or the page's own. Names in `apart` make no link."""
    given = {name: value for name, value in st.query_params.to_dict().items() if value}
    own = _own(page)
    asked = _without(given, apart)
    if not given or asked == _without(own.standing, apart):
        return None
    recent = time.monotonic() - STALE_FOR
    if not _went_back() and any(
        at > recent and asked == _without(dict(state), apart) for state, at in own.replaced.items()
    ):
        return None
    _replace(own, given)
    return given


def write(page: str, state: Mapping[str, str | None]) -> None:
    """Only what is stated; the page is not drawn again."""
    wanted = {name: value for name, value in state.items() if value}
    _replace(_own(page), wanted)
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _went_back() -> bool:
    """Or forward, in the browser's history: what it asks for then is never a leftover."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def _own(page: str) -> _Addresses:
    found: _Addresses = st.session_state.setdefault(f"{page}-address", _Addresses())
    return found


def _replace(own: _Addresses, by: dict[str, str]) -> None:
    if own.standing and own.standing != by:
        now = time.monotonic()
        own.replaced = {state: at for state, at in own.replaced.items() if at > now - STALE_FOR}
        own.replaced[frozenset(own.standing.items())] = now
    own.standing = by


def _without(given: Mapping[str, str], apart: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in apart}
