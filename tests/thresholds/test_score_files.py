"""Score files from elsewhere: what is read, what is asked, and the one line for what cannot be used."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from core.errors import BadInput
from core.thresholds import score_batches
from core.thresholds.score_files import Limits, read


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
    "no label": ("truth,score\n1,0.9\n0,0.1\n", "no column 'label'; it has truth, score"),
    "no score": ("label,p\n1,0.9\n0,0.1\n", "no column 'score'"),
    "no header": ("1,0.9\n0,0.1\n", "no column 'label'"),
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
    "which is fake": ("label,score\nspoof,0.9\nbonafide,0.1\n", "not plain which means fake.*--fake-label"),
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


def test_limits_come_from_the_settings(space) -> None:
    space.root.mkdir()
    space.settings_file.write_text("[score_files]\nmax_rows = 7\n")
    assert Limits.of(space).max_rows == 7
    space.settings_file.write_text("[score_files]\nmax_rows = 'many'\n")
    with pytest.raises(BadInput, match="max_rows"):
        Limits.of(space)
