"""Pictures of every format come out as upright RGB, as Pillow's own conversion has them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pillow_heif.constants import HeifCompressionFormat
from pillow_heif.misc import CtxEncode

from core.media.crops import NATIVE_SIDE
from core.media.images import open_image
from core.media.limits import Limits
from core.media.prepare import prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from tests.made_media import picture

PLAIN = picture(9, 160, 120)


@pytest.mark.parametrize(
    "name", ["a.png", "a.bmp", "a.tif", "a.jpg", "a.webp", "a.gif", "a.avif", "a.jp2", "a.ppm", "a.heic"]
)
def test_formats(tmp_path: Path, name: str) -> None:
    Image.fromarray(PLAIN).save(tmp_path / name)
    image = open_image(tmp_path / name)
    assert image.shape == (120, 160, 3)
    assert image.dtype == np.uint8
    if name.endswith(("png", "bmp", "tif", "ppm")):
        np.testing.assert_array_equal(image, PLAIN)
    assert np.abs(image.astype(int) - PLAIN).mean() < 12
    info = probe(tmp_path / name)
    assert (info.kind, info.width, info.height) == ("image", 160, 120)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK"])
def test_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    converted = Image.fromarray(PLAIN).convert(mode)
    name = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    converted.save(name)
    np.testing.assert_array_equal(open_image(name), np.asarray(converted.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_picture_is_turned_by_its_own_flag_once(tmp_path: Path, orientation: int) -> None:
    """A telephone writes the turn twice, for the decoder and into EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoder = CtxEncode(HeifCompressionFormat.HEVC, quality=95)
    encoder.add_image((160, 120), "RGB", PLAIN.tobytes(), image_orientation=orientation, exif=exif.tobytes())
    with (tmp_path / "a.heic").open("wb") as file:
        encoder.save(file)
    Image.fromarray(PLAIN).save(tmp_path / "a.png", exif=exif)
    shown, reference = open_image(tmp_path / "a.heic"), open_image(tmp_path / "a.png")
    assert shown.shape == reference.shape
    assert np.abs(shown.astype(int) - reference).mean() < 8


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.fromarray(PLAIN).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.abs(open_image(tmp_path / "a.jpg").astype(int) - PLAIN).mean() < 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    image = Image.fromarray(PLAIN)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    shown = open_image(tmp_path / "a.png")
    # OpenCV turns JPEG pictures by the same flag: an independent reference.
    reference = cv2.cvtColor(cv2.imread(str(tmp_path / "a.jpg")), cv2.COLOR_BGR2RGB)
    assert shown.shape == reference.shape
    assert np.abs(shown.astype(int) - reference).mean() < 8
    info = probe(tmp_path / "a.jpg")
    assert (info.height, info.width) == shown.shape[:2]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_of_grey_are_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 65535, 160 * 120).astype(np.uint16).reshape(120, 160)
    cv2.imwrite(str(tmp_path / f"a.{suffix}"), ramp)
    image = open_image(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(image[:, :, 0], ramp >> 8)
    assert (image[:, :, 0] == image[:, :, 2]).all()


def test_sixteen_bits_of_colour(tmp_path: Path) -> None:
    deep = PLAIN.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "a.png"), cv2.cvtColor(deep, cv2.COLOR_RGB2BGR))
    assert np.abs(open_image(tmp_path / "a.png").astype(int) - PLAIN).max() <= 1


def test_floating_point_grey(tmp_path: Path) -> None:
    Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)).save(tmp_path / "a.tif")
    image = open_image(tmp_path / "a.tif")
    assert (image.min(), image.max()) == (0, 255)


def test_the_pixel_limit_is_checked_before_decoding(tmp_path: Path) -> None:
    Image.new("1", (12_000, 12_000)).save(tmp_path / "a.png")
    with pytest.raises(Exception, match="12000 x 12000 pixels are more than the limit"):
        open_image(tmp_path / "a.png", Limits())


def test_the_whole_frame_is_scaled_and_its_box_is_the_frame(tmp_path: Path) -> None:
    Image.fromarray(PLAIN).save(tmp_path / "a.png")
    prepared = prepare(tmp_path / "a.png", Recipe(modality="image", image_size=64))
    assert prepared.frames is not None
    assert prepared.frames.shape == (1, 64, 64, 3)
    assert prepared.boxes.tolist() == [[0, 0, 160, 120]]
    assert prepared.frame_size == (160, 120)
    assert np.abs(prepared.frames.mean() - PLAIN.mean()) < 2


def test_native_keeps_pixels_and_cuts_the_middle_of_large_ones(tmp_path: Path) -> None:
    wide = picture(3, 1600, 1100)
    Image.fromarray(wide).save(tmp_path / "a.png")
    prepared = prepare(tmp_path / "a.png", Recipe(modality="image", resize="native"))
    x0, y0, x1, y1 = prepared.boxes[0].astype(int)
    assert (x1 - x0, y1 - y0) == (NATIVE_SIDE, NATIVE_SIDE)
    assert prepared.frames is not None
    np.testing.assert_array_equal(prepared.frames[0], wide[y0:y1, x0:x1])


def test_real_pictures_are_what_pillow_reads(shared_data: Path) -> None:
    for path in sorted((shared_data / "faces" / "val").glob("*/*.jpg"))[:5]:
        np.testing.assert_array_equal(open_image(path), np.asarray(Image.open(path).convert("RGB")))
