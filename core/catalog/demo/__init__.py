"""Demo datasets: small editions of published layouts with media drawn, spoken and manipulated here."""

from __future__ import annotations

from core.catalog.demo.make import MARKER, demo_sets, is_demo, make

__all__ = ["MARKER", "demo_sets", "is_demo", "make"]
