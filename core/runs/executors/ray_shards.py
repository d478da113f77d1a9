"""A list of items worked on in shards by a Ray cluster: what prepare, detect and evaluate do past one machine.

    items   a b c d e f g h i
    shards  [a b c] [d e f] [g h i]      each a Ray task; Ray repeats one whose worker is lost
    yields  [d e f] then [a b c] …       as they are done, each once

Only the one who asked writes results, so an item that was worked on twice has one result. A shard that is lost again and
again is divided, and an item that ends every worker gets that as its result. Code, workspace and files lie where all
machines see them, under the same paths.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import BadInput, WorkbenchError, one_line
from core.workspace import CODE_ROOT, Workspace

SHARD = 64  # items
AHEAD = 2  # shards handed out for every place of the cluster
RETRIES = 2  # of a shard whose worker is lost
CPUS = 4  # of one shard
LOST = "the worker died on it, {} times; it may be damaged on purpose, or memory ran out"


@dataclass(frozen=True)
class Done:
    """A shard: places of its items in the list, and what came out, one each; or why nothing did."""

    places: list[int]
    results: list[Any]
    lost: str | None = None


def over_shards(
    function: str,
    items: Sequence[Any],
    *,
    space: Workspace,
    shard: int = SHARD,
    cpus: int | None = None,
    on_gpu: bool = False,
    **named: Any,
) -> Iterator[Done]:
    """`function(items of a shard, cpus=…, **named)` on the cluster; it is "module:name" and gives a list as long.

    Items, arguments and results are plain values.
    """
    if shard < 1:
        raise BadInput(f"--shard ({shard}) must be at least 1")
    ray = _ray()
    with _connected(ray, space):
        places = _Places(ray, cpus, on_gpu)
        task = places.task(ray)
        waiting = _divide(len(items), shard)
        running: dict[Any, list[int]] = {}
        named = {**named, "cpus": places.cpus}
        while waiting or running:
            while waiting and len(running) < AHEAD * places.count:
                part = waiting.pop()
                running[task.remote(function, [items[i] for i in part], named)] = part
            (ready, *_), _ = ray.wait(list(running))
            part = running.pop(ready)
            try:
                yield Done(part, ray.get(ready))
            except ray.exceptions.RayTaskError as error:
                raise _cause(error) from error
            except ray.exceptions.RayError as error:  # its worker was lost, after all repetitions
                logging.getLogger(__name__).warning("a shard was lost: %s", one_line(error)[:300])
                if len(part) == 1:
                    yield Done(part, [], LOST.format(RETRIES + 1))
                else:
                    waiting += [[i] for i in reversed(part)]


def _divide(count: int, shard: int) -> list[list[int]]:
    """The places of the items of each shard, the first shard last: it is taken first."""
    return [list(range(first, min(first + shard, count))) for first in range(0, count, shard)][::-1]


def work_on_shard(function: str, items: list[Any], named: Mapping[str, Any]) -> list[Any]:
    """In a worker of the cluster."""
    module, _, name = function.partition(":")
    if not module.startswith("core."):
        raise BadInput(f"{module} is not part of the workbench")
    found: list[Any] = getattr(importlib.import_module(module), name)(items, **named)
    return found


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise BadInput(
            "--executor ray needs Ray: install requirements-cluster.txt on this machine"
        ) from error
    return ray


@contextlib.contextmanager
def _connected(ray: Any, space: Workspace) -> Iterator[None]:
    """To the cluster that settings.toml ([executor] cluster) or RAY_ADDRESS names; else one is started
    here."""
    address = space.settings().get("executor", {}).get("cluster") or os.environ.get("RAY_ADDRESS")
    path = os.pathsep.join(filter(None, [str(CODE_ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {"DEEPFAKE_WORKSPACE": str(space.root.absolute()), "PYTHONPATH": path}
    ours = not ray.is_initialized()
    if ours:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(
                address=str(address) if address else "local",
                runtime_env={"env_vars": environment},
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else {"include_dashboard": False}),
            )
        # Where its own processes take over 30 seconds to start, Ray raises a plain Exception.
        except Exception as error:
            where = (
                f"no Ray cluster answers at {address}" if address else "Ray does not start on this machine"
            )
            raise WorkbenchError(f"{where}: {one_line(error)}") from error
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


class _Places:
    """How many shards run at the same time, and what each takes of its machine."""

    def __init__(self, ray: Any, cpus: int | None, on_gpu: bool) -> None:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        most = int(max((node.get("CPU", 0) for node in nodes), default=0))
        if most < 1:
            raise WorkbenchError("the Ray cluster has no machine that works on anything")
        if cpus is not None and cpus > most:
            raise BadInput(f"--workers ({cpus}): the largest machine of the Ray cluster has {most}")
        self.cpus = cpus or min(CPUS, most)
        cards = int(sum(node.get("GPU", 0) for node in nodes)) if on_gpu else 0
        self.gpus = 1 if cards else 0
        self.count = cards or max(1, sum(int(node.get("CPU", 0)) // self.cpus for node in nodes))

    def task(self, ray: Any) -> Any:
        """The work on one shard as Ray schedules it."""
        return ray.remote(work_on_shard).options(
            num_cpus=self.cpus, num_gpus=self.gpus, max_retries=RETRIES, retry_exceptions=False
        )


def _cause(error: Any) -> Exception:
    """What the function itself raised."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, WorkbenchError):
        return cause
    return WorkbenchError(f"a shard failed: {one_line(cause or error)[:500]}")
