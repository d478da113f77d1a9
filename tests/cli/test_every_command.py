"""What all commands share: exit codes, one line of error, JSON alone on stdout."""

from __future__ import annotations

import argparse
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from core import cli
from core.errors import BadInput, WorkbenchError


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A verb that the test can fill."""
    module = types.ModuleType("core.cli.probe")
    module.add_arguments = lambda parser: parser.add_argument("--n", type=int)  # type: ignore[attr-defined]
    module.show = str  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "core.cli.probe", module)
    monkeypatch.setattr(cli, "verbs", lambda: {"probe": "a test"})
    return module


@pytest.mark.parametrize(
    ("error", "status"),
    [(BadInput("no such\nfolder"), 2), (WorkbenchError("disk full"), 1), (ValueError("bug"), 1)],
)
def test_an_error_is_one_line_and_a_status(
    verb: types.ModuleType, capsys: pytest.CaptureFixture[str], error: Exception, status: int
) -> None:
    def run(_: argparse.Namespace) -> None:
        raise error

    verb.run = run  # type: ignore[attr-defined]
    assert cli.main(["probe"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["probe", "--n", "x"], ["probe", "--unknown"], ["nonsense"]])
def test_bad_arguments_are_one_line_and_status_2(
    verb: types.ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    verb.run = lambda _: {}  # type: ignore[attr-defined]
    assert cli.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_json_is_alone_on_stdout_and_knows_no_nan(
    verb: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: argparse.Namespace) -> dict[str, object]:
        print("a library talks")
        return {
            "value": np.float64("nan"),
            "counts": np.arange(3),
            "path": Path("a/b"),
            "flag": np.bool_(True),
        }

    verb.run = run  # type: ignore[attr-defined]
    assert cli.main(["probe", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"value": None, "counts": [0, 1, 2], "path": "a/b", "flag": True}
    assert "a library talks" in err
