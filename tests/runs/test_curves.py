"""Reading events on, smoothing, thinning, and what a refresh of the chart weighs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from core.runs import curves, events
from core.runs.curves import EventLog, Series, curve, smooth
from core.runs.diagnosis import idle_card

SCALES = Path(__file__).resolve().parents[2] / "dashboard/live_curves/scales.js"


def made(n: int, seed: int = 0) -> Series:
    rng = np.random.default_rng(seed)
    step = np.arange(1, n + 1, dtype=float)
    return Series(step, step / 100, step * 0.5, rng.random(n))


def test_only_what_is_new_is_read_and_a_torn_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    assert log.series() == {}
    events.append(path, 1, 1, {"train/loss": 0.5, "lr": 0.1}, now=100.0)
    assert log.series()["train/loss"].value.tolist() == [0.5]
    with path.open("ab") as file:
        file.write(b'{"time": 101.0, "step": 2, "epoch": 1, "name": "train/loss", ')
    assert log.series()["train/loss"].value.tolist() == [0.5]
    with path.open("ab") as file:
        file.write(b'"value": 0.25}\n')
    offset = log._offset
    assert log.series()["train/loss"].value.tolist() == [0.5, 0.25]
    assert offset < log._offset == path.stat().st_size


def test_garbage_between_the_lines_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events.append(path, 1, 1, {"a": 1.0})
    with path.open("ab") as file:
        file.write(b'{"time": 1\nnot json\n[]\n{"time":"x","step":1,"epoch":1,"name":"a","value":2}\n')
    events.append(path, 2, 1, {"a": 3.0})
    assert EventLog(path).series()["a"].value.tolist() == [1.0, 3.0]


def test_a_resumed_run_replaces_the_steps_it_does_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for step in range(1, 6):
        events.append(path, step, 1, {"train/loss": step / 10}, now=float(step))
    for step in range(4, 8):
        events.append(path, step, 1, {"train/loss": step * 1.0}, now=5000.0 + step)
    found = EventLog(path).series()["train/loss"]
    assert found.step.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.value.tolist() == [0.1, 0.2, 0.3, 4.0, 5.0, 6.0, 7.0]
    assert found.time[-1] < 10  # the pause between is left out


def test_what_the_clock_measures_is_kept_while_no_step_is_made(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for second in range(0, 400, 4):
        events.append(
            path, min(second // 50, 3), 1, {"gpu": 0.0 if second > 200 else 90.0}, now=1000.0 + second
        )
    found = EventLog(path).series()
    assert len(found["gpu"]) == 100
    assert len(curve(found["gpu"], axis="time").x) == 100
    drawn = curve(found["gpu"], axis="step")
    assert drawn.x.tolist() == [0, 1, 2, 3] and drawn.y.tolist() == [90, 90, 90, 0]
    assert "files are being prepared or scored" in (idle_card(found) or "")
    for second in (400, 404):
        events.append(path, 2, 1, {"gpu": 50.0}, now=1000.0 + second)
    again = EventLog(path).series()["gpu"].step.tolist()
    assert again == sorted(again) and again[-1] == 2, "a resumed run does these steps again"


def test_a_file_that_began_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events.append(path, 1, 1, {"a": 1.0, "b": 2.0})
    log = EventLog(path)
    assert set(log.series()) == {"a", "b"}
    path.unlink()
    events.append(path, 1, 1, {"c": 3.0})
    assert set(log.series()) == {"c"}


def test_the_epoch_axis_grows_inside_an_epoch(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for epoch in (1, 2):
        for step in range(1, 5):
            events.append(path, (epoch - 1) * 4 + step, epoch, {"train/loss": 1.0})
        events.append(path, epoch * 4, epoch, {"val/auc": 0.5})
    found = EventLog(path).series()
    assert found["train/loss"].epoch.tolist() == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert found["val/auc"].epoch.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("points", "units"), [(6, 50), (90, 89), (5000, 1000)])
def test_smoothing_against_a_plain_loop(points: int, units: int) -> None:
    found = made(points)
    weight, total, norm, expected = 0.9, 0.0, 0.0, []
    for n, value in enumerate(found.value):
        gap = (
            0.0 if n == 0 else (found.step[n] - found.step[n - 1]) / (found.step[-1] - found.step[0]) * units
        )
        factor = np.sqrt(weight) ** gap
        total, norm = total * factor + value, norm * factor + 1
        expected.append(total / norm)
    np.testing.assert_allclose(smooth(found.step, found.value, weight), expected)


def test_a_short_run_is_calmed_too() -> None:
    noise = np.random.default_rng(0).normal(size=90)
    assert smooth(np.arange(90.0), noise, 0.6)[10:].std() < 0.5 * noise.std()


def test_a_handful_of_epochs_stays_nearly_as_it_is() -> None:
    values = np.array([0.5, 0.9, 0.6, 0.8, 0.7])
    assert np.abs(smooth(np.arange(5.0), values, 0.6) - values).max() < 0.05


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.99, 1.0])
def test_a_constant_stays_constant_and_the_first_value_is_itself(weight: float) -> None:
    x = np.array([1.0, 2.0, 50.0, 51.0])
    np.testing.assert_allclose(smooth(x, np.full(4, 0.7), weight), 0.7)
    assert smooth(x, np.array([3.0, 1.0, 1.0, 1.0]), weight)[0] == 3.0


def test_it_is_smoothed_first_and_thinned_after() -> None:
    found = made(10_000)
    drawn = curve(found, smoothing=0.9, points=100)
    whole = smooth(found.step, found.value, 0.9)
    at = np.searchsorted(found.step, drawn.x)
    np.testing.assert_allclose(drawn.y, whole[at])
    assert len(drawn.x) == 100 and drawn.thinned


@pytest.mark.parametrize("n", [1, 2, 499, 500, 501, 777, 10_000])
def test_a_curve_never_carries_more_than_500_points_and_its_band_holds_every_value(n: int) -> None:
    found = made(n)
    drawn = curve(found, points=10_000, name="val/loss")
    assert len(drawn.x) <= 500
    assert drawn.x[-1] == found.step[-1]
    assert drawn.low.min() == found.value.min() and drawn.high.max() == found.value.max()
    assert (drawn.low <= drawn.raw).all() and (drawn.raw <= drawn.high).all()
    assert drawn.best == (float(found.step[np.argmin(found.value)]), float(found.value.min()))


@pytest.mark.parametrize(
    ("name", "lower"),
    [
        ("val/loss", True),
        ("train/auc", False),
        ("val/eer", True),
        ("val/log_loss", True),
        ("lr", None),
        ("gap/auc", None),
        ("memory", None),
    ],
)
def test_the_best_is_the_least_or_the_greatest(name: str, lower: bool | None) -> None:
    assert curves.lower_is_better(name) is lower
    assert (curve(made(9), name=name).best is None) == (lower is None)


def test_an_unknown_axis_is_named() -> None:
    with pytest.raises(BadInput, match="axis 'wall' must be one of step, epoch, time"):
        curve(made(3), axis="wall")


def test_metrics_are_listed_once_with_loss_and_auc_first() -> None:
    found = dict.fromkeys(
        ["lr", "cpu", "train/f1", "val/auc", "train/loss", "step/loss", "val/loss", "throughput"], made(2)
    )
    assert curves.metrics(found) == ["loss", "auc", "f1", "lr"]
    assert curves.pieces("loss", found) == ["step/loss", "train/loss", "val/loss"]
    assert curves.pieces("lr", found) == ["lr"]


@pytest.mark.parametrize("runs", [1, 3, 8])
def test_a_refresh_weighs_at_most_100_kb_and_no_curve_has_more_than_500_points(runs: int) -> None:
    from dashboard.charts.curves import View, payload

    names = ("step/loss", "train/loss", "val/loss", "throughput", "cpu", "memory", "gpu", "gpu_memory")
    shown = {
        f"efficientnet_lstm · FaceForensics++ {k}": {n: made(10_000, k) for n in names} for k in range(runs)
    }
    sent = payload(shown, View())
    assert len(json.dumps(sent).encode()) <= 100_000
    assert max(len(series["x"]) for series in sent["series"]) <= 500
    for series in sent["series"]:
        for name in ("y", "raw", "low", "high"):
            assert len(series.get(name, series["x"])) == len(series["x"])


def test_the_same_view_keeps_the_zoom_and_another_does_not() -> None:
    from dashboard.charts.curves import View, payload

    shown = {"a": {"train/loss": made(10)}}
    kept = [payload(shown, v)["zoom"] for v in (View(), View(smoothing=0.1), View(log_y=True))]
    assert kept[0] == kept[1] != kept[2]


def test_smoothed_raw_band_best_and_strips_are_drawn() -> None:
    from dashboard.charts.curves import View, payload

    shown = {"a": {"train/auc": made(2000), "val/auc": made(2000), "throughput": made(10)}}
    sent = payload(shown, View(metric="auc", smoothing=0.5, log_x=True, log_y=True, axis="epoch"))
    train, val, strip = sent["series"]
    assert train["dash"] and "best" not in train and {"raw", "low", "high"} <= set(train)
    assert not val["dash"] and val["best"][1] == pytest.approx(made(2000).value.max(), rel=1e-4)
    assert sent["log_x"] and sent["panels"][0]["log"] and sent["x_title"] == "epoch"
    assert sent["panels"][strip["panel"]]["title"] == "samples per second"
    plain = payload(shown, View(metric="auc", smoothing=0.0, band=False, strips=()))
    assert len(plain["panels"]) == 1
    assert not any({"raw", "low", "high"} & set(series) for series in plain["series"])


@pytest.mark.parametrize(("name", "best"), [("val/loss", [3, 2, 2, 1, 1]), ("val/auc", [3, 3, 5, 5, 5])])
def test_the_best_so_far_never_gets_worse(name: str, best: list[float]) -> None:
    value = np.array([3, 2, 5, 1, 4], dtype=float)
    steps = np.arange(5, dtype=float)
    found = curves.curve(curves.Series(steps, steps, steps, value), name=name, smoothing=0.9)
    assert found.record is not None and found.record.tolist() == best
    assert curves.curve(curves.Series(steps, steps, steps, value), name="lr").record is None


def test_the_best_so_far_of_a_thinned_curve_counts_what_was_left_out() -> None:
    value = np.ones(5000)
    value[123] = 0.1
    steps = np.arange(5000, dtype=float)
    found = curves.curve(curves.Series(steps, steps, steps, value), name="val/loss", points=50)
    assert found.record is not None and found.record[0] == 1 and set(found.record[2:]) == {0.1}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the browser's side")
def test_a_small_panel_ends_at_a_round_number_whose_half_is_one_too() -> None:
    highest = {100: 100, 63: 80, 40.2: 50, 412: 500, 900: 1000, 5800: 6000, 73728: 80000, 0.3: 0.3, 1: 1}
    script = f"{SCALES.read_text()}\nconsole.log(JSON.stringify({list(highest)}.map(evenTop)));"
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == pytest.approx(list(highest.values()))


@pytest.mark.skipif(not shutil.which("node"), reason="needs node, which is not installed")
def test_the_ticks_of_an_axis_are_round_numbers() -> None:
    axes = [{"low": 0.5, "high": 0.9996, "log": True}, {"low": -0.2, "high": 1.0}, {"low": 0, "high": 0.3}]
    axes += [{"low": 0.012, "high": 0.8, "log": True}, {"low": 0.5, "high": 2000, "log": True}]
    script = (
        f"{SCALES.read_text()}\nconsole.log(JSON.stringify({json.dumps(axes)}.map((a) => ticks(a, 10))));"
    )
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found[3] == [0.02, 0.05, 0.1, 0.2, 0.5] and found[4] == [1, 10, 100, 1000]
    assert len(found[1]) > 5 and all(tick == round(tick, 6) for axis in found for tick in axis)
