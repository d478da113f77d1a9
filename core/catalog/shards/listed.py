"""A Parquet file that lists paths and labels of plain files beside it (DeepFense: ID, path, label)."""

from __future__ import annotations

from pathlib import Path

from core.catalog.layouts.base import FAKE
from core.catalog.listing import Listing
from core.catalog.problems import Problems
from core.catalog.shards.columns import choose_columns, read_columns
from core.errors import MediaError
from core.media.shards.parquet import FAILURES, media_column, open_parquet


def is_label_list(path: Path) -> bool:
    """Whether it names files and labels and holds no media itself."""
    if path.suffix.lower() != ".parquet":
        return False
    try:
        schema = open_parquet(path).schema_arrow
    # What is no whole Parquet file becomes a problem of the scan.
    except MediaError:
        return False
    return media_column(schema) is None and {"name", "label"} <= set(choose_columns(schema, ""))


def read_labels(path: Path, problems: Problems, one_is: int = FAKE) -> Listing:
    """The rows by the path they name."""
    listing = Listing(path, problems=problems)
    try:
        file = open_parquet(path)
        names = choose_columns(file.schema_arrow, "")
        table = file.read(columns=sorted(set(names.values())), use_threads=False)
    except (MediaError, *FAILURES) as error:
        problems.report_damaged(path, f"cannot be read ({str(error)[:200]})")
        return listing
    said = read_columns(table, names, [], one_is, problems, path.name)
    listing.numbers = said.numbers
    words = ("name", "label", "method", "split", "identity", "text", "original")
    columns = [said.columns[w].to_pylist() if w in said.columns else [None] * said.rows for w in words]
    for name, label, method, split, identity, text, original in zip(*columns, strict=True):
        if not name:
            continue
        keys = tuple(f"{k}:{v}" for k, v in (("identity", identity), ("original", original)) if v)
        row = {"label": label, "method": method, "split": split, "identity": identity, "text": text}
        listing.add(str(name), row | {"groups": keys})
    return listing
