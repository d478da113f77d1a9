"""A run from start to results in a real browser: started, watched, stopped, resumed, and the server killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.catalog.demo import making
from core.catalog.demo.pictures import faces_140k
from core.catalog.scan import scan
from core.runs import events, processes
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.runs.conftest import wait_until
from tests.training.result_files import RESULT_FILES

ROOT = Path(__file__).resolve().parents[2]
ASKED = {
    "modality": "image",
    "datasets": ["140k Real and Fake Faces"],
    "model": "mobilenetv3_small",
    "tune": "all",
    "epochs": 10_000,
    "early_stopping": None,
    "max_minutes": 2.5,
    "image_size": 64,
    "max_samples_per_class": 40,
    "batch_size": 8,
    "bootstrap": 50,
    "faces": False,
    "workers": 0,
}
POINTS = """() => {
  const curves = document.querySelector('.live-curves')?.curves;
  return Math.max(0, ...(curves?.data.series ?? []).filter(s => s.label.endsWith('training')).map(s => s.x.length));
}"""


@pytest.fixture
def demo_workspace(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """One of the demo datasets, so that the test does not wait for all."""
    monkeypatch.setattr(making, "demo_sets", lambda: [faces_140k()])
    scan([making.make(space.demo)["root"]], space=space)
    return space


def only_run(space: Workspace) -> RunFolder:
    wait_until(lambda: list(space.runs.glob("2*")), "the run's folder")
    (folder,) = space.runs.glob("2*")
    return RunFolder(folder)


def load_configuration(page: Page, path: Path) -> None:
    page.get_by_text("The same as text (YAML)").click()
    page.locator("input[type=file]").set_input_files(str(path))
    fields = "[...document.querySelectorAll('input[aria-label=Epochs]')].map(field => field.value).join()"
    page.wait_for_function(f"{fields} === '10000'", timeout=120_000)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_run_started_watched_stopped_resumed_and_finished_over_a_killed_server(
    demo_workspace: Workspace, start_server: Callable[..., Any], page: Page, tmp_path: Path
) -> None:
    space = demo_workspace
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(ASKED))
    server = start_server(space.root)
    page.goto(f"{server.url}/train")
    load_configuration(page, config)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="How is it going?")).to_be_visible(timeout=60_000)

    run = only_run(space)
    page.wait_for_function(f"({POINTS})() > 2", timeout=240_000)
    before = page.evaluate(POINTS)
    page.wait_for_function(f"({POINTS})() > {before}", timeout=120_000)  # the curve moves by itself

    page.get_by_role("button", name="Stop", exact=True).first.click()
    wait_until(lambda: run.status().state == "stopped", "the run to stop", 120)
    stopped_at = run.status().step
    page.get_by_role("button", name="Resume").first.click()
    wait_until(
        lambda: run.status().state == "running" and run.status().step > stopped_at, "the run to go on", 240
    )
    worker = run.status().pid

    server.kill()
    assert processes.alive(worker, run.status().process_start)
    again = start_server(space.root)
    page.goto(f"{again.url}/runs")
    expect(page.get_by_text("running").first).to_be_visible(timeout=60_000)
    page.wait_for_function(f"({POINTS})() > 2", timeout=120_000)
    assert run.status().pid == worker

    expect(page.get_by_text("completed").first).to_be_visible(timeout=300_000)
    assert run.status().state == "completed"
    assert {p.name for p in run.results.iterdir()} >= set(RESULT_FILES)
    for path in (run.best_model, run.last_checkpoint, run.scores_file("test"), run.units_file("val")):
        assert path.exists()
    expect(page.get_by_text("Confusion matrices")).to_be_visible(timeout=60_000)


def a_run(space: Workspace, *, alive: bool) -> tuple[RunFolder, subprocess.Popen[bytes] | None]:
    """A run folder as the trainer leaves it, optionally with a worker that writes on and on."""
    from core.runs.folder import new_run

    run = new_run({"model": "net", "modality": "image", "epochs": 2000, "pause": 0.02}, space=space)
    if not alive:
        run.set_status(state="stopped")
        return run, None
    worker = ROOT / "tests" / "runs" / "stand_in_worker.py"
    process = subprocess.Popen([sys.executable, str(worker), "--run-dir", str(run.path)])
    return run, process


def test_zoom_survives_a_refresh_and_nothing_polls_when_nothing_runs(
    space: Workspace, start_server: Callable[..., Any], page: Page
) -> None:
    run, process = a_run(space, alive=True)
    assert process is not None
    try:
        server = start_server(space.root)
        page.goto(f"{server.url}/runs")
        page.wait_for_function(f"({POINTS})() > 5", timeout=120_000)
        box = page.locator(".live-curves canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=8)
        page.mouse.up()
        limits = "() => { const c = document.querySelector('.live-curves').curves; return [c.xRange, c.yRanges[0]]; }"
        zoomed = page.evaluate(limits)
        assert zoomed[0] is not None and zoomed[1] is not None
        last = "() => document.querySelector('.live-curves').curves.data.series[0].x.at(-1)"
        before = page.evaluate(last)
        page.wait_for_function(f"({last})() > {before}", timeout=60_000)  # a refresh came
        assert page.evaluate(limits) == zoomed
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait()
    wait_until(lambda: run.status().final)
    expect(page.get_by_text("stopped").first).to_be_visible()
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append("frame")))
    page.reload()
    expect(page.get_by_text("stopped").first).to_be_visible()
    page.wait_for_timeout(3000)  # for what the page sends of itself when it opens
    sent.clear()
    page.wait_for_timeout(5000)  # silence can only be waited for; two refreshes would fit in here
    assert sent == []


def test_a_row_is_chosen_by_a_click_anywhere_in_it_and_by_enter(
    space: Workspace, start_server: Callable[..., Any], page: Page
) -> None:
    names = [a_run(space, alive=False)[0].id for _ in range(2)]
    server = start_server(space.root)
    page.goto(f"{server.url}/runs")
    first, second = (page.locator(f".st-key-run-row-{name}") for name in names)
    expect(second.get_by_role("checkbox")).to_be_checked()  # the newest
    first.get_by_text("no validation figure").click()
    expect(first.get_by_role("checkbox")).to_be_checked()
    second.get_by_role("checkbox").press("Enter")
    expect(second.get_by_role("checkbox")).not_to_be_checked()
    expect(first.get_by_role("checkbox")).to_be_checked()


def test_a_note_keeps_its_lines_and_the_keyboard_its_place(
    space: Workspace, start_server: Callable[..., Any], page: Page
) -> None:
    run, _ = a_run(space, alive=False)
    server = start_server(space.root)
    page.goto(f"{server.url}/runs")
    edit = page.get_by_role("button", name="Edit")
    edit.press("Enter")
    page.get_by_label("Note").fill("One line\nand another")
    page.get_by_role("button", name="Save").press("Enter")
    row = page.locator(f".st-key-run-row-{run.id}")
    expect(row.get_by_text("and another", exact=True)).to_be_visible()
    expect(edit).to_be_focused()


def test_a_run_is_hidden_in_all_charts_and_a_zoom_is_left_by_a_button(
    space: Workspace, start_server: Callable[..., Any], page: Page
) -> None:
    runs = [a_run(space, alive=False)[0] for _ in range(2)]
    for run in runs:
        for step in (1, 2, 3):
            events.append(run.events_file, step, step, {"val/loss": 1 / step, "val/auc": 1 - 0.2 / step})
    server = start_server(space.root)
    page.goto(f"{server.url}/runs?run={','.join(run.id for run in runs)}&metric=loss,auc")
    charts = page.locator(".live-curves")
    expect(charts).to_have_count(2)
    charts.first.locator(".lc-runs button").first.click()
    for chart in charts.all():
        expect(chart.locator(".lc-runs button").first).to_have_attribute("aria-pressed", "false")
    show_all = charts.first.get_by_role("button", name="Show all")
    expect(show_all).to_be_hidden()
    charts.first.locator("canvas").drag_to(
        charts.first.locator("canvas"),
        source_position={"x": 100, "y": 50},
        target_position={"x": 200, "y": 150},
    )
    show_all.click()
    expect(show_all).to_be_hidden()


def lose_the_end(page: Page) -> list[str]:
    """Lose what Streamlit loses on a busy machine: the end of a run of the page, from the timer of its live part on.

    A timer that fires just when a run of the script has ended makes a new script runner, and what the loop has not
    yet sent of the old one's is ignored. Here that happens to the first run of the page; gives what was lost.
    """
    lost: list[str] = []
    losing = iter([True])

    def pass_on(browser: WebSocketRoute) -> None:
        server, now = browser.connect_to_server(), [False]
        browser.on_message(server.send)

        def sent(data: str | bytes) -> None:
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "auto_rerun" and message.auto_rerun.interval == 2.0:
                now[0] = next(losing, False)
            if not now[0]:
                browser.send(data)
                return
            lost.append(str(kind))
            now[0] = kind != "script_finished"

        server.on_message(sent)

    page.route_web_socket("**/_stcore/stream", pass_on)
    return lost


@pytest.mark.long
@pytest.mark.pages
def test_curves_come_although_the_end_of_the_first_run_of_the_page_is_lost(
    space: Workspace, start_server: Callable[..., Any], page: Page
) -> None:
    _, process = a_run(space, alive=True)
    assert process is not None
    try:
        server = start_server(space.root)
        lost = lose_the_end(page)
        page.goto(f"{server.url}/runs")
        expect(page.get_by_role("heading", name="How is it going?")).to_be_visible(timeout=120_000)
        page.wait_for_function(f"({POINTS})() > 5", timeout=120_000)
        assert lost[0] == "auto_rerun" and lost[-1] == "script_finished"
    finally:
        process.kill()
        process.wait()
