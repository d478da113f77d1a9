"""prepare: fill the cache of prepared inputs with all cores, so that training starts at full speed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadInput, WorkbenchError, one_line
from core.media.recipe import Recipe
from core.workspace import Workspace, workspace

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "fill the cache of prepared inputs"
SHOWN = 10  # failed files that are printed
AHEAD = 4  # files handed out for every worker


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
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.workers < 1:
        raise BadInput(f"--workers ({args.workers}) must be > 0")
    started = time.perf_counter()
    tasks = _from_config(args.config, args.dataset) if args.config else _from_catalogue(args.dataset)
    result = fill_cache(tasks, args.workers)
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
    rows, learned_from = _planned(config, table)
    recipe = recipe_for(config, learned_from, card=setup.card_for(config))
    files = [str(file) for file in absolute_paths(table)] if own_only else rows["file"].tolist()
    return Task(recipe, list(dict.fromkeys(files)))


def _planned(config: Any, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def fill_cache(tasks: list[Task], workers: int, space: Workspace | None = None) -> dict[str, Any]:
    """Prepare all files in worker processes, one decoder thread each; a file that fails is listed."""
    from tqdm import tqdm

    todo = [(task.recipe, file) for task in tasks for file in task.files]
    counts = {"prepared": 0, "cached": 0, "bytes": 0}
    failed: list[dict[str, str]] = []
    reasons: dict[str, int] = {}
    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(todo), unit="file", file=sys.stderr) as bar:
        running: dict[Future[dict[str, Any]], str] = {}
        files = iter(todo)
        while True:
            for recipe, file in files:
                running[pool.submit(_fill, file, recipe, space or workspace())] = file
                if len(running) >= workers * AHEAD:
                    break
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                file = running.pop(future)
                bar.update()
                try:
                    answer = future.result()
                except WorkbenchError as error:
                    failed.append({"path": file, "reason": one_line(error)})
                    continue
                counts["cached" if answer["cached"] else "prepared"] += 1
                counts["bytes"] += answer["bytes"]
                if answer["not_applicable"]:
                    reasons[answer["not_applicable"]] = reasons.get(answer["not_applicable"], 0) + 1
    return {**counts, "failed": sorted(failed, key=lambda f: f["path"]), "not_applicable": reasons}


def _fill(file: str, recipe: Recipe, space: Workspace) -> dict[str, Any]:
    from core.media import cache, sandbox

    answer: dict[str, Any] = sandbox.run(cache.fill, file, recipe, space, threads=1)
    return answer
