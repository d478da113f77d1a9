"""Every layout, found by looking into this folder: adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from core.catalog.layouts.base import Layout


@cache
def layouts() -> dict[str, Layout]:
    """All layouts by slug, in the order in which they are tried."""
    found: list[Layout] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found += [
            value()
            for value in vars(loaded).values()
            if isinstance(value, type)
            and issubclass(value, Layout)
            and value is not Layout
            and value.__module__ == loaded.__name__
        ]
    return {layout.slug: layout for layout in sorted(found, key=lambda it: (-it.priority, it.slug))}
