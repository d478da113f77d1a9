"""What detectors are called: a run by its name, an imported detector by its own, a file by its path."""

from __future__ import annotations

from collections.abc import Iterable

from core.runs.folder import place_of
from core.runs.summaries import summary
from core.runs.titles import titles
from core.workspace import Workspace, workspace


def names_of(detectors: Iterable[str], space: Workspace | None = None) -> dict[str, str]:
    """By what each was asked for; two of one name are told apart, and one that is not here keeps what it was asked by.

    20261128-101500-simple_cnn  ->  Our first        detector.pth  ->  detector.pth
    """
    asked, space = list(detectors), space or workspace()
    found = {one: summary(place) for one in asked if one and (place := place_of(one, space)).path.is_dir()}
    called = titles(list(found.values()))
    return {one: called[found[one].id] if one in found else one for one in asked}


def name_of(detector: str, space: Workspace | None = None) -> str:
    return names_of([detector], space)[detector]
