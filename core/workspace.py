"""The workspace: the one folder in which the workbench keeps everything it writes, and its settings."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.locks import hold

CODE_ROOT = Path(__file__).resolve().parent.parent
MODALITIES = ("image", "audio", "video", "multimodal")
# The tables of settings.toml.
TABLES = ("detection", "detectors", "executor", "limits", "priority", "score_files", "service", "uploads")


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
    def detectors(self) -> Path:
        """Imported detectors, each a folder like a run's."""
        return self.root / "detectors"

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
        # Nothing was set.
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
        """Write the settings into the file as it stands: what the operator wrote beside them remains."""
        import tomlkit  # needed where something is changed only

        try:
            document = tomlkit.parse(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
        _merge(document, settings)
        write_atomic(self.settings_file, tomlkit.dumps(document))

    def change_settings(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """What several may do at once: each change is made to what the one before left."""
        with hold(self.root / ".settings.lock"):
            self.save_settings(change(self.settings()))


def workspace() -> Workspace:
    """The workspace in force: DEEPFAKE_WORKSPACE, else `workspace/` beside the code.

    An installed workbench has no place beside its code: there it is `deepfake-workbench` among the user's data.
    """
    if named := os.environ.get("DEEPFAKE_WORKSPACE", ""):
        return Workspace(Path(named).expanduser().absolute())
    if (CODE_ROOT / "pyproject.toml").exists():
        return Workspace(CODE_ROOT / "workspace")
    data = os.environ.get("XDG_DATA_HOME", "")
    return Workspace((Path(data) if data else Path.home() / ".local" / "share") / "deepfake-workbench")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace `path` so that a reader sees the old file or the new one, never a part, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # see core/temporary.py
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
            fcntl.flock(file, fcntl.LOCK_UN)  # a child forked meanwhile inherits it
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, document: Any) -> None:
    write_atomic(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _merge(document: MutableMapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Change the document to hold these settings; what stays the same keeps its place, its comments and its
    spelling."""
    for name in [n for n in document if settings.get(n) is None]:
        del document[name]
    for name, value in settings.items():
        there = document.get(name)
        if isinstance(there, MutableMapping) and isinstance(value, Mapping):
            _merge(there, value)
        elif value is not None and (name not in document or not _same(there, value)):
            document[name] = _item(value)


def _same(there: Any, value: Any) -> bool:
    """Whether the file says this already; `1`, `1.0` and `true` are three things there."""
    there = there.unwrap() if hasattr(there, "unwrap") else there
    return type(there) is type(value) and bool(there == value)


def _item(value: Any) -> Any:
    """A value as TOML knows it, which has no null."""
    if isinstance(value, Mapping):
        return {k: _item(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_item(v) for v in value]
    return value
