"""thresholds: choose operating points on a score file or a run, and say what each costs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import BadInput
from core.runs.folder import open_run
from core.thresholds import cautions, score_files
from core.thresholds.analysis import DEFAULT_METHODS, analyse
from core.thresholds.methods import usages

SUMMARY = "choose thresholds on a score file or a run"
DRAWS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SCORES|RUN", help="a CSV (also .gz) or Parquet file, or a run")
    parser.add_argument(
        "--method", action="append", help=f"may be repeated: {', '.join(usages())} (default: several)"
    )
    parser.add_argument(
        "--split", choices=("val", "test"), help="what is looked at; thresholds are always chosen on val"
    )
    parser.add_argument(
        "--band",
        type=float,
        metavar="ERROR",
        help="add an uncertain band to each point: outside it, either verdict errs at most this share of the time",
    )
    parser.add_argument("--intervals", action="store_true", help="add 95 %% intervals (bootstrap by group)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--fake-label", help="the label that means fake, where it is not plain")
    parser.add_argument(
        "--lower-is-fake", action="store_true", help="low scores mean fake: scores are negated first"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.seed < 0:
        raise BadInput(f"--seed ({args.seed}) must be at least 0")
    chosen, seen, chosen_on = _tables(args)
    analysis = analyse(
        chosen,
        seen,
        args.method or DEFAULT_METHODS,
        chosen_on=chosen_on,
        looking_at="" if seen is None else args.split,
        draws=DRAWS if args.intervals else 0,
        seed=args.seed,
        if_turned=_if_turned(args),
        error=args.band,
    )
    return {"source": args.source, **analysis.to_dict()}


def _if_turned(args: argparse.Namespace) -> str:
    if not Path(args.source).expanduser().is_file():
        return cautions.OF_A_RUN
    return f"If so, {'leave --lower-is-fake out' if args.lower_is_fake else 'turn the scores with --lower-is-fake'}"


def _tables(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame | None, str]:
    """The scores to choose on, those to look at (None: the same), and where the first come from."""
    path = Path(args.source).expanduser()
    columns = ("split", "group") if args.intervals else ("split",)
    options = {"fake_label": args.fake_label, "lower_is_fake": args.lower_is_fake, "columns": columns}
    if path.is_file():
        table = score_files.read(path, **options)
        if args.split is None:
            return table, None, "all"
        if "split" not in table:
            raise BadInput(f"{path.name} has no column split; leave --split out or add it")
        chosen = _part(table, "val", path.name)
        return chosen, _part(table, "test", path.name) if args.split == "test" else None, "val"
    if path.suffix.lower() in (".csv", ".gz", ".parquet"):
        raise BadInput(f"there is no score file {args.source}")
    folder = open_run(args.source)
    found = []
    for split in ("val", "test") if args.split == "test" else ("val",):
        file = folder.scores_file(split)
        if not file.is_file():
            raise BadInput(
                f"run {folder.id} has no {split} scores yet; `python -m core evaluate {folder.id}` makes them"
            )
        found.append(score_files.read(file, **options))
    return found[0], found[1] if len(found) > 1 else None, "val"


def _part(table: pd.DataFrame, split: str, name: str) -> pd.DataFrame:
    part = table[score_files.splits(table) == split]
    if part.empty:
        raise BadInput(f"{name} has no rows of split {split}")
    return part


def show(result: dict[str, Any]) -> str:
    lines = [
        f"{result['n']:,} samples, {result['positives']:,} fake · AUC {result['auc']:.4f} · AP {result['ap']:.4f} "
        f"· EER {result['eer']:.4f} at {result['eer_threshold']:.6g}",
        f"chosen on {result['chosen_on']}, figures on {result['looking_at']}",
        "",
        f"{'method':<22}{'threshold':>13}{'TP':>12}{'FP':>12}{'TN':>12}{'FN':>12}"
        f"{'prec.':>8}{'recall':>8}{'FPR':>8}{'F1':>8}{'bal.acc':>9}{'cost':>10}",
    ]
    for point in result["points"]:
        name = point["method"] + ("" if point["reachable"] else " (not reached)")
        counts = "".join(f"{point[c]:>12,}" for c in ("tp", "fp", "tn", "fn"))
        shares = "".join(_share(point[c]) for c in ("precision", "recall", "fpr", "f1"))
        threshold = "none" if point["threshold"] is None else f"{point['threshold']:.6g}"
        lines.append(
            f"{name:<22}{threshold:>13}{counts}{shares} {_share(point['balanced_accuracy'])}{point['cost']:>10.4g}"
        )
        if "band" in point:
            lines.append(_band(point["band"]))
    return "\n".join([*lines, *(f"! {warning}" for warning in result["warnings"])])


def _band(band: dict[str, Any]) -> str:
    low, high = ("none" if band[end] is None else f"{band[end]:.6g}" for end in ("low", "high"))
    wrong = (
        "nothing is decided"
        if band["error"] is None
        else f"{100 * band['error']:.3g} % of the decided are wrong"
    )
    return (
        f"    uncertain from {low} to under {high}: {100 * band['queue']:.3g} % are left to people, {wrong}"
    )


def _share(value: float | None) -> str:
    return f"{'–' if value is None else format(value, '.3f'):>8}"
