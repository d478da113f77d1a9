"""Who sits in front of the page, in which workspace, and the one run manager of this server."""

from __future__ import annotations

import streamlit as st

from core.access import LOCAL, Person, check_exposure, is_loopback, person_for
from core.errors import BadInput
from core.runs.manager import RunManager
from core.workspace import Workspace, workspace


def space() -> Workspace:
    return workspace()


@st.cache_resource(show_spinner=False)
def _manager(root: str) -> RunManager:
    return RunManager(Workspace(workspace().root))


def manager() -> RunManager:
    """The one manager of this server; it adopts the runs that an earlier server left running."""
    return _manager(str(workspace().root))


def address() -> str:
    return str(st.get_option("server.address") or "")


def person() -> Person:
    """The signed-in person; on loopback everyone is the local operator."""
    if is_loopback(address()):
        return LOCAL
    email = str(st.user.get("email") or "") if signed_in() else ""
    return person_for(email or None, space())


def signed_in() -> bool:
    return bool(getattr(st.user, "is_logged_in", False))  # Streamlit has it only where [auth] is configured


def sign_in_configured() -> bool:
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no secrets file at all
        return False


def require_sign_in() -> None:
    """Off loopback: sign in first, unless the owner opted out in settings.toml."""
    if is_loopback(address()):
        return
    try:
        check_exposure(address(), sign_in=sign_in_configured(), space=space())
    except BadInput as error:
        st.error(str(error))
        st.stop()
    if sign_in_configured() and not signed_in():
        st.title("Deepfake workbench")
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
