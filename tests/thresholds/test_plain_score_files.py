"""Score files as the field writes them: rows apart by spaces, without a header, with the labels in a key file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.errors import BadInput
from core.thresholds.score_files import Limits, read
from tests.thresholds.test_score_files import write

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
