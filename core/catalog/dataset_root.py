"""A dataset's own outermost folder, and the list files that belong to it."""

from __future__ import annotations

import os
import re

from core.catalog.claims import Lists
from core.catalog.layouts.base import Layout, normal
from core.catalog.paths import inside, name_of, parent_of, plain_name
from core.catalog.recognised import Found, Recognised
from core.catalog.walk import Tree

# Names that any folder may hold.
COMMON_LISTS = frozenset(
    [
        "train.json",
        "val.json",
        "test.json",
        "metadata.json",
        "metadata.min.json",
        "dataset.json",
        "labels.csv",
        "train.csv",
        "valid.csv",
        "test.csv",
        "meta.csv",
        "development.csv",
        "evaluation.csv",
        "train.txt",
        "dev.txt",
        "eval.txt",
        "label.txt",
    ]
)
ALIKE = 5  # leading letters that the names of one dataset share: Celeb V2, Celeb-DF-v2
_WORD = "deepfake"  # which many names begin with
_ARCHIVE = re.compile(r"archive(_?\(?\d+\)?)?")
# Names that tell of no dataset.
_NEUTRAL = frozenset(
    [
        "data",
        "dataset",
        "datasets",
        "download",
        "downloads",
        "media",
        "input",
        "kaggle",
        "videos",
        "video",
        "images",
        "image",
        "audio",
        "files",
        "deepfake",
        "deepfakes",
        "train",
        "test",
        "real",
        "fake",
    ]
)


def set_roots(tree: Tree, recognised: Recognised) -> None:
    """The dataset's own outermost folder: neither a wrapper that is not named for it nor shared with anything."""
    busy = [f.key.anchor for f in recognised.found] + [folder for folder, _ in recognised.left]
    for item in recognised.found:
        item.root = _own_root(item, tree, busy, recognised.lists)
    _give_lists(tree, recognised)


def _own_root(item: Found, tree: Tree, busy: list[str], lists: Lists) -> str:
    """Up from the anchor while nothing else lies below, as far as a folder's name or lists tell that it belongs."""
    anchor = _below_shared(item, tree, busy, lists)
    chain = [anchor]  # it and the folders around it that hold nothing else
    while chain[-1] not in tree.roots and (above := parent_of(chain[-1])):
        if any(inside(other, above) and not inside(other, anchor) for other in busy):
            break
        chain.append(above)
    own = [
        path
        for path in chain[1:]
        if _is_own(path, anchor, item.layout, path in tree.roots) or _holds_lists(path, item.layout, lists)
    ]
    if own or anchor in tree.roots:
        return own[-1] if own else anchor
    inner = [path for path in chain if path not in tree.roots]
    return next((path for path in inner if _letters(name_of(path)) not in _NEUTRAL), inner[-1])


def _holds_lists(folder: str, layout: Layout, lists: Lists) -> bool:
    held = set(map(plain_name, lists.by_folder.get(folder, ())))
    return any(name.casefold() in held for name in layout.lists)


def _below_shared(item: Found, tree: Tree, busy: list[str], lists: Lists) -> str:
    """The anchor; where that is a data root with other things in it, the one folder that holds the whole dataset."""
    anchor = item.key.anchor
    name = name_of(anchor)
    if anchor not in tree.roots or _is_named_for(name, item.layout) or _ARCHIVE.fullmatch(normal(name)):
        return anchor
    claimed = {o.claim.folder for o in item.owned}
    inner = os.path.commonpath(claimed)
    if not inside(inner, anchor) or inner == anchor:
        return anchor
    shared = any(not inside(other, inner) for other in busy if other != anchor)
    if not shared and _holds_lists(anchor, item.layout, lists):
        return anchor
    child = f"{anchor.rstrip('/')}/{inner[len(anchor) :].strip('/').partition('/')[0]}"
    return child if len(claimed) > 1 or shared else anchor


def _is_own(folder: str, anchor: str, layout: Layout, is_root: bool) -> bool:
    """Whether a folder around a dataset is named for it, or is what its archive was unpacked to."""
    name = name_of(folder)
    if _ARCHIVE.fullmatch(normal(name)):
        return not is_root
    return _is_named_for(name, layout) or (_letters(name) not in _NEUTRAL and _alike(name, name_of(anchor)))


def _is_named_for(name: str, layout: Layout) -> bool:
    if _letters(name) in map(_letters, layout.nicknames):
        return True
    return _letters(name) not in _NEUTRAL and any(
        _alike(name, other) for other in (layout.dataset, *layout.nicknames)
    )


def _alike(name: str, other: str) -> bool:
    """Whether two folder names are those of one dataset: `Celeb V2` and `Celeb-DF-v2`."""
    one, two = _letters(name), _letters(other)
    shared = next(
        (i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )
    needed = len(_WORD) + ALIKE if one.startswith(_WORD) and shared >= len(_WORD) else ALIKE
    return one == two != "" or shared >= min(needed, max(4, min(len(one), len(two))))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _give_lists(tree: Tree, recognised: Recognised) -> None:
    """Each dataset's list files: those inside it and in no dataset within, else those beside it that lie in none."""
    roots = [item.root for item in recognised.found]
    every = [file for files in recognised.lists.by_folder.values() for file in files]
    free = [f for f in every if _telling(f) and not any(inside(f, root) for root in roots)]
    for item in recognised.found:
        item.lists = {}
        nested = [root for root in roots if root != item.root and inside(root, item.root)]
        for file in recognised.lists.inside(item.root):
            if any(inside(file, root) for root in nested):
                continue
            item.lists.setdefault(plain_name(file), []).append(file)
        shared = next((root for root in tree.roots if inside(item.root, root)), item.root)
        wanted = {name.casefold() for name in item.layout.lists} - set(item.lists)
        for file in free:
            if plain_name(file) in wanted and inside(file, shared):
                item.lists.setdefault(plain_name(file), []).append(file)


def _telling(file: str) -> bool:
    """Whether a list's name, or the `splits` folder it lies in, tells what it belongs to."""
    return plain_name(file) not in COMMON_LISTS or normal(name_of(parent_of(file))) == "splits"
