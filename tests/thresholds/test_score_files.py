"""Score files from elsewhere: what is read, what is asked, and the one line for what cannot be used."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.thresholds import score_batches, score_text
from core.thresholds.score_files import Limits, read
from core.workspace import Workspace


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


READABLE = {
    "words": "label,score\nfake,0.9\nreal,0.1\n",
    "numbers": "label,score\n1,0.9\n0,0.1\n",
    "numbers written as floats": "label,score\n1.0,0.9\n0.0,0.1\n",
    "booleans": "label,score\nTrue,0.9\nFalse,0.1\n",
    "any case, spaces, quotes": '"Label","Score"\n" FAKE "," 0.9 "\nReal, 0.1\n',
    "other columns first": "x,score,label\na,0.9,1\nb,0.1,0\n",
    "a header as NumPy writes it": "# label,score\n1,0.9\n0,0.1\n",
    "a header as NumPy writes it, between spaces": "# of a run\n# score label\n0.9 1\n0.1 0\n",
    "byte order mark, semicolons, Windows line ends": "\ufefflabel;score\r\n1;0.9\r\n0;0.1\r\n",
    "tabs": "label\tscore\n1\t0.9\n0\t0.1\n",
    "blank lines": "label,score\n\n1,0.9\n\n0,0.1\n\n",
    "old Mac line ends": "label,score\r1,0.9\r0,0.1\r",
    "exponents": "label,score\n1,9e-1\n0,1e-1\n",
    "a comma in an id": 'id,label,score\n"a,b",1,0.9\nc,0,0.1\n',
}


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("packed", [False, True])
def test_reads(name: str, packed: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", READABLE[name])
    if packed:
        path = tmp_path / "scores.csv.gz"
        path.write_bytes(gzip.compress(READABLE[name].encode()))
    table = read(path)
    assert table["label"].tolist() == [1, 0]
    assert table["score"].tolist() == [0.9, 0.1]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"label": [1, 0], "score": [0.5, 0.25]}),
        pd.DataFrame({"label": [1.0, 0.0], "score": [0.5, 0.25]}),
        pd.DataFrame({"label": [True, False], "score": [0.5, 0.25]}),
        pd.DataFrame({"label": ["fake", "real"], "score": ["0.5", " 0.25"]}),
        pd.DataFrame({"label": pd.Categorical(["fake", "real"]), "score": [0.5, 0.25]}),
        pd.DataFrame({"label": [1, 0], "score": pd.array([0.5, 0.25], "float32")}),
    ],
)
@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv"])
def test_reads_parquet_whatever_its_name(frame: pd.DataFrame, name: str, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / name)
    table = read(tmp_path / name)
    assert table["label"].tolist() == [1, 0]
    assert table["score"].tolist() == [0.5, 0.25]


def test_optional_columns_come_along_under_house_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.csv", "sample_id,label,score,attack,split\na,fake,0.9,A07,val\nb,real,0.1,-,test\n"
    )
    table = read(path)
    assert table["id"].tolist() == ["a", "b"]
    assert table["method"].tolist() == ["A07", "-"]
    assert table["split"].tolist() == ["val", "test"]
    assert list(read(path, columns=()).columns) == ["label", "score"]


def test_several_blocks_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_batches, "BLOCK", 256)
    rows = [f"s{i},{'fake' if i % 3 else 'real'},{i / 1000},m{i % 4}" for i in range(1000)]
    path = write(tmp_path / "s.csv", "id,label,score,method\n" + "\n".join(rows) + "\n")
    table = read(path)
    assert table["score"].tolist() == [i / 1000 for i in range(1000)]
    assert table["label"].tolist() == [int(i % 3 > 0) for i in range(1000)]
    assert table["method"].tolist() == [f"m{i % 4}" for i in range(1000)]


REFUSED = {
    "empty": ("", "is empty"),
    "only a header": ("label,score\n", "has no rows"),
    "no label": ("verdict,score\n1,0.9\n0,0.1\n", "no column “label”; it has the columns verdict, score"),
    "no score": ("label,p\n1,0.9\n0,0.1\n", "no column “score”"),
    "no header, two columns of 0 and 1": (
        "a,1,0.9,0\nb,0,0.1,0\nc,1,0.3,1\n",
        r"its columns 2 and 4 may each be the label; --column label=4 names one",
    ),
    "no header, verdicts for scores": ("a,1,0\nb,0,0\nc,1,1\n", "its columns 2 and 3 may each be the label"),
    "no header, two columns of scores": (
        "a 0.9 0.1 fake\nb 0.2 0.8 real\n",
        "its columns 2 and 3 may each be the score; --column score=3 names one",
    ),
    "no header, two whole numbers": (
        "a 0.9 2\nb 0.2 1\nc 0.1 2\n",
        "labels are '2', '1' and it is not plain",
    ),
    "names as pandas numbers them": (
        "0,1\n0.9,1\n0.1,0\n",
        "begins with the numbers 0, 1, which are no names",
    ),
    "an index and names as pandas numbers them": (",0,1\n0,0.9,1\n1,0.1,0\n", "no column “label”"),
    "two scores": ("label,score,Score\n1,0.9,0.8\n0,0.1,0.2\n", "two columns “score”"),
    "NaN": ("label,score\n1,0.9\n0,nan\n", "score in row 2 is missing, NaN or infinite"),
    "infinite": ("label,score\n1,inf\n0,0.1\n", "score in row 1 is missing, NaN or infinite"),
    "too large for a float": ("label,score\n1,1e999\n0,0.1\n", "row 1 is missing, NaN or infinite"),
    "a score missing": ("label,score\n1,0.9\n0,\n", "score in row 2 is missing"),
    "a score in words": ("label,score\n1,high\n0,0.1\n", "score 'high' in row 1 is not a number"),
    "a number as Python writes it": (
        "label,score\n1,0.9\n0,1_000\n",
        "score '1_000' in row 2 is not a number",
    ),
    "decimal commas": (
        "label;score\n1;0,9\n0;0,1\n",
        "score '0,9' in row 1 is not a number; write decimals with a point",
    ),
    "a third label": (
        "label,score\nfake,1\nreal,0\nunknown,0.5\n",
        "label 'unknown' is neither real nor fake",
    ),
    "a label that is neither": ("label,score\nfake,1\n2,0\n", "label '2' is neither real nor fake"),
    "a label that is a fraction": ("label,score\n0.5,1\n1,0\n", "label '0.5' is neither real nor fake"),
    "a label missing": ("label,score\n1,0.9\n,0.1\n", "the label in row 2 is missing"),
    "which is fake": ("label,score\nyes,0.9\nno,0.1\n", "not plain which means fake.*--fake "),
    "signs": ("label,score\n1,0.9\n-1,0.1\n", "not plain which means fake"),
    "an id twice": ("id,label,score\na,1,0.9\na,0,0.1\nb,0,0.3\n", "1 row repeats an id"),
    "ragged": ("label,score\n1,0.9,3\n0\n", "cannot be read as CSV"),
    "binary": ("\x00\x01\x02", "neither CSV nor Parquet; save its rows as CSV"),
    "only empty lines": ("\n \n", "is empty"),
    "a web page": ("<!doctype html>\n<html>", "is a web page, not the scores; download the file itself"),
    "a pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    "a zip archive": ("PK\x03\x04", "a zip archive or an Excel workbook; unpack it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_in_one_line(name: str, tmp_path: Path) -> None:
    text, message = REFUSED[name]
    with pytest.raises(BadInput, match=message) as error:
        read(write(tmp_path / "scores.csv", text))
    assert "\n" not in str(error.value)


def test_the_side_that_means_fake_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "label,score\nspoof,0.9\nbonafide,0.1\n")
    assert read(path, fake_label="Spoof")["label"].tolist() == [1, 0]
    assert read(path, fake_label="bonafide")["label"].tolist() == [0, 1]
    with pytest.raises(BadInput, match="no label is 'fake'; it has 'spoof', 'bonafide'"):
        read(path, fake_label="fake")
    zero = write(tmp_path / "z.csv", "label,score\n1,0.1\n0,0.9\n")
    assert read(zero, fake_label="0")["label"].tolist() == [0, 1]


def test_a_turned_scale_can_be_turned(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "label,score\n1,-3\n0,4\n")
    assert read(path, lower_is_fake=True)["score"].tolist() == [3, -4]


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"label": [1, 0], "score": [[0.1], [0.2]]}).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(BadInput, match="neither text nor numbers"):
        read(tmp_path / "s.parquet")


def test_torn_files_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"label,score\n" + b"1,0.9\n0,0.1\n" * 500)
    (tmp_path / "torn.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(BadInput, match="ends early"):
        read(tmp_path / "torn.csv.gz")
    pd.DataFrame({"label": [1, 0], "score": [0.1, 0.2]}).to_parquet(tmp_path / "s.parquet")
    (tmp_path / "torn.parquet").write_bytes((tmp_path / "s.parquet").read_bytes()[:-20])
    with pytest.raises(BadInput, match="not a whole Parquet file"):
        read(tmp_path / "torn.parquet")
    with pytest.raises(BadInput, match="no score file"):
        read(tmp_path / "absent.csv")


def test_limits_hold_for_text_rows_and_what_is_packed(tmp_path: Path) -> None:
    text = "label,score\n" + "1,0.5\n0,0.25\n" * 2000
    path = write(tmp_path / "s.csv", text)
    packed = tmp_path / "s.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    for file in (path, packed):
        with pytest.raises(BadInput, match="over 1,000 bytes; raise"):
            read(file, limits=Limits(max_bytes=1000))
        with pytest.raises(BadInput, match="over 100 rows; raise"):
            read(file, limits=Limits(max_rows=100))


def test_limits_come_from_the_settings(space: Workspace) -> None:
    space.root.mkdir()
    space.settings_file.write_text("[score_files]\nmax_rows = 7\n")
    assert Limits.of(space).max_rows == 7
    space.settings_file.write_text("[score_files]\nmax_rows = 'many'\n")
    with pytest.raises(BadInput, match="max_rows"):
        Limits.of(space)


def _repeated(word: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))


@pytest.mark.parametrize("column", ["id", "group", "label", "score"])
@pytest.mark.parametrize("as_it_was", [True, False])
def test_a_small_parquet_that_unpacks_to_terabytes_is_refused(
    column: str, as_it_was: bool, tmp_path: Path
) -> None:
    """One long text, kept once and repeated by each of a million rows: 57 KB that would be a terabyte."""
    rows = 1 << 20
    columns = {"label": np.arange(rows) % 2, "score": np.arange(rows) % 7 / 7}
    table = pa.table(columns | {column: _repeated("y" * (1 << 20), rows)})
    pq.write_table(table, tmp_path / "bomb.parquet", store_schema=as_it_was)
    assert (tmp_path / "bomb.parquet").stat().st_size < 300_000
    with pytest.raises(BadInput, match=f"column {column} holds a text of 1,048,576 bytes; at most 4,096"):
        read(tmp_path / "bomb.parquet")


def test_a_parquet_with_too_many_rows_or_bytes_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"label": [1, 0] * 500, "score": np.linspace(0, 1, 1000)})
    frame.to_parquet(tmp_path / "s.parquet")
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(BadInput, match="over 100 rows; raise"):
        read(tmp_path / "s.parquet", limits=Limits(max_rows=100))
    with pytest.raises(BadInput, match="over 1,000 bytes; raise"):
        read(tmp_path / "s.parquet", limits=Limits(max_bytes=1000))


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_ids_and_names_that_are_kept_are_limited_together(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [f"{i:099d}" for i in range(200)], "label": [1, 0] * 100, "score": 0.5})
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
    assert len(read(tmp_path / name, limits=Limits(max_text_bytes=20_000))) == 200
    with pytest.raises(BadInput, match="over 19,000 bytes of ids and names; raise"):
        read(tmp_path / name, limits=Limits(max_text_bytes=19_000))
    assert len(read(tmp_path / name, limits=Limits(max_text_bytes=19_000), columns=())) == 200


def test_a_long_text_and_an_endless_row_of_a_csv_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "s.csv", f"id,label,score\n{'x' * 5000},1,0.9\nb,0,0.1\n")
    with pytest.raises(BadInput, match="column id holds a text of 5,000 bytes"):
        read(path)
    monkeypatch.setattr(score_batches, "BLOCK", 256)
    path = write(tmp_path / "s.csv", f"label,score\n1,0.9\n1,{'9' * 2000}\n0,0.1\n")
    with pytest.raises(BadInput, match="a row of over 256 bytes"):
        read(path)


def test_words_of_a_category_that_no_row_has_are_no_labels(tmp_path: Path) -> None:
    label = pd.Categorical(["fake", "real", "fake"], categories=["unknown", "fake", "real", "other"])
    score = pd.Categorical(["0.9", "0.1", "0.5"], categories=["none", "0.1", "0.5", "0.9"])
    pd.DataFrame({"label": label, "score": score}).to_parquet(tmp_path / "s.parquet")
    table = read(tmp_path / "s.parquet")
    assert table["label"].tolist() == [1, 0, 1]
    assert table["score"].tolist() == [0.9, 0.1, 0.5]


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"])
def test_texts_that_are_packed_without_a_dictionary(encoding: str, tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "ab", "b"], "label": ["1", "0", "0"], "score": [0.9, 0.1, 0.3]})
    packing = {"id": encoding, "label": "PLAIN", "score": "PLAIN"}
    pq.write_table(table, tmp_path / "s.parquet", use_dictionary=False, column_encoding=packing)
    if encoding == "DELTA_BYTE_ARRAY":
        with pytest.raises(BadInput, match="column id is packed as DELTA_BYTE_ARRAY"):
            read(tmp_path / "s.parquet")
    else:
        assert read(tmp_path / "s.parquet")["id"].tolist() == ["a", "ab", "b"]


@given(st.lists(st.text(alphabet="ab\x00é", max_size=20), max_size=40))
@settings(deadline=None)
def test_texts_have_the_same_hash_where_they_are_the_same(texts: list[str]) -> None:
    """Of any length, beside each other in one buffer, from the middle of an array too."""
    stated = [text for text in texts if text]
    hashes = score_text.text_hashes(pa.array(["before", *texts], pa.string())[1:])
    assert len(hashes) == len(stated)
    assert len(set(hashes.tolist())) == len(set(stated))
    first = dict(zip(stated, hashes.tolist(), strict=True))
    assert [first[text] for text in stated] == hashes.tolist()


def test_json_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is JSON; save its rows as CSV"):
        read(write(tmp_path / "s.jsonl", '{"label": "real", "score": 0.1}\n'))
    # Also where its first line might be words and numbers.
    with pytest.raises(BadInput, match="is JSON; save its rows as CSV"):
        read(write(tmp_path / "s.jsonl", '{"path": "a.jpg", "label": 1, "score": 0.1}\n'))


@pytest.mark.parametrize(
    "header",
    [
        "target,prob_fake,real_prob",
        "gt,fake_prob,prob",
        "class,probability,confidence",
        "is_fake,logit,prediction",
    ],
)
def test_names_that_test_scripts_give(header: str, tmp_path: Path) -> None:
    table = read(write(tmp_path / "s.csv", f"{header}\n1,0.9,0.4\n0,0.1,0.6\n"))
    assert table["label"].tolist() == [1, 0] and table["score"].tolist() == [0.9, 0.1]


@pytest.mark.parametrize("header", ["label,score_real", "label,prediction", "label,confidence"])
def test_names_that_may_mean_the_other_end_are_asked_for(header: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--column score=NAME"):
        read(write(tmp_path / "s.csv", f"{header}\n1,0.9\n0,0.1\n"))


@pytest.mark.parametrize("header", ["True Label,CM-Score", " y_true , Y Score ", "Ground-Truth,spoof score"])
def test_case_spaces_and_hyphens_of_names_do_not_count(header: str, tmp_path: Path) -> None:
    table = read(write(tmp_path / "s.csv", f"{header}\n1,0.9\n0,0.1\n"))
    assert table["label"].tolist() == [1, 0] and table["score"].tolist() == [0.9, 0.1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("label,score\n1,0.5\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        (b"id,label,score\n\xe9,1,0.5\nb,0,0.1\n", "not UTF-8 text; save it as UTF-8"),
        (pickle.dumps([1, 2]), "a pickle, which is never opened here"),
        (b"\x93NUMPY\x01\x00", "an array of NumPy"),
    ],
)
def test_what_is_no_table_is_named_with_what_to_do(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read(tmp_path / "s.csv")


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "who,truth_value,logit,score\na,1,3,0\nb,0,-2,0\n")
    table = read(path, mapping={"label": "truth_value", "score": "logit", "id": "who"})
    assert (table["label"].tolist(), table["score"].tolist(), table["id"].tolist()) == (
        [1, 0],
        [3, -2],
        ["a", "b"],
    )
    plain = write(tmp_path / "s.txt", "a 0.5 3 spoof\nb 0.25 -2 bonafide\n")
    assert read(plain, mapping={"score": "2"})["score"].tolist() == [0.5, 0.25]
    with pytest.raises(BadInput, match="no column “logits”"):
        read(path, mapping={"score": "logits"})
    with pytest.raises(BadInput, match="a column is named by its place, 1 to 4"):
        read(plain, mapping={"score": "9"})


def test_the_parquet_of_deepfense(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"utterance_id": ["a", "b"], "label": ["spoof", "bonafide"], "score_spoof": [0.9, 0.2]}
    )
    frame.to_parquet(tmp_path / "s.parquet")
    table = read(tmp_path / "s.parquet")
    assert (table["label"].tolist(), table["score"].tolist()) == ([1, 0], [0.9, 0.2])
