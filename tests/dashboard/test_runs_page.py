"""The Runs page without a browser: list, curves, results, remedies, and what its buttons do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.runs import events, listing, processes
from core.runs.folder import RunFolder, new_run
from core.workspace import Workspace
from tests.dashboard.html_tables import table_with, tables_of

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
AT = {
    "threshold": 0.4,
    "auc": 0.9,
    "accuracy": 0.8,
    "balanced_accuracy": 0.75,
    "macro_f1": 0.7,
    "f1": 0.8,
    "tp": 40,
    "fp": 10,
    "tn": 20,
    "fn": 5,
    "intervals": {"auc": [0.85, 0.95]},
    "warnings": [],
}
PART = {"name": "swap", "real": 30, "fake": 45, "auc": 0.9, "intervals": {}}
SPLIT = {
    "n": 75,
    "real": 30,
    "fake": 45,
    "majority_baseline": 0.6,
    "at_default": {**AT, "threshold": 0.5},
    "at_chosen": AT,
    "units": None,
    "by": {"method": [PART]},
}


@pytest.fixture(autouse=True)
def fresh_caches(space: Workspace) -> Iterator[None]:
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def make_run(space: Workspace) -> Callable[..., RunFolder]:
    def make(
        state: str = "completed", *, learned_nothing: bool = False, error: str | None = None
    ) -> RunFolder:
        config = {"modality": "image", "model": "net<b>", "datasets": ["d"], "epochs": 4, "monitor": "auc"}
        run = new_run({**config, "loss": "cross_entropy", "batch_size": 8}, space=space)
        for step in range(1, 41):
            events.append(run.events_file, step, (step - 1) // 10 + 1, {"train/loss": 1 / step, "cpu": 50.0})
        events.append(run.events_file, 40, 4, {"val/loss": 0.3, "val/auc": 0.9})
        run.log_file.write_text("epoch 4 of 4\n")
        if state == "completed":
            run.save_document(
                "metrics",
                {
                    "val": SPLIT,
                    "test": SPLIT,
                    "learned_nothing": learned_nothing,
                    "warnings": ["few samples"],
                    "learned_nothing_reason": "the AUC interval holds 0.5",
                },
            )
        now = time.time()
        run.set_status(
            state=state,
            epoch=4,
            epochs=4,
            step=40,
            steps=40,
            best=0.9,
            started=now - 60,
            ended=now,
            error=error,
        )
        return run

    return make


def open_page(name: str = "runs") -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.switch_page(f"views/{name}.py").run()
    assert not page.exception, page.exception
    return page


def text_of(page: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(page, kind))


@pytest.mark.parametrize("page", ["runs", "home"])
def test_a_workspace_that_cannot_be_written_is_no_secret(
    page: str, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.runs.manager import RunManager

    def full(self: RunManager) -> None:
        raise OSError(28, "No space left on device <b>")

    monkeypatch.setattr(RunManager, "keep", full)
    app = AppTest.from_file(APP, default_timeout=60)
    app.switch_page(f"views/{page}.py").run()
    shown = [one.value for one in app.error]
    assert len(shown) == 1 and "No space left on device" in shown[0] and "<b>" not in shown[0]


def test_without_runs_the_next_step_is_offered(space: Workspace) -> None:
    page = open_page()
    assert "There are no runs yet" in text_of(page)
    assert any(b.label == "Train a detector" for b in page.button)


def test_the_list_shows_state_best_value_and_escapes_names(make_run: Callable[..., RunFolder]) -> None:
    make_run()
    text = text_of(open_page())
    assert "completed" in text and "best validation AUC" in text and "0\\.900 \\[0\\.85, 0\\.95\\]" in text
    assert "<b>" not in text.replace(r"\<b\>", "")
    assert "epoch 4 of 4  \n:small[took 60\xa0s]" in text, "a line each"


def all_curves_of(page: AppTest) -> list[dict[str, Any]]:
    found = [json.loads(component.proto.json or "{}") for component in page.get("bidi_component")]
    return [one for one in found if "panels" in one]


def curves_of(page: AppTest) -> dict[str, Any]:
    (drawn,) = all_curves_of(page)
    return drawn


def test_curves_are_drawn_from_the_events(make_run: Callable[..., RunFolder]) -> None:
    make_run("stopped")
    page = open_page()
    drawn = curves_of(page)
    assert [s["label"].split()[-1] for s in drawn["series"] if s["legend"]] == ["training", "validation"]
    page.multiselect(key="runs-metrics").set_value(["auc"]).run()
    drawn = curves_of(page)
    assert drawn["panels"][0]["title"] == "AUC" and drawn["zoom"].startswith("auc-step")


def test_several_metrics_are_drawn_beside_each_other_and_the_machine_once(
    make_run: Callable[..., RunFolder],
) -> None:
    make_run("stopped")
    page = open_page()
    page.multiselect(key="runs-metrics").set_value(["loss", "auc"]).run()
    drawn = all_curves_of(page)
    assert [d["panels"][0]["title"] for d in drawn] == ["loss", "AUC", "processor load (%)"]
    assert [len(d["panels"]) for d in drawn] == [1, 1, 1], "of two beside each other none is higher"
    page.multiselect(key="runs-metrics").set_value(["auc"]).run()
    assert len(curves_of(page)["panels"]) == 2, "one alone has the whole width"


def test_a_name_tags_and_a_note_are_written_in_the_row_and_found_again(
    make_run: Callable[..., RunFolder], space: Workspace
) -> None:
    run, other = make_run("stopped"), make_run("stopped")
    page = open_page()
    page.session_state[f"run-edit-{run.id}"] = True
    page.run()
    page.text_input(key=f"run-name-{run.id}").set_value("My *best* one")
    page.text_area(key=f"run-note-{run.id}").set_value("looks good")
    page.button(key=f"run-save-{run.id}").click().run()
    assert not page.exception
    assert "My \\*best\\* one" in text_of(page) and "looks good" in text_of(page)
    assert run.config().get("name") is None  # what was asked stays as it was
    page.text_input(key="runs-find").set_value("best").run()
    keys = {b.key for b in page.button}
    assert f"run-clone-{run.id}" in keys and f"run-clone-{other.id}" not in keys


def rows_of(page: AppTest) -> list[str]:
    """The states of the listed runs, from above."""
    badges = [m.value.split("]")[0] for m in page.markdown if "badge[" in m.value and "**" in m.value]
    return [badge.split()[-1] for badge in badges]


def test_runs_are_grouped_under_headings_and_ordered(make_run: Callable[..., RunFolder]) -> None:
    make_run("stopped"), make_run("failed", error="x"), make_run("completed")
    page = open_page()
    page.selectbox(key="runs-group").select("state").run()
    heads = [m.value for m in page.markdown if m.value.startswith("## ")]
    # What wants somebody first, what is done last.
    assert heads[:3] == ["## Failed", "## Stopped", "## Completed"]
    page.selectbox(key="runs-group").select("none").run()
    page.button(key="runs-sort-state").click().run()
    assert rows_of(page) == ["completed", "failed", "stopped"]
    page.button(key="runs-sort-state").click().run()
    assert rows_of(page) == ["stopped", "failed", "completed"]
    assert page.query_params["sort"] == "-state"


def test_a_link_opens_its_runs_and_metrics(make_run: Callable[..., RunFolder]) -> None:
    first, _ = make_run("stopped"), make_run("stopped")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.query_params["run"], page.query_params["metric"] = first.id, "auc"
    page.switch_page("views/runs.py").run()
    assert page.session_state["runs_chosen"] == [first.id]
    assert curves_of(page)["panels"][0]["title"] == "AUC"
    page.query_params["sort"], page.query_params["group"] = "name", "state"
    page.run()
    assert (page.session_state["runs-sort"], page.selectbox(key="runs-group").value) == ("name", "state")
    page.query_params.clear()
    page.query_params["metric"] = "loss"
    page.run()
    left = (page.session_state["runs-sort"], page.selectbox(key="runs-group").value)
    assert left == ("newest", "none") and page.session_state["runs_chosen"] == []


def test_a_clone_says_whose_copy_it_is(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("stopped")
    page = open_page()
    page.button(key=f"run-clone-{run.id}").click().run()
    assert page.session_state["train_cloned"].startswith("net")


def test_a_run_without_a_first_batch_has_no_curve_yet(space: Workspace) -> None:
    run = new_run({"model": "m"}, space=space)
    events.append(run.events_file, 0, 1, {"cpu": 90.0, "memory": 800.0})
    run.set_status(state="queued")
    assert "The curves begin with the first batches" in text_of(open_page())
    run.set_status(state="stopped")
    assert "It ended before its first batches" in text_of(open_page())


def test_a_finished_run_shows_its_figures_and_matrices(make_run: Callable[..., RunFolder]) -> None:
    run = make_run()
    page = open_page()
    figures = [cell for table in tables_of(page) for cell in table.to_numpy().ravel()]
    assert "0.900 [0.85, 0.95]" in figures and "Few samples" in text_of(page)
    assert not page.get("plotly_chart")  # what stands behind a tab comes when it is opened
    page.session_state[f"results-tabs-{run.id}"] = "Confusion matrices"
    page.run()
    matrices = [json.loads(c.proto.spec) for c in page.get("plotly_chart")]
    assert [m["layout"]["title"]["text"] for m in matrices] == ["at 0.5", "at the chosen threshold (0.4)"]
    assert {c for m in matrices for t in m["data"] for c in t.get("customdata", [])} == {
        "tp",
        "fp",
        "tn",
        "fn",
    }


def test_units_are_told_of_only_where_they_say_something_else(make_run: Callable[..., RunFolder]) -> None:
    run = make_run()
    one_each = {"n": 75, "at_default": SPLIT["at_default"], "at_chosen": AT}
    run.save_document("metrics", {"test": {**SPLIT, "units": one_each}})
    page = open_page()
    assert "the figures of single units are the same" in text_of(page) and "**Units**" not in text_of(page)
    several = {**one_each, "n": 300, "at_chosen": {**AT, "auc": 0.7}}
    run.save_document("metrics", {"test": {**SPLIT, "units": several}})
    assert "**Units** (frames, faces or segments: 300)" in text_of(open_page())


def test_learned_nothing_is_said_in_red_with_remedies(make_run: Callable[..., RunFolder]) -> None:
    run = make_run(learned_nothing=True)
    run.save_document("plan", {"counts": {"train": {"real": 50, "fake": 900}}})
    page = open_page()
    assert [e.value.count("Learned nothing") for e in page.error] == [1]  # once, not in the results too
    assert "red-badge[⊘ learned nothing]" in text_of(page)
    page.button(key=next(b.key for b in page.button if b.label == "Focal loss")).click().run()
    assert page.session_state["train_preset"]["loss"] == "focal"


def test_a_failed_run_says_why_and_offers_less_memory(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("failed", error="OutOfMemoryError: CUDA out of memory")
    page = open_page()
    assert "CUDA out of memory" in text_of(page).replace("\\", "")
    labels = {b.label for b in page.button}
    assert {"Half the batch", "Resume", "Clone"} <= labels
    page.button(key=next(b.key for b in page.button if b.label == "Half the batch")).click().run()
    assert page.session_state["train_preset"]["batch_size"] == 4
    assert run.config()["batch_size"] == 8


def test_search_and_state_narrow_the_list(make_run: Callable[..., RunFolder]) -> None:
    done, failed = make_run(), make_run("failed", error="x")
    page = open_page()
    page.pills(key="runs-states").set_value(["failed"]).run()
    keys = {b.key for b in page.button}
    assert f"run-clone-{failed.id}" in keys and f"run-clone-{done.id}" not in keys
    page.pills(key="runs-states").set_value([]).run()
    page.text_input(key="runs-find").set_value("nothing like it").run()
    assert "No run fits" in text_of(page)


def test_where_no_run_fits_no_curves_are_shown_and_what_was_set_comes_back(
    make_run: Callable[..., RunFolder],
) -> None:
    make_run("stopped")
    page = open_page()
    page.multiselect(key="runs-metrics").set_value(["auc"]).run()
    page.text_input(key="runs-find").set_value("nothing like it").run()
    assert not page.exception and not all_curves_of(page) and not page.code
    page.run()
    page.text_input(key="runs-find").set_value("").run()
    assert curves_of(page)["panels"][0]["title"] == "AUC"


def test_a_link_opens_the_page_of_the_list_that_its_run_is_on(
    make_run: Callable[..., RunFolder], space: Workspace
) -> None:
    from dashboard.runs.rows import PAGE

    for _ in range(PAGE + 1):
        make_run("stopped")
    last = listing.runs(space)[-1].id
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.query_params["run"] = last
    page.switch_page("views/runs.py").run()
    assert page.checkbox(key=f"run-show-{last}").value and "page" not in page.query_params
    page.session_state["runs-page"] = 1
    page.run()
    assert page.query_params["page"] == "1"


def test_delete_asks_first_and_then_removes_the_folder(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("stopped")
    page = open_page()
    assert run.path.exists()
    page.button(key="runs-delete").click().run()
    assert not run.path.exists()


def test_delete_beside_save_asks_first(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("stopped")
    page = open_page()
    page.session_state[f"run-edit-{run.id}"] = True
    page.run()
    page.button(key=f"run-remove-{run.id}").click().run()
    assert run.path.exists() and not page.exception
    page.button(key=f"run-remove-sure-{run.id}").click().run()
    assert not run.path.exists() and not page.exception


def test_two_runs_show_where_their_configurations_differ(make_run: Callable[..., RunFolder]) -> None:
    first, second = make_run("stopped"), make_run("stopped")
    second.save_config({**second.config(), "loss": "focal"})
    page = open_page()
    for run in (first, second):
        box = page.checkbox(key=f"run-show-{run.id}")
        if not box.value:
            box.check().run()
    table = table_with(page, "option")
    assert table["option"].tolist() == ["Loss"] and table["part"].tolist() == ["Techniques"]
    assert set(table.iloc[0]) >= {"Cross-entropy", "Focal loss"}


@pytest.mark.parametrize(
    ("name", "after"),
    [("a", ["b", "a", "c"]), ("b", ["a", "c", "b"]), ("c", ["a", "b", "c"])],
)
def test_a_waiting_run_goes_one_place_later(name: str, after: list[str]) -> None:
    from dashboard.runs.rows import one_later

    assert one_later(["a", "b", "c"], name) == after


def test_runs_without_the_value_come_last_either_way() -> None:
    from core.runs.summaries import Summary
    from dashboard.runs import order

    runs = [
        Summary(id=name, name=name, state="stopped", best=best)
        for name, best in (("low", 0.6), ("none", None), ("high", 0.9))
    ]
    assert [run.id for run in order.ordered(runs, "best", "none")] == ["high", "low", "none"]
    assert [run.id for run in order.ordered(runs, "-best", "none")] == ["low", "high", "none"]
    assert order.after_click("best", "best") == "-best" and order.after_click("-best", "best") == "best"
    assert order.ordered(runs, "nonsense", "none")


@pytest.mark.parametrize("page", ["home", "runs"])
def test_files_that_are_prepared_are_counted_on_the_page_and_in_the_sidebar(
    page: str, make_run: Callable[..., RunFolder]
) -> None:
    run = make_run("running")
    found = {"done": 212, "total": 740, "seconds_left": 174.0, "rate": 3.03}
    own = {"pid": os.getpid(), "process_start": processes.start_time(os.getpid())}
    run.set_status(preparing=found, heartbeat=time.time(), ended=None, epoch=0, step=0, **own)
    app = open_page(page)
    line = "Preparing 212 of 740 files, 3 min left, 3.03 files/s"
    beside, bars = ([bar.proto.text for bar in part.get("progress")] for part in (app.sidebar, app.main))
    on_page = bars + [str(m.value).removeprefix(":small[").removesuffix("]") for m in app.main.markdown]
    assert beside == [line] and [text for text in on_page if "Preparing" in text] == [line]


def test_a_run_that_only_scores_says_so_and_no_time_left(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("running")
    own = {"pid": os.getpid(), "process_start": processes.start_time(os.getpid())}
    run.set_status(heartbeat=time.time(), ended=None, epoch=6, epochs=40, step=42, steps=42, **own)
    app = open_page()
    beside, bars = ([bar.proto.text for bar in part.get("progress")] for part in (app.sidebar, app.main))
    assert beside == ["running, scoring"]
    assert [text.replace("\u00a0", " ").endswith("· scoring") for text in bars] == [True]


def test_a_card_that_waits_is_told_of_under_the_curves(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("running")
    own = {"pid": os.getpid(), "process_start": processes.start_time(os.getpid())}
    run.set_status(heartbeat=time.time(), ended=None, **own)
    for ago in range(240, 0, -20):
        events.append(run.events_file, 40, 4, {"gpu": 20.0, "data_wait": 0.8}, time.time() - ago)
    said = [str(one.value) for one in open_page().warning]
    assert len(said) == 1 and "the GPU waits: 20 % of it was in use over the last 3 min" in said[0]
    assert "the reading processes are too slow: take more of them, or prepare the files first" in said[0]


def test_a_silent_run_is_stalled_in_the_sidebar_as_in_the_list(make_run: Callable[..., RunFolder]) -> None:
    run = make_run("running")
    own = {"pid": os.getpid(), "process_start": processes.start_time(os.getpid())}
    run.set_status(heartbeat=time.time() - 600, **own)
    page = open_page()
    (button,) = [b for b in page.button if b.key == f"running-{run.id}"]
    (bar,) = page.sidebar.get("progress")
    assert bar.proto.text == "stalled" and "stalled" not in button.label
    assert "badge[‖ stalled]" in text_of(page) and "running" not in text_of(page)
    (states,) = [group for group in page.button_group if group.key == "runs-states"]
    assert states.options == ["stalled"]


def test_a_link_opens_what_is_looked_for(make_run: Callable[..., RunFolder]) -> None:
    make_run("stopped"), make_run("failed")
    page = open_page()
    page.text_input(key="runs-find").set_value("net").run()
    (states,) = [group for group in page.button_group if group.key == "runs-states"]
    states.set_value(["failed"]).run()
    page.segmented_control(key="runs-axis").set_value("epoch").run()
    link = {name: "".join(value) for name, value in page.query_params.items()}
    assert (link["find"], link["state"], link["axis"]) == ("net", "failed", "epoch")
    again = AppTest.from_file(str(APP), default_timeout=60).run()
    for name, value in link.items():
        again.query_params[name] = value
    again.switch_page("views/runs.py").run()
    assert not again.exception
    assert rows_of(again) == ["failed"] and curves_of(again)["x_title"] == "epoch"
