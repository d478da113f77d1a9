"""Scores of a whole split: the tables that every later figure, threshold and curve is computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from core.runs.folder import RunFolder
from core.training.process.memory import MOST_ROWS
from core.training.process.ranks import Ranks
from core.training.reading.data import WholeLoader
from core.training.reading.examples import Source, Unusable
from core.training.reading.inputs import Pieces
from core.training.scoring.aggregation import Scored
from core.training.scoring.agreement import Arithmetic
from core.training.scoring.forward import score_many
from core.workspace import write_atomic


class Interrupted(Exception):
    """Somebody asked to stop while a split was being scored."""


@dataclass(frozen=True)
class Predicted:
    """Scored samples by row number of the split, and those that could not be scored."""

    scored: dict[int, Scored]
    unusable: list[Unusable]
    present: dict[int, tuple[str, ...]] = field(default_factory=dict)  # what each sample brought (multimodal)

    def arrays(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels and scores of what was scored, in the order of the rows."""
        rows = sorted(self.scored)
        return labels[rows], np.array([self.scored[i].score for i in rows], dtype=np.float64)


class SplitReader:
    """Reads this rank's samples of a split whole, as often as asked; its processes live as long as it
    does."""

    def __init__(self, source: Source, ranks: Ranks, workers: int = 0) -> None:
        self.source = source
        self.own = list(range(ranks.rank, len(source.files), ranks.world))
        part = replace(
            source,
            files=[source.files[i] for i in self.own],
            labels=source.labels[self.own],
            texts=[source.texts[i] for i in self.own],
            domains=source.domains[self.own],
        )
        self.loader = WholeLoader(part, workers)

    def groups(self, rows: int, unusable: list[Unusable]) -> Iterator[list[tuple[int, Pieces]]]:
        """Samples, by their numbers in the split, gathered until their pieces fill a pass of so many rows."""
        waiting: list[tuple[int, Pieces]] = []
        count = 0
        for found in self.loader:
            if isinstance(found, Unusable):
                unusable.append(replace(found, sample=self.own[found.sample]))
                continue
            waiting.append((self.own[found[0]], found[1]))
            count += len(found[1].pieces)
            if count >= rows:
                yield waiting
                waiting, count = [], 0
        if waiting:
            yield waiting


def predict(
    network: nn.Module,
    card: Any,
    source: Source | SplitReader,
    ranks: Ranks,
    *,
    workers: int = 0,
    precision: str = "fp32",
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda n: None,
) -> Predicted:
    """Score every sample; ranks share the work and all get the whole. A reader that is given stays alive
    after."""
    reader = source if isinstance(source, SplitReader) else SplitReader(source, ranks, workers)
    recipe, device = reader.source.recipe, ranks.device
    arithmetic = Arithmetic.on(device, precision)
    scored: dict[int, Scored] = {}
    present: dict[int, tuple[str, ...]] = {}
    unusable: list[Unusable] = []
    asked = False
    for waiting in reader.groups(MOST_ROWS.get(device.type, 16), unusable):
        pieces = [pieces for _, pieces in waiting]
        results = list(score_many(network, card, pieces, recipe, device, arithmetic.autocast(device)))
        if not arithmetic.checked:
            exact = list(score_many(network, card, pieces, recipe, device))
            results = results if arithmetic.check(results, exact) else exact
        scored.update({i: result for (i, _), result in zip(waiting, results, strict=True)})
        present.update({i: pieces.present for i, pieces in waiting})
        progress(len(waiting))
        if stop():
            asked = True
            break
    if ranks.any(asked):
        raise Interrupted
    everyone = ranks.gather((scored, unusable, present))
    return Predicted(
        {k: v for one in everyone for k, v in one[0].items()},
        [u for one in everyone for u in one[1]],
        {k: v for one in everyone for k, v in one[2].items()},
    )


def score_tables(predicted: Predicted, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """scores/ and units/ as the workspace lays them out. Until it is calibrated, a probability is the
    score."""
    order = sorted(predicted.scored)
    chosen = rows.iloc[order]
    scores = pd.DataFrame(
        {
            "id": chosen["id"].to_numpy(),
            "dataset": chosen["dataset"].to_numpy(),
            "modality": chosen["modality"].to_numpy(),
            # A clip whose picture alone was forged is real to the ear: what this label calls real has no
            # method.
            "method": chosen["method"].where(chosen["label"] == 1).replace("", None).to_numpy(dtype=object),
            "group": chosen["component"].astype(str).to_numpy(),
            "label": chosen["label"].to_numpy(dtype=np.int64),
            "score": [predicted.scored[i].score for i in order],
        }
    )
    scores["score"] = scores["score"].astype(np.float64)
    scores["probability"] = scores["score"]
    scores["present"] = ["+".join(predicted.present.get(i, ())) or None for i in order]
    ids = rows["id"].to_numpy()
    units = [
        (ids[i], k, unit.t0, unit.t1, unit.score, unit.kind, unit.track)
        for i in order
        for k, unit in enumerate(predicted.scored[i].units)
    ]
    table = pd.DataFrame(units, columns=["id", "unit", "t0", "t1", "score", "kind", "track"])
    return scores, table.astype(
        {"unit": np.int64, "t0": float, "t1": float, "score": float, "track": np.int64}
    )


def save_tables(folder: RunFolder, split: str, predicted: Predicted, rows: pd.DataFrame) -> None:
    scores, units = score_tables(predicted, rows)
    write_atomic(folder.scores_file(split), scores.to_parquet(index=False))
    write_atomic(folder.units_file(split), units.to_parquet(index=False))
