"""Dragging and releasing in Chromium: time of the handler, longest frame, and what a million scores add to a
release."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from core.runs.folder import new_run
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
STEPS = 200
RELEASES = 7
QUIET_MS = 800
LAB = """() => { const find = (root) => { for (const node of root.querySelectorAll('*')) { if (node.shadowRoot) {
  const found = node.shadowRoot.querySelector('.lab') || find(node.shadowRoot); if (found) return found; } } return null; };
  return find(document).lab; }"""
FRAMES = """() => { window.frames_seen = []; let last = performance.now(); window.frames_on = true;
  const tick = (now) => { window.frames_seen.push(now - last); last = now; if (window.frames_on) requestAnimationFrame(tick); };
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); }); }"""


@dataclass(frozen=True)
class Drag:
    handler: float  # 95th percentile in ms
    frame: float  # the longest in ms
    release: float  # median seconds until the page has followed


def measure(sizes: Sequence[int]) -> dict[int, Drag] | None:
    """A drag over runs of these many scores; None without a browser."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        return None
    measured = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for n in sizes:
            space = Workspace(Path(folder) / f"workspace-{n}")
            _run(space, n)
            port, server = _serve(space)
            page = opened.new_page()
            try:
                measured[n] = _measure(page, port)
            finally:
                page.close()  # a server that is asked to end waits for its visitors
                _end(server)
        opened.close()
    return measured


def _run(space: Workspace, n: int) -> None:
    folder = new_run({"modality": "image", "model": f"scores_{n}", "datasets": ["made"]}, space=space)
    for split, seed in (("val", 1), ("test", 2)):
        random = np.random.default_rng(seed)
        label = (random.random(n) < 0.6).astype(np.int8)
        score = 1 / (1 + np.exp(-random.normal(size=n) * 1.3 - 1.5 * (2 * label - 1)))
        method = np.where(label == 1, random.choice(["swap", "synthesis"], n), "")
        frame = pd.DataFrame(
            {"id": [f"made/{split}/{i}" for i in range(n)], "dataset": "made", "modality": "image"}
        )
        frame = frame.assign(method=method, group=frame["id"], label=label, score=score, probability=score)
        folder.scores_file(split).parent.mkdir(exist_ok=True)
        frame.to_parquet(folder.scores_file(split), index=False)
    folder.set_status(state="completed")


def _serve(space: Workspace) -> tuple[int, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            return port, server
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise RuntimeError("the server did not answer within two minutes")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _measure(page: Page, port: int) -> Drag:
    page.set_default_timeout(90_000)
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.goto(f"http://127.0.0.1:{port}/thresholds")
    page.wait_for_selector(".lab")
    _settled(page)
    slider = page.locator('.lab [data-part="slider"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    page.evaluate(f"() => {{ ({LAB})().slow.length = 0; }}")
    page.evaluate(FRAMES)
    for step in range(STEPS):
        page.mouse.move(box["x"] + (0.1 + 0.8 * step / STEPS) * box["width"], y)
    page.evaluate("() => { window.frames_on = false; }")
    handler = sorted(page.evaluate(f"() => [...({LAB})().slow]"))
    frame = max(page.evaluate("() => window.frames_seen"))
    page.mouse.up()
    _settled(page)
    return Drag(handler[int(0.95 * (len(handler) - 1))], frame, _release(page))


def _release(page: Page) -> float:
    """From letting go to the samples under the lab having followed."""
    seconds = []
    for k in range(RELEASES):
        slider = page.locator('.lab [data-part="slider"]')
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        x = box["x"] + (0.3 + 0.05 * (k % 7)) * box["width"]
        page.mouse.move(x, y)
        page.mouse.down()
        before = page.get_by_role("tabpanel").first.inner_text()
        start = time.perf_counter()
        page.mouse.up()
        page.wait_for_function(
            "(before) => document.querySelector('[role=tabpanel]').innerText !== before",
            arg=before,
            polling=10,
        )
        seconds.append(time.perf_counter() - start)
        _settled(page)
    return float(np.median(seconds))


def _settled(page: Page) -> None:
    """No run of the page under way, and none that is about to begin."""
    for _ in range(2):
        page.wait_for_timeout(QUIET_MS)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
