"""Augmentation: the same change for all frames of a clip, repeatable, in range, of the same shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from core.training.augmentation import (
    AUGMENTATIONS,
    augment_pictures,
    augment_sound,
    begin_pictures,
    fitting,
)
from core.training.augmentation.audio_codec import CODECS, through_codec
from core.training.augmentation.jpeg import jpeg
from core.training.reading.device_changes import change_pictures

RATE = 16_000


def photo(side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.uniform(40, 215, size=(8, 8, 3)).repeat(side // 8, 0).repeat(side // 8, 1)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def speech(seconds: float = 1.0) -> np.ndarray:
    t = np.arange(int(RATE * seconds)) / RATE
    return (0.3 * np.sin(2 * np.pi * 220 * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def test_every_augmentation_fits_a_modality() -> None:
    assert set(AUGMENTATIONS) == set(fitting("multimodal")) == {*fitting("image"), *fitting("audio")}
    assert set(fitting("image")) == set(fitting("video")) and not set(fitting("image")) & set(
        fitting("audio")
    )


@pytest.mark.parametrize("name", fitting("image"))
class TestEveryPictureChange:
    def test_all_frames_of_a_clip_change_alike(self, name: str) -> None:
        if name == "noise":
            pytest.skip("the grain of a sensor differs from frame to frame")
        clip = np.stack([photo()] * 3)
        for seed in range(8):
            changed = AUGMENTATIONS[name].pictures(clip, np.random.default_rng(seed), 1.5)
            assert np.array_equal(changed[0], changed[1]) and np.array_equal(changed[0], changed[2])

    def test_keeps_shape_and_repeats_with_the_seed(self, name: str) -> None:
        clip = np.stack([photo()])
        changes = 0
        for seed in range(12):
            one, two = (AUGMENTATIONS[name].pictures(clip, np.random.default_rng(seed)) for _ in range(2))
            assert one.shape == clip.shape and one.dtype == np.uint8 and np.array_equal(one, two)
            changes += not np.array_equal(one, clip)
        assert changes >= 2


@pytest.mark.parametrize("name", fitting("audio"))
def test_every_change_of_sound_keeps_length_and_range(name: str) -> None:
    sound, changes = speech(), 0
    for seed in range(12):
        one, two = (AUGMENTATIONS[name].sound(sound, RATE, np.random.default_rng(seed)) for _ in range(2))
        assert one.shape == sound.shape and one.dtype == np.float32 and np.array_equal(one, two)
        assert np.abs(one).max() <= 1
        changes += not np.array_equal(one, sound)
    assert changes >= 2


@pytest.mark.parametrize("codec", CODECS, ids=lambda c: c[0])
def test_a_codec_gives_the_same_sound_back_without_its_delay(codec: tuple) -> None:
    sound = speech()
    encoder, container, own_rate, rates = codec
    heard = through_codec(sound, RATE, encoder, container, own_rate, rates[-1])
    assert np.corrcoef(sound[1000:-2000], heard[1000:-2000])[0, 1] > 0.95
    assert not np.array_equal(sound, heard)


def test_nothing_asked_changes_nothing() -> None:
    clip, rng = np.stack([photo()]), np.random.default_rng(0)
    assert augment_pictures(clip, (), rng) is clip
    sound = speech()
    assert augment_sound(sound, RATE, (), rng) is sound


def test_a_strengthened_sample_is_changed_without_being_asked() -> None:
    clip = np.stack([photo()])
    assert not np.array_equal(augment_pictures(clip, (), np.random.default_rng(0), strengthened=True), clip)


def test_self_blending_changes_the_middle_and_spares_the_border() -> None:
    clip = np.stack([photo()])
    for seed in range(5):
        blended = AUGMENTATIONS["self_blend"].pictures(clip, np.random.default_rng(seed)).astype(int)
        difference = np.abs(blended - clip).mean(axis=(0, 3))
        assert difference[16:48, 16:48].mean() > 5 * difference[:3].mean()


@pytest.mark.parametrize("quality", [40, 71, 100])
@pytest.mark.parametrize("shape", [(2, 64, 64, 3), (1, 33, 50, 3)])
def test_jpeg_and_mirror_are_those_of_torchvision(shape: tuple[int, ...], quality: int) -> None:
    frames = np.random.default_rng(quality).integers(0, 255, shape, np.uint8)
    tensors = torch.tensor(frames).permute(0, 3, 1, 2)
    coded = torch.stack([functional.jpeg(one, quality) for one in tensors]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(jpeg(frames, quality), coded)
    mirrored = functional.horizontal_flip(tensors).permute(0, 2, 3, 1).numpy()
    seed = next(s for s in range(9) if np.random.default_rng(s).random() < 0.5)
    assert np.array_equal(AUGMENTATIONS["flip"].pictures(frames, np.random.default_rng(seed)), mirrored)


ON_DEVICE = [name for name in fitting("image") if not AUGMENTATIONS[name].needs_cpu]


def left_to_device(
    clip: np.ndarray, names: tuple[str, ...], seed: int, *, strengthened: bool = False
) -> np.ndarray:
    """What a device makes of a clip; a CPU stands in for it."""
    rng = np.random.default_rng(seed)
    frames, steps = begin_pictures(clip, names, rng, strengthened=strengthened)
    stacked = {name: torch.from_numpy(value[None]) for name, value in steps.arrays().items()}
    stacked["image"] = torch.from_numpy(frames[None])
    return change_pictures(stacked, "cpu")[0].numpy()


def smooth(frames: int) -> np.ndarray:
    """Without edges that two ways to interpolate would draw differently."""
    return np.stack([cv2.GaussianBlur(photo(96)[:: (-1) ** k], (0, 0), 2.0) for k in range(frames)])


def test_geometry_colour_blur_and_noise_are_for_the_device() -> None:
    assert ON_DEVICE == ["flip", "rotation", "affine", "resized_crop", "color", "blur", "noise"]


@pytest.mark.parametrize("name", [name for name in ON_DEVICE if name != "noise"])
@pytest.mark.parametrize("seed", range(4))
def test_a_device_makes_the_change_that_the_reader_would_have_made(name: str, seed: int) -> None:
    clip = smooth(2)
    expected = augment_pictures(clip, (name,), np.random.default_rng(seed)).astype(float)
    found = left_to_device(clip, (name,), seed)
    assert found.shape == expected.shape
    inner = np.abs(found - expected)[:, 2:-2, 2:-2]
    assert inner.mean() < 0.6 and np.abs(found - expected).mean() < 1.0


def test_several_warps_are_one_and_make_what_one_after_the_other_makes() -> None:
    clip = smooth(1)
    for seed in range(4):
        expected = augment_pictures(clip, (), np.random.default_rng(seed), strengthened=True).astype(float)
        found = left_to_device(clip, (), seed, strengthened=True)
        # One interpolation against three, and other mirrors at the border.
        inner = (slice(None), slice(20, -20), slice(20, -20))
        assert np.abs(found - expected)[inner].mean() < 4
        assert np.corrcoef(found[inner].ravel(), expected[inner].ravel())[0, 1] > 0.98


def test_grain_of_a_device_is_as_strong_and_repeats_also_in_parts_of_a_batch() -> None:
    flat = np.full((2, 1, 64, 64, 3), 128, np.uint8)
    seeds = [s for s in range(9) if np.random.default_rng(s).uniform(size=2)[1] < 0.5][:2]
    drawn = [
        begin_pictures(clip, ("noise",), np.random.default_rng(s))
        for clip, s in zip(flat, seeds, strict=True)
    ]
    rows = [{"image": frames, **steps.arrays()} for frames, steps in drawn]
    whole = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
    found = change_pictures(whole, "cpu")
    for k, row in enumerate(rows):
        alone = change_pictures({name: value[k : k + 1] for name, value in whole.items()}, "cpu")
        assert torch.equal(found[k], alone[0])
        assert float(found[k].std()) == pytest.approx(float(row["change_noise"]), rel=0.05)


def test_what_comes_before_a_change_that_needs_a_cpu_stays_there() -> None:
    clip = np.stack([photo()])
    for names, left in ((("flip", "jpeg"), False), (("downscale", "noise"), True), (("flip", "color"), True)):
        changed = [
            any(
                not np.array_equal(value, usual)
                for value, usual in zip(steps.arrays().values(), idle.arrays().values(), strict=True)
            )
            for seed in range(8)
            for steps in [begin_pictures(clip, names, np.random.default_rng(seed))[1]]
            for idle in [begin_pictures(clip, (), np.random.default_rng(seed))[1]]
        ]
        assert any(changed) == left, names
    for seed in range(4):
        expected = augment_pictures(clip, ("flip", "jpeg"), np.random.default_rng(seed))
        assert np.array_equal(left_to_device(clip, ("flip", "jpeg"), seed), expected)


def test_frames_that_are_not_there_stay_empty() -> None:
    clip = np.stack([photo(), np.zeros((64, 64, 3), np.uint8)])
    for seed in range(4):
        frames, steps = begin_pictures(clip[:1], ("color", "noise"), np.random.default_rng(seed))
        stacked = {name: torch.from_numpy(value[None]) for name, value in steps.arrays().items()}
        alone = change_pictures({**stacked, "image": torch.from_numpy(frames[None])}, "cpu")
        padded = {"image": torch.from_numpy(clip[None]), "mask": torch.tensor([[True, False]])}
        found = change_pictures({**stacked, **padded}, "cpu")
        assert not found[0, 1].any()
        if not float(stacked["change_noise"]):
            torch.testing.assert_close(found[0, 0], alone[0, 0], atol=1e-3, rtol=0)
