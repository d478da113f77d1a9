"""Embeddings of a frozen backbone: computed once, then read from the cache by every later run that asks the
same."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from core.media import shards
from core.training.automatic import first_readers
from core.training.process.memory import in_passes
from core.training.process.ranks import Ranks
from core.training.reading.data import prepare_worker
from core.training.reading.examples import Changes, Source, Unusable, read, training_example, whole_pieces
from core.training.reading.inputs import Arrays, Piece, Pieces
from core.training.reading.tensors import batch_of
from core.training.scoring.predict import Interrupted
from core.training.setup import Setup
from core.workspace import write_atomic

log = logging.getLogger(__name__)

ROWS_AT_ONCE = {"cpu": 32, "cuda": 256}  # at most


@dataclass(frozen=True)
class Embedded:
    """Embeddings row by row, and which rows belong to which sample of the split."""

    values: np.ndarray  # (rows, width) float32
    labels: np.ndarray  # (rows,)
    samples: np.ndarray  # (n,) numbers of the samples that could be used
    first: np.ndarray  # (n,) first row of each
    count: np.ndarray  # (n,)
    cuts: list[Pieces] = field(default_factory=list)  # (n,) without their arrays
    unusable: list[Unusable] = field(default_factory=list)


@dataclass(frozen=True)
class Cut:
    """A sample on its way to the backbone: the arrays of its rows, with their labels."""

    sample: int
    pieces: Pieces
    labels: list[int]


OnFiles = Callable[[int], None]


def ignore(count: int) -> None:
    """Nobody asks how far it is."""


def embed_training(
    setup: Setup, ranks: Ranks, stop: Callable[[], bool], *, bars: bool = False, on_files: OnFiles = ignore
) -> Embedded:
    """Rows to learn from: changed views of a sample where changes are asked for, else its pieces, evenly
    chosen."""
    source = setup.source("train")
    reader = TrainingCuts(source, setup.changes(), setup.config.seed, setup.config.views)
    return _embed_cached(setup, source, reader, _about_training(setup), ranks, stop, bars, on_files)


def embed_whole(
    setup: Setup,
    source: Source,
    ranks: Ranks,
    stop: Callable[[], bool],
    *,
    bars: bool = False,
    on_files: OnFiles = ignore,
) -> Embedded:
    """All pieces of every sample, as they are scored."""
    return _embed_cached(setup, source, WholeCuts(source), {"whole": True}, ranks, stop, bars, on_files)


def are_kept(setup: Setup, split: str) -> bool:
    """Whether the cache has the embeddings of a split, so that its files need not be read."""
    if setup.recipe.modality == "video" and split == "test":
        return False  # a clip's frames are scored by the network itself
    source = setup.source(split)
    about = _about_training(setup) if split == "train" else {"whole": True}
    return _cache_file(setup, source, about).exists()


def _about_training(setup: Setup) -> dict[str, Any]:
    return {"changes": repr(setup.changes()), "seed": setup.config.seed, "views": setup.config.views}


class WholeCuts(Dataset):
    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.files)

    def __getitem__(self, sample: int) -> Cut | Unusable:
        found = read(self.source, sample)
        if isinstance(found, Unusable):
            return found
        pieces = whole_pieces(found, self.source, sample)
        return Cut(sample, pieces, [int(self.source.labels[sample])] * len(pieces.pieces))


class TrainingCuts(Dataset):
    def __init__(self, source: Source, changes: Changes, seed: int, views: int) -> None:
        self.source, self.changes, self.seed, self.views = source, changes, seed, views

    def __len__(self) -> int:
        return len(self.source.files)

    def __getitem__(self, sample: int) -> Cut | Unusable:
        found = read(self.source, sample)
        if isinstance(found, Unusable):
            return found
        label = int(self.source.labels[sample])
        if self.changes.names or label in self.changes.strengthened:
            return self._changed(found, sample)
        pieces = whole_pieces(found, self.source, sample)
        chosen = np.unique(np.linspace(0, len(pieces.pieces) - 1, self.views).round().astype(int))
        kept = tuple(pieces.pieces[i] for i in chosen)
        return Cut(sample, replace(pieces, pieces=kept), [label] * len(kept))

    def _changed(self, found: Any, sample: int) -> Cut:
        examples = [
            training_example(
                found, self.source, sample, self.changes, np.random.default_rng([self.seed, 0, view, sample])
            )
            for view in range(self.views)
        ]
        kept = tuple(Piece(example.arrays, ()) for example in examples)
        return Cut(sample, Pieces((), kept), [example.label for example in examples])


def _embed_cached(
    setup: Setup,
    source: Source,
    reader: Dataset,
    about: dict[str, Any],
    ranks: Ranks,
    stop: Callable[[], bool],
    bars: bool,
    on_files: OnFiles,
) -> Embedded:
    path = _cache_file(setup, source, about)
    if path.exists():
        try:
            return _read(path)
        except (OSError, ValueError, KeyError) as error:
            log.warning("%s is damaged (%s); its embeddings are computed again", path.name, error)
    embedded = _embed(setup, source, reader, ranks, stop, bars, on_files)
    write_atomic(path, _pack(embedded))
    return embedded


class _Rows:
    """What is known of the rows while they go through the backbone: sample after sample, in the order read."""

    def __init__(self) -> None:
        self.labels: list[int] = []
        self.samples: list[int] = []
        self.counts: list[int] = []
        self.cuts: list[Pieces] = []
        self.unusable: list[Unusable] = []

    @property
    def read(self) -> int:
        """Files so far."""
        return len(self.samples) + len(self.unusable)

    def add(self, found: Cut | Unusable) -> list[Arrays]:
        """Note the sample; gives its rows."""
        if isinstance(found, Unusable):
            self.unusable.append(found)
            return []
        self.samples.append(found.sample)
        self.counts.append(len(found.pieces.pieces))
        self.labels.extend(found.labels)
        bare = tuple(replace(piece, arrays={}) for piece in found.pieces.pieces)
        self.cuts.append(replace(found.pieces, pieces=bare))
        return [piece.arrays for piece in found.pieces.pieces]

    def embedded(self, parts: list[np.ndarray]) -> Embedded:
        count = np.array(self.counts, dtype=np.int64)
        return Embedded(
            values=np.concatenate(parts) if parts else np.zeros((0, 1), np.float32),
            labels=np.array(self.labels, dtype=np.int64),
            samples=np.array(self.samples, dtype=np.int64),
            first=np.cumsum(count) - count,
            count=count,
            cuts=self.cuts,
            unusable=self.unusable,
        )


def _embed(
    setup: Setup,
    source: Source,
    reader: Dataset,
    ranks: Ranks,
    stop: Callable[[], bool],
    bars: bool,
    on_files: OnFiles,
) -> Embedded:
    parts: list[np.ndarray] = []
    rows = _Rows()
    loader = DataLoader(
        reader,
        batch_size=None,
        num_workers=min(first_readers(setup, ranks.device), len(source.files)),
        worker_init_fn=prepare_worker,
        generator=torch.Generator(),
    )

    def arrays() -> Iterator[Arrays]:
        for found in tqdm(loader, desc="embeddings", total=len(source.files), disable=not bars, leave=False):
            if stop():
                raise Interrupted
            yield from rows.add(found)

    waiting: list[Arrays] = []
    told = 0
    most = ROWS_AT_ONCE.get(ranks.device.type, 32)
    for row in arrays():
        waiting.append(row)
        if len(waiting) == most:
            parts += _through_backbone(setup, waiting, ranks, most)
            waiting = []
            on_files(rows.read - told)
            told = rows.read
    if waiting:
        parts += _through_backbone(setup, waiting, ranks, most)
    on_files(rows.read - told)
    return rows.embedded(parts)


@torch.no_grad()
def _through_backbone(setup: Setup, rows: list[Arrays], ranks: Ranks, most: int) -> list[np.ndarray]:
    def run(part: Sequence[Arrays]) -> np.ndarray:
        inputs, mask = batch_of(part, setup.recipe, setup.card, ranks.device, setup.network)
        return setup.network.embed(inputs, mask).float().cpu().numpy()  # type: ignore[operator]

    return list(in_passes(setup.network, rows, run, ranks.device, most))


def _cache_file(setup: Setup, source: Source, about: dict[str, Any]) -> Path:
    """Named by everything that the embeddings depend on: weights, recipe, files as they are now, and
    changes."""
    content = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    content.update(setup.recipe.key().encode() + setup.config.model_name.encode())
    for name, value in sorted(setup.network.state_dict().items()):
        if not name.startswith("head."):
            content.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    for file, label, text in zip(source.files, source.labels, source.texts, strict=True):
        try:
            found = shards.status(Path(file))
            state = f"{found.st_size} {found.st_mtime_ns}"
        except OSError:
            state = "absent"
        content.update(f"{file}\0{label}\0{text}\0{state}\n".encode())
    return setup.space.cache / "embeddings" / f"{content.hexdigest()[:32]}.npz"


def _pack(embedded: Embedded) -> bytes:
    """Arrays, and the rest as JSON; nothing that needs unpickling."""
    from dataclasses import asdict

    rest = {
        "cuts": [
            {
                "units": [asdict(unit) for unit in cut.units],
                "present": list(cut.present),
                "pieces": [{"units": list(p.units), "track": p.track} for p in cut.pieces],
            }
            for cut in embedded.cuts
        ],
        "unusable": [asdict(u) for u in embedded.unusable],
    }
    buffer = io.BytesIO()
    np.savez(
        buffer,
        values=embedded.values,
        labels=embedded.labels,
        samples=embedded.samples,
        first=embedded.first,
        count=embedded.count,
        rest=np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8),
    )
    return buffer.getvalue()


def _read(path: Path) -> Embedded:
    from core.training.reading.inputs import Unit

    with np.load(path, allow_pickle=False) as found:
        rest = json.loads(found["rest"].tobytes())
        cuts = [
            Pieces(
                tuple(Unit(**{**u, "box": tuple(u["box"]) if u["box"] else None}) for u in cut["units"]),
                tuple(Piece({}, tuple(p["units"]), p["track"]) for p in cut["pieces"]),
                tuple(cut.get("present", ())),
            )
            for cut in rest["cuts"]
        ]
        return Embedded(
            values=found["values"],
            labels=found["labels"],
            samples=found["samples"],
            first=found["first"],
            count=found["count"],
            cuts=cuts,
            unusable=[Unusable(**u) for u in rest["unusable"]],
        )
