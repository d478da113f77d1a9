"""How one dataset is divided: by its official list, by group, by a method held out, or at random."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core import numbers, option_words, words
from core.catalog import components, sources
from core.catalog.allocation import FRACTIONS as FRACTIONS
from core.catalog.allocation import SPLITS, allocate, order_of
from core.catalog.division import divide

BY_GROUP = option_words.choice("protocol", "group")
GIANT = 0.7  # a component with more of the samples than this cannot be dealt whole


@dataclass
class DatasetToSplit:
    """One dataset while it is divided, or several that `shared` keys tie."""

    name: str
    table: pd.DataFrame
    seed: int
    notes: list[str]
    fractions: tuple[float, float, float]  # of train, val and test, where no list decides
    shared: Mapping[str, set[str]] = field(default_factory=dict)

    def note(self, text: str) -> None:
        self.notes.append(f"{self.name}: {text}")

    @property
    def groups(self) -> list[list[str]]:
        """Of several datasets a key ties across them only where they have it from one source."""
        if self.table["dataset"].nunique() < 2:
            return list(self.table["groups"])
        pairs = zip(self.table["dataset"], self.table["groups"], strict=True)
        return [[self._key(str(dataset), key) for key in keys] for dataset, keys in pairs]

    def _key(self, dataset: str, key: str) -> str:
        plain = sources.bare(key)
        return plain if dataset in self.shared.get(plain, ()) else f"{dataset}\n{key}"


def divides_anew(protocol: str, parts: Collection[str]) -> bool:
    """Whether shares and seed count: the own parts of a dataset, with one for validation, leave nothing to divide."""
    return protocol != "official" or "val" not in parts


def assign_splits(dataset: DatasetToSplit, protocol: str, heldout: str) -> NDArray[np.object_]:
    ways: dict[str, Callable[[], NDArray[np.object_]]] = {
        "official": lambda: _official(dataset),
        "group": lambda: by_group(dataset),
        "random": lambda: _random(dataset),
        "heldout_method": lambda: _heldout(dataset, heldout),
    }
    return ways[protocol]()


def _official(dataset: DatasetToSplit) -> NDArray[np.object_]:
    """The dataset's own lists, to the letter; what they leave open is divided by group."""
    stated = dataset.table["split"].fillna("").astype(str).to_numpy(dtype=object)
    present = set(stated) - {""}
    if not present:  # shared_splits tells what became of it
        return by_group(dataset)
    split = stated.copy()
    open_ = split == ""
    if open_.any():
        if "train" in present:
            count = numbers.count_of(int(open_.sum()), "sample is", "samples are")
            dataset.note(f"{count} in no part of its own split and left out")
        else:  # only a test list was published: all else is for training
            split[open_] = "train"
    training = split == "train"
    if "val" not in present and training.any():
        train, val, _ = dataset.fractions
        without_test = (train / (train + val), val / (train + val), 0.0)
        rows = dataset.table[training].reset_index(drop=True)
        split[training] = by_group(replace(dataset, table=rows, fractions=without_test))
        dataset.note(f"its own split has no validation part; one is taken from the training part, {BY_GROUP}")
    missing = [s for s in ("train", "test") if s not in set(split)]
    if missing:
        dataset.note(f"its own split has no {' and no '.join(map(words.split, missing))} part")
    return split


def by_group(dataset: DatasetToSplit) -> NDArray[np.object_]:
    """Whole components to the parts; a component that holds nearly everything is divided by identity."""
    groups, n, fractions = dataset.groups, len(dataset.table), dataset.fractions
    labels = components.components(groups)
    sizes = np.bincount(labels)
    giant = int(np.argmax(sizes)) if n else 0
    split = np.full(n, "", dtype=object)
    rest = np.ones(n, bool)
    if n and sizes[giant] > GIANT * n and sizes[giant] > 1:
        inside = np.flatnonzero(labels == giant)
        place = divide(
            [groups[i] for i in inside], dataset.table["label"].to_numpy()[inside], dataset.seed, fractions
        )
        split[inside] = [SPLITS[s] if s >= 0 else "" for s in place]
        rest[inside] = False
        joining = numbers.count_of(
            int((place < 0).sum()), "sample that joins two parts is", "samples that join two parts are"
        )
        dataset.note(
            f"{len(inside):,} of {n:,} samples hang together through the people or sources that they share; these are "
            f"divided, and {joining} left out"
        )
    if rest.any():
        split[rest] = _allocate(dataset, groups, labels, rest, fractions)
    _note_balance(dataset, split, fractions)
    return split


def _allocate(
    dataset: DatasetToSplit,
    groups: list[list[str]],
    labels: NDArray[np.int64],
    rest: NDArray[np.bool_],
    fractions: tuple[float, ...],
) -> list[str]:
    table = dataset.table[rest]
    mine = labels[rest]
    code, place_of = np.unique(mine, return_inverse=True)
    kept_groups = [g for g, keep in zip(groups, rest, strict=True) if keep]
    named = components.names(list(table["id"]), kept_groups, mine)
    first = np.zeros(len(code), np.int64)
    first[place_of[::-1]] = np.arange(len(mine))[::-1]
    counts = _strata(table, place_of, len(code))
    place = allocate(counts, [named[i] for i in first], dataset.seed, fractions)
    return [SPLITS[s] for s in place[place_of]]


def _strata(table: pd.DataFrame, component: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """(components, strata): samples in all, by label, and by method; the first two weigh twice by standing twice."""
    label = table["label"].to_numpy(np.int64)
    methods, method = np.unique(table["method"].to_numpy(dtype=str), return_inverse=True)
    if len(methods) > 40:  # a long tail of methods is balanced as one
        common = np.argsort(-np.bincount(method), kind="stable")[:40]
        method = np.where(np.isin(method, common), method, len(methods))
        methods, method = np.unique(method, return_inverse=True)
    columns = [np.bincount(component, minlength=n)]
    columns += [np.bincount(component[label == value], minlength=n) for value in (0, 1)] * 2
    names, dataset = np.unique(table["dataset"].to_numpy(dtype=str), return_inverse=True)
    if len(names) > 1:  # each of several datasets keeps its share of every part
        both = dataset * 2 + label
        columns += [np.bincount(component[both == value], minlength=n) for value in range(2 * len(names))]
        methods, method = np.unique(dataset * (len(methods) + 1) + method, return_inverse=True)
    columns += [
        np.bincount(component[(method == m) & (label == 1)], minlength=n) for m in range(len(methods))
    ]
    return np.stack(columns, 1)


def _note_balance(dataset: DatasetToSplit, split: NDArray[np.object_], fractions: tuple[float, ...]) -> None:
    label = dataset.table["label"].to_numpy()
    for value, word in ((0, "real"), (1, "fake")):
        total = int(((label == value) & (split != "")).sum())
        for s, share in zip(SPLITS, fractions, strict=True):
            have = int(((label == value) & (split == s)).sum())
            if share and total and abs(have - share * total) > max(1.0, 0.05 * total):
                dataset.note(
                    f"the {words.split(s)} part has {have:,} of {total:,} {word} samples ({100 * have / total:.0f} % "
                    f"instead of {100 * share:.0f} %), because groups stay whole"
                )


def _random(dataset: DatasetToSplit) -> NDArray[np.object_]:
    """Every sample by itself, stratified: what the field's leaky figures come from."""
    dataset.note(
        "it is divided sample by sample; figures are too good where a person or source lies in several parts"
    )
    ids = list(dataset.table["id"])
    counts = _strata(dataset.table, np.arange(len(ids)), len(ids))
    return np.array([SPLITS[s] for s in allocate(counts, ids, dataset.seed, dataset.fractions)], dtype=object)


def _heldout(dataset: DatasetToSplit, heldout: str) -> NDArray[np.object_]:
    """One method only in test: with reals of its own side, and with none of the other fakes."""
    method = dataset.table["method"].to_numpy(dtype=str)
    fake = dataset.table["label"].to_numpy() == 1
    known = sorted({m for m in method[fake] if m})
    chosen = heldout
    if not chosen and len(known) > 1:
        sizes = [int(((method == m) & fake).sum()) for m in known]  # the largest leaves the most for the test
        chosen = known[int(np.lexsort((order_of(known, dataset.seed), -np.array(sizes)))[0])]
    if chosen not in known or len(known) < 2:
        reason = (
            f"it has no samples by {chosen!r}"
            if chosen and chosen not in known
            else "it has fewer than two methods"
        )
        dataset.note(f"{reason}, so it is divided {BY_GROUP}")
        return by_group(dataset)
    out = fake & (method == chosen)
    labels = components.components(dataset.groups)
    alone = ~np.isin(labels, labels[~out])  # components that hold nothing but the method
    rest = replace(dataset, table=dataset.table[~alone].reset_index(drop=True))
    split = np.full(len(method), "test", dtype=object)
    split[~alone] = by_group(rest)
    wrong = (out & (split != "test")) | (fake & ~out & (split == "test"))
    lost = int((wrong & (split != "")).sum())
    split[wrong] = ""
    kept = numbers.count_of(int((out & (split == "test")).sum()), "sample")
    left_out = numbers.count_of(lost, "fake is left out because its", "fakes are left out because their")
    dataset.note(
        f"the method {chosen} is kept for the test part ({kept}); {left_out} person, source or clip is in the other part"
    )
    return split
