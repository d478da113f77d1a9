"""Which file of the session is open, with which detectors and at which second: what the page's address keeps."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection

import streamlit as st

from dashboard import address
from dashboard.detect import state
from dashboard.detect.state import Item, Session

GONE = (
    "The file of this link is not here. Either whoever brought it has closed the page, which removes it, or it is "
    "somebody else's and not shown to you. Ask that person for its report."
)


def shown() -> Item | None:
    """The file that is open; its key stands in the address, and a link within the session opens it."""
    found = opened()
    chosen = ",".join(st.session_state.get("detect_runs", []))
    seconds = st.session_state.get(moment_key(found.key)) if found else None
    at = None if seconds is None else str(round(seconds, 3))
    address.write("detect", {"file": found.key if found else None, "detector": chosen or None, "at": at})
    return found


def opened() -> Item | None:
    """The file that is looked at, without a word to the address."""
    items, key = state.session().items, st.session_state.get("detect_shown")
    return next((i for i in items if i.key == key), items[0] if items else None)


def has_judged(run: str) -> bool:
    """Whether this detector's verdict on the open file is there."""
    found = opened()
    job = found.latest.get(run) if found else None
    return bool(job and job.verdict and job.verdict.status != "error")


def pick_key(item: str) -> str:
    """Where the detector stands whose verdict is looked at, of several."""
    return f"pick-{item}"


def moment_key(item: str) -> str:
    """Where the second of a file that is looked at stands in the session's state."""
    return f"moment-seconds-{item}"


def _moment_of(link: str | None) -> float | None:
    with contextlib.suppress(ValueError):
        seconds = float(link or "")
        return seconds if 0 <= seconds < math.inf else None
    return None


def open_link(known: Collection[str]) -> None:
    """?file=KEY&detector=ID,ID&at=3.2: a file of this server that one may see, the detectors that judge, and the second
    of the file that is looked at; before any is drawn."""
    if (link := address.read_link("detect")) is None:
        # Where the line to the browser was cut, this session's files are those of another one by now.
        if (key := st.session_state.get("detect_shown")) and not state.session().items:
            take_in(key)
        return
    if (key := link.get("file")) and not take_in(key):
        st.info(GONE, icon=":material/link_off:")
    st.session_state["detect_shown"] = key
    if key and (seconds := _moment_of(link.get("at"))) is not None:
        st.session_state[moment_key(key)] = seconds
    st.session_state["detect_runs"] = [one for one in link.get("detector", "").split(",") if one in known]


def take_in(key: str) -> bool:
    """Show a file that another session brought: with all of that session's to the same person, alone to an operator."""
    own = state.session()
    if any(item.key == key for item in own.items):
        return True
    for home in list(state.SESSIONS.values()):
        wanted = next((item for item in home.items if item.key == key), None)
        if wanted is None or not (own.person.operator or home.person == own.person):
            continue
        for item in home.items if home.person == own.person else [wanted]:
            _hold(own, item)
        return True
    return False


def _hold(own: Session, item: Item) -> None:
    home = item.home or own
    if item not in own.items:
        own.items.append(item)
    home.holders.add(own.id)
    home.left = None
    if home is not own and home not in own.visited:
        own.visited.append(home)
