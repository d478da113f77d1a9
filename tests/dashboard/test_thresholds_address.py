"""The Thresholds page and its address: a link opens the same page, an uploaded file is found again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import BadInput
from core.workspace import Workspace
from dashboard.threshold_lab import Choice
from dashboard.thresholds import address
from dashboard.thresholds.uploads import KEPT_FOR, UploadStore
from tests.dashboard.html_tables import tables_of
from tests.dashboard.thresholds_page import VIEW, opened, release, sent, upload
from tests.thresholds.run_folder import finished_run, scores


def follow(link: dict[str, str]) -> AppTest:
    """The page of another session that opens this address."""
    page = AppTest.from_file(str(VIEW), default_timeout=60)
    for name, value in link.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_a_link_shows_the_same_page_in_another_session(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    page.radio(key="thresholds-look").set_value("test").run()
    choice = {"threshold": 0.61, "method": "by hand", "fn": 5, "prevalence": 0.02, "error": 0.1}
    release(page, folder.id, **choice)
    page.segmented_control(key="thresholds-by").set_value("group").run()
    link = {name: str(value) for name, value in page.query_params.items()}
    assert link["run"] == folder.id
    again = follow(link)
    data = sent(again)
    assert data["look"]["name"] == "test"
    assert {name: data["settings"][name] for name in choice} == choice
    assert again.segmented_control(key="thresholds-by").value == "group"
    assert again.query_params == page.query_params


def test_a_choice_sent_with_an_address_of_a_moment_ago_is_kept(space: Workspace) -> None:
    finished_run(space)
    page = opened()
    before = {name: "".join(value) for name, value in page.query_params.items()}
    page.segmented_control(key="thresholds-by").set_value("group").run()
    assert page.query_params != before, "the page wrote another address meanwhile"
    page.query_params.clear()
    for name, value in before.items():
        page.query_params[name] = value
    page.selectbox(key="thresholds-source").set_value("A score file of your own").run()
    assert page.selectbox(key="thresholds-source").value == "A score file of your own"


def test_who_goes_back_at_once_sees_what_was_there(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    finished_run(space)
    page = opened()
    before = {name: "".join(value) for name, value in page.query_params.items()}
    page.segmented_control(key="thresholds-by").set_value("group").run()
    page.query_params.clear()
    for name, value in before.items():
        page.query_params[name] = value
    monkeypatch.setattr("dashboard.address._went_back", lambda: True)
    page.run()
    assert {name: "".join(value) for name, value in page.query_params.items()} == before


def test_an_address_of_long_ago_is_a_link(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    finished_run(space)
    page = opened()
    page.radio(key="thresholds-look").set_value("test").run()
    back = {name: "".join(value) for name, value in page.query_params.items()}
    page.radio(key="thresholds-look").set_value("val").run()
    monkeypatch.setattr("dashboard.address.STALE_FOR", 0.0)
    for name, value in back.items():
        page.query_params[name] = value
    page.run()
    assert page.radio(key="thresholds-look").value == "test"


def test_a_link_brings_methods_cost_model_and_open_parts(space: Workspace) -> None:
    finished_run(space)
    page = opened()
    page.multiselect(key="thresholds-methods").set_value(["f1", "precision=0.99"])
    page.number_input(key="thresholds-dcf-prior").set_value(20.0)
    page.segmented_control(key="thresholds-calibration").set_value("isotonic")
    for part in ("thresholds-slices", "thresholds-compared"):
        page.session_state[part] = True
    page.session_state["thresholds-samples"] = "Worst misses"
    page.run()
    page.segmented_control(key="thresholds-preset").set_value("equal_fpr").run()
    page.query_params["plane"] = "det"  # the lab's own, which the page leaves alone
    page.query_params["zoom"] = "0.1_0.2"
    page.run()
    link = {name: "".join(value) for name, value in page.query_params.items()}
    assert (link["plane"], link["zoom"], link["samples"]) == ("det", "0.1_0.2", "missed")
    again = follow(link)
    assert again.query_params == page.query_params
    assert {p["words"] for p in sent(again)["points"]} == {"default", "f1", "precision=0.99"}
    assert again.number_input(key="thresholds-dcf-prior").value == 20
    assert again.segmented_control(key="thresholds-calibration").value == "isotonic"
    assert again.segmented_control(key="thresholds-preset").value == "equal_fpr"
    assert again.session_state["thresholds-samples"] == "Worst misses"
    assert any("cost of 1,000 samples" in table for table in tables_of(again))


def test_costs_that_the_browser_wrote_are_no_new_link(space: Workspace) -> None:
    folder = finished_run(space)
    page = opened()
    release(page, folder.id, threshold=0.61)
    page.query_params["fn"] = "5"  # changed in the lab, not yet handed over
    page.multiselect(key="thresholds-methods").set_value(["f1"]).run()
    assert sent(page)["settings"]["threshold"] == 0.61


def test_a_link_to_a_run_that_is_gone_says_what_is_shown(space: Workspace) -> None:
    assert "shown instead" not in follow({"run": "gone"}).info[0].value
    finished_run(space)
    page = follow({"run": "gone"})
    called = page.selectbox(key="thresholds-source").options[0]
    assert page.info[0].value.replace("\\", "").endswith(f"“{called}” is shown instead.")


def test_a_link_that_makes_no_sense_opens_the_page_as_ever(space: Workspace) -> None:
    finished_run(space)
    odd = {
        "run": "nobody",
        "split": "moon",
        "at": "high",
        "fp": "-1",
        "slice": "<b>",
        "dcf": "0:0",
        "open": "moon",
    }
    page = follow(odd)
    assert sent(page)["settings"]["method"] == "macro_f1"
    assert any("not here" in info.value for info in page.info)


def test_an_uploaded_file_is_found_again_by_its_link(space: Workspace) -> None:
    finished_run(space)
    content = io.BytesIO()
    scores(300, 8).drop(columns=["probability"]).to_csv(content, index=False)
    page = upload(opened(), "mine.csv", content.getvalue())
    again = follow({name: str(value) for name, value in page.query_params.items()})
    assert sent(again)["look"] == sent(page)["look"]
    assert any("mine" in caption.value for caption in again.caption)
    gone = follow({"file": "0" * 32})
    assert any("no longer on this server" in info.value for info in gone.info)


def test_after_an_upload_the_page_does_not_talk_of_missing_runs(space: Workspace) -> None:
    page = opened()
    assert any("no finished runs" in m.value for m in page.markdown)
    content = io.BytesIO()
    scores(100, 8).to_csv(content, index=False)
    page = page.file_uploader[0].set_value(("mine.csv", content.getvalue(), "text/csv")).run()
    assert not any("no finished runs" in m.value for m in page.markdown)
    page = page.file_uploader[0].set_value(("bad.csv", b"label,score\n1,nan\n", "text/csv")).run()
    assert page.error
    assert not any("no finished runs" in m.value for m in page.markdown)


@pytest.mark.parametrize("low", [0.0, -0.2])
def test_one_half_is_offered_only_where_scores_are_probabilities(space: Workspace, low: float) -> None:
    content = io.BytesIO()
    frame = scores(200, 8)
    frame.assign(score=frame["score"] + low).to_csv(content, index=False)
    page = upload(opened(), "mine.csv", content.getvalue())
    words = {point["words"] for point in sent(page)["points"]}
    assert ("default" in words) == (low == 0)
    if low == 0:
        page.toggle(key="thresholds-probabilities").set_value(False).run()
        assert "default" not in {point["words"] for point in sent(page)["points"]}


@pytest.mark.parametrize(
    "choice",
    [
        Choice(0.1 + 0.2, "youden", 2.5, 7, 0.015, 0.05, True),
        Choice(None),
        Choice(-1e-300, "cost=1:5@0.02"),
        Choice(1e15, "by hand", 0, 1),
    ],
)
def test_a_choice_survives_the_address(choice: Choice) -> None:
    written = {name: value for name, value in address.of_choice(choice).items() if value is not None}
    assert address.to_choice(written, Choice(0.5)) == choice


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> UploadStore:
    return UploadStore(clock=Clock(), most_files=2, most_bytes=10, folder=tmp_path)


def test_uploads_make_room_for_each_other_and_end(store: UploadStore, tmp_path: Path) -> None:
    assert isinstance(store.clock, Clock)
    first = store.keep(io.BytesIO(b"one"), "a.csv")
    assert store.keep(io.BytesIO(b"one"), "b.csv").token == first.token
    second = store.keep(io.BytesIO(b"two"), "../../c.csv")
    assert second.path.parent == tmp_path
    store.clock.now = 1
    assert store.find(first.token) is not None
    store.clock.now = 2
    third = store.keep(io.BytesIO(b"3"), "d.csv")
    assert store.find(second.token) is None, "the one used longest ago made room"
    assert not second.path.exists()
    with pytest.raises(BadInput, match="over 10 bytes"):
        store.keep(io.BytesIO(b"x" * 11), "large.csv")
    store.clock.now = KEPT_FOR + 3
    assert store.find(third.token) is None
    assert list(tmp_path.iterdir()) == []
