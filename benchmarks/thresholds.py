"""The threshold core and its page: `python -m benchmarks.thresholds [--scores N] [--browser] [--json]`.

Published scores against scikit-learn, the sweep with every method against `np.sort`, memory, the size of what the
browser gets, and (--browser) dragging and releasing in Chromium.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from core.thresholds import intervals, score_files, table
from core.thresholds.at_threshold import AT_THRESHOLD, figure_ends
from core.thresholds.methods import choose
from core.thresholds.scored import Scored
from core.thresholds.spoofing_measures import PARTIAL, RATES
from core.thresholds.sweep import Sweep, sweep

METHODS = (
    "macro_f1",
    "f1",
    "fbeta=2",
    "balanced_accuracy",
    "youden",
    "eer",
    "precision=0.9",
    "recall=0.9",
    "fpr=0.01",
    "cost=1:5@0.02",
)
PUBLISHED = (
    Path(__file__).resolve().parents[2] / "shared" / "data" / "scores" / "asvspoof2019_la_oc_softmax.csv.gz"
)
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=10_000_000, help="samples of the sweep")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the file apart by spaces")
    parser.add_argument("--browser", action="store_true", help="also drag and release in Chromium")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results: list[dict[str, Any]] = []
    if PUBLISHED.is_file():
        results += published()
    results += speed(args.scores)
    results += intervals_everywhere()
    results += plain_file(args.rows)
    results += drawn_sizes()
    if args.browser:
        results += browser()
    if args.json:
        print(json.dumps(results, indent=2))
    for line in () if args.json else results:
        verdict = "ok  " if line["reached"] else "MISS"
        print(f"{verdict} {line['what']:<62} {line['value']:>12.6g}   wanted {line['wanted']}")
    sys.exit(0 if all(line["reached"] for line in results) else 1)


def result(what: str, value: float, wanted: str, reached: bool) -> dict[str, Any]:
    return {"what": what, "value": float(value), "wanted": wanted, "reached": bool(reached)}


def published() -> list[dict[str, Any]]:
    """71,237 trials of ASVspoof 2019 LA with thousands of ties."""
    frame = score_files.read(PUBLISHED)
    y, s = frame["label"].to_numpy(), frame["score"].to_numpy()
    found = sweep(y, s)
    apart = [
        abs(found.auc - metrics.roc_auc_score(y, s)),
        abs(found.ap - metrics.average_precision_score(y, s)),
    ]
    for mine, theirs in (
        (found.roc(), metrics.roc_curve(y, s, drop_intermediate=False)),
        (found.precision_recall(), metrics.precision_recall_curve(y, s)),
    ):
        apart += [float(np.abs(a[1:-1] - b[1:-1]).max()) for a, b in zip(mine, theirs, strict=True)]
    percent = 100 * found.eer
    return [
        result("published scores: EER in percent", percent, "2.18 ± 0.01", abs(percent - 2.18) <= 0.01),
        result(
            "published scores: largest difference from scikit-learn",
            max(apart),
            "at most 1e-9",
            max(apart) <= 1e-9,
        ),
    ]


def speed(n: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    labels = (random.random(n) < 0.3).astype(np.uint8)
    lines = []
    for name, scores in (
        ("probabilities", random.random(n)),
        ("logits", random.normal(size=n) * 3 + labels),
        ("single precision", random.random(n).astype(np.float32)),
    ):
        sort, ours = best(partial(np.sort, scores), partial(everything, labels, scores))
        lines.append(
            result(
                f"{n:,} {name}: sweep and methods over np.sort", ours / sort, "at most 3", ours <= 3 * sort
            )
        )
        if name == "probabilities":
            (theirs,) = best(partial(reference, labels, scores), repeats=1)
            lines.append(
                result(
                    f"{n:,} {name}: scikit-learn over ours", theirs / ours, "at least 5", theirs >= 5 * ours
                )
            )
        tracemalloc.start()
        everything(labels, scores)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        times = peak / (labels.nbytes + scores.nbytes)
        lines.append(result(f"{n:,} {name}: peak memory over the input", times, "at most 6", times <= 6))
    return lines


def intervals_everywhere(n: int = 1_000_000) -> list[dict[str, Any]]:
    """Every figure's interval at every distinct score, from the counts there."""
    random = np.random.default_rng(1)
    labels = (random.random(n) < 0.3).astype(np.uint8)
    found = sweep(labels, random.normal(size=n) * 3 + labels)

    def work() -> None:
        tp, fp = found.tp.astype(np.float64), found.fp.astype(np.float64)
        figure_ends((tp, fp, found.negatives - fp, found.positives - tp), tuple(AT_THRESHOLD))

    (seconds,) = best(work, repeats=3)
    what = f"{n:,} scores: seconds for every interval at every point"
    return [result(what, seconds, "at most 2", seconds <= 2)]


def plain_file(n: int) -> list[dict[str, Any]]:
    """From a file apart by spaces, as ASVspoof writes it, to the rows of the first curve."""
    random = np.random.default_rng(2)
    fake = random.random(n) < 0.9
    frame = pd.DataFrame({"id": np.char.add("LA_E_", np.arange(n).astype(str))})
    frame["attack"], frame["key"] = np.where(fake, "A07", "-"), np.where(fake, "spoof", "bonafide")
    frame["score"] = random.normal(size=n) * 2 + 3 * fake
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.txt"
        frame.to_csv(path, sep=" ", header=False, index=False)
        del frame
        theirs, ours = best(
            partial(pd.read_csv, path, sep=r"\s+", header=None, engine="c"),
            partial(first_curve, path),
            repeats=2,
        )
    what = f"{n:,} rows apart by spaces to the first curve, over pandas"
    return [result(what, ours / theirs, "at most 3", ours <= 3 * theirs)]


def first_curve(path: Path) -> None:
    frame = score_files.read(path)
    table.rows(sweep(frame["label"].to_numpy(), frame["score"].to_numpy()))


def everything(labels: np.ndarray, scores: np.ndarray) -> None:
    found = sweep(labels, scores)
    _ = found.auc, found.ap, found.eer, found.eer_threshold
    for words in METHODS:
        choose(found, words)
    choose(found, "cost=1:10@0.05")  # minDCF
    for rate in RATES:
        choose(found, f"fpr={rate!r}")
    _ = found.partial_auc(PARTIAL)


def reference(labels: np.ndarray, scores: np.ndarray) -> None:
    metrics.roc_curve(labels, scores)
    metrics.precision_recall_curve(labels, scores)


def best(*works: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """The least seconds of each, taken in turns so that a busy moment meets all of them."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, taken in zip(works, seconds, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [min(taken) for taken in seconds]


def drawn_sizes() -> list[dict[str, Any]]:
    """What the browser gets for a run with two splits of n scores each."""
    from dashboard.threshold_lab import Side, line, payload
    from dashboard.threshold_lab.component import Choice

    lines = []
    for n in (1_000, 100_000, 2_000_000):
        random = np.random.default_rng(n)
        sides = []
        for name in ("validation", "test"):
            y = random.random(n) < 0.3
            frame = pd.DataFrame({"label": y.astype(np.uint8), "score": random.normal(size=n) + y})
            sides.append(Side(name, Scored(frame)))
        chosen, looked = sides
        points = [choose(chosen.sweep, words) for words in METHODS]
        wanted = [*payload.grid(looked.sweep).tolist(), *(point.threshold for point in points)]
        found = intervals.along(y, frame["score"].to_numpy(), None, wanted, payload.BANDED, 20)
        data = payload.build(chosen, looked, points, grid=dict(zip(wanted, found, strict=True)))
        size = payload.size(data)
        lines.append(
            result(f"{n:,} scores a split: bytes to the browser", size, "at most 60,000", size <= 60_000)
        )
        released = payload.size(line(chosen, looked, Choice(0.5), found[0], None))
        lines.append(
            result(
                f"{n:,} scores a split: bytes of a release", released, "at most 20,000", released <= 20_000
            )
        )
        full = looked.sweep
        kept = table.rows(full)
        small = Sweep(full.thresholds[kept], full.tp[kept], full.fp[kept], full.positives, full.negatives)
        apart = abs(small.auc - full.auc)
        lines.append(
            result(
                f"{n:,} scores a split: AUC of the drawn table is off by",
                apart,
                "at most 1e-4",
                apart <= 1e-4,
            )
        )
    return lines


def browser() -> list[dict[str, Any]]:
    """Dragging and releasing over a few and over very many scores."""
    from benchmarks import thresholds_browser  # needs playwright

    few, many = 1_000, 1_000_000
    drags = thresholds_browser.measure((few, many))
    if drags is None:
        return [result("a browser to drag in", 0, "Chromium (Debian's package chromium)", False)]
    lines = []
    for n, drag in drags.items():
        what = f"drag over {n:,} scores: "
        lines += [
            result(f"{what}handler, 95th percentile, ms", drag.handler, "at most 4", drag.handler <= 4),
            result(f"{what}longest frame, ms", drag.frame, "at most 50", drag.frame <= 50),
        ]
    more = 1000 * (drags[many].release - drags[few].release)
    what = f"release: ms more with {many:,} scores than with {few:,}"
    return [*lines, result(what, more, "at most 300", more <= 300)]


if __name__ == "__main__":
    main()
