"""Score files of other detectors on the Thresholds page: what is understood, what is asked, what is refused."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.thresholds.methods import choose
from core.thresholds.sweep import sweep
from core.workspace import Workspace
from tests.dashboard.html_tables import table_with
from tests.dashboard.thresholds_page import expanded, opened, sent, upload
from tests.thresholds.run_folder import finished_run, scores


def test_a_score_file_of_any_detector_can_be_brought(space: Workspace) -> None:
    finished_run(space)
    frame = scores(300, 8)
    frame["label"] = np.where(frame["label"] == 1, "attack", "normal")
    content = io.BytesIO()
    frame.drop(columns=["probability"]).to_csv(content, index=False)
    page = upload(opened(), "mine.csv", content.getvalue())
    assert any("not plain which means fake" in error.value.replace("\\", "") for error in page.error)
    page.text_input(key="thresholds-fake-label").set_value("attack").run()
    assert not page.exception
    data = sent(page)
    assert data["look"]["positives"] + data["look"]["negatives"] == 300
    expected = choose(sweep((frame["label"] == "attack").to_numpy(), frame["score"].to_numpy()), "macro_f1")
    assert data["settings"]["threshold"] == expected.threshold
    page.toggle(key="thresholds-lower").set_value(True).run()
    assert any("low scores mean fake" in warning.value for warning in page.warning)
    default = sent(page)["points"][0]
    assert (default["words"], default["t"]) == ("default", -0.5), "0.5 of the file, negated inside"


def test_errors_are_told_apart_by_identity(space: Workspace) -> None:
    frame = scores(240, 5).assign(identity=[f"person {i % 3}" for i in range(240)])
    content = io.BytesIO()
    frame.to_csv(content, index=False)
    page = upload(opened(), "people.csv", content.getvalue())
    page.segmented_control(key="thresholds-by").set_value("identity").run()
    page = expanded(page, "thresholds-breakdown-all")
    assert not page.exception
    line = sent(page)["settings"]["threshold"]
    rows = table_with(page, "person").set_index("person")
    assert sorted(rows.index) == ["person 0", "person 1", "person 2"]
    for person, part in frame.groupby("identity"):
        wrong = (part["score"] >= line) != (part["label"] == 1)
        assert rows.loc[person, "errors"] == str(wrong.sum())
        assert rows.loc[person, "samples"] == "80"


def test_names_from_a_file_are_shown_and_do_nothing(space: Workspace) -> None:
    frame = scores(60, 8)
    frame["id"] = [f"<b>x</b>**{i}**.png" for i in range(60)]
    content = io.BytesIO()
    frame.to_csv(content, index=False)
    page = upload(opened(), "<i>mine</i>.csv", content.getvalue())
    assert not page.exception
    shown = " ".join([m.value for m in page.markdown] + [c.value for c in page.caption])
    assert "<b>x</b>**" not in shown
    assert "\\<b\\>x" in shown


@pytest.mark.parametrize(
    "content", [b"", b"label,score\n1,0.5\n1,0.6\n", b"label,score\n1,nan\n0,0.1\n", b"\x00\x01"]
)
def test_a_file_that_cannot_be_used_is_one_line_on_the_page(space: Workspace, content: bytes) -> None:
    page = upload(opened(), "bad.csv", content)
    assert not page.exception
    assert len(page.error) == 1


def test_splits_are_read_as_the_command_reads_them(space: Workspace) -> None:
    both = pd.concat([scores(200, 1).assign(split="Val"), scores(100, 2).assign(split=" test")])
    page = upload(opened(), "both.csv", both.to_csv(index=False).encode())
    data = sent(page)
    assert data["chosen"]["name"] == "validation"
    assert data["chosen"]["positives"] + data["chosen"]["negatives"] == 200
    assert page.radio(key="thresholds-look").options == ["validation", "test"]


def test_a_turned_polarity_is_answered_by_a_switch_that_is_there(space: Workspace) -> None:
    folder = finished_run(space)
    table = pd.read_parquet(folder.scores_file("val"))
    table.assign(score=1 - table["score"]).to_parquet(folder.scores_file("val"))
    page = opened()
    (warning,) = [w.value for w in page.warning if "low scores mean fake" in w.value]
    assert "are real and fake swapped in the labels" in warning
    assert "Low scores mean fake" not in warning
    page = upload(page, "mine.csv", table.assign(score=-table["score"]).to_csv(index=False).encode())
    (warning,) = [w.value for w in page.warning if "low scores mean fake" in w.value]
    assert "turn “Low scores mean fake” on above" in warning
    page.toggle(key="thresholds-lower").set_value(True).run()
    assert not any("low scores mean fake" in w.value for w in page.warning)
    data = sent(page)
    assert data["turned"]
    assert float("".join(page.query_params["at"])) == -data["settings"]["threshold"]
    shown = [
        float(m.value.split("**")[1].replace("−", "-"))
        for m in page.markdown
        if "fake" in m.value and m.value[:2] == "**"
    ]
    assert shown
    assert all(score <= 0 for score in shown), "as they stand in the file"


def test_a_line_of_the_command_names_what_is_on_the_page(space: Workspace) -> None:
    page = upload(opened(), "mine.csv", b"label,score\nattack,0.9\nnormal,0.1\n")
    (warning,) = [error.value.replace("\\", "") for error in page.error]
    assert warning.startswith("mine.csv: labels are 'attack', 'normal'")
    assert warning.endswith("name it under “The label that means fake” below.")
    page = upload(opened(), "mine.csv", b"a,b\n1,2\n")
    assert (
        page.error[0]
        .value.replace("\\", "")
        .endswith(
            "it has the columns a, b (needed are label and score; say which is which under “Columns of the file” below)."
        )
    )
    page = upload(opened(), "mine.csv", b"\x00\x01")
    assert page.error[0].value.replace("\\", "").startswith("mine.csv is neither CSV nor Parquet")


def messages_under(page: AppTest, label: str) -> list[str]:
    """What stands in the column of the uploader of this name."""
    column = next(c for c in page.columns if any(label in one.label for one in c.get("file_uploader")))
    return [one.value.replace("\\", "") for kind in ("error", "info") for one in column.get(kind)]


def test_an_error_stands_under_the_file_that_it_is_about(space: Workspace) -> None:
    own = scores(40, 8).drop(columns=["label"]).to_csv(index=False).encode()
    page = upload(opened(), "mine.csv", own)
    (error,) = messages_under(page, "Score file")
    assert error.startswith("mine.csv has no column “label”") and not messages_under(page, "Key file")
    page = page.file_uploader[1].set_value(("key.csv", b"id,label\nx,1\ny,0\n", "text/csv")).run()
    (error,) = messages_under(page, "Key file")
    assert error.startswith("key.csv has no key for 40 of 40") and not messages_under(page, "Score file")
    page = page.file_uploader[1].set_value(("key.csv", b"id,label\nx,\n", "text/csv")).run()
    (error,) = messages_under(page, "Key file")
    assert error.startswith("key.csv: ") and len(page.error) == 1


def test_a_key_file_that_is_gone_is_said_once(space: Workspace) -> None:
    own = scores(40, 8).drop(columns=["label"]).to_csv(index=False).encode()
    page = upload(opened(), "mine.csv", own)
    page.session_state["thresholds-key"] = "0" * 32
    page.run()
    assert "no longer on this server" in messages_under(page, "Key file")[0]
    assert not page.error and not messages_under(page, "Score file")


def test_the_axis_spans_the_scores_and_not_the_default_far_off_them(space: Workspace) -> None:
    frame = scores(200, 3)
    frame["score"] = frame["score"] * 1000 - 9000
    page = upload(opened(), "mine.csv", frame.to_csv(index=False).encode())
    axis = sent(page)["axis"]
    assert axis["range"] == {"low": frame["score"].min(), "high": frame["score"].max()}
    assert frame["score"].min() <= axis["low"] < axis["high"] <= frame["score"].max()
    assert 0.5 not in sent(page)["rows"]["t"]
    assert "default" not in {point["words"] for point in sent(page)["points"]}


def test_labels_may_stand_in_a_second_file_and_columns_have_any_name(space: Workspace) -> None:
    frame = scores(300, 8)
    words = np.where(frame["label"] == 1, "spoof", "bonafide")
    own = pd.DataFrame({"utterance": frame["id"], "logit": frame["score"], "other": range(300)})
    key = pd.DataFrame({"utterance": frame["id"], "truth": words}).sample(frac=1, random_state=0)
    page = upload(opened(), "mine.csv", own.to_csv(index=False).encode())
    assert len(page.error) == 1
    key_file = "\n".join(" ".join(row) for row in key.itertuples(index=False)).encode()
    page.file_uploader[1].set_value(("key.txt", key_file, "text/plain"))
    page.text_input(key="thresholds-column-score").set_value("logit")
    page.text_input(key="thresholds-column-id").set_value("utterance").run()
    assert not page.exception
    assert not page.error
    data = sent(page)
    assert data["look"]["positives"] == int(frame["label"].sum())
    expected = choose(sweep(frame["label"].to_numpy(), frame["score"].to_numpy()), "macro_f1")
    assert data["settings"]["threshold"] == expected.threshold
    said = " ".join(caption.value for caption in page.caption)
    assert "**spoof** is fake (" in said
    assert "high scores are taken for fake" in said


def test_the_field_s_measures_follow_the_cost_model(space: Workspace) -> None:
    finished_run(space)
    page = opened()

    def measured() -> pd.Series:
        table = table_with(page, "what it says")
        return pd.Series(table["value"].to_numpy(), index=table["figure"])

    before = measured()
    assert {"AUC", "Equal error rate", "minDCF", "actDCF", "Cllr, bits"} <= set(before.index)
    assert any("1 % false alarms" in name for name in before.index)
    assert before.str.contains(r"^[\d.]+ \[[\d.]+, [\d.]+\]$").all()
    fields = [field.label for field in page.number_input if field.key.startswith("thresholds-dcf")]
    assert len(fields) == 3 and all("minDCF and actDCF" in label for label in fields), (
        "the lab has costs, too"
    )
    page.number_input(key="thresholds-dcf-prior").set_value(50.0).run()
    assert not page.exception
    assert measured()["minDCF"] != before["minDCF"]
    assert measured()["AUC"] == before["AUC"]


def test_a_line_for_each_slice_says_what_it_would_change(space: Workspace) -> None:
    frame = pd.concat([scores(400, 1, dataset="a"), scores(400, 2, 0.5, dataset="b")])
    page = upload(opened(), "both.csv", frame.to_csv(index=False).encode())
    page = expanded(page, "thresholds-slices")
    assert not page.exception
    rows = table_with(page, "own threshold").set_index("dataset")
    line = sent(page)["settings"]["threshold"]
    assert set(rows.index) == {"a", "b"}
    assert (rows["own threshold"] == "yes").all()
    assert rows["false alarms, single threshold"].astype(int).sum() == int(
        ((frame["score"] >= line) & (frame["label"] == 0)).sum()
    )
    assert any("percentage points" in m.value for m in page.markdown)


def test_reals_that_count_with_several_methods_are_said_to(space: Workspace) -> None:
    frame = scores(400, 1)
    page = upload(opened(), "methods.csv", frame.to_csv(index=False).encode())
    page.segmented_control(key="thresholds-by").set_value("method").run()
    page = expanded(page, "thresholds-slices")
    rows = table_with(page, "own threshold")
    counted, reals = rows["reals"].astype(int).sum(), int((frame["label"] == 0).sum())
    assert counted == 4 * reals
    said = f"add up to {counted}, and not to the {reals} that there are"
    assert any(said in caption.value for caption in page.caption)
    page.segmented_control(key="thresholds-by").set_value("group").run()
    assert not any("add up to" in caption.value for caption in page.caption)
