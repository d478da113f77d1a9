"""Faces found, followed and cut out: drawn people, real pictures where there are some, and a detector that lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.media_parts import faces_passes, scene
from core.errors import BadInput
from core.media.faces import CascadeDetector, best_detector, crop, detector, resized, square
from core.media.images import open_image
from core.media.prepare import NO_FACE, prepare
from core.media.recipe import Recipe
from core.media.tracks import follow, overlap
from core.workspace import Workspace


class Scripted:
    """Finds in each whole frame what the script says; in parts of a frame nothing."""

    name = "scripted"

    def __init__(self, script: dict[int, list[tuple[float, float, float]]]) -> None:
        self.script = script  # frame number (drawn as the level of the picture) to (x, y, side)

    def detect(self, picture: np.ndarray) -> np.ndarray:
        if picture.shape[:2] != (360, 640):
            return np.zeros((0, 5))
        faces = self.script.get(int(picture[0, 0, 0]), [])
        return np.array([(x, y, x + s, y + s, 0.9) for x, y, s in faces]).reshape(-1, 5)


def levels(frames: int) -> list[np.ndarray]:
    return [np.full((360, 640, 3), i, np.uint8) for i in range(frames)]


def test_two_people_give_two_tracks_through_the_whole_clip() -> None:
    tracks = follow(scene(2, 60), CascadeDetector())
    assert len(tracks) == 2
    assert all(sorted(track.boxes) == list(range(16)) for track in tracks)
    centres = [np.mean([(b[0] + b[2]) / 2 for b in track.boxes.values()]) for track in tracks]
    assert abs(centres[0] - centres[1]) > 150


def test_following_costs_at_most_ten_passes_and_loses_nothing() -> None:
    for row in faces_passes()["rows"]:
        assert row["passes"] <= 10.0, row
        assert row["lost"] == 0, row


def test_gaps_lie_on_the_line_between_detections() -> None:
    found = {i: [(100 + 10 * i, 50, 80)] for i in range(16) if i not in (4, 6, 8)}
    (track,) = follow(levels(16), Scripted(found))
    for i in range(15):
        np.testing.assert_allclose(track.boxes[i], [100 + 10 * i, 50, 180 + 10 * i, 130])


def test_chance_finds_are_thrown_away() -> None:
    """A tiny face beside a large one, and one that flickers once in the clip."""
    script = {i: [(100.0, 50.0, 120.0), (500.0, 300.0, 26.0)] for i in range(16)}
    script[4].append((350.0, 40.0, 100.0))
    tracks = follow(levels(16), Scripted(script))
    assert [round(track.side) for track in tracks] == [120]


def test_boxes_that_are_no_faces_by_their_shape_are_thrown_away() -> None:
    class Flat:
        name = "flat"

        def detect(self, picture: np.ndarray) -> np.ndarray:
            return np.array([[10.0, 10.0, 300.0, 60.0, 0.9]])

    assert follow(levels(4), Flat()) == []


def test_most_tracks_the_largest_first() -> None:
    script = {i: [(20.0 + 150 * k, 40.0, 100.0 + 10 * k) for k in range(4)] for i in range(6)}
    tracks = follow(levels(6), Scripted(script), most=2)
    assert [round(track.side) for track in tracks] == [130, 120]


def test_a_cut_in_one_frame_is_looked_at() -> None:
    """Somebody who is seen in a single frame, between whole passes, of a clip that shows nobody else."""
    empty, person = scene(0, 0), scene(1, 110)
    pictures = [empty[i] // 3 for i in range(8)]
    pictures[3] = person[3]
    (track,) = follow(pictures, CascadeDetector())
    assert sorted(track.boxes) == [3]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((100, 100, 200, 200), (85, 85, 215, 215)),
        ((0, 0, 100, 100), (0, 0, 130, 130)),
        ((560, 300, 640, 360), (536, 256, 640, 360)),
        ((0, 0, 640, 360), (140, 0, 500, 360)),
    ],
)
def test_the_square_has_its_margin_and_stays_in_the_frame(
    box: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert square(np.array(box, dtype=float), 1.3, 640, 360) == expected


def test_prepare_cuts_faces_and_says_where(tmp_path: Path) -> None:
    picture = scene(2, 70, frames=1)[0]
    Image.fromarray(picture).save(tmp_path / "a.png")
    fitted = prepare(tmp_path / "a.png", Recipe(modality="image", faces=True, image_size=96))
    native = prepare(tmp_path / "a.png", Recipe(modality="image", faces=True, resize="native"))
    assert fitted.frames is not None
    assert native.frames is not None
    assert fitted.frames.shape == (2, 96, 96, 3)
    assert fitted.tracks.tolist() == [0, 1]
    assert fitted.frame_size == (640, 360)
    for unit, box in enumerate(native.boxes.astype(int)):
        np.testing.assert_array_equal(native.frames[unit], crop(picture, tuple(box)))
        np.testing.assert_array_equal(fitted.frames[unit], resized(native.frames[unit], 96))


def test_no_face_is_an_answer(tmp_path: Path) -> None:
    Image.fromarray(scene(0, 0, frames=1)[0]).save(tmp_path / "a.png")
    prepared = prepare(tmp_path / "a.png", Recipe(modality="image", faces=True))
    assert prepared.not_applicable == NO_FACE
    assert prepared.frames is None
    assert len(prepared) == 0


def test_yunet_is_used_where_its_file_is(space: Workspace) -> None:
    assert best_detector(space) == "cascade"
    with pytest.raises(BadInput, match="put face_detection_yunet"):
        detector("yunet", space)
    space.weights.mkdir(parents=True)
    (space.weights / "face_detection_yunet_2023mar.onnx").write_bytes(b"no network")
    assert best_detector(space) == "yunet"
    with pytest.raises(BadInput, match="is not a YuNet network"):
        detector("yunet", space)


def test_an_unknown_detector_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="known are cascade, yunet"):
        detector("mtcnn")


def test_real_faces_are_found(shared_data: Path) -> None:
    files = sorted((shared_data / "faces" / "val").glob("*/*.jpg"))[::10]
    found = [follow([open_image(file)], CascadeDetector()) for file in files]
    assert sum(bool(tracks) for tracks in found) >= 0.85 * len(files)
    assert sum(len(tracks) > 1 for tracks in found) <= 1


def test_overlap_of_boxes() -> None:
    a = np.array([0.0, 0.0, 10.0, 10.0])
    assert overlap(a, a) == 1.0
    assert overlap(a, a + 5) == pytest.approx(25 / 175)
    assert overlap(a, a + 20) == 0.0
