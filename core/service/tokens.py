"""Who calls: tokens of settings.toml, `[service.tokens]`, of which only hashes are kept.

[service.tokens]
newsdesk = "sha256:2c26b46b68ff…"      # made by `python -m core serve --new-token newsdesk`
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from core.access import LOCAL, Person, is_loopback
from core.errors import BadInput
from core.workspace import Workspace

NAME = re.compile(r"[\w.@-]{1,64}")
HASHED = re.compile(r"sha256:[0-9a-f]{64}")


def hashes_by_name(space: Workspace) -> dict[str, str]:
    """Name → hash, as the settings hold them."""
    service = space.settings().get("service", {})
    tokens = service.get("tokens", {}) if isinstance(service, dict) else {}
    if not isinstance(tokens, dict) or not all(
        isinstance(v, str) and HASHED.fullmatch(v) for v in tokens.values()
    ):
        raise BadInput(
            'settings.toml, [service.tokens]: each must be NAME = "sha256:…" as `python -m core serve --new-token NAME` '
            "writes it"
        )
    return dict(tokens)


def make(name: str, person: Person, space: Workspace) -> str:
    """A new token under this name; it is shown once and only its hash is kept."""
    person.require_operator("make a token of the service")
    if not NAME.fullmatch(name):
        raise BadInput(f"token name {name!r} must be 1 to 64 letters, digits or . _ @ -")
    token = secrets.token_urlsafe(32)

    def add(settings: dict[str, object]) -> dict[str, object]:
        service = settings.get("service")
        old = dict(service) if isinstance(service, dict) else {}
        return {**settings, "service": {**old, "tokens": {**hashes_by_name(space), name: _hash(token)}}}

    space.change_settings(add)
    return token


def caller(header: str | None, space: Workspace) -> Person | None:
    """The person of an `Authorization: Bearer …` header; without any tokens everyone on this machine. None:
    refused."""
    tokens = hashes_by_name(space)
    if not tokens:
        return LOCAL
    scheme, _, given = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        return None
    offered = _hash(given.strip())
    names = [name for name, kept in tokens.items() if hmac.compare_digest(kept, offered)]
    return Person(names[0], operator=False) if names else None


def check_exposure(address: str, space: Workspace) -> None:
    """Beyond this machine only with tokens."""
    if not is_loopback(address) and not hashes_by_name(space):
        raise BadInput(
            f"serving on {address or 'every address'} needs a token: make one with "
            "`python -m core serve --new-token NAME`"
        )


def _hash(token: str) -> str:
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()
