"""Which files a detector that learned demo data only may judge: those of the demo, also re-encoded.

A demo file is known by its bytes or by its fingerprint, never by how it looks to the network: a photograph can lie
anywhere in the space of a network that has only seen drawings. The fingerprints of the run's own demo files lie in its
folder and travel with an export; those of the catalogue's demo datasets count as well.

    bytes in the catalogue's demo ── yes ─▶ judged
        │ no
    near copy of a file that the run knew, or of the catalogue's demo ── yes ─▶ judged
        │ no
    not applicable
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.catalog import known_files
from core.catalog.fingerprints import Fingerprint
from core.detection import catalogue_copies, facts
from core.detection.source import Source
from core.workspace import Workspace


def is_demo(
    found: Source,
    path: Path,
    kind: str,
    fingerprint: Callable[[Path, str], dict[str, Any]],
    space: Workspace | None = None,
) -> bool:
    """Whether the file is one of the demo's. `fingerprint` decodes it where the bytes alone do not tell."""
    exact = catalogue_copies.same_bytes(path.stat().st_size, facts.digest(path), space)
    if any(one.demo for one in exact):
        return True
    own = Fingerprint(**fingerprint(path, kind))
    known = known_files.unpack_fingerprints(found.demo_files) if found.demo_files else []
    if next(known_files.likest(own, known), None) is not None:
        return True
    return bool(catalogue_copies.near_copies(own, kind, space, demo_only=True, patience=None).known)
