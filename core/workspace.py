"""The workspace: the one folder in which the workbench keeps everything it writes, and its settings."""

from __future__ import annotations

import datetime
import json
import math
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.locks import held

CODE_ROOT = Path(__file__).resolve().parent.parent
MODALITIES = ("image", "audio", "video", "multimodal")
TABLES = (
    "detection",
    "detectors",
    "executor",
    "limits",
    "priority",
    "score_files",
    "service",
    "uploads",
)  # of settings.toml


@dataclass(frozen=True)
class Workspace:
    """Where things lie; folders are made when something is first written into them."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "settings.toml"

    @property
    def catalog(self) -> Path:
        return self.root / "catalog"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def weights(self) -> Path:
        """Pre-trained weights for machines without a network (networks, YuNet, tokenizers)."""
        return self.root / "weights"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    def settings(self) -> dict[str, Any]:
        """The settings file as a dictionary; empty where there is none."""
        try:
            found = tomllib.loads(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.settings_file} is not valid TOML ({error}); mend or delete it") from error
        for name in TABLES:
            if not isinstance(found.get(name, {}), dict):
                raise BadInput(
                    f"{self.settings_file}: {name} must be a table, written as [{name}]; mend or delete it"
                )
        return found

    def save_settings(self, settings: Mapping[str, Any]) -> None:
        write_atomic(self.settings_file, _toml(settings))

    def change_settings(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """What several may do at once: each change is made to what the one before left."""
        with held(self.root / ".settings.lock"):
            self.save_settings(change(self.settings()))


def workspace() -> Workspace:
    """The workspace in force: DEEPFAKE_WORKSPACE, else `workspace/` beside the code."""
    named = os.environ.get("DEEPFAKE_WORKSPACE", "")
    return Workspace(Path(named).expanduser().absolute() if named else CODE_ROOT / "workspace")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace `path` so that a reader sees the old file or the new one, never a part, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, document: Any) -> None:
    write_atomic(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _toml(settings: Mapping[str, Any]) -> str:
    """Plain values first, then a section a table; what is nested deeper stands in its line."""
    plain = {k: v for k, v in settings.items() if not isinstance(v, Mapping)}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in plain.items() if v is not None]
    for name, table in settings.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{_key(name)}]"]
            lines += [f"{_key(k)} = {_value(v)}" for k, v in table.items() if v is not None]
    return "\n".join(lines).strip() + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # nan, inf, -inf, as TOML has them
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)
