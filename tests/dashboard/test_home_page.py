"""Home: the next step is offered, whatever the last one came to."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog.table import DatasetInfo
from core.runs.folder import new_run
from core.workspace import Workspace
from dashboard import first_steps

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    return Workspace(tmp_path / "workspace")


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=120).run()
    assert not page.exception
    return page


def test_a_first_detector_that_was_stopped_can_go_on(space: Workspace) -> None:
    run = new_run({"name": first_steps.FIRST, "model": "m"}, space=space)
    run.set_status(state="stopped")
    assert page_buttons(opened()) >= {"home-resume", "home-curves"}
    run.set_status(state="completed")
    assert "home-resume" not in page_buttons(opened())


def test_who_wants_to_add_a_folder_finds_the_box_open(space: Workspace) -> None:
    page = opened()
    page.button(key="home-own").click().run()
    assert any("How imbalanced is my data?" in text.value for text in page.markdown)
    assert page.session_state["datasets-add-box-0"] is True


def test_the_first_detector_learns_from_the_set_with_most_of_its_smaller_class() -> None:
    def info(name: str, real: int, fake: int) -> DatasetInfo:
        counts = [{"modality": "image", "label": label, "n": n} for label, n in ((0, real), (1, fake)) if n]
        return DatasetInfo(name, "generic", "/", counts=counts)

    sets = [info("few", 9, 900), info("many", 80, 60), info("one class", 500, 0)]
    assert first_steps.picture_datasets(sets) == ["many"]


def page_buttons(page: AppTest) -> set[str | None]:
    return {button.key for button in page.button}
