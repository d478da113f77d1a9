"""The columns of a score file, batch by batch, so that text never piles up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadInput
from core.thresholds import score_text
from core.thresholds.column_choice import FAKE_WORDS, REAL_WORDS, is_number
from core.thresholds.score_batches import Limits


class ScoreColumns:
    """Batches turned into narrow columns one by one, so that text never piles up."""

    def __init__(
        self,
        name: str,
        columns: tuple[str, ...],
        fake_label: str | None,
        limits: Limits,
        needed: tuple[str, ...] = ("label", "score"),
    ) -> None:
        self.name, self.columns, self.fake_label, self.limits = name, columns, fake_label, limits
        self.needed = needed
        self.rows = 0
        self.kept_text = 0  # bytes
        self.words: list[str] = []  # distinct labels, in order of appearance
        self.codes: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []
        self.ids: list[np.ndarray] = []  # hashes
        self.others: dict[str, list[pa.ChunkedArray | pa.Array]] = {}

    def add(self, batch: pa.Table) -> None:
        found = {name: name for name in batch.column_names}
        if "score" in self.needed:
            self.scores.append(self._scores(batch.column("score")))
        if "label" in self.needed:
            self.codes.append(self._codes(batch.column("label")))
        ids, size = self._ids(batch, found)
        for wanted in self.columns:
            if wanted == "id" and ids is not None:
                self._keep(size)
                self.others.setdefault(wanted, []).append(ids.cast(pa.string()))
            elif wanted == "probability" and wanted in found:
                self.others.setdefault(wanted, []).append(self._probability(batch.column(found[wanted])))
            elif wanted in found:
                column = self._encoded(batch, found, wanted)
                self._keep(column.nbytes)
                self.others.setdefault(wanted, []).append(column)
        self.rows += batch.num_rows

    def _ids(self, batch: pa.Table, found: dict[str, str]) -> tuple[pa.Array | None, int]:
        """The ids and the bytes of their text; their hashes are kept. Of a dictionary each text is looked at once."""
        if "id" not in found:
            return None, 0
        column = batch.column(found["id"])
        if pa.types.is_dictionary(column.type):
            coded = self._encoded(batch, found, "id")
            self.ids.append(score_text.hashes(coded))
            return coded, score_text.size(coded)
        ids = score_text.keep_ids(column, f"{self.name}: column id")
        self.ids.append(score_text.text_hashes(ids))
        return ids, int(pc.sum(pc.binary_length(ids)).as_py() or 0)

    def _encoded(self, batch: pa.Table, found: dict[str, str], wanted: str) -> pa.DictionaryArray:
        return score_text.encode(batch.column(found[wanted]), f"{self.name}: column {wanted}")

    def _keep(self, size: int) -> None:
        self.kept_text += size
        if self.kept_text > self.limits.max_text_bytes:
            raise BadInput(
                f"{self.name} holds over {self.limits.max_text_bytes:,} bytes of ids and names; "
                "raise score_files.max_text_bytes in settings.toml or leave columns out"
            )

    def _probability(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        try:
            return column.cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadInput(f"{self.name}: column probability cannot be read ({error})") from error

    def _scores(self, column: pa.ChunkedArray) -> np.ndarray:
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            words = score_text.encode(column, f"{self.name}: column score")
            column = self._numbers(words)
        kind = np.float32 if column.type in (pa.float32(), pa.float16()) else np.float64
        scores = column.to_numpy().astype(kind, copy=False)
        finite = np.isfinite(scores)
        if not finite.all():
            row = int(np.argmin(finite))
            raise BadInput(_no_score(self.name, self.rows + row))
        return scores

    def _numbers(self, text: pa.DictionaryArray) -> pa.ChunkedArray:
        """Scores that are written as text."""
        words = pc.utf8_trim_whitespace(text.dictionary)
        try:
            values = words.cast(pa.float64())
        except pa.ArrowInvalid:
            wrong = [i for i, word in enumerate(words.to_pylist()) if not is_number(word)]
            place = np.isin(np.asarray(text.indices.fill_null(-1)), wrong)
            row = self.rows + int(place.argmax())
            word = words[text.indices[int(place.argmax())].as_py()].as_py()
            if not word:
                raise BadInput(_no_score(self.name, row)) from None
            comma = "; write decimals with a point" if is_number(word.replace(",", ".", 1)) else ""
            raise BadInput(f"{self.name}: score {word!r} in row {row + 1} is not a number{comma}") from None
        return pa.chunked_array([values.take(text.indices)])

    def _codes(self, column: pa.ChunkedArray) -> np.ndarray:
        column = _whole(column)
        encoded = score_text.encode(column, f"{self.name}: column label")
        words = [word or "" for word in pc.utf8_trim_whitespace(encoded.dictionary).to_pylist()]
        missing = [place for place, word in enumerate(words) if not word]
        if missing or encoded.indices.null_count:
            empty = np.isin(np.asarray(encoded.indices.fill_null(-1)), [-1, *missing])
            raise BadInput(f"{self.name}: the label in row {self.rows + int(empty.argmax()) + 1} is missing")
        for word in words:
            if word not in self.words:
                self.words.append(word)
        if len(self.words) > 64:
            raise BadInput(
                f"{self.name}: column label holds {_list(self.words)}; it needs two labels, real and fake"
            )
        places = np.array([self.words.index(word) for word in words], np.uint8)
        return places[np.asarray(encoded.indices)]

    def table(self) -> pd.DataFrame:
        if not self.rows:
            raise BadInput(f"{self.name} has no rows")
        self._refuse_repeated_ids()
        columns: dict[str, Any] = {}
        if "label" in self.needed:
            columns["label"] = np.array(self._sides(), np.uint8)[np.concatenate(self.codes)]
        if "score" in self.needed:
            columns["score"] = np.concatenate(self.scores)
        for name, arrays in self.others.items():
            columns[name] = _join_chunks(arrays).unify_dictionaries().to_pandas()
        return pd.DataFrame(columns)

    def _refuse_repeated_ids(self) -> None:
        """By 64-bit hashes: eight bytes a row instead of the text of every id."""
        hashes = np.concatenate(self.ids) if self.ids else np.zeros(0, np.uint64)
        self.ids.clear()
        hashes.sort()
        repeated = int(np.count_nonzero(hashes[1:] == hashes[:-1]))
        if repeated:
            some = "1 row repeats" if repeated == 1 else f"{repeated:,} rows repeat"
            raise BadInput(f"{self.name}: {some} an id; a sample counts once, so keep one row for each")

    def label_words(self) -> dict[str, list[str]]:
        """The words that were read as fake and as real."""
        sides = self._sides() if "label" in self.needed else []
        pairs = list(zip(self.words, sides, strict=False))
        return {name: [w for w, s in pairs if s == side][:5] for name, side in (("fake", 1), ("real", 0))}

    def _sides(self) -> list[int]:
        """For each distinct label whether it is fake; asks where that is not plain."""
        if self.fake_label is not None:
            chosen = [w.casefold() == self.fake_label.strip().casefold() for w in self.words]
            if not any(chosen):
                raise BadInput(f"{self.name}: no label is {self.fake_label!r}; it has {_list(self.words)}")
            if len(self.words) > 2:
                raise BadInput(f"{self.name}: column label holds {_list(self.words)}; it needs two labels")
            return [int(c) for c in chosen]
        lower = [w.casefold() for w in self.words]
        if all(w in FAKE_WORDS or w in REAL_WORDS for w in lower):
            return [int(w in FAKE_WORDS) for w in lower]
        plain = {*FAKE_WORDS, *REAL_WORDS} & {word for word in lower if not is_number(word)}
        if len(self.words) <= 2 and not plain and not any(map(_is_fraction, lower)):
            raise BadInput(
                f"{self.name}: labels are {_list(self.words)} and it is not plain which means fake; "
                f"name it with --fake, e.g. --fake {self.words[-1]}"
            )
        wrong = next(w for w in self.words if w.casefold() not in FAKE_WORDS + REAL_WORDS)
        known = next((w for w in self.words if w != wrong), "")
        fake = known if known.casefold() in FAKE_WORDS else wrong
        hint = f"; name fake with --fake, e.g. --fake {fake}" if plain and len(self.words) == 2 else ""
        raise BadInput(
            f"{self.name}: label {wrong!r} is neither real nor fake (labels are 0/1 or real/fake){hint}"
        )


def _no_score(name: str, row: int) -> str:
    return f"{name}: the score in row {row + 1} is missing, NaN or infinite; every row needs a finite score"


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels kept as floats (0.0, 1.0) or text of these read as the whole numbers that they are."""
    if pa.types.is_floating(column.type):
        filled = column.drop_null()
        if pc.all(pc.equal(filled, pc.floor(filled))).as_py():
            return column.cast(pa.int64())
    return column


def _join_chunks(arrays: list[pa.ChunkedArray | pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array(
        [c for a in arrays for c in (a.chunks if isinstance(a, pa.ChunkedArray) else [a])]
    )


def _is_fraction(word: str) -> bool:
    """A number that is not whole: never the name of a class."""
    return is_number(word) and not float(word).is_integer()


def _list(words: list[str]) -> str:
    shown = ", ".join(repr(word[:40]) for word in words[:5])
    return shown + (", …" if len(words) > 5 else "")
