"""python -m benchmarks.first_detectors: the demo made, then a small network trained for each modality, cold.

Each training is the command that a new user types, in a workspace of its own with nothing prepared. Printed are the
seconds from the command to its end (preparing and scoring are part of it) and the AUC on the held-out test part with its
interval.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core.workspace import CODE_ROOT

MADE_WITHIN, LARGEST = 60.0, 150e6  # seconds and bytes of the demo
WITHIN, AUC = 120.0, "0.90-0.97"  # seconds of training; hard enough to teach, easy enough to learn
FIRST: dict[str, dict[str, Any]] = {
    "image": {"model": "forensic_residual", "datasets": ["140k Real and Fake Faces"], "epochs": 8},
    "audio": {"model": "forensic_sound", "datasets": ["ASVspoof 2019 LA", "In-the-Wild"], "epochs": 15},
    "video": {"model": "forensic_frames", "datasets": ["FaceForensics++"], "epochs": 10},
    "multimodal": {"model": "fusion_forensic", "datasets": ["FakeAVCeleb"], "epochs": 8},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(FIRST), nargs="*", help="these modalities (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the demo's generator (default: %(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="first-detectors-") as folder:
        seconds, made = command(Path(folder), "demo", "--root", f"{folder}/demo", "--seed", str(args.seed))
        print(
            f"demo: {made['bytes'] / 1e6:.0f} MB in {seconds:.0f} s "
            f"(aim: {LARGEST / 1e6:.0f} MB, {MADE_WITHIN:.0f} s)\n\n"
            f"{'modality':<11} {'network':<18} {'seconds':>8} {'aim':>5}  {'test AUC':<21} {'aim':>9}"
        )
        for modality in args.only or FIRST:
            print(row(Path(folder), modality), flush=True)


def row(folder: Path, modality: str) -> str:
    settings = {"modality": modality, **FIRST[modality]}
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    seconds, result = command(folder, "train", *given)
    point = result["metrics"]["test"]["at_chosen"]
    low, high = point["intervals"]["auc"]
    auc = f"{point['auc']:.3f} [{low:.2f}, {high:.2f}]"
    return f"{modality:<11} {settings['model']:<18} {seconds:>6.0f} s {WITHIN:>5.0f}  {auc:<21} {AUC:>9}"


def command(folder: Path, *arguments: str) -> tuple[float, dict[str, Any]]:
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(folder / "workspace")}
    environment.pop("OMP_NUM_THREADS", None)  # as many threads as a new user's shell gives
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=CODE_ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"core {arguments[0]} failed: {done.stderr.strip()[-2000:]}")
    return time.perf_counter() - began, json.loads(done.stdout)


if __name__ == "__main__":
    main()
