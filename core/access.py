"""Who may do what: viewers look and detect, operators scan, train, stop, delete and save operating points.

On loopback (and on the command line) there is no sign-in and everyone is an operator. Off loopback the page
signs the analyst in and passes who it is; `core` checks it here on every call that changes something.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotAllowed
from core.workspace import Workspace, workspace


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


LOCAL = Person("local", operator=True)


def person(email: str | None, *, signed_in_server: bool, space: Workspace | None = None) -> Person:
    """The person behind a page: everyone is an operator on a loopback server, else those named in settings."""
    if not signed_in_server:
        return LOCAL
    operators = {str(o).casefold() for o in (space or workspace()).settings().get("operators", [])}
    return Person(email or "anonymous", operator=bool(email) and str(email).casefold() in operators)
