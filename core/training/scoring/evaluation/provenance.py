"""What made a run: versions of code and packages, hashes of plan and configuration, device."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

import pandas as pd

from core.workspace import CODE_ROOT

SCHEMA = 1
PACKAGES = (
    "torch",
    "torchvision",
    "torchaudio",
    "timm",
    "numpy",
    "pandas",
    "scikit-learn",
    "librosa",
    "av",
    "opencv-python-headless",
)


def provenance(config: Mapping[str, Any], plan: pd.DataFrame | None, device: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "code": code_version(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "device": device,
        "machine": platform.machine(),
        "config_hash": digest(dict(config)),
        "data_hash": data_hash(plan) if plan is not None else None,
        "plan_hash": plan_hash(plan) if plan is not None else None,
    }


@cache
def code_version() -> dict[str, str | None]:
    """The commit where there is one, and always a hash of the code as it ran."""
    content = hashlib.sha256()
    for house in ("core", "models"):
        for path in sorted((CODE_ROOT / house).rglob("*.py")):
            content.update(path.relative_to(CODE_ROOT).as_posix().encode() + path.read_bytes())
    return {"commit": _commit(), "source_sha256": content.hexdigest()[:16]}


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=CODE_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None  # an installation without git or its history
    return answer.stdout.strip()


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def plan_hash(plan: pd.DataFrame) -> str:
    """The same for the same samples on the same sides, whatever the order of the rows."""
    rows = plan[["id", "split"]].fillna("").astype(str).sort_values("id")
    return _rows_hash(rows)


def data_hash(plan: pd.DataFrame) -> str:
    """The same for the same files: identity, size and time of change of each sample."""
    columns = [c for c in ("id", "label", "bytes", "mtime_ns") if c in plan]
    return _rows_hash(plan[columns].astype(str).sort_values("id"))


def _rows_hash(rows: pd.DataFrame) -> str:
    text = "\n".join("\t".join(row) for row in rows.itertuples(index=False, name=None))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def package_lines(made_by: Mapping[str, Any]) -> list[str]:
    code = made_by["code"]
    known = {"configuration": "config_hash", "data": "data_hash", "plan": "plan_hash"}
    return [
        f"code {code['commit'] or 'without history'} (source {code['source_sha256']}), Python {made_by['python']}, {made_by['device']}",
        ", ".join(f"{name} {version}" for name, version in made_by["packages"].items()),
        ", ".join(f"{name} {made_by[key] or 'not known'}" for name, key in known.items()),
    ]
