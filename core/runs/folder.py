"""One run's folder: who writes it and who reads it meet here and nowhere else.

status.json and the other documents are replaced atomically; events.jsonl and log.txt are only appended to,
and a torn last line is skipped.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import socket
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from core import plain_yaml
from core.errors import BadInput, WorkbenchError
from core.locks import hold
from core.workspace import Workspace, workspace, write_atomic, write_json

STATES = ("queued", "running", "stopping", "stopped", "completed", "failed", "interrupted")
FINAL_STATES = ("stopped", "completed", "failed", "interrupted")
DEMO_FILES = "demo_files.npz"  # of a run on demo data: fingerprints of the demo files that it was made from
STALLED_AFTER = 60.0  # seconds without a heartbeat


def shown_state(state: str, last_sign: float | None) -> str:
    """A run that has given no sign of life for a while is stalled, not running."""
    silent = last_sign is not None and time.time() - last_sign > STALLED_AFTER
    return "stalled" if state == "running" and silent else state


@dataclass(frozen=True)
class Status:
    """What status.json holds."""

    state: str = "queued"
    pid: int | None = None
    process_start: float | None = None  # Unix seconds; with the pid it names one process for ever
    host: str = ""
    heartbeat: float | None = None
    error: str | None = None
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0  # in the whole run, as far as known
    best: float | None = None  # best value of the monitor so far
    executor: str = "local"
    handle: str | None = None  # the executor's own name for it
    device: str | None = (
        None  # asked for while queued (auto, cuda, cpu), then the slots it has (cuda:0,cuda:1)
    )
    resume: bool = False  # queued to go on from last.pth
    person: str = ""  # who asked for it
    preparing: dict[str, Any] | None = None  # done, total, seconds_left, rate: while files are prepared
    learning_since: float | None = None  # when this sitting's first step could begin

    @property
    def shown_state(self) -> str:
        """The state that a person reads."""
        return shown_state(self.state, self.heartbeat or self.started)

    @property
    def stalled(self) -> bool:
        return self.shown_state == "stalled"

    @property
    def final(self) -> bool:
        return self.state in FINAL_STATES


KINDS = {
    name: tuple(get_origin(one) or one for one in get_args(kind) or (kind,))
    for name, kind in get_type_hints(Status).items()
}


def _fits(document: dict[str, Any], name: str) -> bool:
    """Whether the document states this field, as the kind of value that Status has there."""
    if name not in document:
        return False
    value, kinds = document[name], KINDS[name]
    if isinstance(value, int) and not isinstance(value, bool) and float in kinds:  # JSON has no 2.0
        return True
    return type(value) in kinds and not (isinstance(value, float) and not math.isfinite(value))


class FolderGone(WorkbenchError):
    """The folder was deleted, or its disk taken away, while something still wrote into it."""


class RunFolder:
    """Paths and documents of one run. Opening it reads nothing."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def status_file(self) -> Path:
        return self.path / "status.json"

    @property
    def events_file(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def stop_file(self) -> Path:
        """Its existence asks the worker to stop after the batch (signals do not cross machines)."""
        return self.path / "stop"

    @property
    def best_model(self) -> Path:
        return self.path / "best_model.pth"

    @property
    def last_checkpoint(self) -> Path:
        return self.path / "last.pth"

    @property
    def imported(self) -> dict[str, Any] | None:
        """What is known of a detector that was imported; None for a run that was trained here."""
        return self.document("detector")

    @property
    def results(self) -> Path:
        return self.path / "results"

    def scores_file(self, split: str) -> Path:
        return self.path / "scores" / f"{split}.parquet"

    def units_file(self, split: str) -> Path:
        return self.path / "units" / f"{split}.parquet"

    def config(self) -> dict[str, Any]:
        try:
            document = plain_yaml.load(self.config_file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise BadInput(f"run {self.id} has no readable config.yaml ({error})") from error
        if not isinstance(document, dict):
            raise BadInput(f"run {self.id}: config.yaml does not hold a mapping of fields")
        return document

    def save_config(self, config: dict[str, Any]) -> None:
        write_atomic(self.config_file, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def require(self) -> None:
        """Writing into a folder that is gone would bring back a part of it that nobody can use.

        A write under way at that moment brings the folder back; without config.yaml it is still gone.
        """
        if not self.config_file.is_file():
            raise FolderGone(
                f"run {self.id}: its folder {self.path} is gone, so the run ends and nothing is kept"
            )

    def clear_remnants(self) -> None:
        """What a write under way brought back of a folder that is gone."""
        if not self.config_file.is_file():
            shutil.rmtree(self.path, ignore_errors=True)

    def status(self) -> Status:
        """The status as written; a folder without one is `interrupted`: whoever made it died before the
        first."""
        try:
            document = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or document.get("state") not in STATES:
            return Status(state="interrupted", error="status.json is missing or damaged")
        # A folder may come from elsewhere: what is not of its kind counts as not said.
        return Status(**{f.name: document[f.name] for f in fields(Status) if _fits(document, f.name)})

    def set_status(self, *, only_from: tuple[str, ...] | None = None, **changes: Any) -> Status:
        """Change some fields; worker and manager do so at the same time, so it happens under the run's lock.

        With `only_from` nothing changes unless the state is one of these: the caller compares what it gets.
        """
        if changes.get("state", "queued") not in STATES:
            raise ValueError(f"state ({changes['state']}) must be one of {STATES}")
        self.require()
        with hold(self.path / ".lock"):
            current = self.status() if self.status_file.exists() else Status(created=time.time())
            if only_from is not None and current.state not in only_from:
                return current
            if changes.get("state") == "running" and current.state == "stopping":
                # It was asked to stop while it started up, and goes on stopping.
                changes = {k: v for k, v in changes.items() if k != "state"}
            status = replace(current, **changes)
            write_json(self.status_file, asdict(status))
        return status

    def document(self, name: str) -> dict[str, Any] | None:
        """A JSON document of the run (`metrics`, `operating_point`, `calibration`, `plan`), None where
        absent."""
        path = self.path / f"{name}.json"
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        # Not written yet, or not by this kind of run.
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else "the file is damaged"
            raise BadInput(f"“{self.id}”: {path.name} cannot be read ({why})") from error
        return document if isinstance(document, dict) else None

    def save_document(self, name: str, document: dict[str, Any]) -> None:
        write_json(self.path / f"{name}.json", document)


def new_run(config: dict[str, Any], *, path: Path | None = None, space: Workspace | None = None) -> RunFolder:
    """Make a run folder in state `queued`. Without a path it gets a fresh, sortable id in the workspace."""
    if path is None:
        runs = (space or workspace()).runs
        runs.mkdir(parents=True, exist_ok=True)
        stem = (
            time.strftime("%Y%m%d-%H%M%S")
            + "-"
            + re.sub(r"[^A-Za-z0-9]+", "_", str(config.get("model") or config.get("modality") or "run"))
        )
        path, n = runs / stem, 1
        while True:
            try:
                path.mkdir()
                break
            except FileExistsError:
                n += 1
                path = runs / f"{stem}-{n}"
    else:
        path.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(path)
    folder.save_config(config)
    folder.set_status(state="queued", created=time.time(), host=socket.gethostname())
    return folder


def place_of(name: str, space: Workspace) -> RunFolder:
    """The folder of a run or an imported detector that a list named, whether it is still there or not."""
    run = space.runs / name
    return RunFolder(run if run.is_dir() or not (space.detectors / name).is_dir() else space.detectors / name)


def open_run(name: str | Path, *, space: Workspace | None = None) -> RunFolder:
    """A run by its id in the workspace, an imported detector by its name, or either by the path of its
    folder."""
    text = str(name)
    # A name alone is that of a folder of the workspace.
    if text and text == Path(text).name and not text.startswith("."):
        own = space or workspace()
        for inside in (own.runs / text, own.detectors / text):
            if os.path.isdir(inside):  # also of a name too long for a folder, which Path.is_dir refuses
                return RunFolder(inside)
    path = Path(os.path.expanduser(text))
    if os.path.isdir(path) and ((path / "config.yaml").exists() or (path / "status.json").exists()):
        return RunFolder(path.resolve())
    raise BadInput(f"there is no run {text!r}; `python -m core runs` lists those of this workspace")
