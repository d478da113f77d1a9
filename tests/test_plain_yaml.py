"""Configurations are untrusted: bombs, depth and objects are refused, in the command, the server and the page."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
import yaml

from core import plain_yaml
from core.errors import BadInput
from core.runs.folder import RunFolder, new_run
from core.runs.listing import listing
from core.workspace import CODE_ROOT, Workspace

LAUGHS = "modality: image\naugmentation:\n- &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
HOSTILE = {
    "laughs": LAUGHS,
    "endless": "a: &a [*a]\n",
    "deep brackets": "[" * 400_000,
    "deep braces": "{a: " * 200_000,
    "deep lists": "- " * 400_000,
    "short but deep": "[" * 1_900,
    "long": "a: " + "x" * plain_yaml.MOST_CHARACTERS,
    "object": "a: !!python/object/apply:os.system [true]",
    "no such month": "a: 2026-13-45",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_break_a_reader_is_an_error_of_yaml(name: str) -> None:
    with pytest.raises(yaml.YAMLError):
        plain_yaml.load(HOSTILE[name])


def test_what_a_configuration_says_is_read_with_its_aliases() -> None:
    text = "a: &x [1, 2]\nb: *x\nc: {d: 1.5, e: null, f: yes}\n" + "".join(
        f"k{i}: {i}\n" for i in range(1000)
    )
    assert plain_yaml.load(text) == yaml.safe_load(text)


@pytest.mark.parametrize("name", ["laughs", "deep brackets"])
def test_one_such_run_does_not_take_the_others_with_it(name: str, space: Workspace) -> None:
    good = new_run({"model": "x", "name": "good"}, space=space)
    bad = RunFolder(space.runs / "bad")
    bad.path.mkdir()
    bad.config_file.write_text(HOSTILE[name])
    (bad.path / "metrics.json").write_text("[" * 100_000)
    assert {run.id for run in listing(space).runs()} == {good.id, "bad"}
    with pytest.raises(BadInput, match="no readable config"):
        bad.config()
    with pytest.raises(BadInput, match=r"metrics\.json cannot be read"):
        bad.document("metrics")


def test_the_command_refuses_it_in_one_line(space: Workspace) -> None:
    space.root.mkdir(parents=True)
    path = space.root / "laughs.yaml"
    path.write_text(LAUGHS)
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", str(path)],
        cwd=CODE_ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "unfolds to more than" in done.stderr
