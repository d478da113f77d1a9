"""Who may do what: viewers look and detect, operators scan, train, stop, delete and save operating points.

On loopback (and on the command line) there is no sign-in and everyone is an operator. Off loopback the page
signs the analyst in and passes who it is; `core` checks it here on every call that changes something.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from core.errors import BadInput, NotAllowed
from core.workspace import Workspace


@dataclass(frozen=True)
class Person:
    """Somebody who asks for something: a name for the records, and what they may do."""

    name: str
    operator: bool

    def require_operator(self, action: str) -> None:
        if not self.operator:
            raise NotAllowed(
                f"{self.name} may not {action}; ask an operator (settings.toml, `operators`) to do it"
            )

    @property
    def by(self) -> str:
        """Who made a report, within its first line."""
        return "on this machine, where nobody signs in," if self == LOCAL else f"by {self.name}"


LOCAL = Person("local", operator=True)


def person_for(email: str | None, space: Workspace) -> Person:
    """The person behind a page of a server off loopback: an operator if settings.toml names them."""
    operators = {str(name).casefold() for name in space.settings().get("operators", [])}
    return Person(email or "anonymous", operator=bool(email) and str(email).casefold() in operators)


def is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False  # empty means every address


def check_exposure(address: str, *, sign_in: bool, space: Workspace) -> None:
    """Refuse to serve beyond this machine without sign-in, unless the owner opted out in so many words."""
    if is_loopback(address) or sign_in or space.settings().get("allow_without_sign_in") is True:
        return
    raise BadInput(
        f"serving on {address or 'every address'} needs sign-in: configure [auth] in .streamlit/secrets.toml, "
        "or set allow_without_sign_in = true in the workspace's settings.toml"
    )
