"""A published detector on the page: imported, measured on the open speech, at chance, compared with a trained run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.catalog.scan import scan
from core.runs.folder import RunFolder
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
EACH = (
    26  # real and fake recordings: enough for a comparison, which needs 20 in test, and for a test that ends
)
TRAINED = {
    "modality": "audio",
    "datasets": "[speech]",
    "model": "forensic_sound",
    "name": "trained here",
    "epochs": 1,
    "bootstrap": 100,
    "protocol": "group",
    "shares": "25/15/60",
    "workers": 0,
}


@pytest.fixture
def space_with_run(space: Workspace, shared_data: Path, shared_weights: Path, tmp_path: Path) -> Workspace:
    """Some of the open speech in the catalogue, and a detector trained on it."""
    speech, source = tmp_path / "speech", shared_data / "speech"
    table = pd.read_csv(source / "manifest.csv")
    chosen = table.groupby("label").sample(EACH, random_state=0).sort_index()
    for file in chosen["file"]:
        (speech / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / file, speech / file)
    chosen.to_csv(speech / "manifest.csv", index=False)
    scan([speech], space=space)
    settings = [f"--set={name}={value}" for name, value in TRAINED.items()]
    subprocess.run([sys.executable, "-m", "core", "train", *settings], cwd=ROOT, check=True, timeout=600)
    return space


@pytest.mark.long
@pytest.mark.alone
def test_aasist_is_imported_measured_and_compared(
    space_with_run: Workspace, shared_weights: Path, start_server: Callable[..., Any], page: Page
) -> None:
    server = start_server(space_with_run.root)
    page.goto(f"{server.url}/detectors")
    page.get_by_label("File or folder on this machine").fill(str(shared_weights / "AASIST.pth"))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Not measured here.", exact=True)).to_be_visible(timeout=180_000)
    expect(page.get_by_text("published: equal error rate 0.83 %")).to_be_visible()

    page.get_by_role("combobox", name="Measure it on").click()
    page.get_by_role("option", name="speech").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Measure", exact=True).click()
    chance = page.get_by_role("alert").filter(has_text="At chance: AUC 0.")
    expect(chance).to_be_visible(timeout=600_000)
    expect(chance).to_contain_text(f"on {2 * EACH} labelled files of yours does not rise above 0.5")
    measured = (RunFolder(space_with_run.detectors / "AASIST").imported or {})["measured"]
    low, high = measured["intervals"]["auc"]
    assert measured["at_chance"] is True and low <= 0.5 <= high and low <= measured["auc"] <= high

    page.goto(f"{server.url}/compare")
    expect(page.get_by_text("Is the difference real?")).to_be_visible(timeout=60_000)
    chosen = page.get_by_test_id("stMultiSelect").first
    for name in ("trained here", "AASIST"):
        expect(chosen).to_contain_text(name)
    expect(
        page.get_by_text(re.compile(r"is better: its AUC is \d|No difference shown in AUC"))
    ).to_be_visible()
    expect(page.get_by_text("the same draws of whole groups of samples")).to_be_visible()
    expect(page.get_by_text("was imported and learned from none of these samples")).to_be_visible()
