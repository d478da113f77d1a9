"""Absolute paths as the walk gives them: text with /, handled without asking the disk."""

from __future__ import annotations


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def inside(path: str, folder: str) -> bool:
    """Whether the path is the folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
