"""Who had which file judged: a line of the audit trail a verdict."""

from __future__ import annotations

from core import audit
from core.access import Person
from core.detection.verdict import Verdict
from core.workspace import Workspace


def note_verdict(person: Person, verdict: Verdict, space: Workspace | None = None) -> None:
    audit.record(
        person,
        "judge",
        verdict.file,
        space,
        verdict=verdict.verdict or verdict.status,
        detector=verdict.detector,
        sha256=verdict.facts.get("sha256"),
    )
