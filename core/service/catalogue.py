"""What the service says of the detectors here, and the settings of its own."""

from __future__ import annotations

import logging
from typing import Any

from core.detection import source
from core.detection.defaults import default_detector
from core.errors import BadInput, WorkbenchError, one_line
from core.imports import store
from core.runs import listing
from core.service.jobs import KEPT
from core.workspace import MODALITIES, Workspace

log = logging.getLogger(__name__)


def detectors(space: Workspace) -> list[dict[str, Any]]:
    """Every finished run and every imported detector that opens, the defaults first."""
    chosen = {default_detector(m, space) for m in MODALITIES}
    found = []
    named = [
        (run.id, run.name, run.model, run.datasets) for run in listing.runs(space) if run.state == "completed"
    ]
    named += [
        (one.name, one.name, str(one.about.get("family", "")), ()) for one in store.list_imported(space)
    ]
    for name, shown, model, datasets in named:
        try:
            own = source.find(name, space)
        except WorkbenchError as error:
            log.warning("%s is not offered: %s", name, one_line(error))
            continue
        found.append(
            {
                "detector": own.id,
                "name": shown,
                "modality": own.modality,
                "model": model,
                "datasets": list(datasets),
                "threshold": own.threshold,
                "default": own.id in chosen,
                "learned_nothing": own.learned_nothing,
                "demo": own.demo,
                "measured": own.measured,
            }
        )
    return sorted(found, key=lambda d: not d["default"])


def seconds_kept(space: Workspace) -> float:
    """settings.toml, `[service] keep_seconds`: how long a job stays after its last verdict."""
    service = space.settings().get("service", {})
    value = service.get("keep_seconds", KEPT) if isinstance(service, dict) else KEPT
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise BadInput(f"settings.toml, [service]: keep_seconds ({value!r}) must be a number > 0")
    return float(value)
