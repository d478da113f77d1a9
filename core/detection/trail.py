"""Who had which file judged: a line of the audit trail a verdict, and how such a line is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import audit
from core.access import Person
from core.detection import wording
from core.detection.verdict import Verdict
from core.workspace import Workspace


def note_verdict(person: Person, verdict: Verdict, space: Workspace | None = None) -> None:
    audit.record(
        person,
        "judge",
        verdict.file,
        space,
        verdict=verdict.verdict or verdict.status,
        words=verdict.words,
        detector=verdict.detector,
        sha256=verdict.facts.get("sha256"),
    )


def stated(entry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a line of the trail states, for a person: a verdict never surer than the headline that stood over it."""
    found = dict(audit.stated(entry))
    headline = str(found.pop("words", ""))
    if "verdict" in found:
        found["verdict"] = wording.spoken(str(found["verdict"]), headline)
    return list(found.items())
