"""The Detectors page: what is here, what it is worth, and who may change it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access import LOCAL, Person
from core.catalog.scan import scan
from core.errors import BadInput, WorkbenchError
from core.imports import in_child_process, store
from core.imports.importing import import_detector
from core.progress import Pace
from core.runs.folder import RunFolder
from core.workspace import Workspace
from dashboard import jobs, session
from tests.dashboard.html_tables import tables_of
from tests.imports import published_files as files

ROOT = Path(__file__).resolve().parent.parent.parent
CHANCE = "at chance: AUC 0.478 [0.37, 0.58] on 151 labelled files of yours does not rise above 0.5, which is guessing"


def app() -> AppTest:
    return AppTest.from_file(str(ROOT / "dashboard/views/detectors.py"), default_timeout=60).run()


@pytest.fixture
def imported(space: Workspace, tmp_path: Path) -> RunFolder:
    import_detector(files.tiny_vit(tmp_path / "vit"), name="vit", space=space)
    return RunFolder(space.detectors / "vit")


def make_set(folder: Path, ending: str) -> None:
    for label in ("real", "fake"):
        (folder / label).mkdir(parents=True)
        (folder / label / f"a.{ending}").write_bytes(b"0" * 100)


def wait_for(job: str) -> None:
    for thread in [one for one in threading.enumerate() if one.name == f"job-{job}"]:
        thread.join()


def test_an_empty_page_offers_the_import(space: Workspace) -> None:
    page = app()
    assert "No detector was imported yet" in page.info[0].value and not page.exception
    assert "AASIST" in page.selectbox(key="detectors-family").options


def test_an_unmeasured_detector_says_so(imported: RunFolder) -> None:
    page = app()
    assert "Not measured here" in page.warning[0].value
    assert tables_of(page)[0]["state"].tolist() == ["○ not measured here"]
    assert any(button.label == "Add a folder of labelled files" for button in page.button)  # the way out


def test_at_chance_is_said_plainly(imported: RunFolder) -> None:
    about = imported.imported or {}
    measured = {"datasets": ["speech"], "n": 151, "auc": 0.478, "at_chance": True, "words": CHANCE}
    imported.save_document("detector", {**about, "measured": measured})
    page = app()
    assert "At chance" in page.error[0].value and "on 151 labelled files of yours" in page.error[0].value
    assert tables_of(page)[0]["state"].tolist() == ["⊘ at chance"]


def test_rename_and_delete(imported: RunFolder, space: Workspace) -> None:
    page = app()
    page.text_input(key="detectors-name-vit").set_value("mine").run()
    page.button(key="detectors-rename").click().run()
    assert [one.name for one in store.list_imported(space)] == ["mine"]
    page.button(key="detectors-delete").click().run()
    assert store.list_imported(space) == []


def test_a_renamed_detector_stays_the_one_that_is_shown(
    imported: RunFolder, space: Workspace, tmp_path: Path
) -> None:
    import_detector(files.tiny_vit(tmp_path / "other"), name="another", space=space)
    page = app()
    page.selectbox(key="detectors-chosen").set_value("vit").run()
    page.text_input(key="detectors-name-vit").set_value("zebra").run()
    page.button(key="detectors-rename").click().run()
    assert page.selectbox(key="detectors-chosen").value == "zebra" and not page.exception


def test_what_was_just_imported_is_shown(
    imported: RunFolder,
    space: Workspace,
    tmp_path: Path,
    no_jobs: dict[str, jobs.Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(*_: object) -> dict[str, str]:
        import_detector(files.tiny_vit(tmp_path / "zebra"), name="zebra", space=space)
        return {"detector": "zebra"}

    monkeypatch.setattr(in_child_process, "import_in_child", work)
    page = press_import(app(), "/zebra")
    wait_for("import-detector")
    assert page.run().run().selectbox(key="detectors-chosen").value == "zebra"
    # Another session looks at what it looked at.
    assert app().selectbox(key="detectors-chosen").value == "vit"


def test_a_cancelled_import_ends_its_process(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="it was cancelled; nothing was imported"):
        in_child_process.import_in_child(
            str(files.tiny_vit(tmp_path / "vit")), "", "", "", LOCAL, space, lambda: True
        )
    assert store.list_imported(space) == []


def test_the_bar_of_a_measuring_follows_what_its_process_says(
    imported: RunFolder, space: Workspace, no_jobs: dict[str, jobs.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, go_on = threading.Event(), threading.Event()

    def measure(*arguments: Any) -> None:
        arguments[-1](str(Pace(1_250, 5_000, 100.0, network=True)))
        told.set()
        go_on.wait(60)
        raise WorkbenchError("it was cancelled; what was measured before stays")

    pictures = space.root.parent / "photographs"
    make_set(pictures, "png")
    scan([pictures], space=space)
    monkeypatch.setattr(in_child_process, "measure_in_child", measure)
    page = app()
    page.multiselect(key="detectors-datasets-vit").select("photographs")
    next(b for b in page.button if b.label == "Measure").click().run()
    job = no_jobs["measure-vit"]
    assert told.wait(60)
    assert (job.done, job.total, job.text) == (1250, 5000, "1,250 of 5,000 files")
    job.cancel.set()
    go_on.set()
    wait_for("measure-vit")
    page.run()
    assert not page.error and "it was cancelled; what was measured before stays" in page.info[0].value


def test_a_page_names_fields_where_the_command_names_options(imported: RunFolder, tmp_path: Path) -> None:
    space = Workspace(imported.path.parent.parent)
    with pytest.raises(BadInput, match="choose another one under “Name”"):
        in_child_process.import_in_child(str(tmp_path / "vit"), "vit", "", "", LOCAL, space)


def test_it_is_measured_only_on_what_it_judges(imported: RunFolder, space: Workspace, tmp_path: Path) -> None:
    make_set(tmp_path / "photographs", "png")
    make_set(tmp_path / "voices", "wav")
    scan([tmp_path / "photographs", tmp_path / "voices"], space=space)
    assert app().multiselect(key="detectors-datasets-vit").options == ["photographs"]


def test_a_viewer_may_only_look(imported: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "person", lambda: Person("eve@example.org", operator=False))
    page = app()
    assert page.button(key="detectors-default").disabled
    assert any("Operators import" in one.value for one in page.caption)


def test_why_it_cannot_be_the_default_stands_beside_the_button(imported: RunFolder) -> None:
    assert "It can be made the default once it is measured here." in [one.value for one in app().caption]
    imported.save_document("detector", {**(imported.imported or {}), "measured": {"at_chance": True}})
    page = app()
    assert "It cannot be made the default, because it is at chance." in [one.value for one in page.caption]
    assert page.button(key="detectors-default").disabled


def test_the_thresholds_page_tunes_it_like_a_run(imported: RunFolder) -> None:
    ids = [f"s{k}" for k in range(40)]
    rows = pd.DataFrame({"id": ids, "group": ids, "label": [0, 1] * 20, "score": [k / 40 for k in range(40)]})
    for split in ("val", "test"):
        imported.scores_file(split).parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(imported.scores_file(split))
    page = AppTest.from_file(str(ROOT / "dashboard/views/thresholds.py"), default_timeout=120).run()
    assert not page.exception
    source = page.selectbox(key="thresholds-source")
    assert source.value == "vit" and "vit" in source.options[0]


def test_a_damaged_detector_is_named(imported: RunFolder) -> None:
    (imported.path / "detector.json").write_text("{")
    page = app()
    warning = page.warning[0].value.replace("\\", "")
    assert warning.startswith(
        "The detector “vit” cannot be used, because its file detector.json cannot be read"
    )
    assert warning.endswith("Delete the detector and import it again.") and not page.exception
    assert "Expecting" not in warning and "char 1" not in warning  # the parser's own words help nobody
    page.button(key="detectors-delete-damaged-vit").click().run()
    assert not page.warning and not page.exception and not imported.path.exists()  # its name is free again


def test_a_link_opens_its_detector(imported: RunFolder, space: Workspace, tmp_path: Path) -> None:
    import_detector(files.tiny_vit(tmp_path / "other"), name="another", space=space)
    page = app()
    page.selectbox(key="detectors-chosen").set_value("vit").run()
    again = AppTest.from_file(str(ROOT / "dashboard/views/detectors.py"), default_timeout=60)
    again.query_params["detector"] = "".join(page.query_params["detector"])
    assert again.run().selectbox(key="detectors-chosen").value == "vit"


@pytest.fixture
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, jobs.Job]:
    """The server's jobs, none yet."""
    kept: dict[str, jobs.Job] = {}
    monkeypatch.setattr(jobs, "_jobs", lambda: kept)
    return kept


def press_import(page: AppTest, source: str) -> AppTest:
    page.text_input(key="detectors-source").set_value(source)
    next(button for button in page.button if button.label == "Import").click()
    return page.run()


def test_a_failed_import_stays_open_for_whoever_began_it(
    imported: RunFolder, no_jobs: dict[str, jobs.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BadInput("there is no none.pth on this machine")

    monkeypatch.setattr(in_child_process, "import_in_child", fail)
    page = app()
    assert not page.expander[0].proto.expanded
    press_import(page, "/there/is/none.pth")
    wait_for("import-detector")
    box = page.run().expander[0]
    assert box.proto.expanded and "none" in box.error[0].value
    assert box.text_input(key="detectors-source")
    assert not app().expander[0].proto.expanded  # another session of the same server


def test_while_an_import_goes_on_another_is_refused_aloud(
    imported: RunFolder, no_jobs: dict[str, jobs.Job]
) -> None:
    no_jobs["import-detector"] = going = jobs.Job("Importing:")
    page = press_import(app(), "/another.pth")
    assert page.expander[0].proto.expanded and "Another import goes on" in page.info[0].value
    assert no_jobs["import-detector"] is going
    going.error, going.finished = "it is damaged", True
    assert not page.run().expander[0].proto.expanded  # it was not this session's
