"""Augmentation: the same change for all frames of a clip, repeatable, in range, of the same shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from core.training.augmentation import AUGMENTATIONS, augment_pictures, augment_sound, fitting
from core.training.augmentation.audio_codec import CODECS, through_codec
from core.training.augmentation.jpeg import jpeg

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
