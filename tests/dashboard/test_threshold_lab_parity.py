"""What the browser works out is what core works out: model.js and bands.js under node, on random scores."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.thresholds import band, intervals, methods
from core.thresholds.point import Costs
from core.thresholds.proportions import precision_at_interval
from core.thresholds.scored import Scored
from core.thresholds.sweep import Sweep, at
from dashboard.threshold_lab import Side, build, line, payload
from dashboard.threshold_lab.component import Choice, script

# Everything that the model says of every row, of the cheapest row and of the band; the axis there and back.
PROBE = """
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = cases.map(({ table, line, cost, error }) => {
  const model = new Model(table);
  if (line) model.merge(line.rows);
  if (line) model.exactBand = line.band;
  model.cost = cost;
  model.error = error;
  const bands = new Bands(model, table);
  const rows = [...model.t.keys()];
  const figures = rows.map((i) => model.figures(i));
  const ends = figures.map((f, i) => Object.fromEntries(
    ['precision', 'recall', 'fpr', 'f1', 'accuracy', 'cost', 'precision_at', 'queue', 'error'].map((name) => [name, bands.at(i, name, f[name])])));
  const axes = Object.keys(SCALES).filter((scale) => scale !== 'logit' || table.axis.probability).map((scale) => {
    const axis = new Axis(model, { ...table.axis, scale });
    axis.all();
    const there = rows.map((i) => axis.nearest(axis.x(i)));
    return { scale, ticks: axis.ticks().ticks.map((tick) => tick[1]), there, places: rows.map((i) => axis.x(i)) };
  });
  const walk = [model.settle(0)];
  while (model.next(walk.at(-1), 1) !== walk.at(-1)) walk.push(model.next(walk.at(-1), 1));
  const back = [walk.at(-1)];
  while (model.next(back.at(-1), -1) !== back.at(-1)) back.push(model.next(back.at(-1), -1));
  return { t: model.t, figures, ends, axes, walk, back: back.reverse(), cheapest: model.t[model.cheapest()],
    cells: rows.map((i) => model.cells(i)), settled: rows.map((i) => model.settle(i)) };
});
console.log(JSON.stringify(answers));
"""
SHAPES = ("overlap", "tied", "apart", "skewed", "tiny", "probabilities")


def made(shape: str, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    n = 8 if shape == "tiny" else 120
    label = (random.random(n) < 0.3).astype(int)
    label[:2] = [0, 1]
    score = random.normal(size=n) + 1.5 * label
    if shape == "tied":
        score = np.round(score)
    elif shape == "apart":
        score = score + 20 * label
    elif shape == "skewed":
        score = np.exp(4 * score)
    elif shape == "probabilities":
        score = 1 / (1 + np.exp(-6 * score))
    return pd.DataFrame({"id": [f"s{i}" for i in range(n)], "label": label, "score": score})


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The component's own files, with a probe behind them."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js, which is not installed")
    file = tmp_path_factory.mktemp("lab") / "probe.cjs"
    text = (
        script().replace("export default function", "function mount").replace("export function", "function")
    )
    file.write_text(text + PROBE, encoding="utf-8")
    return file


def ask(node: Path, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = subprocess.run(
        ["node", str(node)], input=json.dumps(cases), capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return list(json.loads(answer.stdout))


def sides(shape: str, seed: int) -> tuple[Side, Side]:
    chosen = Side("validation", Scored(made(shape, seed)))
    return chosen, chosen if seed % 2 else Side("test", Scored(made(shape, seed + 1000)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_browser_and_core_agree_on_every_figure(node: Path, shape: str) -> None:
    prices = [Costs(), Costs(1, 5), Costs(20, 1, 0.02), Costs(0.5, 0, 0.3), Costs(0, 2)]
    pairs = [sides(shape, seed) for seed in range(5)]
    errors = (None, 0.0, 0.05, 0.2, 0.5)
    cases = [
        {"table": build(*pair, []), "cost": vars(costs), "error": error}
        for pair, costs, error in zip(pairs, prices, errors, strict=True)
    ]
    for answer, (chosen, looked), costs, error in zip(ask(node, cases), pairs, prices, errors, strict=True):
        for threshold, found, cells in zip(answer["t"], answer["figures"], answer["cells"], strict=True):
            point = at(looked.sweep, threshold, costs=costs)
            assert (found["tp"], found["fp"], found["tn"], found["fn"]) == (
                point.tp,
                point.fp,
                point.tn,
                point.fn,
            )
            for name in ("precision", "recall", "fpr", "f1", "macro_f1", "accuracy", "balanced_accuracy"):
                assert found[name] == pytest.approx(getattr(point, name), abs=1e-12), name
            for name in ("youden", "called_fake", "cost"):
                assert found[name] == pytest.approx(getattr(point, name), rel=1e-12, abs=1e-12), name
            if costs.prevalence is not None:
                expected = point.precision_at(costs.prevalence)
                assert found["precision_at"] == pytest.approx(expected, abs=1e-12)
            if error is not None:
                wide = band.band(chosen.sweep, threshold, error)
                there = band.band_at(looked.sweep, wide.low, wide.high)
                assert found["queue"] == pytest.approx(there.queue, abs=1e-12)
                assert found["error"] == pytest.approx(there.error, abs=1e-12)
            assert sum(cells.values()) == looked.sweep.total
        words = f"cost={costs.fp:g}:{costs.fn:g}" + (f"@{costs.prevalence}" if costs.prevalence else "")
        assert answer["cheapest"] == methods.choose(chosen.sweep, words).threshold


@pytest.mark.parametrize("shape", SHAPES)
def test_keys_go_through_every_operating_point_and_back(node: Path, shape: str) -> None:
    pairs = [sides(shape, seed) for seed in (1, 3, 5)]
    for answer, (chosen, _) in zip(
        ask(node, [{"table": build(*pair, []), "cost": vars(Costs()), "error": None} for pair in pairs]),
        pairs,
        strict=True,
    ):
        assert answer["walk"] == answer["back"]
        assert [answer["t"][row] for row in answer["walk"]] == [*chosen.sweep.thresholds.tolist(), None]
        for axis in answer["axes"]:
            assert len(set(axis["ticks"])) == len(axis["ticks"]), axis["scale"]
            assert axis["places"] == sorted(axis["places"]), axis["scale"]
            apart = np.diff(axis["places"], append=2) > 1e-6
            apart &= np.diff(axis["places"], prepend=-1) > 1e-6
            there = np.array(axis["there"])[apart]
            assert (there == np.array(answer["settled"])[apart]).all(), axis["scale"]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_interval_in_the_browser_holds_its_figure(node: Path, shape: str) -> None:
    cases, exact = [], []
    prices = [Costs(), Costs(1, 5), Costs(20, 1, 0.02), Costs(2, 2)]
    for seed in range(4):
        chosen, looked = sides(shape, seed)
        lines: list[float | None] = [*payload.grid(looked.sweep).tolist()[::4], None]
        frame = looked.scored.table
        found = intervals.along(
            frame["label"].to_numpy(), frame["score"].to_numpy(), None, lines, payload.BANDED, 50
        )
        grid = dict(zip(lines, found, strict=True))
        points = [at(looked.sweep, None)]
        cases.append(
            {"table": build(chosen, looked, points, grid=grid), "cost": vars(prices[seed]), "error": None}
        )
        priced = looked.scored.intervals_at(lines, prices[seed])
        for line_, ends in zip(lines, priced, strict=True):
            grid[line_]["cost"] = ends["cost"]
            point, fakes = at(looked.sweep, line_), looked.sweep.positives / looked.sweep.total
            if not point.recall and not point.fpr:
                continue  # nothing is called fake
            share = fakes if prices[seed].prevalence is None else float(prices[seed].prevalence or 0)
            grid[line_]["precision_at"] = precision_at_interval(
                point.recall or 0.0, ends["recall"], point.fpr or 0.0, ends["fpr"], share
            )
        exact.append(grid)
    for answer, grid in zip(ask(node, cases), exact, strict=True):
        for threshold, figures, ends in zip(answer["t"], answer["figures"], answer["ends"], strict=True):
            for name, pair in ends.items():
                if pair is not None:
                    assert pair[0] <= figures[name] + 1e-12 and figures[name] <= pair[1] + 1e-12, name
                if threshold in grid and name in grid[threshold]:
                    assert pair == pytest.approx(grid[threshold][name], rel=1e-4, abs=2e-6)


def test_exact_neighbours_of_the_line_join_the_table(node: Path) -> None:
    frame = pd.concat([made("overlap", seed) for seed in range(40)], ignore_index=True)
    side = Side("validation", Scored(frame.assign(id=[str(i) for i in frame.index])))
    middle = float(np.quantile(frame["score"], 0.6))
    table = build(side, side, [])
    known = line(side, side, Choice(middle), {}, None, table["rows"]["t"])
    assert known["rows"]["t"] and not set(known["rows"]["t"]) & set(table["rows"]["t"]), "sent twice"
    (answer,) = ask(node, [{"table": table, "line": known, "cost": vars(Costs()), "error": None}])
    assert set(known["rows"]["t"]) <= set(answer["t"])
    assert len(answer["t"]) > len(table["rows"]["t"]) + 1
    sweep: Sweep = side.sweep
    for threshold, found in zip(answer["t"], answer["figures"], strict=True):
        assert (found["tp"], found["fp"]) == (at(sweep, threshold).tp, at(sweep, threshold).fp)


@pytest.mark.parametrize("together", [1, 3])
def test_what_a_band_does_has_core_s_intervals(node: Path, together: int) -> None:
    frame = made("overlap", 0)
    side = Side("validation", Scored(frame.assign(group=np.arange(len(frame)) // together)))
    middle, error = float(frame["score"].median()), 0.05
    found = side.scored.with_intervals(band.band(side.sweep, middle, error))
    known = line(side, side, Choice(middle, error=error), {}, found)
    (answer,) = ask(
        node, [{"table": build(side, side, []), "line": known, "cost": vars(Costs()), "error": error}]
    )
    row = answer["t"].index(middle)
    assert set(found.intervals) == {"queue", "error"}
    for name, ends in found.intervals.items():
        assert answer["ends"][row][name] == pytest.approx(ends, abs=1e-12)
