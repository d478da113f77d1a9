"""Every benchmark as the command it is, in small: it ends with its figures, whatever they are on a busy machine."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from benchmarks.imbalance import claims_beside
from benchmarks.studies import Study, demo_pictures, intervals_of
from core.catalog import table
from core.catalog.table import DatasetInfo
from core.workspace import CODE_ROOT

SMALL = {
    "faces": "DATA --most 4",
    "ablation": "--small --out OUT",
    "attack": "--uploads 3",
    "datasets_page": "--samples 20000 --turns 2",
    "domain": "DATA --only faces --small",
    "detection": "--small --repeats 1",
    "faults": "--kills 5 --disks 5",
    "first_detectors": "--only image",
    "fuzz_media": "--count 30",
    "imbalance": "--small --out OUT",
    "load": "--small --sessions 3 --minutes 0.3",
    "media": "--small --repeats 1",
    "pages": "--only home --visits 1",
    "plans": "--samples 5000",
    "quality": "DATA --only faces --seeds 1 --minutes 0.3",
    "readme_pictures": "--only home --out OUT",
    "runs": "--sessions 2 --seconds 3 --rounds 1 --runs 20 --points 200",
    "screenshots": "--only home --widths 390 --themes light --out OUT",
    "service": "--clients 3 --minutes 0.3",
    "scan": "--files 5000 --rounds 1",
    "scan_shards": "--rows 2000 --rounds 1",
    "thresholds": "--scores 100000 --rows 100000",
    "training": "--device cpu --only efficientnet_b0 --steps 1 --size 64",
}
# Their small editions are tests of their own, which look at more than whether they end.
ELSEWHERE = {"faults", "fuzz_media", "load"}
NEED_A_BROWSER = {"pages", "readme_pictures", "screenshots"}


def commands() -> set[str]:
    folder = CODE_ROOT / "benchmarks"
    return {
        path.stem for path in folder.glob("*.py") if "ArgumentParser(" in path.read_text(encoding="utf-8")
    }


def test_every_benchmark_has_a_small_edition_here() -> None:
    assert commands() == set(SMALL)


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.parametrize("name", sorted(set(SMALL) - ELSEWHERE))
def test_a_benchmark_runs_to_its_end_in_small(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name in NEED_A_BROWSER and shutil.which("chromium") is None:
        pytest.skip("needs Chromium (Debian's package chromium), which is not installed")
    data = str(request.getfixturevalue("shared_data")) if "DATA" in SMALL[name] else ""
    arguments = [
        data if a == "DATA" else str(tmp_path / "out") if a == "OUT" else a for a in SMALL[name].split()
    ]
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(tmp_path / "workspace"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=CODE_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # 0: all aims reached; 1: some were not, which a small edition on any machine may say.
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr[-3000:]
    assert any(c.isdigit() for c in done.stdout)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("training", []), ("training", ["--only", "resnet50"]), ("detection", []), ("detection", ["--many"])],
)
def test_without_a_card_a_benchmark_of_one_is_refused_in_one_line(
    name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", [name, *arguments, "--device", "cuda"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == "--device cuda: there is no CUDA device on this machine"


def test_a_study_that_goes_on_takes_the_demo_pictures_again(tmp_path: Path) -> None:
    study = Study(tmp_path)
    for name, samples, demo in (("small", 4, True), ("demo", 8, True), ("faces", 40, False)):
        rows = [
            {"id": f"{name}/{k}", "path": f"{k}.png", "dataset": name, "modality": "image", "label": k % 2}
            for k in range(samples)
        ]
        about = DatasetInfo(name=name, layout="generic", root=str(tmp_path), demo=demo)
        table.save(name, pd.DataFrame(rows), about, study.space)
    (tmp_path / "demo.done").touch()
    assert demo_pictures(study) == "demo"


def test_a_figure_without_exception_has_an_interval_of_some_width() -> None:
    """As wide as the groups that the figure is about allow: two fakes found say less of recall than 40 reals of F1."""
    truth = [True] * 2 + [False] * 40
    found = intervals_of(
        pd.DataFrame({"seed": 0, "group": [f"g{k}" for k in range(42)], "truth": truth, "called": truth})
    )
    assert {value for value, _, _ in found.values()} == {1.0}
    assert all(high == 1.0 for _, _, high in found.values())
    lows = {name: low for name, (_, low, _) in found.items()}
    assert (
        lows["recall"] == pytest.approx(2 / (2 + 1.96**2), abs=0.01) and lows["recall"] < lows["accuracy"] < 1
    )


def test_a_claim_stands_beside_plain_training_at_the_same_ratio() -> None:
    def row(ratio: float, technique: str, recall: float) -> dict[str, object]:
        about = {"data": "clips", "ratio": ratio, "technique": technique}
        return {**about, "recall": (recall, 0, 1), "f1": (recall, 0, 1)}

    lines = claims_beside([row(1.0, "plain", 0.9), row(10.0, "plain", 0.3), row(10.0, "all", 0.5)]).split(
        "\n"
    )
    assert "| all together: recall 15 → 70 % | 0.30 → 0.50 |" in lines
    assert "| sampler: recall +15 to +30 points | not run |" in lines
