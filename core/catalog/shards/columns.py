"""What the columns of a shard say: label, method, split and further words, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.catalog.label_lists import FURTHER, LABEL_WORDS, NUMBERS, PATH_WORDS, label_word
from core.catalog.layouts.base import FAKE, REAL, SPLIT_WORDS, normal
from core.catalog.problems import Problems

METHOD_WORDS = ("model", "model_name", *FURTHER["method"], "generator_name", "source_model", "system")
TEXT_WORDS = (*FURTHER["text"], "prompt", "input_prompt")
WORDS: dict[str, tuple[str, ...]] = {
    "label": LABEL_WORDS,
    "method": METHOD_WORDS,
    "split": FURTHER["split"],
    "identity": FURTHER["identity"],
    "original": FURTHER["original"],
    "text": TEXT_WORDS,
    "name": PATH_WORDS,
}
UNSTATED = ("", "none", "nan", "null", "-", "n/a", "real", "bonafide", "bona_fide")  # no method


@dataclass
class Said:
    """One value a row, null where nothing is stated."""

    rows: int
    columns: dict[str, pa.Array | pa.ChunkedArray] = field(default_factory=dict)
    numbers: int = 0  # labels that were bare 0 or 1

    def get(self, name: str, kind: pa.DataType) -> pa.Array:
        """The column, or nulls."""
        found = self.columns.get(name)
        if found is None:
            return pa.nulls(self.rows, kind)
        array = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return array if array.type == kind else array.cast(kind)


def choose_columns(schema: pa.Schema, media: str) -> dict[str, str]:
    """Which column says what: the likeliest name of each that holds plain values."""
    plain = {normal(f.name): f.name for f in schema if f.name != media and _is_plain(f.type)}
    found: dict[str, str] = {}
    for what, words in WORDS.items():
        name = next((plain[w] for w in words if w in plain and plain[w] not in found.values()), None)
        if name is not None:
            found[what] = name
    return found


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return any(test(kind) for test in (*tests, pa.types.is_floating))


def read_columns(
    table: pa.Table, names: dict[str, str], classes: list[str], one_is: int, problems: Problems, source: str
) -> Said:
    """The columns of a shard with labels as 0 and 1 and splits in our words.

    `classes` are the names that the numbers of the label column stand for, where the file states them.
    """
    said = Said(table.num_rows)
    if "label" in names:
        column = table.column(names["label"])
        said.columns["label"] = _labels(column, names["label"], classes, one_is, said, problems, source)
    if "split" in names:
        split = _map_values(
            table.column(names["split"]), lambda v: SPLIT_WORDS.get(normal(str(v))), pa.string()
        )
        said.columns["split"] = split
    for what in ("method", "identity", "original", "text", "name"):
        if what in names:
            said.columns[what] = _text(table.column(names[what]))
    if "method" in said.columns:
        fake = pc.equal(said.get("label", pa.int8()), pa.scalar(FAKE, pa.int8()))
        stated = _map_values(
            said.columns["method"], lambda v: None if normal(str(v)) in UNSTATED else str(v), pa.string()
        )
        said.columns["method"] = pc.if_else(fake, stated, pa.scalar(None, pa.string()))
    return said


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _labels(
    column: pa.ChunkedArray,
    name: str,
    classes: list[str],
    one_is: int,
    said: Said,
    problems: Problems,
    source: str,
) -> pa.Array:
    word = normal(name)
    stated = word in ("is_real", "real", "is_fake", "fake")
    if stated:
        one_is = REAL if word.endswith("real") else FAKE

    def label(value: Any) -> int | None:
        text = str(int(value)) if isinstance(value, (bool, float)) and value == value else str(value)
        if classes and text.isdecimal() and int(text) < len(classes):
            return label_word(classes[int(text)])
        if text in NUMBERS:
            return one_is if NUMBERS[text] else 1 - one_is
        return label_word(text)

    counted = {v["values"]: v["counts"] for v in pc.value_counts(column).to_pylist()}
    for value, count in counted.items():
        if value is not None and value == value and label(value) is None:
            problems.add("bad label", source, f"{value!r} in column {name}", int(count))
        if value is not None and not classes and not stated and str(value) in ("0", "1"):
            said.numbers += int(count)
    return _map_values(column, label, pa.int8())


def _map_values(
    column: pa.ChunkedArray | pa.Array, each: Callable[[Any], Any], kind: pa.DataType
) -> pa.Array:
    """`each` of every value: asked once for each distinct one."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = [None if v is None else each(v) for v in coded.dictionary.to_pylist()]
    return pa.array(values, kind).take(coded.indices)
