"""Who may do what, and where the server may listen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.access import LOCAL, Person, check_exposure, person_for
from core.errors import BadInput, NotAllowed
from core.workspace import CODE_ROOT, Workspace
from dashboard import __main__ as starting
from dashboard import session


def test_only_those_named_in_the_settings_are_operators(space: Workspace) -> None:
    space.save_settings({"operators": ["Ada@example.org"]})
    person_for("ada@example.org", space).require_operator("start runs")
    for email in ("eve@example.org", None, ""):
        with pytest.raises(NotAllowed, match="may not start runs"):
            person_for(email, space).require_operator("start runs")
    LOCAL.require_operator("start runs")


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_sign_in(space: Workspace, address: str) -> None:
    """Nothing is raised; beyond it, something is (below)."""
    check_exposure(address, sign_in=False, space=space)


@pytest.mark.parametrize("address", ["0.0.0.0", "", "::", "192.0.2.7"])
def test_beyond_this_machine_sign_in_or_an_explicit_opt_out_is_needed(space: Workspace, address: str) -> None:
    with pytest.raises(BadInput, match="allow_without_sign_in"):
        check_exposure(address, sign_in=False, space=space)
    check_exposure(address, sign_in=True, space=space)
    space.save_settings({"allow_without_sign_in": True})
    check_exposure(address, sign_in=False, space=space)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])
def test_the_server_refuses_to_start_off_loopback_without_sign_in(space: Workspace, address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "--address", address],
        cwd=CODE_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "sign-in" in done.stderr


def test_secrets_that_cannot_be_read_are_no_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "ROOT", tmp_path)
    assert not starting.sign_in_configured()
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[auth]\ncookie_secret = 'x'\n")
    assert starting.sign_in_configured()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[auth\n")
    with pytest.raises(BadInput, match=r"secrets\.toml cannot be read"):
        starting.sign_in_configured()


def test_whoever_is_not_signed_in_sees_the_sign_in_and_nothing_else(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the server was started past `python -m dashboard`."""
    monkeypatch.setattr(session, "address", lambda: "0.0.0.0")
    page = AppTest.from_file(str(CODE_ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert "needs sign-in" in page.error[0].value and not page.markdown
    monkeypatch.setattr(session, "sign_in_configured", lambda: True)
    page.run()
    assert [b.label for b in page.button] == ["Sign in"] and not page.markdown


@pytest.mark.parametrize(
    ("email", "operator"), [("ada@example.org", True), ("ADA@example.org", True), ("eve@example.org", False)]
)
def test_off_loopback_the_person_is_who_signed_in(
    email: str, operator: bool, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.save_settings({"operators": ["ada@example.org"]})
    monkeypatch.setattr(session, "address", lambda: "0.0.0.0")
    monkeypatch.setattr(session.st, "user", SignedIn(email))
    assert session.person() == Person(email, operator)
    monkeypatch.setattr(session.st, "user", SignedIn(email, is_logged_in=False))
    assert session.person() == Person("anonymous", operator=False)


class SignedIn(dict):  # type: ignore[type-arg]
    """What Streamlit knows of who is there."""

    def __init__(self, email: str, is_logged_in: bool = True) -> None:
        super().__init__(email=email)
        self.is_logged_in = is_logged_in
