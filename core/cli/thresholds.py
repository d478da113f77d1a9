"""thresholds: choose operating points on a score file or a run, and say what each costs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from core import numbers
from core.cli._thresholds_text import show
from core.errors import BadInput
from core.runs.folder import open_run
from core.thresholds import cautions, column_names, score_files, slices, spoofing_measures
from core.thresholds.analysis import DEFAULT_METHODS, analyse
from core.thresholds.methods import usages
from core.thresholds.own_scale import called_fake

__all__ = ["SUMMARY", "add_arguments", "run", "show"]

SUMMARY = "choose thresholds on a score file or a run"
DRAWS = 1000
MAPPED = ("label", "score", *column_names.OPTIONAL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_reading(parser)
    _add_choice(parser)
    _add_figures(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """What is read, and what its columns and labels mean."""
    parser.add_argument(
        "source",
        metavar="SCORES|RUN",
        help="a CSV or a file with columns apart by spaces (also .gz), a Parquet file, or a run",
    )
    parser.add_argument("--key", metavar="KEY", help="a second file that says the label of each id of SCORES")
    parser.add_argument(
        "--column",
        action="append",
        metavar="NAME=OWN",
        help="which column of SCORES is label, score, id, …: its own name, or its place from 1 without a header",
    )
    parser.add_argument(
        "--fake",
        "--fake-label",
        dest="fake_label",
        metavar="WORD",
        help="the label that means fake, where it is not plain",
    )
    parser.add_argument(
        "--lower-is-fake",
        action="store_true",
        help="low scores mean fake: fake is then what scores at most the threshold",
    )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """How thresholds are chosen, and for what."""
    parser.add_argument(
        "--method",
        action="append",
        help=f"the rule that chooses a threshold, may be repeated: {', '.join(usages())} (default: several)",
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
    parser.add_argument(
        "--by",
        choices=slices.KEYS,
        help="also a threshold for each dataset or method, and what it would change",
    )
    parser.add_argument(
        "--preset",
        choices=slices.PRESETS,
        help="what --by holds equal: the threshold, the recall or the false alarms (default: equal_recall)",
    )


def _add_figures(parser: argparse.ArgumentParser) -> None:
    """Which figures come beside them."""
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="add 95 %% intervals to the figures of the ranking, from repeated draws of whole groups of samples",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the repeated draws behind the intervals")
    parser.add_argument(
        "--dcf",
        default="1:10@0.05",
        metavar="MISS:FALSEALARM@PRIOR",
        help="for minDCF and actDCF: what a rejected real and an accepted fake cost, and the share of fakes that is "
        "expected (default: %(default)s, as ASVspoof 5 has it)",
    )
    parser.add_argument(
        "--asv",
        metavar="FILE",
        help="speaker-verification scores (… target|nontarget|spoof score): adds the t-DCF",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.seed < 0:
        raise BadInput(f"--seed ({args.seed}) must be at least 0")
    if args.preset and not args.by:
        raise BadInput("--preset belongs to --by dataset or --by method")
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
        dcf=spoofing_measures.cost_model(args.dcf),
        asv=None if args.asv is None else score_files.read_asv(args.asv),
    )
    document = {
        "source": args.source,
        **analysis.to_dict(),
        **_describe_reading(args, chosen, analysis.sweep.auc),
    }
    if args.by:
        method = args.method[0] if args.method else DEFAULT_METHODS[0]
        preset = args.preset or "equal_recall"
        document["slices"] = slices.by_slice(chosen, seen, by=args.by, preset=preset, method=method).to_dict()
    document["warnings"] = [*chosen.attrs.get("notes", []), *document["warnings"]]
    return document


def _describe_reading(args: argparse.Namespace, table: pd.DataFrame, auc: float) -> dict[str, Any]:
    """Which words, columns and end of the scores were taken for what, and why."""
    low = args.lower_is_fake
    because = "as --lower-is-fake says" if low else "as nothing says otherwise (--lower-is-fake turns it)"
    because += f"; AUC {numbers.number(auc)} {'bears it out' if auc > 0.5 else 'does not bear it out'}"
    direction = {"fake_scores": "low" if low else "high", "because": because}
    found: dict[str, Any] = {"direction": direction | {"called_fake": called_fake(low)}}
    return found | {name: table.attrs[name] for name in ("labels", "columns") if table.attrs.get(name)}


def _if_turned(args: argparse.Namespace) -> str:
    if not Path(args.source).expanduser().is_file():
        return cautions.OF_A_RUN
    return f"If so, {'leave --lower-is-fake out' if args.lower_is_fake else 'turn the scores with --lower-is-fake'}"


def _tables(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame | None, str]:
    """The scores to choose on, those to look at (None: the same), and where the first come from."""
    path = Path(args.source).expanduser()
    options: dict[str, Any] = {
        "fake_label": args.fake_label,
        "lower_is_fake": args.lower_is_fake,
        "columns": ("split", "group", *(("dataset", "method") if args.by else ())),
        "mapping": _mapping(args.column or []),
    }
    if path.is_file():
        table = score_files.read(path, key=args.key, **options)
        if args.split is None:
            return table, None, "all"
        if "split" not in table:
            raise BadInput(f"{path.name} has no column split; leave --split out or add it")
        chosen = _part(table, "val", path.name)
        return chosen, _part(table, "test", path.name) if args.split == "test" else None, "val"
    if args.key is not None:
        raise BadInput(f"--key belongs to a score file, and there is no file {args.source}")
    if path.suffix.lower() in (".csv", ".gz", ".parquet", ".txt"):
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


def _mapping(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, own = word.partition("=")
        if name not in MAPPED or not equals or not own:
            raise BadInput(f"--column {word!r} must be NAME=OWN, with NAME one of {', '.join(MAPPED)}")
        found[name] = own
    return found


def _part(table: pd.DataFrame, split: str, name: str) -> pd.DataFrame:
    part = table[score_files.splits(table) == split]
    if part.empty:
        raise BadInput(f"{name} has no rows of split {split}")
    return part
