"""Who may do what, and where the server may listen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.access import LOCAL, check_exposure, person_for
from core.errors import BadInput, NotAllowed
from core.workspace import CODE_ROOT, Workspace


def test_only_those_named_in_the_settings_are_operators(space: Workspace) -> None:
    space.save_settings({"operators": ["Ada@example.org"]})
    person_for("ada@example.org", space).require_operator("start runs")
    for email in ("eve@example.org", None, ""):
        with pytest.raises(NotAllowed, match="may not start runs"):
            person_for(email, space).require_operator("start runs")
    LOCAL.require_operator("start runs")


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_sign_in(space: Workspace, address: str) -> None:
    check_exposure(address, sign_in=False, space=space)


@pytest.mark.parametrize("address", ["0.0.0.0", "", "::", "192.0.2.7"])
def test_beyond_this_machine_sign_in_or_an_explicit_opt_out_is_needed(space: Workspace, address: str) -> None:
    with pytest.raises(BadInput, match="allow_without_sign_in"):
        check_exposure(address, sign_in=False, space=space)
    check_exposure(address, sign_in=True, space=space)
    space.save_settings({"allow_without_sign_in": True})
    check_exposure(address, sign_in=False, space=space)


def test_the_server_refuses_to_start_off_loopback_without_sign_in(space: Workspace) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "--address", "0.0.0.0"],
        cwd=CODE_ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "sign-in" in done.stderr
