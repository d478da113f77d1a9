"""What people marked becomes a dataset of its own, and only when somebody asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.access import LOCAL, Person
from core.catalog import exclusions, statistics, table
from core.catalog.feedback_dataset import NAME, collect, count
from core.catalog.scan import scan
from core.cli import main
from core.detection.reporting import feedback
from core.detection.verdict import Verdict
from core.errors import BadInput, NotAllowed
from core.media import shards
from core.workspace import Workspace
from tests.catalog.shard_files import open_fake, picture
from tests.test_viewers import VIEWER

FAKE_ROW = "OpenFake/data/train-00000-of-00001.parquet#0"


@pytest.fixture
def marked(tmp_path: Path, space: Workspace) -> Path:
    open_fake(tmp_path / "in" / "OpenFake")
    for word in ("real", "fake"):
        (tmp_path / "in" / "Mine" / word).mkdir(parents=True)
        (tmp_path / "in" / "Mine" / word / "a.png").write_bytes(picture(7))
    scan([tmp_path / "in"], space=space)
    exclusions.add([FAKE_ROW], "real", "it is a photograph", space=space)
    exclusions.add(["Mine/real/a.png", "Mine/gone.png"], "fake", "", space=space)
    exclusions.add(["Mine/fake/a.png"], "exclude", "blurred", space=space)
    return tmp_path / "in"


def test_the_dataset(marked: Path, space: Workspace) -> None:
    assert NAME not in table.datasets(space)
    about, lost = collect(space)
    total = statistics.count(about.counts)
    assert (about.name, total.real, total.fake, lost) == (NAME, 1, 1, 1)
    frame = table.load([NAME], space)
    by_label = frame.set_index("label", drop=False)
    assert by_label.loc[0]["groups"] == [f"original:{FAKE_ROW}"]
    row = marked / FAKE_ROW
    assert table.absolute_path(by_label.loc[0], space).read_bytes() == shards.read(row)
    assert about.root == str(space.root / "feedback")
    assert sorted(table.datasets(space)) == ["Feedback", "Mine", "OpenFake"]


def test_made_anew_after_more_marks(marked: Path, space: Workspace) -> None:
    collect(space)
    exclusions.remove([FAKE_ROW], space=space)
    about, _ = collect(space)
    assert statistics.count(about.counts).samples == 1
    scan([marked], space=space)
    assert NAME in table.datasets(space)  # another scan leaves it


def test_files_that_were_marked_on_detect_stand_beside_them(
    marked: Path, space: Workspace, tmp_path: Path
) -> None:
    def mark(seed: int, truth: str, person: Person = LOCAL) -> None:
        file = tmp_path / "upload-00001"
        file.write_bytes(picture(seed))
        verdict = Verdict(file=f"=mine {seed}.png", status="ok", modality="image")
        feedback.keep(verdict, truth, person, space, file)

    mark(11, "real")
    mark(11, "fake")  # the last mark counts
    mark(12, "fake", VIEWER)  # whose files are not kept
    mark(7, "fake")  # the picture of Mine/real/a.png, which is there already
    about, lost = collect(space)
    total = statistics.count(about.counts)
    assert (total.real, total.fake) == (1, 2)
    assert lost == 1  # the one that is gone
    frame = table.load([NAME], space)
    kept = [table.absolute_path(row, space).read_bytes() for row in frame.to_dict("records")]
    assert picture(11) in kept
    assert picture(12) not in kept
    assert count(space) == 5


def test_who_may_and_what_is_needed(
    tmp_path: Path, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput, match="nothing was marked real or fake yet"):
        collect(space)
    with pytest.raises(NotAllowed):
        collect(space, VIEWER)
    assert main(["feedback"]) == 2
    assert "mark samples on the Datasets page first" in capsys.readouterr().err
