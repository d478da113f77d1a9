"""Which detector judges a file when none is named: settings.toml, `[detectors]`, by the file's modality."""

from __future__ import annotations

from collections.abc import Mapping

from core import audit
from core.access import Person
from core.errors import BadInput
from core.workspace import MODALITIES, Workspace, workspace

# For a kind of file, the detectors that can judge it, the most fitting first.
FITTING = {
    "image": ("image",),
    "video": ("video", "multimodal", "image", "audio"),
    "audio": ("audio",),
}
HOW = 'make one the default on the Compare page, or write `[detectors]` {modality} = "RUN" into {file}; or name one with --run'


def default_detector(modality: str, space: Workspace | None = None) -> str | None:
    """The default run of a modality, None where none is set."""
    value = (space or workspace()).settings().get("detectors", {}).get(modality)
    return str(value) if value else None


def set_default(modality: str, run: str, person: Person, space: Workspace | None = None) -> None:
    person.require_operator("set a default detector")
    if modality not in MODALITIES:
        raise BadInput(f"modality {modality!r} must be one of {', '.join(MODALITIES)}")
    (space or workspace()).change_settings(
        lambda settings: {**settings, "detectors": {**settings.get("detectors", {}), modality: run}}
    )
    audit.record(person, "set default detector", run, space, modality=modality)


def for_file(
    kind: str, space: Workspace | None = None, candidates: Mapping[str, str] | None = None
) -> tuple[str, str | None]:
    """The detector for a file of this kind, and a note where it is not the default of the file's own modality.

    `candidates` (modality: run) stand in where no default is set; the command line has none.
    """
    space = space or workspace()
    for modality in FITTING.get(kind, ()):
        for known, why in (
            (default_detector(modality, space), "default"),
            ((candidates or {}).get(modality), "latest finished"),
        ):
            if known is not None:
                return known, _note(kind, modality, why)
    raise BadInput(
        f"there is no default detector for {kind} files; {HOW.format(modality=kind, file=space.settings_file)}"
    )


def _note(kind: str, modality: str, why: str) -> str | None:
    if modality == kind:
        return (
            None
            if why == "default"
            else f"No default detector for {kind} is set; the latest finished one judged it."
        )
    how = {"image": "frame by frame", "audio": "by its sound track", "multimodal": "by pictures and sound"}
    none = (
        f"There is no default detector for {kind}"
        if why == "default"
        else f"No detector for {kind} was trained yet"
    )
    return f"{none}; the one for {modality} judged it {how[modality]}."
