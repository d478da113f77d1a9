"""The measurements of a run in the formats of others: TensorBoard event files and one CSV."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import yaml

from core.errors import BadInput
from core.exports import to_csv
from core.runs import events
from core.runs.events import Event
from core.runs.folder import RunFolder
from core.runs.titles import name_of

CSV = "metrics.csv"
EVENT_FILES = "events.out.tfevents.*"


@dataclass(frozen=True)
class Takeout:
    folder: Path
    csv: Path
    events: Path  # for `tensorboard --logdir` on the folder that holds the folder
    measurements: int
    names: tuple[str, ...]


def write(run: RunFolder, folder: Path) -> Takeout:
    """Write both into `folder`; an earlier export there is replaced, other files stay."""
    found = measurements(run.events_file)
    if not found:
        raise BadInput(f"{name_of(run)} has measured nothing yet; export it when its first epoch is over")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the folder {folder} cannot be made ({error.strerror}); name another") from error
    (folder / CSV).write_text(to_csv(pd.DataFrame([asdict(e) for e in found])), encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as scratch:
        made = _write_events(run, found, Path(scratch))
        for earlier in folder.glob(EVENT_FILES):
            earlier.unlink()
        final = folder / made.name
        shutil.move(made, final)
    names = tuple(dict.fromkeys(e.name for e in found))
    return Takeout(folder, folder / CSV, final, len(found), names)


def measurements(events_file: Path) -> list[Event]:
    """In the order of steps for each name; what a resumed run measured again stands once.

    step  1 2 3 | 2 3 4     stopped after 3, resumed from 1
    kept  1       2 3 4
    """
    kept: dict[str, list[Event]] = {}
    for event in events.read(events_file)[0]:
        own = kept.setdefault(event.name, [])
        while own and own[-1].step >= event.step:
            own.pop()
        own.append(event)
    return sorted((e for own in kept.values() for e in own), key=lambda e: (e.time, e.step))


def _write_events(run: RunFolder, found: list[Event], folder: Path) -> Path:
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for event in found:
            writer.add_scalar(event.name, event.value, event.step, walltime=event.time)
        config = yaml.safe_dump(run.config(), sort_keys=False, allow_unicode=True)
        # TensorBoard reads Markdown: indented, it is shown as it is.
        indented = "\n".join(f"    {line}" for line in config.splitlines())
        writer.add_text("configuration", indented, walltime=found[0].time)
    (made,) = folder.glob(EVENT_FILES)
    return made
