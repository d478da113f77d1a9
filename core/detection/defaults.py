"""Which detector judges a file when none is named: settings.toml, `[detectors]`, by the file's modality."""

from __future__ import annotations

from core import audit
from core.access import Person
from core.errors import BadInput
from core.runs.folder import place_of
from core.thresholds import operating_point
from core.workspace import MODALITIES, Workspace, workspace

# For a kind of file, the detectors that can judge it, the most fitting first. A
# multimodal one judges pictures and recordings only where it learned from some.
FITTING = {
    "image": ("image", "multimodal"),
    "video": ("video", "multimodal", "image", "audio"),
    "audio": ("audio", "multimodal"),
}
HOW = 'make one the default on the Compare page, or write `[detectors]` {modality} = "RUN" into {file}; or name one with --run'


def default_detector(modality: str, space: Workspace | None = None) -> str | None:
    """The default run of a modality, None where none is set."""
    value = (space or workspace()).settings().get("detectors", {}).get(modality)
    return str(value) if value else None


def set_default(
    modality: str, run: str, person: Person, space: Workspace | None = None, *, confirmed: bool = False
) -> None:
    """`confirmed`: the person was told that this detector learned nothing and wants it all the same."""
    person.require_operator("set a default detector")
    if modality not in MODALITIES:
        raise BadInput(f"modality {modality!r} must be one of {', '.join(MODALITIES)}")
    space = space or workspace()
    if not confirmed and operating_point.learned_nothing(place_of(run, space).path):
        raise BadInput(
            f"{run} learned nothing: its verdicts are no evidence, and the automatic choice passes it over; "
            "choose another, or confirm that you want it as the default all the same"
        )
    space.change_settings(
        lambda settings: {**settings, "detectors": {**settings.get("detectors", {}), modality: run}}
    )
    audit.record(person, "set default detector", run, space, modality=modality)
