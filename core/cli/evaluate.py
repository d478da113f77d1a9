"""`evaluate`: the figures of a finished run again, on other datasets too."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from core import numbers, words
from core.cli._executor import RAY, add_executor
from core.errors import BadInput
from core.runs.folder import RunFolder, open_run
from core.runs.summaries import summary
from core.runs.titles import with_id

if TYPE_CHECKING:
    from core.training.rescore import Score

THRESHOLDS = {"at_default": "at the threshold", "at_chosen": "at the chosen threshold"}
SUMMARY = "measure a finished run again, on other datasets too; or an imported detector on yours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", help="id of a run, name of an imported detector, or the path of its folder"
    )
    parser.add_argument("--split", choices=("val", "test"), help="only validation (val) or only test")
    parser.add_argument(
        "--dataset",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="measure on these datasets of the catalogue",
    )
    parser.add_argument("--rescore", action="store_true", help="score the files again, not only the figures")
    parser.add_argument(
        "--robustness", action="store_true", help="also under compression, blur, noise and codecs"
    )
    parser.add_argument(
        "--ablation", action="store_true", help="also without sound, picture or text (multimodal)"
    )
    parser.add_argument(
        "--workers", type=int, help="processes that read ahead (default: 1; on Ray at most 4)"
    )
    add_executor(parser, resume="go on where a scoring in shards was broken off")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from core.training import rescore

    if args.workers is not None and args.workers < 0:
        raise BadInput(f"--workers: {args.workers} must be 0 or more")
    folder = open_run(args.run)
    workers, score = 1 if args.workers is None else args.workers, _score(folder, args)
    if folder.imported is not None:
        return {**_evaluate_imported(folder, args, workers, score), "name": summary(folder).name}
    splits = (args.split,) if args.split else rescore.SPLITS
    result: dict[str, Any] = {"run": folder.id, "name": summary(folder).name}
    if args.dataset:
        result["datasets"] = {
            name: rescore.evaluate_on(folder, name, split=args.split or "test", workers=workers, score=score)
            for name in dict.fromkeys(args.dataset)
        }
    else:
        metrics = rescore.evaluate(folder, splits, rescore=args.rescore, workers=workers, score=score)
        result["learned_nothing"] = metrics.get("learned_nothing")
        result["best_epoch"] = metrics.get("best_epoch")
        result["metrics"] = {split: metrics[split] for split in splits if split in metrics}
        result["operating_point"] = folder.document("operating_point")
    if args.robustness:
        result["robustness"] = rescore.robustness(folder)
    if args.ablation:
        result["ablation"] = rescore.ablation(folder)
    return result


def _score(folder: RunFolder, args: argparse.Namespace) -> Score | None:
    """Where samples are scored: in shards on the cluster, or here in shards that a later call goes on with."""
    if args.executor != RAY and not args.resume:
        return None
    from core.training.scoring.sharded import Sharded

    cpus = args.workers or None
    return Sharded(
        folder, on_cluster=args.executor == RAY, resume=args.resume, shard=args.shard, cpus=cpus
    ).score_source


def _evaluate_imported(
    folder: RunFolder, args: argparse.Namespace, workers: int, score: Score | None
) -> dict[str, Any]:
    """An imported detector is measured: what it is told of labelled files becomes its threshold and figures."""
    from core.imports import measuring
    from core.training import rescore

    known = (folder.imported or {}).get("measured") or {}
    names = list(dict.fromkeys(args.dataset or known.get("datasets") or ()))
    result = measuring.measure(folder, names, workers=workers, score=score, on_stage=_say)
    if args.robustness:
        result["robustness"] = rescore.robustness(folder, rows=measuring.select_reported(folder, names))
    return result


def _say(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


def show(result: dict[str, Any]) -> str:
    lines = [with_id(result["name"], result["run"])]
    named = {words.capital(words.split(s)): found for s, found in result.get("metrics", {}).items()}
    for name, figures in {**named, **result.get("datasets", {})}.items():
        lines += [f"{name}, {what} {_line(figures[at])}" for at, what in THRESHOLDS.items()]
    if result.get("learned_nothing_reason") and result.get("imported"):
        lines.insert(1, result["learned_nothing_reason"])
    for row in result.get("robustness", []):
        strength = "" if row["strength"] is None else f" {row['strength']:g}"
        lines.append(f"{row['kind']}{strength}: {_interval(row, 'auc')}")
    for row in result.get("ablation", []):
        gain = "too few to say" if row["gain"] is None else numbers.interval(row["gain"], *row["interval"])
        lines.append(
            f"{words.capital(row['part'])} adds to the AUC: {gain} ({numbers.count_of(row['n'], 'sample')})"
        )
    return "\n".join(lines)


def _line(figures: dict[str, Any]) -> str:
    threshold = figures["threshold"]
    shown = ", ".join(_interval(figures, name) for name in ("auc", "balanced_accuracy", "accuracy", "f1"))
    baseline = figures["majority_baseline"]
    line = numbers.threshold(threshold)
    return f"{line}: {shown} (always answering with the larger class: accuracy {numbers.number(baseline)})"


def _interval(figures: dict[str, Any], name: str) -> str:
    value, interval = figures.get(name), figures.get("intervals", {}).get(name)
    if value is None:
        return f"{words.figure(name)} –"
    return f"{words.figure(name)} {numbers.interval(value, *(interval or (None, None)))}"
