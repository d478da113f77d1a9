"""Faces found, followed and cut out: drawn people, real pictures where there are some, and a detector that lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.media_parts import faces_passes, scene
from core.errors import BadInput
from core.media.faces import CascadeDetector, best_detector, crop, detector, resize, square
from core.media.images import open_image
from core.media.prepare import NO_FACE, prepare
from core.media.recipe import Recipe
from core.media.tracks import follow, overlap
from core.media.video import read_frames
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


@pytest.mark.long
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
        np.testing.assert_array_equal(fitted.frames[unit], resize(native.frames[unit], 96))


def test_no_face_is_an_answer(tmp_path: Path) -> None:
    Image.fromarray(scene(0, 0, frames=1)[0]).save(tmp_path / "a.png")
    prepared = prepare(tmp_path / "a.png", Recipe(modality="image", faces=True))
    assert prepared.not_applicable == NO_FACE
    assert prepared.frames is None
    assert len(prepared) == 0


def test_yunet_is_used_where_its_file_is(space: Workspace) -> None:
    assert best_detector(space) == "cascade"
    with pytest.raises(BadInput, match="weights get face_detection_yunet"):
        detector("yunet", space)
    space.weights.mkdir(parents=True)
    (space.weights / "face_detection_yunet_2023mar.onnx").write_bytes(b"no network")
    assert best_detector(space) == "yunet"
    with pytest.raises(BadInput, match="is not a YuNet network"):
        detector("yunet", space)


def stand_in_for_yunet(path: Path) -> None:
    """A network with YuNet's outputs that calls every bright cell of 16 x 16 pixels the middle of a face of 64."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, outputs = [], [], []

    def constant(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value, name))
        return name

    for stride in (8, 16, 32):
        own = f"cells_{stride}"
        nodes.append(
            helper.make_node(
                "AveragePool", ["input"], [own], kernel_shape=[stride, stride], strides=[stride, stride]
            )
        )
        bright = np.full((1, 3, 1, 1), 0.1 if stride == 16 else 0.0, np.float32)
        still = np.zeros((1, 3, 1, 1), np.float32)
        for kind, kernel, bias in (
            ("cls", bright, [-60.0 if stride == 16 else -20.0]),
            ("obj", bright, [-60.0 if stride == 16 else -20.0]),
            ("bbox", still.repeat(4, 0), [0.5, 0.5, float(np.log(4)), float(np.log(4))]),
            ("kps", still.repeat(10, 0), [0.0] * 10),
        ):
            name = f"{kind}_{stride}"
            given = [own, constant(f"w_{name}", kernel), constant(f"b_{name}", np.array(bias, np.float32))]
            nodes.append(helper.make_node("Conv", given, [f"raw_{name}"], kernel_shape=[1, 1]))
            last = f"raw_{name}"
            if kind in ("cls", "obj"):
                nodes.append(helper.make_node("Sigmoid", [last], [f"sure_{name}"]))
                last = f"sure_{name}"
            nodes.append(helper.make_node("Transpose", [last], [f"t_{name}"], perm=[0, 2, 3, 1]))
            shape = constant(f"s_{name}", np.array([1, -1, len(bias)], np.int64))
            nodes.append(helper.make_node("Reshape", [f"t_{name}", shape], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, len(bias)]))
    seen = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])
    graph = helper.make_graph(nodes, "stand_in", [seen], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def test_yunet_boxes_are_in_pixels_of_the_picture(space: Workspace, tmp_path: Path) -> None:
    stand_in_for_yunet(space.weights / "face_detection_yunet_2023mar.onnx")
    found = detector("yunet", space)
    black = np.zeros((256, 320, 3), np.uint8)
    assert found.detect(black).shape == (0, 5)
    face = black.copy()
    face[96:112, 160:176] = 255
    (x0, y0, x1, y1, sure), *others = found.detect(face)
    assert not others and sure > 0.9
    np.testing.assert_allclose([x0, y0, x1, y1], [136, 72, 200, 136], atol=1)
    # Of a large picture the detector sees a smaller one; its boxes are those of the large one.
    large = np.zeros((1024, 1280, 3), np.uint8)
    large[192:224, 320:352] = 255  # one cell of 16 x 16 at half the size
    np.testing.assert_allclose(found.detect(large)[:, :4], [[272, 144, 400, 272]], atol=2)
    Image.fromarray(face).save(tmp_path / "a.png")
    recipe = Recipe(modality="image", faces=True, face_detector="yunet", face_margin=1.5)
    prepared = prepare(tmp_path / "a.png", recipe, space=space)
    np.testing.assert_allclose(prepared.boxes, [[120, 56, 216, 152]], atol=2)


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


@pytest.mark.long
@pytest.mark.parametrize(
    ("folder", "with_a_face"), [("no_face", 0), ("pictures", 28)], ids=["animals", "photographs"]
)
def test_a_find_in_a_picture_is_looked_at_again(shared_data: Path, folder: str, with_a_face: int) -> None:
    cascade = CascadeDetector()
    pictures = [open_image(path) for path in sorted((shared_data / "foreign" / folder).iterdir())]
    assert sum(bool(follow([picture], cascade)) for picture in pictures) >= with_a_face
    if not with_a_face:
        assert any(len(cascade.detect(p)) for p in pictures)  # the first look alone is deceived
        assert not any(follow([picture], cascade) for picture in pictures)


@pytest.mark.parametrize(("name", "there"), [("street_no_near_face", False), ("short_hamilton_clip", True)])
def test_a_clip_has_a_face_only_where_there_is_one(shared_data: Path, name: str, there: bool) -> None:
    clip = read_frames(shared_data / "foreign" / "clips" / f"{name}.mp4", 8, "fast")
    assert bool(follow(list(clip.images), CascadeDetector())) == there
