"""From walked folders to datasets: which layout owns which folder. Looks at folder names and list files only."""

from __future__ import annotations

from collections import defaultdict

from core.catalog.claims import (
    Key,
    LayoutIndex,
    Lists,
    claims_above,
    claims_of,
    lies_directly,
    list_files,
    merge_claims,
)
from core.catalog.layouts import layouts
from core.catalog.recognised import Found, Owned, Recognised, evidence_of
from core.catalog.set_parts import join_parts
from core.catalog.walk import OTHER, Tree


def recognise(tree: Tree) -> Recognised:
    """Every dataset below the roots, and what is left."""
    index = LayoutIndex.build()
    lists = list_files(tree, index)
    claims = {root: claims_above(root, index) for root in tree.roots}
    wanted: dict[Key, list[Owned]] = defaultdict(list)
    media: list[tuple[str, str]] = []
    offers: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for path, folder in tree.folders.items():
        inherited = claims.get(path.rpartition("/")[0] or "/", claims.get(path, ()))
        mine = merge_claims(inherited, claims_of(path, folder, index, tree, lists))
        claims[path] = mine
        for kind in folder.files:
            if kind == OTHER:
                continue
            media.append((path, kind))
            for claim in mine:
                layout = layouts()[claim.key.layout]
                rule = layout.rules[claim.rule]
                if rule.direct and not lies_directly(path, claim.folder):
                    continue
                if kind in layout.kinds or rule.ignore:
                    wanted[claim.key].append(Owned(claim, path, kind))
                    offers[path, kind].append(claim.key)
    return _assign(tree, wanted, media, lists)


def _assign(
    tree: Tree, wanted: dict[Key, list[Owned]], media: list[tuple[str, str]], lists: Lists
) -> Recognised:
    """Give each folder to the best layout that accepts what it sees."""
    order = {slug: i for i, slug in enumerate(layouts())}
    taken: dict[tuple[str, str], Key] = {}
    ignored: dict[tuple[str, str], int] = defaultdict(int)
    found: list[Found] = []
    for key in sorted(wanted, key=lambda k: (order[k.layout], _edition(k), k.anchor.count("/"), k.anchor)):
        layout = layouts()[key.layout]
        owned = [o for o in wanted[key] if (o.folder, o.kind) not in taken]
        counted = [o for o in owned if not layout.rules[o.claim.rule].ignore]
        evidence = evidence_of(key, counted, tree)
        if not counted or not layout.accepts(evidence):
            continue
        for o in owned:
            taken[o.folder, o.kind] = key
            if reason := layout.rules[o.claim.rule].ignore:
                ignored[o.claim.folder, reason] += tree.folders[o.folder].files[o.kind].total
        found.append(Found(layout, key, "", evidence, counted))
    found = join_parts(found, tree, lists)
    left = [item for item in media if item not in taken]
    return Recognised(found, left, dict(ignored), lists)


def _edition(key: Key) -> int:
    return layouts()[key.layout].editions[key.edition]
