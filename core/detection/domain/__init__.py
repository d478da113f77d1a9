"""Whether a file is of the kind that a detector knows: `assess` gives a `Domain`, for page, command and
report."""

from __future__ import annotations

from core.detection.domain.decision import Domain, assess

__all__ = ["Domain", "assess"]
