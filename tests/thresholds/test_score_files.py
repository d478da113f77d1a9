"""Score files from elsewhere: what is read, what is asked, and the one line for what cannot be used."""

from __future__ import annotations

import gzip
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
    "no label": ("verdict,score\n1,0.9\n0,0.1\n", "no column 'label'; it has verdict, score"),
    "no score": ("label,p\n1,0.9\n0,0.1\n", "no column 'score'"),
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
    "an index and names as pandas numbers them": (",0,1\n0,0.9,1\n1,0.1,0\n", "no column 'label'"),
    "two scores": ("label,score,Score\n1,0.9,0.8\n0,0.1,0.2\n", "two columns 'score'"),
    "NaN": ("label,score\n1,0.9\n0,nan\n", "score in row 2 is missing, NaN or infinite"),
    "infinite": ("label,score\n1,inf\n0,0.1\n", "score in row 1 is missing, NaN or infinite"),
    "too large for a float": ("label,score\n1,1e999\n0,0.1\n", "row 1 is missing, NaN or infinite"),
    "a score missing": ("label,score\n1,0.9\n0,\n", "score in row 2 is missing"),
    "a score in words": ("label,score\n1,high\n0,0.1\n", "score 'high' in row 1 is not a number"),
    "a number as Python writes it": (
        "label,score\n1,0.9\n0,1_000\n",
        "score '1_000' in row 2 is not a number",
    ),
    "decimal commas": ("label;score\n1;0,9\n0;0,1\n", "score '0,9' in row 1 is not a number"),
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
    "binary": ("\x00\x01\x02", "neither CSV nor Parquet"),
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


FIELD_FILES = {
    "ASVspoof CM": "LA_1 - bonafide 2.5\nLA_2 A07 spoof -1.5\n",
    "score before key": "LA_1 2.5 bonafide\nLA_2 -1.5 spoof\n",
    "tabs and ragged spaces": " LA_1\t-  bonafide   2.5 \r\nLA_2 A07\tspoof -1.5\r\n",
    "target and nontarget": "target 2.5\nnontarget -1.5\n",
    "words of others": "a human 2.5\nb Deepfake -1.5\n",
    "a header, apart by spaces": "utterance key score\nLA_1 genuine 2.5\nLA_2 spoof -1.5\n",
    "comments before the rows": "# from a run of mine\n#id score key\nLA_1 2.5 bonafide\nLA_2 -1.5 spoof\n",
    "a byte order mark": "\ufeffLA_1 2.5 bonafide\nLA_2 -1.5 spoof\n",
    "commas without a header": "LA_1,2.5,bonafide\nLA_2,-1.5,spoof\n",
    "tabs around names with spaces": "a b 1\t2.5\tbonafide\na 2\t-1.5\tspoof\n",
    "quoted names with spaces": '"a b 1" 2.5 bonafide\n"a 2" -1.5 spoof\n',
    "commas in names": "real,a,1 2.5 bonafide\nreal,b,2 -1.5 spoof\n",
    "words of challenges": "LA_1 2.5 pristine\nLA_2 -1.5 Manipulated\n",
    "ASVspoof 5": "utt\tcm-score\tkey\nLA_1\t2.5\tbonafide\nLA_2\t-1.5\tspoof\n",
    "scikit-learn's names": "utt,y_true,y_score\nLA_1,0,2.5\nLA_2,1,-1.5\n",
    "the workbench's feedback": "when,file,truth,score,verdict\nx,a.png,real,2.5,real\nx,a.png,fake,-1.5,real\nx,c.png,fake,,error\n",
}


@pytest.mark.parametrize("name", FIELD_FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_reads_scores_as_the_field_writes_them(name: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("s.txt.gz" if packed else "s.txt")
    text = FIELD_FILES[name].encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    table = read(path)
    assert table["label"].tolist() == [0, 1]
    assert table["score"].tolist() == [2.5, -1.5]
    assert table.attrs["labels"]["fake"]
    if "LA_1" in FIELD_FILES[name]:
        assert table["id"].tolist() == ["LA_1", "LA_2"]
    if "A07" in FIELD_FILES[name]:
        assert table["method"].tolist() == ["-", "A07"]
    left_out = [f"{path.name}: 1 row has no score and is left out"] if "verdict" in FIELD_FILES[name] else []
    assert table.attrs["notes"] == left_out


ZERO_AND_ONE = {
    "between spaces": ("LA_1 2.5 0\nLA_2 -1.5 1\n", 3, 2),
    "between commas": ("LA_1,2.5,0\nLA_2,-1.5,1\n", 3, 2),
    "commas and spaces": ("LA_1, 2.5, 0\nLA_2, -1.5, 1\n", 3, 2),
    "without names": ("2.5,0\n-1.5,1\n", 2, 1),
    "labels first": ("0;2.5\n1;-1.5\n", 1, 2),
    "written as floats, by tabs": ("2.5\t0.0\n-1.5\t1.0\n", 2, 1),
    "a number for each row": ("1,2.5,0\n2,-1.5,1\n", 3, 2),
    "numbers for names": ("1001,2.5,0\n1002,-1.5,1\n", 3, 2),
    "a column that is always 1": ("LA_1,1,2.5,0\nLA_2,1,-1.5,1\n", 4, 3),
}


@pytest.mark.parametrize("name", ZERO_AND_ONE)
def test_zero_and_one_without_a_header_are_labels_and_that_is_told(name: str, tmp_path: Path) -> None:
    text, label, score = ZERO_AND_ONE[name]
    table = read(write(tmp_path / "s.txt", text))
    assert (table["label"].tolist(), table["score"].tolist()) == ([0, 1], [2.5, -1.5])
    (note,) = table.attrs["notes"]
    assert f"column {label}, of 0 and 1, is taken for the labels, 1 for fake, and column {score} for" in note
    assert read(tmp_path / "s.txt", fake_label="0" if "0.0" not in text else "0.0")["label"].tolist() == [
        1,
        0,
    ]
    named = read(tmp_path / "s.txt", mapping={"label": str(label)})
    assert (named["label"].tolist(), named["score"].tolist()) == ([0, 1], [2.5, -1.5])
    assert named.attrs["notes"] == []


def test_labels_that_change_far_down_the_file_are_found_all_the_same(tmp_path: Path) -> None:
    rows = [f"u{i},{i / 7:.4f},{int(i < 6_000)}\n" for i in range(12_000)]
    table = read(write(tmp_path / "s.csv", "".join(rows)))
    assert table["label"].sum() == 6_000


def test_a_key_of_zero_and_one_beside_numbered_ids_and_verdicts_for_scores(tmp_path: Path) -> None:
    key = write(tmp_path / "key.csv", "1001,0\n1002,1\n1003,1\n")
    table = read(write(tmp_path / "s.csv", "1002,0.9\n1001,0.1\n"), key=key)
    assert (table["label"].tolist(), table["score"].tolist()) == ([1, 0], [0.9, 0.1])
    assert "key.csv has no header: column 2, of 0 and 1, is taken for the labels" in table.attrs["notes"][0]
    hard = read(
        write(tmp_path / "hard.txt", "u1 1\nu2 0\n"), key=write(tmp_path / "k.txt", "u1 fake\nu2 real\n")
    )
    assert hard["score"].tolist() == [1, 0]


def test_two_words_that_nobody_knows_are_asked_for_and_taken_as_said(tmp_path: Path) -> None:
    path = write(tmp_path / "s.txt", "a 2.5 live_take\nb -1.5 tts\nc -1 tts\n")
    with pytest.raises(BadInput, match="it is not plain which means fake; name it with --fake"):
        read(path)
    assert read(path, fake_label="TTS")["label"].tolist() == [0, 1, 1]


def test_a_plain_row_that_stands_twice_is_refused_as_in_a_csv(tmp_path: Path) -> None:
    rows = "".join(f"u{i} {i / 100} {'spoof' if i % 2 else 'bonafide'}\n" for i in range(100))
    with pytest.raises(BadInput, match="1 row repeats an id"):
        read(write(tmp_path / "s.txt", rows + "u7 0.07 spoof\n"))
    by_speaker = "".join(f"speaker{i % 5} {i / 100} {'spoof' if i % 2 else 'bonafide'}\n" for i in range(100))
    assert "id" not in read(write(tmp_path / "s.txt", by_speaker))


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


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="row 2 has 4 columns where the first has 3"):
        read(write(tmp_path / "s.txt", "a 1 spoof\nb 2 bonafide extra\n"))


def test_commas_in_the_names_of_a_key_part_no_columns(tmp_path: Path) -> None:
    scores = write(tmp_path / "s.txt", "real,a 0.1\nreal,b 0.9\n")
    table = read(scores, key=write(tmp_path / "key.txt", "real,a - real\nreal,b A07 fake\n"))
    assert table["label"].tolist() == [0, 1]


def test_places_of_a_csv_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "1,0.9,7\n0,0.1,7\n")
    table = read(path, mapping={"label": "1", "score": "2"})
    assert (table["label"].tolist(), table["score"].tolist()) == ([1, 0], [0.9, 0.1])


KEYS = {
    "ASVspoof 5 protocol": "T_1 a F - - - - - bonafide -\nT_1 b F - - - AC3 A05 spoof -\nT_2 c M - - - AC1 A09 spoof -\n",
    "2021 DF": "LA_9 a nocodec asvspoof bonafide bonafide notrim eval - - - -\nLA_9 b low_mp3 vcc A07 spoof notrim eval neural - - -\nLA_9 c oga x A08 spoof notrim eval traditional - - -\n",
    "byte order mark": "\ufeffa real\nb fake\nc fake\n",
    "in the wild": "LA_x a - - - bonafide eval\nLA_x b - - - spoof eval\nLA_x c - - - spoof eval\n",
    "2021": "LA_9 a alaw ita_tx bonafide bonafide notrim eval\nLA_9 b alaw ita_tx A07 spoof notrim progress\nLA_9 c alaw x A08 spoof notrim eval\n",
    "2019 protocol": "LA_9 a - - bonafide\nLA_9 b - A11 spoof\nLA_9 c - A11 spoof\n",
    "CSV": "id,label\na,real\nb,fake\nc,fake\n",
    "ASVspoof 5": "filename\tcm-label\na\tbonafide\nb\tspoof\nc\tspoof\n",
    "In-the-Wild": "file,speaker,label\na.wav,x,bona-fide\nb.wav,x,spoof\nc.wav,y,spoof\n",
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_file_says_the_labels(name: str, tmp_path: Path) -> None:
    scores = write(tmp_path / "scores.txt", "b 0.9\na 0.1\n")
    table = read(scores, key=write(tmp_path / "key.txt", KEYS[name]))
    assert table["id"].tolist() == ["b", "a"]
    assert table["label"].tolist() == [1, 0]
    assert table["score"].tolist() == [0.9, 0.1]
    assert table.attrs["notes"][-1] == "key.txt: 1 of 3 ids have no score and are left out"
    with pytest.raises(BadInput, match="a key file says the labels"):
        read(scores)
    with pytest.raises(BadInput, match=r"no key for 1 of 3 scores .the first is 'z'"):
        read(write(tmp_path / "more.txt", "b 0.9\na 0.1\nz 0.3\n"), key=tmp_path / "key.txt")


def test_ids_are_compared_by_their_bare_names_only_where_these_tell_them_apart(tmp_path: Path) -> None:
    scores = write(tmp_path / "scores.txt", "x/b.wav 0.9\nx/a.wav 0.1\n")
    table = read(scores, key=write(tmp_path / "key.csv", "filename,label\na,real\nb,fake\n"))
    assert table["label"].tolist() == [1, 0]
    assert "without their folder" in table.attrs["notes"][0]
    with pytest.raises(BadInput, match="no key for 2 of 2 scores"):
        read(scores, key=write(tmp_path / "key.csv", "id,label\ny/a,real\nz/a,fake\n"))


def test_a_key_file_with_two_labels_for_an_id_is_refused(tmp_path: Path) -> None:
    scores = write(tmp_path / "scores.txt", "b 0.9\na 0.1\n")
    for key in ("id,label\na,real\nb,fake\na,fake\n", "S a - - real\nS b - A1 fake\nS a - A1 fake\n"):
        with pytest.raises(BadInput, match="1 row repeats an id"):
            read(scores, key=write(tmp_path / "key.csv", key))


def test_json_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is JSON; save its rows as CSV"):
        read(write(tmp_path / "s.jsonl", '{"label": "real", "score": 0.1}\n'))


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
    with pytest.raises(BadInput, match="no column 'logits'"):
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


def test_limits_hold_for_plain_files_too(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.txt", "".join(f"u{i}  - {'spoof' if i % 2 else 'bonafide'} {i}\n" for i in range(3000))
    )
    assert len(read(path)) == 3000
    with pytest.raises(BadInput, match="over 100 rows"):
        read(path, limits=Limits(max_rows=100))
    with pytest.raises(BadInput, match="over 1,000 bytes"):
        read(path, limits=Limits(max_bytes=1000))
    torn = write(tmp_path / "torn.txt", "a - spoof 1\nb - bonafide 2\n" * 300 + "c spoof\n")
    with pytest.raises(BadInput, match=r"cannot be read|no column|row 601 has 2 columns"):
        read(torn)
