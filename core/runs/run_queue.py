"""The queue on disk: the order in which runs wait for a slot. Every change happens under one lock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from core.locks import hold
from core.workspace import Workspace, write_json


class Queue:
    """queue.json in the workspace: a list of run ids, first in line first."""

    def __init__(self, space: Workspace) -> None:
        self._file = space.root / "queue.json"
        self._lock = space.root / ".queue.lock"

    def order(self) -> list[str]:
        try:
            document = json.loads(self._file.read_text(encoding="utf-8"))
        # None yet, or torn: runs that wait and are not named in it come after, by their age.
        except (FileNotFoundError, ValueError):
            return []
        waiting = document.get("waiting", []) if isinstance(document, dict) else []
        return [str(name) for name in waiting]

    def change(self, edit: Callable[[list[str]], list[str]]) -> list[str]:
        """Replace the order by what `edit` makes of it; nothing else starts or changes meanwhile."""
        with hold(self._lock):
            before = self.order()
            after = list(dict.fromkeys(edit(list(before))))
            if after != before:
                write_json(self._file, {"waiting": after})
            return after

    def add(self, name: str) -> None:
        self.change(lambda order: [*order, name])

    def remove(self, name: str) -> None:
        self.change(lambda order: [other for other in order if other != name])

    def reorder(self, names: Sequence[str]) -> list[str]:
        """The given ones first and in this order, the rest behind them as they were."""
        return self.change(
            lambda order: [n for n in names if n in order] + [n for n in order if n not in names]
        )
