"""One process of a large scan: walks folders and labels datasets as it is told."""

from __future__ import annotations

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from core.catalog.walk import walk_some
from core.catalog.workers import receive, send
from core.child_process import Messages, starter
from core.errors import WorkbenchError, one_line


def main() -> None:
    messages = starter()
    gc.disable()  # a million rows and no cycles: looking for them costs a tenth of the time
    sys.meta_path.insert(0, _WithoutPandas())
    serve(messages)
    sys.stderr.flush()
    os._exit(0)  # everything was answered; taking a million rows down one by one would only keep the scan


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas, where there is one, for its first array; a worker has no table to give to it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError("a worker of a scan does without pandas")


def serve(messages: Messages) -> None:
    while True:
        try:
            order = receive(messages)
        # The scan is over or gone: there is nobody to report to.
        except EOFError:
            return
        try:
            answer = do(order)
        except WorkbenchError as error:
            answer = error
        except Exception as error:  # noqa: BLE001 (sent to the scan, which raises it)
            answer = WorkbenchError(one_line(f"{type(error).__name__}: {error}"))
        send(messages, answer)


def do(order: tuple[Any, ...]) -> Any:
    if order[0] == "walk":
        return walk_some(order[1], allowed=order[2])
    from core.catalog.dataset import save_dataset  # imports Arrow, which walking does without

    _, number, task, problems, space = order
    return number, save_dataset(task, problems, space)


if __name__ == "__main__":
    main()
