"""One way to write a number: what it promises, and that Python and the browser write the same."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.numbers import (
    change,
    count,
    count_of,
    in_millions,
    interval,
    number,
    percent,
    percent_interval,
    ratio,
    share_with_interval,
    short,
    threshold,
)
from dashboard import theme

TWIN = Path(__file__).resolve().parent.parent / "dashboard" / "numbers.js"
# fmt: off
WRITTEN = {
    0.913: "0.913", 0.5: "0.500", 12.44: "12.4", 1234.5: "1,230", 1_234_567.0: "1,230,000", 0.9996: "0.9996",
    0.99951: "0.9995", 0.0000444082: "0.0000444", 1.0: "1.00", 0.0: "0", -0.25: "−0.250", 0.125: "0.125",
    1.125: "1.13", 1e-300: "under 0.000000001", -1e-12: "over −0.000000001", 99.96: "100.0",
    0.99999999: "0.99999999", -0.9999: "−0.9999", 1.0001: "1.0001", 1e300: "over 1,000,000,000,000,000",
}
# fmt: on
INTERVALS = {
    (0.913, 0.8812, 0.9391): "0.913 [0.88, 0.94]",
    (0.0532, 0.0519, 0.0546): "0.0532 [0.052, 0.055]",
    (0.968, 0.9671, 0.9689): "0.968 [0.967, 0.969]",
    (1.0, 0.8668, 1.0): "1.00 [0.87, 1.00]",
    (0.99973, 0.9995, 0.99985): "0.9997 [0.9995, 0.9999]",
    (0.0, 0.0, 0.0037): "0 [0, 0.0037]",
    (0.99951, 0.99949, 0.99953): "0.99951 [0.99949, 0.99953]",
    (1234.0, 1150.0, 1391.0): "1,230 [1,150, 1,390]",
    (0.00000208, 0.0, 0.0196099): "0.00000208 [0, 0.0196]",
    (3.0, 0.0214, 1234.5): "3.00 [0.02, 1,230]",
    (-0.133, -0.171, -0.0951): "−0.133 [−0.17, −0.10]",
}


@pytest.mark.parametrize("x", WRITTEN)
def test_three_significant_digits_and_more_where_three_would_lie(x: float) -> None:
    assert number(x) == WRITTEN[x]


@pytest.mark.parametrize("three", INTERVALS)
def test_an_interval_tells_the_figure_from_its_ends(three: tuple[float, float, float]) -> None:
    assert interval(*three) == INTERVALS[three]


def test_what_is_missing_and_what_is_counted() -> None:
    assert (number(None), number(float("nan")), percent(None), count(None)) == ("–",) * 4
    assert count(61_204) == "61,204"
    assert (in_millions(26_552), in_millions(1_518_881)) == ("26,552", "1.52 million")
    assert (count_of(1, "thread"), count_of(0, "thread")) == ("1 thread", "0 threads")
    assert [count_of(n, "sample is", "samples are") for n in (1, 1_200)] == [
        "1 sample is",
        "1,200 samples are",
    ]
    assert (percent(0.9137), percent(0.99996), percent(1.0), percent(0.00002)) == (
        "91.4 %",
        "99.996 %",
        "100 %",
        "0.00200 %",
    )
    assert (threshold(None), threshold(4.44082e-05), threshold(0.5), threshold(-120.0)) == (
        "none",
        "0.0000444082",
        "0.5",
        "−120",
    )
    assert interval(0.5, None, None) == "0.500"
    assert (ratio(6.0), ratio(1234.5), ratio(19.04, " to "), ratio(None)) == (
        "6:1",
        "1,230:1",
        "19 to 1",
        "–",
    )
    assert (change(0.25), change(-0.25), change(0.0), change(None)) == ("+0.250", "−0.250", "0", "–")
    assert percent_interval(0.125, 0.0984, 0.1571) == "12.5 % [9.8, 15.7]"
    assert percent_interval(0.5, None, None) == "50.0 %"
    kept = {"queue": 0.125, "error": 0.5, "intervals": {"queue": [0.0984, 0.1571]}}
    assert share_with_interval(kept, "queue") == "12.5 % [9.8, 15.7]"
    assert share_with_interval(kept, "error") == share_with_interval({"error": 0.5}, "error") == "50.0 %"


HOUSE = TWIN.parent.parent
ROOMS = (
    "core/detection/wording.py",
    "core/detection/stacking.py",
    "core/detection/reporting/report.py",
    "core/imports",
    "core/thresholds",
    "core/training/scoring/evaluation",
    "core/cli/_thresholds_text.py",
    "core/cli/_verdict_text.py",
    "core/cli/runs.py",
    "core/cli/thresholds.py",
    "core/cli/evaluate.py",
    "core/cli/shortcuts.py",
    "core/cli/tune.py",
    "core/catalog/advice.py",
    "core/catalog/published.py",
    "core/runs/diagnosis.py",
    "core/detection/domain",
    "dashboard/charts/detect.py",
    "dashboard/detect",
    "dashboard/thresholds",
    "dashboard/threshold_lab",
    "dashboard/compare/spoofing_measures.py",
)
OWN_FORMAT = re.compile(r":[+,]*\.[1-9][gfe]\}|toFixed\(|toPrecision\(")
# Seconds of a clip, places in a drawing, what a form is filled with: no figures of a detector.
ALLOWED = re.compile(
    r"\bt[01]:|verdict_after|\{[abc][xy]?:\.1f\}|toFixed\(2\)|toPrecision|\.6g\}|%\{x:\.2f\} s|kHz"
)


@pytest.mark.parametrize(
    ("size", "text"),
    [(999, "999 B"), (1_002_675, "1 MB"), (999_600, "1 MB"), (12_345_678, "12.3 MB"), (2e15, "2,000 TB")],
)
def test_a_size_has_three_digits_and_the_unit_that_fits_them(size: float, text: str) -> None:
    assert theme.size(size) == text


def test_rooms_that_write_figures_for_people_have_no_format_of_their_own() -> None:
    found = []
    for room in ROOMS:
        place = HOUSE / room
        files = [place] if place.is_file() else [p for p in place.rglob("*") if p.suffix in (".py", ".js")]
        assert files, room
        for file in files:
            lines = file.read_text(encoding="utf-8").splitlines()
            found += [
                f"{file.relative_to(HOUSE)}: {one.strip()}"
                for one in lines
                if OWN_FORMAT.search(one) and not ALLOWED.search(one)
            ]
    assert found == []


finite = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


@given(finite, finite, finite)
@example(0.5, 0.5, 0.5)
def test_the_ends_of_a_text_stand_on_their_sides(a: float, b: float, c: float) -> None:
    low, x, high = sorted((a, b, c))
    text = interval(x, low, high)
    assert "-" not in text
    assert "e" not in text.replace("under", "").replace("over", "")
    if "under" in text or "over" in text:
        return
    at, lowest, highest = (
        float(t.replace(",", "").replace("−", "-")) for t in re.findall(r"−?[\d,.]*\d", text)
    )
    assert lowest <= at <= highest
    for value, shown in ((x, at), (low, lowest), (high, highest)):
        assert (shown in (0, 1)) <= (value in (0, 1))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the browser's side")
def test_the_browser_writes_the_same() -> None:
    drawn = random.Random(0)
    values = [x for x in WRITTEN if abs(x) < 1e15] + [
        drawn.choice((-1, 1)) * 10 ** drawn.uniform(-10, 16) for _ in range(600)
    ]
    values += [drawn.random() for _ in range(300)] + [k / 2**b for b in range(12) for k in range(1, 40, 3)]
    threes = list(INTERVALS)
    for _ in range(600):
        scale = 10 ** drawn.uniform(-6, 5)
        middle = drawn.random() * scale
        threes.append((middle, middle - drawn.random() * scale / 100, middle + drawn.random() * scale / 1000))
    script = f"""
import {{ number, percent, threshold, interval, count, short }} from {json.dumps(TWIN.as_uri())};
const {{ values, threes }} = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify([values.map((x) => [number(x), percent(x), threshold(x), count(x), short(x)]), threes.map((t) => interval(...t))]));
"""
    asked = json.dumps({"values": values, "threes": threes})
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=asked,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    written, intervals = json.loads(ran.stdout)
    assert written == [[number(x), percent(x), threshold(x), count(x), short(x)] for x in values]
    assert intervals == [interval(*three) for three in threes]
