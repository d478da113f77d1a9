"""The version of the workbench, the only place that states it."""

from __future__ import annotations

VERSION = "0.2.0"
