"""The project as it is installed: a wheel that holds all it needs, one command, one list of pins."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from core.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (".css", ".html", ".js", ".json", ".py", ".svg", ".toml")


def test_the_pins_are_those_of_pyproject() -> None:
    done = subprocess.run(
        [sys.executable, ".ci/requirements.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs hatchling, the build system of pyproject.toml")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what it depends on is that of this one."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    here = [p for p in sys.path if p.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(here) + "\n")
    command = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["deepfake-workbench"]
    module, function = command.split(":")
    script = place / "bin" / "deepfake-workbench"
    script.write_text(
        f"#!{place}/bin/python\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
    )
    script.chmod(0o755)
    return place / "bin"


def run(bin_folder: Path, home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [bin_folder / "deepfake-workbench", *arguments],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if k not in ("DEEPFAKE_WORKSPACE", "PYTHONPATH", "XDG_DATA_HOME")
    }
    return kept | {"HOME": str(home), "OMP_NUM_THREADS": "1"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {
        path.relative_to(ROOT).as_posix()
        for house in ("core", "dashboard", "models")
        for path in (ROOT / house).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= held
    assert {Path(name).suffix for name in files} <= set(NEEDED)
    assert "dashboard/.streamlit/config.toml" in held
    assert wheel.name.startswith(f"deepfake_workbench-{VERSION}-")


@pytest.mark.long
def test_every_verb_is_there_and_models_are_listed(bin_folder: Path, tmp_path: Path) -> None:
    shown = run(bin_folder, tmp_path, "--help")
    for verb in ("dashboard", "scan", "train", "thresholds", "detect", "runs"):
        assert f"\n  {verb} " in shown
    assert run(bin_folder, tmp_path, "--version") == f"deepfake-workbench {VERSION}\n"
    assert run(bin_folder, tmp_path, "scan", "--help").startswith("usage: deepfake-workbench scan")
    assert len(json.loads(run(bin_folder, tmp_path, "models", "--json"))) > 5


@pytest.mark.long
def test_the_pages_are_served_from_where_it_is_installed(bin_folder: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [bin_folder / "deepfake-workbench", "dashboard", "--port", str(port)],
        cwd=tmp_path,
        env=environment(tmp_path),
    )

    def answers() -> bool:
        assert server.poll() is None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return b"<html" in answer.read()
        except OSError:
            return False

    try:
        end = time.monotonic() + 120
        while not answers():
            assert time.monotonic() < end
            time.sleep(0.2)
        assert not (tmp_path / "workspace").exists()
    finally:
        server.terminate()
        server.wait(20)
