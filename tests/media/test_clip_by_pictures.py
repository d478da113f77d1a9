"""A clip before a network that learned single pictures of faces: it sees the face as those pictures showed it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks.media_parts import scene
from core.errors import BadInput
from core.media.prepare import prepare
from core.media.recipe import WHOLE_FRAMES, Recipe
from core.training.reading.inputs import MOST_CROPS, crops_per_axis, pieces_of
from core.training.reading.recipes import face_shares, usual_share, worth_cropping

LEARNED = Recipe(modality="image", frames=8, image_size=64, resize="native", face_share=0.5)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clips") / "person.mp4", scene(1, 70))


def written(path: Path, frames: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=8, options={"crf": "12"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def test_the_face_of_a_clip_is_cropped_as_in_the_pictures_learned_from(person: Path) -> None:
    seen = prepare(person, LEARNED)
    tight = prepare(person, Recipe(modality="image", frames=8, faces=True, face_margin=1.0))
    sides = np.ptp(seen.boxes[:, [0, 2]], axis=1) / np.ptp(tight.boxes[:, [0, 2]], axis=1)
    assert np.allclose(sides, 2.0, atol=0.1)  # the face is half of what is shown
    assert {unit.kind for unit in pieces_of(seen, LEARNED).units} == {"face"}
    assert len(pieces_of(seen, LEARNED).pieces) <= MOST_CROPS


def test_a_clip_without_a_face_is_judged_whole_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "nobody.mp4", scene(0, 0))
    seen = prepare(path, LEARNED)
    assert seen.notes == (WHOLE_FRAMES,) and seen.boxes[0].tolist() == [0, 0, 640, 360]
    assert {unit.kind for unit in pieces_of(seen, LEARNED).units} == {"frame"}


def test_a_picture_is_taken_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(scene(1, 70)[0]).save(tmp_path / "a.png")
    seen = prepare(tmp_path / "a.png", LEARNED)
    assert seen.boxes.tolist() == [[0, 0, 640, 360]] and not seen.notes
    assert {unit.kind for unit in pieces_of(seen, LEARNED).units} == {"frame"}


def test_training_looks_how_much_of_its_pictures_a_face_takes(person: Path, tmp_path: Path) -> None:
    close = prepare(person, Recipe(modality="image", frames=3, faces=True, face_margin=1.4, image_size=256))
    assert close.frames is not None
    faces = [tmp_path / f"{k}.png" for k in range(3)]
    for path, picture in zip(faces, close.frames, strict=True):
        Image.fromarray(picture).save(path)
    shares = face_shares(faces, Recipe(modality="image"))
    assert usual_share(shares) == pytest.approx(1 / 1.4, abs=0.12) and not worth_cropping(shares)
    noise = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(noise)
    nothing = face_shares([noise, tmp_path / "gone.png"], Recipe(modality="image"))
    assert nothing == [None] and usual_share(nothing) == 0.0


def test_many_frames_share_the_passes_that_a_clip_may_cost() -> None:
    assert [crops_per_axis(n) for n in (1, 4, 5, 8, 9, 10, 16)] == [3, 3, 2, 2, 2, 1, 1]


def test_a_share_that_no_picture_can_have_is_refused(person: Path) -> None:
    with pytest.raises(BadInput, match="face_share"):
        prepare(person, Recipe(modality="image", face_share=0.01))
