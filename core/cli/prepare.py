"""prepare: fill the cache of prepared inputs with all cores, so that training starts at full speed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli._executor import RAY, add_executor
from core.errors import BadInput, WorkbenchError, one_line
from core.media import prepare_many
from core.media.prepare_many import Asked
from core.media.recipe import Recipe
from core.progress import Shown
from core.workspace import Workspace, workspace

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "fill the cache of prepared inputs"
SHOWN = 10  # failed files that are printed


@dataclass(frozen=True)
class Task:
    """Files that are prepared by one recipe."""

    recipe: Recipe
    files: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG.yaml", help="prepare what this run reads"
    )
    parser.add_argument("--dataset", nargs="+", action="extend", metavar="NAME", help="only these datasets")
    parser.add_argument(
        "--workers", type=int, help="processes, on Ray of each shard (default: all cores; on Ray at most 4)"
    )
    add_executor(parser, resume="take entries that are in the cache without reading them again")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.workers is not None and args.workers < 1:
        raise BadInput(f"--workers ({args.workers}) must be > 0")
    started = time.perf_counter()
    tasks = _from_config(args.config, args.dataset) if args.config else _from_catalogue(args.dataset)
    todo = [_without_entries(task) for task in tasks] if args.resume else tasks
    kept = sum(len(task.files) for task in tasks) - sum(len(task.files) for task in todo)
    if args.executor == RAY:
        result = fill_on_cluster(todo, args.workers, args.shard, kept=kept)
    else:
        result = fill_cache(todo, args.workers or os.cpu_count() or 1, kept=kept)
    result["cached"] += kept
    return {**result, "seconds": time.perf_counter() - started}


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{result['prepared']:,} prepared, {result['cached']:,} in the cache already, "
        f"{len(result['failed']):,} failed, {result['bytes'] / 1e6:,.1f} MB, {result['seconds']:.1f} s"
    ]
    lines += [f"  not applicable: {count:,} ({reason})" for reason, count in result["not_applicable"].items()]
    lines += [f"  {failure['path']}: {failure['reason']}" for failure in result["failed"][:SHOWN]]
    if len(result["failed"]) > SHOWN:
        lines.append(f"  … and {len(result['failed']) - SHOWN:,} more (--json lists them)")
    return "\n".join(lines)


def _from_config(path: Path, names: list[str] | None) -> list[Task]:
    from core.training.options.config import TrainConfig

    config = TrainConfig.from_yaml(path)
    return [_task(replace(config, datasets=names) if names else config, own_only=False)]


def _from_catalogue(names: list[str] | None) -> list[Task]:
    """Without a configuration each sample is prepared as a default run of its own modality reads it."""
    from core.catalog import table
    from core.training.options.config import TrainConfig

    wanted = names or table.datasets()
    if not wanted:
        raise BadInput("the catalogue is empty; scan a folder first (python -m core scan FOLDER)")
    holds: dict[str, list[str]] = {}
    for name in wanted:
        for modality in sorted(set(table.load([name], columns=["modality"])["modality"])):
            holds.setdefault(modality, []).append(name)
    return [_task(TrainConfig(modality=m, datasets=found), own_only=True) for m, found in holds.items()]


def _task(config: Any, *, own_only: bool) -> Task:
    """The files and the recipe exactly as training makes them, so that it finds what is prepared here."""
    from core.catalog.table import absolute_paths
    from core.training import recipe_for, setup
    from core.training.reading import samples

    table = samples.select(config)
    if own_only:
        table = table[table["modality"] == config.modality].reset_index(drop=True)
    rows, learned_from = _plan_samples(config, table)
    recipe = recipe_for(config, learned_from, card=setup.card_for(config))
    files = [str(file) for file in absolute_paths(table)] if own_only else rows["file"].tolist()
    return Task(recipe, list(dict.fromkeys(files)))


def _plan_samples(config: Any, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the plan and those of its training split; all rows where no plan can be made."""
    from core.catalog.table import absolute_paths
    from core.training.reading import samples

    try:
        planned = samples.plan_samples(config, table)
    except BadInput as error:
        print(f"no plan ({one_line(error)}); preparing every file", file=sys.stderr)
        every = table.assign(file=[str(file) for file in absolute_paths(table)])
        return every, every
    return planned.rows, planned.split("train")


def _without_entries(task: Task) -> Task:
    """The files whose entry is not in the cache; one that is damaged is made again when it is read."""
    from core.media import cache

    def is_there(file: str) -> bool:
        try:
            return cache.entry_path(Path(file), task.recipe).exists()
        # Counted as not prepared; preparing it reports what is wrong.
        except WorkbenchError:
            return False

    return replace(task, files=[file for file in task.files if not is_there(file)])


class _Counts:
    """What has become of the files so far."""

    def __init__(self, files: int) -> None:
        self._counts = {"prepared": 0, "cached": 0, "bytes": 0}
        self._failed: list[dict[str, str]] = []
        self._reasons: dict[str, int] = {}
        self._shown = Shown(files)

    def add(self, file: str, answer: Mapping[str, Any]) -> None:
        self._shown.add()
        if "error" in answer:
            self._failed.append({"path": file, "reason": answer["error"]})
            return
        self._counts["cached" if answer["cached"] else "prepared"] += 1
        self._counts["bytes"] += answer["bytes"]
        if (reason := answer["not_applicable"]) is not None:
            self._reasons[reason] = self._reasons.get(reason, 0) + 1

    def result(self) -> dict[str, Any]:
        self._shown.close()
        failed = sorted(self._failed, key=lambda f: f["path"])
        return {**self._counts, "failed": failed, "not_applicable": self._reasons}


def fill_cache(
    tasks: list[Task], workers: int, space: Workspace | None = None, *, kept: int = 0
) -> dict[str, Any]:
    """Prepare all files in worker processes; a file that fails is listed. Refused where they do not fit into the cache.

    `kept`: files of the same list that are in the cache already and take room there.
    """
    space = space or workspace()
    todo = [(task.recipe, file) for task in tasks for file in task.files]
    counts = _Counts(len(todo))
    rest = _after_a_few(todo, workers, space, kept, counts)
    for place, answer in filled(rest, workers, space):
        counts.add(rest[place][1], answer)
    return counts.result()


def _after_a_few(
    todo: list[Asked], workers: int, space: Workspace, kept: int, counts: _Counts
) -> list[Asked]:
    """What is left to prepare once a few files told how large all will be."""
    tried = prepare_many.tried_first(todo)
    for place, answer in filled(tried, workers, space):
        counts.add(tried[place][1], answer)
    if why := prepare_many.too_large(tried, kept + len(todo), space):
        counts.result()
        raise BadInput(why)
    first = set(tried)
    return [one for one in todo if one not in first]


def fill_on_cluster(
    tasks: list[Task], workers: int | None, shard: int, space: Workspace | None = None, *, kept: int = 0
) -> dict[str, Any]:
    """The same in shards on a Ray cluster, into the cache that all its machines see; the first few files here."""
    from core.runs.executors import ray_shards

    space = space or workspace()
    todo = [(task.recipe, os.path.abspath(file)) for task in tasks for file in task.files]
    counts = _Counts(len(todo))
    rest = _after_a_few(todo, workers or os.cpu_count() or 1, space, kept, counts)
    done = ray_shards.over_shards(
        "core.cli.prepare:fill_shard",
        [[recipe.to_dict(), file] for recipe, file in rest],
        space=space,
        shard=shard,
        cpus=workers,
    )
    for one in done:
        for k, place in enumerate(one.places):
            answer = one.results[k] if one.lost is None else {"error": one.lost}
            counts.add(rest[place][1], answer)
    return counts.result()


def fill_shard(items: list[list[Any]], *, cpus: int) -> list[dict[str, Any]]:
    """One shard, in a worker of the cluster."""
    todo = [(Recipe.from_dict(recipe), file) for recipe, file in items]
    answers = dict(filled(todo, cpus, workspace()))
    return [answers[place] for place in range(len(items))]


def filled(todo: Sequence[Asked], workers: int, space: Workspace) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each file's place and what became of it, as they are done."""
    for place, answer in prepare_many.fill(todo, workers, space):
        yield place, {"error": one_line(answer)} if isinstance(answer, WorkbenchError) else answer
