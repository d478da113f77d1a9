"""Whose signatures are trusted: the certificates of `trust/*.pem` in the workspace, replaced by replacing the files.

The C2PA publishes its list as C2PA-TRUST-LIST.pem (repository c2pa-org/conformance-public on GitHub); put it there.
Without any file a signature can still be shown to hold, but not whose it is.
"""

from __future__ import annotations

import logging
from pathlib import Path

from core.workspace import Workspace, workspace

log = logging.getLogger(__name__)

MOST_BYTES = 4_000_000
BEGIN = "-----BEGIN CERTIFICATE-----"


def anchors(space: Workspace | None = None) -> str:
    """All trusted certificates as one text; empty where there are none."""
    return "\n".join(text for text in map(_read, files(space)) if text)


def files(space: Workspace | None = None) -> list[Path]:
    return sorted(((space or workspace()).root / "trust").glob("*.pem"))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            log.warning("%s is larger than any list of certificates and is not used", path)
            return ""
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        log.warning("%s cannot be read and is not used (%s)", path, error)
        return ""
    if BEGIN not in text:
        log.warning("%s holds no certificate and is not used", path)
        return ""
    return text
