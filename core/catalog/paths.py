"""Absolute paths as the walk gives them: text with /, handled without asking the disk."""

from __future__ import annotations


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


def plain_name(path: str) -> str:
    """The name of a list file in lower case, the same whether it is compressed: `LA/Trn.TSV.gz` → `trn.tsv`."""
    return name_of(path).casefold().removesuffix(".gz")


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def inside(path: str, folder: str) -> bool:
    """Whether the path is the folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
