"""Score files of any detector: the table of their labels and scores, whatever words and types they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds.column_choice import is_number as _is_number
from core.thresholds.column_names import OPTIONAL, Asked
from core.thresholds.own_scale import TURNED
from core.thresholds.score_batches import Limits, ScoresAreText, batches
from core.thresholds.score_columns import ScoreColumns

FOLDER_AND_SUFFIX = r"^.*[/\\]|\.[A-Za-z0-9]{2,4}$"  # of an id that is a file


class BadKey(BadInput):
    """What is wrong lies in the key file, not in that of the scores."""


def read(
    path: Path | str,
    *,
    fake_label: str | None = None,
    lower_is_fake: bool = False,
    columns: tuple[str, ...] = OPTIONAL,
    limits: Limits | None = None,
    key: Path | str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The table of a score file: `label` (0 or 1), `score`, and those of `columns` that the file has.

    `fake_label` names the label that means fake where the file does not say it in words that are known;
    `lower_is_fake` turns scores whose low end means fake. `key` is a second file with the labels by id. `mapping` names
    the file's own columns (score -> logit), or their places where there is no header. The table's `attrs` say what was
    understood: `labels`, `columns`, `turned`, `notes`.
    """
    limits = limits or Limits.of()
    mapping = dict(mapping or {})
    if key is None:
        table = _read(path, Asked(mapping=mapping, fake_word=fake_label), columns, fake_label, limits)
    else:
        with_id = tuple(dict.fromkeys(("id", *columns)))
        scores = _read(path, Asked(("score", "id"), mapping), with_id, None, limits)
        try:
            asked = Asked(("label", "id"), fake_word=fake_label)
            labels = _read(key, asked, ("id", "method"), fake_label, limits)
        except BadInput as error:
            raise BadKey(str(error)) from error
        table = _with_labels(scores, labels, key)
        table = table[[name for name in table if name in ("label", "score", *columns)]]
    table.attrs[TURNED] = lower_is_fake
    if lower_is_fake:
        table["score"] = -table["score"]
    return table


def _read(
    path: Path | str, asked: Asked, columns: tuple[str, ...], fake_label: str | None, limits: Limits
) -> pd.DataFrame:
    path = Path(path).expanduser()
    if not path.is_file():
        raise BadInput(f"there is no {'score' if 'score' in asked.needed else 'key'} file {path}")
    parts = ScoreColumns(path.name, columns, fake_label, limits, asked.needed)
    try:
        for batch in batches(path, limits, asked):
            parts.add(batch)
            if parts.rows > limits.max_rows:
                raise BadInput(limits.too_many_rows(path.name))
    except ScoresAreText:
        if asked.scores_as_text:
            raise
        return _read(path, replace(asked, scores_as_text=True), columns, fake_label, limits)
    table = parts.table()
    table.attrs |= {"columns": asked.columns, "labels": parts.label_words(), "notes": []}
    if asked.assumption:
        table.attrs["notes"].append(asked.assumption)
    if asked.left_out:
        some = "1 row has" if asked.left_out == 1 else f"{asked.left_out:,} rows have"
        table.attrs["notes"].append(
            f"{path.name}: {some} no score and {'is' if asked.left_out == 1 else 'are'} left out"
        )
    return table


def _with_labels(scores: pd.DataFrame, key: pd.DataFrame, path: Path | str) -> pd.DataFrame:
    """The labels of a key file beside the scores that it is about."""
    place, note = _places(key["id"].astype(str), scores["id"].astype(str))
    missing = np.flatnonzero(place < 0)
    if len(missing):
        first = scores["id"].iloc[int(missing[0])]
        raise BadKey(
            f"{Path(path).name} has no key for {len(missing):,} of {len(scores):,} scores (the first is {str(first)[:60]!r}); "
            "give the key file of these scores"
        )
    if len(key) > len(scores):
        some = f"{len(key) - len(scores):,} of {len(key):,} ids have no score and are left out"
        note.append(f"{Path(path).name}: {some}")
    found = scores.assign(label=key["label"].to_numpy()[place])
    if "method" in key and "method" not in scores:
        found["method"] = key["method"].take(place).to_numpy()
    found.attrs = scores.attrs | {"labels": key.attrs["labels"], "key_columns": key.attrs["columns"]}
    found.attrs["notes"] = [*scores.attrs["notes"], *key.attrs["notes"], *note]
    return found[["label", "score", *(name for name in found if name not in ("label", "score"))]]


def _places(keys: pd.Series, ids: pd.Series) -> tuple[np.ndarray, list[str]]:
    """The row of the key file for each id, -1 where it has none, and a note where ids had to be shortened for it."""
    place = pd.Index(keys).get_indexer(pd.Index(ids))
    if not (place < 0).all():
        return place, []
    # One of the files writes clips/a.wav where the other writes
    # a: compared by the bare name, if that is as distinct.
    shorter = keys.str.replace(FOLDER_AND_SUFFIX, "", regex=True)
    if shorter.nunique() < keys.nunique():
        return place, []
    place = pd.Index(shorter).get_indexer(pd.Index(ids.str.replace(FOLDER_AND_SUFFIX, "", regex=True)))
    return place, ["ids are compared without their folder and ending"] if (place >= 0).any() else []


def read_asv(path: Path | str, limits: Limits | None = None) -> pd.DataFrame:
    """Speaker-verification scores as ASVspoof 2019 has them: a row ends in target, nontarget or spoof and its score."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise BadInput(f"there is no file of speaker-verification scores {path}")
    limits = limits or Limits.of()
    if path.stat().st_size > limits.max_bytes:
        raise BadInput(limits.too_large(path.name))
    rows: list[tuple[str, float]] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            words = line[:4_096].decode("utf-8", errors="replace").split()
            if not words:
                continue
            key = words[-2].casefold() if len(words) > 1 else ""
            if key not in ("target", "nontarget", "spoof") or not _is_number(words[-1]):
                raise BadInput(
                    f"{path.name}: row {number} does not end in target, nontarget or spoof and a score"
                )
            rows.append((key, float(words[-1])))
    table = pd.DataFrame(rows, columns=["key", "score"])
    if not np.isfinite(table["score"]).all():
        raise BadInput(f"{path.name} holds a score that is not a finite number")
    return table


def splits(table: pd.DataFrame) -> np.ndarray:
    """The split of each row, as val, test or whatever else the file says in small letters."""
    return table["split"].astype(str).str.strip().str.casefold().to_numpy()
