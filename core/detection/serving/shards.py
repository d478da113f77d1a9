"""`detect` on a Ray cluster: shards of the file list, each judged by the batch of the machine that takes
it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.detection.exports import plain
from core.detection.files import Given
from core.detection.request import Request
from core.detection.verdict import Verdict
from core.runs.executors import ray_shards
from core.workspace import workspace


def run(
    files: Sequence[Given],
    request: Request,
    *,
    numbers: Sequence[int],
    workers: int | None = None,
    shard: int = ray_shards.SHARD,
    on_verdict: Callable[[int, Verdict], None] = lambda _n, _verdict: None,
) -> list[Verdict]:
    """As `batch.run`; a shard whose machine is lost is repeated, and each file has one verdict."""
    items = [[n, str(f.path.absolute()), f.shown] for n, f in zip(numbers, files, strict=True)]
    asked = {**asdict(request), "out": str(request.out) if request.out else None, "run": _everywhere(request)}
    found: dict[int, Verdict] = {}
    done = ray_shards.over_shards(
        "core.detection.serving.shards:judge",
        items,
        space=workspace(),
        shard=shard,
        cpus=workers,
        on_gpu=True,
        request=asked,
    )
    for one in done:
        for k, place in enumerate(one.places):
            verdict = (
                Verdict(file=files[place].shown, status="error", reason=one.lost, words=one.lost)
                if one.lost is not None
                else Verdict.from_dict(one.results[k])
            )
            found[place] = verdict
            on_verdict(place, verdict)
    return [found[place] for place in range(len(files))]


def _everywhere(request: Request) -> str | None:
    """The detector by a name that leads to it from any folder."""
    if request.run is None:
        return None
    return str(Path(request.run).absolute()) if Path(request.run).exists() else request.run


def judge(items: list[list[Any]], *, request: dict[str, Any], cpus: int) -> list[dict[str, Any]]:
    """One shard, in a worker of the cluster."""
    from core.detection.serving import batch
    from core.detection.serving.worker import request_from

    files = [Given(Path(path), shown) for _, path, shown in items]
    numbers = [number for number, _, _ in items]
    verdicts = batch.run(files, request_from(request), numbers=numbers, workers=cpus)
    return [plain(verdict.to_dict()) for verdict in verdicts]
