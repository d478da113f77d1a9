"""The first verdict waits for what it needs, and for nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.media.probe import probe
from core.media.sandbox import Sandbox, _Worker
from core.workspace import CODE_ROOT
from tests.detection.tiny_runs import make_run, put_reference

# Each takes longer to import than the network takes to judge a picture.
NOT_NEEDED = {
    "librosa",
    "matplotlib",
    "numba",
    "pandas",
    "pytorch_grad_cam",
    "scipy",
    "sklearn",
    "sympy",
    "torch._dynamo",
    "torchaudio",
    "transformers",
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8))
    return path


def test_a_picture_is_judged_without_what_only_others_need(tmp_path: Path, picture: Path) -> None:
    run = make_run(tmp_path / "run", "image")
    put_reference(run, picture, away=0.0)  # as every training leaves one
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "core",
            "detect",
            str(picture),
            "--run",
            str(run),
            "--json",
        ],
        cwd=CODE_ROOT,
        env={**os.environ, "DEEPFAKE_WORKSPACE": str(tmp_path / "workspace")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and '"status": "ok"' in done.stdout, done.stderr[-2000:]
    imported = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert "torch" in imported and not imported & NOT_NEEDED


def test_readers_import_what_they_will_be_asked_for_before_they_are_asked() -> None:
    worker = _Worker(imports="core.detection.serving.reading")
    maps = Path(f"/proc/{worker.process.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not say what a process has loaded")
    try:
        ends = time.monotonic() + 120
        while "pyarrow" not in maps.read_text():  # which nothing else that a reader imports needs
            assert time.monotonic() < ends and worker.alive
            time.sleep(0.05)
    finally:
        worker.end()


def test_a_reader_whose_module_is_missing_reads_all_the_same(picture: Path) -> None:
    box = Sandbox(imports="core.no_such_module")
    try:
        assert box.run(probe, picture).kind == "image"
    finally:
        box.close()
