"""axe-core on every page and its main states, in both themes; and what it cannot see: the keyboard's way through a page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.e2e import full_workspace

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("", "datasets", "train", "runs", "thresholds", "detect", "detectors", "compare", "trail")
SETTLED = """() => document.querySelector('h1') && !document.querySelector('[data-testid=stSkeleton]')
  && !document.querySelector('[data-testid=stStatusWidget]') && !document.querySelector('[data-stale=true]')"""

FADED_IN = """() => document.getAnimations().every((one) =>
  one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"""


@pytest.fixture
def axe() -> str:
    if not AXE.is_file():
        if os.environ.get("REQUIRE_NODE"):
            pytest.fail(f"REQUIRE_NODE is set, but {AXE.relative_to(ROOT)} is missing; run npm ci")
        pytest.skip("needs axe-core, which npm ci installs")
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """One line a violation: the rule, how often, and where first."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']} ({len(rule['nodes'])}): {rule['nodes'][0]['html'][:200]} "
        f"{rule['nodes'][0].get('failureSummary', '')[:300]}"
        for rule in found["violations"]
    ]


def visit(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function(SETTLED, timeout=180_000)
    page.wait_for_function(FADED_IN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(
    scheme: str, start_server: Callable[..., Any], page: Page, space: Workspace, axe: str, tmp_path: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    server = start_server(space.root)
    found: dict[str, list[str]] = {}
    for name in PAGES:
        visit(page, f"{server.url}/{name}")
        found[f"empty {name}"] = violations(page, axe)
    server.stop()
    runs = full_workspace.fill(space)
    make_run(space.runs / "pictures", "image", threshold=0.0)
    server = start_server(space.root)
    for name in PAGES:
        visit(page, f"{server.url}/{name}")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        found[name] = violations(page, axe)
    for state, run in runs.items():
        visit(page, f"{server.url}/runs?run={run.id}")
        found[f"runs, {state}"] = violations(page, axe)
    visit(page, f"{server.url}/detect")
    judge(page, tmp_path)
    found["detect, judged"] = violations(page, axe)
    assert {state: lines for state, lines in found.items() if lines} == {}


def judge(page: Page, folder: Path) -> None:
    """A picture and a damaged one: the table of verdicts, a result with its heat map, and what could not be read."""
    noise = np.random.default_rng(0).integers(0, 255, (24, 36, 3), np.uint8)
    Image.fromarray(noise).resize((240, 160)).save(folder / "picture.png")
    (folder / "damaged.png").write_bytes((folder / "picture.png").read_bytes()[:60])
    files = [str(folder / name) for name in ("picture.png", "damaged.png")]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_role("button", name="Report (PDF)")).to_be_visible(timeout=240_000)
    expect(page.get_by_role("slider", name="Wipe")).to_be_visible(timeout=240_000)


def test_a_keyboard_goes_past_the_navigation_and_past_toolbars(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    runs: dict[str, RunFolder] = full_workspace.fill(space)
    server = start_server(space.root)
    visit(page, f"{server.url}/runs?run={runs['first'].id}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name=re.compile("^Skip to"))
    expect(skip).to_have_count(1)
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stMain")).to_be_focused()
    visit(page, f"{server.url}/datasets")
    expect(page.locator(".modebar-btn").first).to_be_attached()
    page.wait_for_function("document.querySelectorAll('.modebar-btn:not([tabindex=\"-1\"])').length === 0")
    bar = page.locator(".modebar-container .modebar").first
    expect(bar).to_have_css("opacity", "0")  # until the mouse is there


def test_the_keyboard_chooses_rows_of_tables(
    start_server: Callable[..., Any], page: Page, space: Workspace
) -> None:
    full_workspace.fill(space)
    server = start_server(space.root)
    visit(page, f"{server.url}/datasets")
    expect.set_options(timeout=120_000)
    first, second = (page.get_by_role("heading", name=name) for name in (full_workspace.PICTURES, "ASVspoof"))
    expect(first).to_be_visible()
    page.locator('[data-testid="stDataFrame"] canvas[tabindex="0"]:visible').first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_visible()
    page.keyboard.press("Enter")
    expect(second).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_visible()
