"""The Datasets page from a saved catalogue: table, charts, clicks, gallery, advice, plan, export; nothing is scanned."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from core.catalog import browse, export, leaks, overrides, roots, shortcuts, table
from core.catalog.browse import Filter
from core.catalog.table import DatasetInfo
from core.errors import BadInput
from core.workspace import Workspace
from dashboard import first_steps, jobs, plan_parts, tables, theme
from dashboard.charts import datasets as charts
from dashboard.datasets import gallery as datasets_gallery
from dashboard.datasets import table as datasets_table
from dashboard.datasets import work as datasets_work
from tests.dashboard.html_tables import table_with

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 120


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    return Workspace(tmp_path / "workspace")


def _row(name: str, i: int, real: int) -> dict[str, object]:
    path = f"{'real' if i < real else 'fake'}_{i:03d}.png"
    return {
        "id": f"{name}/{path}",
        "path": path,
        "dataset": name,
        "layout": "generic",
        "modality": "image",
        "label": float(i >= real),
        "method": None if i < real else ("swap", "lips")[i % 2],
        "split": ("train", "train", "test")[i % 3],
        "groups": [f"p{i // 2}"],
        "bytes": 100,
        "mtime_ns": 1,
    }


def catalogued(space: Workspace, name: str, real: int, fake: int, *, demo: bool = False) -> DatasetInfo:
    """A dataset of small pictures: train and test, fakes by two methods."""
    root = space.root.parent / name
    root.mkdir(parents=True)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame([_row(name, i, real) for i in range(real + fake)])
    for path in frame["path"]:
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).save(root / path)
    grouped = (
        frame.astype(object)
        .where(frame.notna(), None)
        .groupby(["split", "modality", "method", "label"], dropna=False)
    )
    counts = [
        {"split": s, "modality": m, "method": None if pd.isna(k) else k, "label": int(v), "n": len(part)}  # type: ignore[call-overload]
        for (s, m, k, v), part in grouped
    ]
    about = DatasetInfo(
        name,
        "generic",
        str(root),
        counts=counts,
        demo=demo,
        published={"real": 2 * real, "fake": fake},
        problems=["<b>broken</b>.png: the file is empty"],
        problem_count=1,
    )
    table.save(name, frame, about, space)
    return about


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=TIMEOUT).run()
    return page.switch_page("views/datasets.py").run()


def test_an_empty_catalogue_says_the_next_step(space: Workspace) -> None:
    page = opened()
    assert not page.exception
    assert any("make the demo datasets" in m.value for m in page.markdown)
    offered = {b.label for b in page.button}
    assert "Make the demo datasets" in offered and "Rescan" not in offered  # there is nothing to scan again


def test_the_demo_that_is_being_made_is_listed_and_not_offered_again(
    space: Workspace, request: pytest.FixtureRequest
) -> None:
    made = threading.Event()
    request.addfinalizer(lambda: jobs.forget(first_steps.DEMO_JOB))

    def work(job: jobs.Job) -> None:
        job.report(0, 4, "making demo media")
        made.wait(TIMEOUT)

    jobs.start(first_steps.DEMO_JOB, "Demo datasets:", work, page="datasets")
    page = opened()
    assert [b.label for b in page.sidebar.button] == ["Demo datasets"]
    assert [bar.proto.text for bar in page.sidebar.get("progress")] == ["making demo media"]
    assert "Make the demo datasets" not in {b.label for b in page.button}
    assert any("datasets are being made" in m.value for m in page.markdown)
    made.set()
    next(thread for thread in threading.enumerate() if thread.name == "job-demo").join()
    page.run()
    assert not page.sidebar.button and "Make the demo datasets" in {b.label for b in page.button}


def test_the_table_shows_severity_share_and_what_is_missing(space: Workspace) -> None:
    infos = [catalogued(space, "one", 6, 54), catalogued(space, "two", 10, 10, demo=True)]
    rows = datasets_table.rows(infos)
    assert list(rows["severity"]) == [["◆ severe"], ["● balanced"]]
    assert list(rows["fakes"]) == [90.0, 50.0]
    assert list(rows["ratio"]) == ["9:1", "1:1"]
    assert rows["complete"][0] == pytest.approx(100 * (1 - 6 / 66))
    assert list(rows["published"]) == ["12 real, 54 fake", ""], "a demo is no part of what was published"
    assert np.isnan(rows["complete"][1]) and list(rows["kind"]) == ["", "demo"]
    assert datasets_table.headline(infos) == "2 datasets, 80 samples; 1\u00a0severely imbalanced"


def test_a_set_that_is_not_divided_shows_its_classes_and_names_no_parts(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 8)
    views = next(one for one in opened().segmented_control if one.key == "datasets-view")
    assert views.options[0] == "Training, validation, test"
    whole = [{**row, "split": None} for row in about.counts]
    table.save("one", table.load(["one"], space).assign(split=None), replace(about, counts=whole), space)
    page = opened()
    views = next(one for one in page.segmented_control if one.key == "datasets-view")
    assert views.options[0] == "Real and fake"
    drawn = charts.splits_figure(table.info("one", space))
    assert list(drawn.layout.xaxis.ticktext) == ["all samples"]
    assert drawn.layout.yaxis.title.text == "samples"


def test_a_demo_copy_is_not_listed_as_missing_and_addresses_are_links(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 8, demo=True)
    table.save("one", table.load(["one"], space), replace(about, layout="in-the-wild"), space)
    page = opened()
    (known,) = [one for one in page.expander if one.label.startswith("Which published datasets are here")]
    (html,) = [one.proto.body for one in known.get("html")]
    assert 'data-label="demo copy">here' in html and "only a demo copy" not in html
    assert 'href="https://deepfake-total.com/in_the_wild" target="_blank"' in html


def test_a_folder_that_is_none_is_refused_in_a_sentence(space: Workspace) -> None:
    page = opened()
    _folder_field(page).set_value("/there/is/none")
    page.button(key="datasets-add").click().run()
    (said,) = page.error
    assert said.value.replace("\\", "").endswith("holds datasets as downloaded.")


@pytest.mark.parametrize("ground", datasets_table.CHIPS)
def test_words_of_imbalance_can_be_read_on_their_grounds(ground: str) -> None:
    """WCAG's contrast; the grid writes black on what is lighter than a half, over which no row's colour shows."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(ground[k : k + 2], 16) / 255 for k in (1, 3, 5))
    ]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    assert luminance > 0.5 and (luminance + 0.05) / 0.05 >= 4.5


def test_the_page_draws_the_chosen_dataset_with_charts_advice_and_gallery(space: Workspace) -> None:
    catalogued(space, "one", 6, 54, demo=True)
    page = opened()
    assert not page.exception
    assert any("violet-badge[demo]" in m.value for m in page.markdown)
    assert any("Focal loss" in m.value for m in page.markdown)
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert {trace["name"] for trace in figure["data"]} == {"real", "fake"}
    assert any("**60**" in m.value for m in page.markdown)
    assert any("\\<b\\>broken" in m.value for m in page.markdown), "text from data is shown, never rendered"


def test_a_click_on_a_bar_filters_the_gallery(space: Workspace) -> None:
    catalogued(space, "one", 6, 54)
    page = opened()
    key = datasets_gallery._key("one", "label")
    page.selectbox(key=key).set_value("fake").run()
    page.selectbox(key=datasets_gallery._key("one", "method")).set_value("swap").run()
    assert not page.exception
    expected = browse.total(table.info("one", space), Filter(label="fake", method="swap"), space)
    assert any(f"**{expected}**" in m.value for m in page.markdown)


def test_train_with_it_passes_the_preset(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued(space, "one", 6, 54)
    page = opened()
    page.button(key="advice-train").click().run()
    assert not page.exception
    assert any("What shall it learn" in m.value for m in page.markdown)


def test_the_plan_is_one_click_away(space: Workspace) -> None:
    catalogued(space, "one", 20, 40)
    page = opened()
    page.button(key="plan-make").click().run()
    from dashboard import jobs

    job = jobs.current("plan-one-official--42")
    assert job is not None
    while not job.finished:  # the job has a thread of its own
        page.run()
    page.run()
    assert job.error is None
    counts = table_with(page, "share")
    assert counts["part"].tolist() == ["training", "validation", "test"]
    assert counts[["real", "fake"]].astype(int).to_numpy().sum() == 60
    assert any("Crossing groups" in w.value for w in page.warning)


def test_a_seed_is_asked_for_only_where_it_changes_the_plan(space: Workspace) -> None:
    about = catalogued(space, "one", 20, 40)
    assert [n.label for n in opened().number_input if n.key == "plan-seed"] == ["Seed"]  # no validation part
    counts = [*about.counts, {**about.counts[0], "split": "val"}]
    table.save("one", table.load(["one"], space), replace(about, counts=counts), space)
    page = opened()
    assert not [n for n in page.number_input if n.key == "plan-seed"]
    page.selectbox(key="plan-protocol-one").select("group").run()
    assert [n.label for n in page.number_input if n.key == "plan-seed"] == ["Seed"]


def test_what_has_no_parts_of_its_own_is_divided_by_group(space: Workspace) -> None:
    about = catalogued(space, "one", 0, 12)
    counts = [{**row, "split": None, "method": None} for row in about.counts]
    frame = table.load(["one"], space).assign(split=None, method=None)
    table.save("one", frame, replace(about, counts=counts), space)
    protocol = opened().selectbox(key="plan-protocol-one")
    assert protocol.options == ["by person, source or clip", "at random (leaks)"]
    assert protocol.value == "group"


def test_bars_carry_what_a_click_filters_by(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 54)
    bars = charts.methods_figure(about).data
    total = 0
    for trace in bars:
        for value, (split, method, label, modality) in zip(trace.y, trace.customdata, strict=True):
            assert value == browse.total(
                about, Filter(label=label, split=split, method=method, modality=modality), space
            )
            total += value
    assert total == 60 and {t.name for t in bars} == {"training", "test"}


def test_pages_of_the_gallery_hold_every_sample_once(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 54)
    chosen = Filter(label="fake", split="train")
    total = browse.total(about, chosen, space)
    seen = [row["id"] for number in range(1, 6) for row in browse.page("one", chosen, number, 9, space)]
    assert len(seen) == len(set(seen)) == total
    assert browse.total(about, Filter(text="REAL_00"), space) == 6


def test_the_export_counts_everything(space: Workspace) -> None:
    about = catalogued(space, "=one", 6, 54)
    document = json.loads(export.as_json([about]))
    entry = document["datasets"][0]
    assert (entry["real"], entry["fake"], entry["severity"]) == (6, 54, "severe")
    assert sum(part["fake"] for part in entry["splits"].values()) == 54
    assert document["totals"]["image"]["real"] == 6
    rows = pd.read_csv(pd.io.common.StringIO(export.as_csv([about])))
    assert (
        rows[(rows["part"] == "method") & (rows["value"] == "swap")]["fake"].item()
        == entry["methods"]["swap"]["fake"]
    )
    assert rows["dataset"][0] == "'=one", "no spreadsheet takes a name for a formula"


def test_roots_are_kept_and_checked(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert roots.add(f" {tmp_path}/data ", space=space) == tmp_path / "data"
    roots.add(tmp_path / "data", space=space)
    assert roots.read(space) == [tmp_path / "data"]
    with pytest.raises(BadInput, match="is not a folder on this machine"):
        roots.add(tmp_path / "nowhere", space=space)
    roots.remove(tmp_path / "data", space=space)
    assert roots.read(space) == []


def test_the_export_tells_formats_durations_and_resolutions_once_measured(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 8)
    assert export.document([about], space)["datasets"][0]["media"] is None
    shortcuts.probe("one", space=space)
    media = export.document([about], space)["datasets"][0]["media"]
    assert media["measured"] == 14 and media["durations"] is None
    assert media["resolutions"] == {"24x24": 14}
    rows = pd.read_csv(pd.io.common.StringIO(export.as_csv([about], space)))
    assert rows[(rows["part"] == "resolution") & (rows["value"] == "24x24")]["number"].item() == 14


def test_the_table_marks_the_last_leak_report_until_the_dataset_is_scanned_anew(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 8)
    assert datasets_table.rows([about])["leaks"].tolist() == [""]
    leaks.remember("one", "official", [leaks.Leak("exact duplicates", "two", 2)], space)
    assert datasets_table.rows([about])["leaks"].tolist() == ["! 1 kind"]
    leaks.remember("one", "group", [leaks.Leak("not compared", "too many", 9)], space)
    assert datasets_table.rows([about])["leaks"].tolist() == ["none"]
    file = table.file_of("one", space)
    os.utime(file, ns=(1, time.time_ns() + 10**9))
    assert datasets_table.rows([about])["leaks"].tolist() == [""]


def test_the_analyst_names_a_dataset_and_turns_its_labels(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 8)
    page = opened()
    page.toggle(key="mapping-open-one").set_value(True).run()
    assert not page.exception
    next(t for t in page.text_input if t.label == "Name").set_value("Mine")
    next(r for r in page.radio if r.label.startswith("In a list")).set_value(0)
    next(b for b in page.button if b.label == "Save and scan again").click().run()
    assert not page.exception
    assert overrides.read(space)[about.root] == overrides.Override(name="Mine", one_is=0)


def test_an_unrecognised_folder_becomes_a_dataset_by_the_form(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "downloads" / "shots of mine"
    folder.mkdir(parents=True)
    for i in range(3):
        Image.fromarray(np.full((16, 16, 3), 40 * i, np.uint8)).save(folder / f"shot {i}.png")
    page = opened()
    _folder_field(page).set_value(str(tmp_path / "downloads"))
    page.button(key="datasets-add").click().run()
    finish(page)
    assert table.datasets(space) == []
    (left,) = [e for e in page.expander if e.label.startswith("Not recognised")]
    assert left.label == "Not recognised: 1 folder, 3 files" and left.proto.expanded
    next(t for t in page.text_input if t.label == "Name it").set_value("Mine")
    next(r for r in page.radio if r.label == "All of it is").set_value("fake")
    next(b for b in page.button if b.label == "Add as a dataset").click().run()
    finish(page)
    assert table.datasets(space) == ["Mine"]
    assert table.load(["Mine"], space)["label"].tolist() == [1, 1, 1]
    assert any("1 dataset, 3 samples" in m.value for m in page.markdown)
    assert not [e for e in page.expander if e.label.startswith("Not recognised")]


def test_a_dataset_whose_folder_is_gone_is_named(space: Workspace, tmp_path: Path) -> None:
    for name in ("stays", "goes"):
        (tmp_path / name / "fake").mkdir(parents=True)
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / name / "fake" / "one.png")
        roots.add(tmp_path / name, space=space)
    page = opened()
    page.button(key="datasets-rescan").click().run()
    finish(page)
    assert table.datasets(space) == ["goes", "stays"]
    shutil.rmtree(tmp_path / "goes")
    _folder_field(page).set_value(str(tmp_path / "stays"))
    page.button(key="datasets-add").click().run()
    finish(page)
    assert table.datasets(space) == ["stays"]
    assert [w.value for w in page.warning if w.value.startswith("goes left the catalogue")]


def test_what_was_left_out_comes_back_with_its_folder(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "fake"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(folder / "one.png")
    overrides.save(str(folder), overrides.Override(skip=True), space=space)
    page = opened()
    _folder_field(page).set_value(str(tmp_path / "mine"))
    page.button(key="datasets-add").click().run()
    finish(page)
    assert table.datasets(space) == ["mine"]
    assert any("**1** sample in all" in text.value for text in page.markdown)


@pytest.mark.parametrize(
    ("note", "said"), [("54 fakes are left out because of their people", 0), ("a note", 1)]
)
def test_what_is_left_out_is_said_once(note: str, said: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(plan_parts.st, "caption", shown.append)
    plan_parts.draw_remarks([note], 54)
    assert "".join(shown).count("54 samples are left out") == said


def test_a_dataset_that_a_scan_takes_out_meanwhile_stops_no_page(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued(space, "one", 6, 8)
    monkeypatch.setattr(table, "datasets", lambda space=None: ["gone", "one"])
    assert [info.name for info in table.infos(space)] == ["one"]
    table.file_of("gone", space).write_bytes(b"no table")
    with pytest.raises(BadInput, match="damaged"):
        table.infos(space)


def _folder_field(page: AppTest) -> TextInput:
    return next(field for field in page.text_input if field.label.startswith("Folder on this machine"))


def test_a_folder_without_media_says_so(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no media", encoding="utf-8")
    page = opened()
    _folder_field(page).set_value(str(tmp_path / "notes"))
    page.button(key="datasets-add").click().run()
    finish(page)
    (said,) = page.warning
    assert "holds no pictures, clips or recordings" in said.value


def test_what_was_added_is_chosen_also_where_the_scan_ends_while_the_page_is_drawn(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued(space, "one", 6, 8)
    page = opened()
    job = jobs._jobs()[datasets_work.SCAN_JOB] = jobs.Job("Scanning:")
    page.run()
    toolbar = datasets_work.toolbar

    def end_the_scan(infos: list[DatasetInfo]) -> None:
        if not job.finished:
            catalogued(space, "two", 6, 8)
            job.result = {
                "seconds": 0.1,
                "samples": 28,
                "datasets": 2,
                "added": ["two"],
                "asked": None,
                "gone": [],
                "unrecognised": [],
                "problems": [],
            }
            job.finished = True
        toolbar(infos)

    monkeypatch.setattr(datasets_work, "toolbar", end_the_scan)
    page.run()
    page.run()
    jobs.forget(datasets_work.SCAN_JOB)
    assert page.session_state["datasets_chosen"] == "two"


def finish(page: AppTest) -> None:
    """Until the scan behind the page is through, and the page shows it."""
    for thread in threading.enumerate():
        if thread.name == "job-scan":
            thread.join()
    page.run()
    assert not page.exception, page.exception


def test_the_gallery_shows_reals_and_fakes_by_turns_and_each_once(space: Workspace) -> None:
    about = catalogued(space, "one", 6, 54)
    pages = [browse.mixed_page(about, Filter(), number, 8, space) for number in range(1, 9)]
    assert [row["label"] for row in pages[0]] == [0.0, 1.0] * 4
    seen = [row["id"] for rows in pages for row in rows]
    assert len(seen) == len(set(seen)) == 60
    only = browse.mixed_page(about, Filter(label="fake"), 1, 8, space)
    assert only == browse.page("one", Filter(label="fake"), 1, 8, space)


def test_pictures_have_no_durations_to_look_at(space: Workspace) -> None:
    catalogued(space, "one", 6, 6)
    views = opened().segmented_control(key="datasets-view").options
    assert "Resolutions" in views and "Durations" not in views and "Kinds of media" not in views


def test_a_bar_of_a_distribution_says_its_share_as_all_shares_are_written() -> None:
    frame = pd.DataFrame({"duration": [1.0, 1.0, 1.0, 4.0, 4.0, 2.0], "label": [0.0] * 5 + [1.0]})
    reals, fakes = charts.measured_figure(frame, "duration", "s").data
    assert (reals.text[0], reals.text[-1], max(fakes.text, key=len)) == ("60 %", "40 %", "100 %")
    assert max(reals.y) == 60 and "%{text} of real" in reals.hovertemplate


def test_an_axis_of_one_value_is_a_sentence(space: Workspace) -> None:
    catalogued(space, "one", 6, 6)
    shortcuts.probe("one", space=space)
    page = opened()
    page.segmented_control(key="datasets-view").set_value("resolutions").run()
    assert any("All measured files are 24 × 24 pixels large" in m.value for m in page.markdown)


def test_a_link_opens_the_dataset_with_its_filter(space: Workspace) -> None:
    for name in ("one", "two"):
        catalogued(space, name, 6, 54)
    page = AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=TIMEOUT).run()
    page.query_params["dataset"], page.query_params["label"] = "two", "fake"
    page.query_params["tab"], page.query_params["page"] = "export", "3"
    page.switch_page("views/datasets.py").run()
    assert not page.exception
    assert page.session_state["datasets-tab"] == "Export"
    link = {name: "".join(value) for name, value in page.query_params.items()}
    assert link == {"dataset": "two", "label": "fake", "tab": "export", "page": "3"}
    assert any(m.value == "## two" for m in page.markdown)
    assert page.selectbox(key=datasets_gallery._key("two", "label")).value == "fake"


def test_columns_that_tell_nothing_are_left_out(space: Workspace) -> None:
    infos = [catalogued(space, "one", 6, 54)]
    told = tables.telling(datasets_table.rows(infos))
    assert (
        "unlabelled" not in told and "kind" not in told and {"name", "real", "fake", "severity"} <= set(told)
    )


def test_a_pair_is_trained_on_only_after_its_shortcuts_were_shown(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small noisy fakes and large flat reals of two collections: resolution alone tells them apart."""
    gone: list[str] = []
    monkeypatch.setattr(theme, "go_to", gone.append)
    catalogued(space, "fakes", 0, 24)
    about = catalogued(space, "photos", 24, 0)
    for path in Path(about.root).glob("*.png"):
        Image.new("RGB", (96, 96), (90, 80, 70)).save(path)
    page = opened()
    page.session_state["datasets_chosen"] = "fakes"
    page.run()
    assert "partner-train" not in {button.key for button in page.button}
    (choice,) = [radio for radio in page.radio if radio.key == "partner-fakes"]
    assert "Together: 24 real and 24 fake (1:1)" in re.sub(r"\\(.)", r"\1", choice.proto.captions[0])
    page.button(key="partner-probe").click().run()
    ends = time.monotonic() + TIMEOUT
    while (job := jobs.current("shortcuts-fakes + photos")) is None or not job.finished:
        assert time.monotonic() < ends
        time.sleep(0.05)
    page.run()
    assert not page.exception
    assert any("alone tells real from fake" in str(warning.value) for warning in page.warning)
    button = page.button(key="partner-train")
    assert button.label == "Train with both all the same" and not button.disabled
    assert sum(b.label.startswith("Train with") for b in page.button) == 1
    button.click().run()
    assert gone == ["train"] and page.session_state["train_preset"]["datasets"] == ["fakes", "photos"]
