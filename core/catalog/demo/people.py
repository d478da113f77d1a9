"""Drawn people: what a face looks like, how it is held and how it is lit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # of float32

SKIN = ((0.44, 0.31, 0.24), (0.56, 0.40, 0.31), (0.68, 0.50, 0.40), (0.78, 0.60, 0.49), (0.88, 0.71, 0.61))
HAIR = ((0.07, 0.06, 0.05), (0.17, 0.11, 0.07), (0.35, 0.22, 0.12), (0.60, 0.47, 0.28), (0.55, 0.55, 0.56))
IRIS = ((0.20, 0.12, 0.07), (0.30, 0.22, 0.10), (0.25, 0.35, 0.45), (0.25, 0.38, 0.25))


@dataclass(frozen=True)
class Person:
    """What stays the same of somebody: proportions in units of half the head's height, colours, skin."""

    skin: Array
    hair: Array
    iris: Array
    lips: Array
    width: float
    jaw: float  # how much narrower the chin is
    eye_apart: float
    eye_height: float
    eye_size: float
    brow: float
    brow_tilt: float
    nose_width: float
    nose_length: float
    mouth_width: float
    mouth_height: float
    lip_full: float
    hairline: float
    hair_volume: float
    long_hair: bool
    beard: float
    glasses: bool
    texture: Array  # (128, 128) skin detail that moves with the face


@dataclass(frozen=True)
class Pose:
    """Where a head is in the frame and what it does."""

    x: float  # pixels
    y: float
    scale: float  # pixels of half the head's height
    roll: float = 0.0  # radians
    yaw: float = 0.0
    pitch: float = 0.0
    mouth: float = 0.0  # 0 closed .. 1 wide open
    blink: float = 0.0  # 0 open .. 1 closed


@dataclass(frozen=True)
class Light:
    direction: Array  # unit vector, towards the lamp; y points down, z to the camera
    ambient: float
    colour: Array


def draw_person(rng: np.random.Generator) -> Person:
    def near(values: tuple[tuple[float, ...], ...], spread: float) -> Array:
        colour = np.asarray(values[rng.integers(len(values))]) * rng.normal(1, 2 * spread) + rng.normal(
            0, spread / 3, 3
        )
        return np.clip(colour, 0.02, 0.97).astype(np.float32)

    skin = near(SKIN, 0.04)
    fine = rng.standard_normal((128, 128)).astype(np.float32)
    coarse = cv2.resize(
        rng.standard_normal((12, 12)).astype(np.float32), (128, 128), interpolation=cv2.INTER_CUBIC
    )
    return Person(
        skin=skin,
        hair=np.minimum(near(HAIR, 0.03), skin * np.float32(0.8)),
        iris=near(IRIS, 0.03),
        lips=np.clip(skin * np.array([0.92, 0.58, 0.60]) + rng.normal(0, 0.02, 3), 0, 1).astype(np.float32),
        width=rng.uniform(0.70, 0.80),
        jaw=rng.uniform(0.05, 0.22),
        eye_apart=rng.uniform(0.29, 0.35),
        eye_height=rng.uniform(-0.17, -0.09),
        eye_size=rng.uniform(0.115, 0.15),
        brow=rng.uniform(0.035, 0.065),
        brow_tilt=rng.uniform(-0.18, 0.12),
        nose_width=rng.uniform(0.10, 0.15),
        nose_length=rng.uniform(0.20, 0.30),
        mouth_width=rng.uniform(0.22, 0.31),
        mouth_height=rng.uniform(0.50, 0.58),
        lip_full=rng.uniform(0.045, 0.085),
        hairline=rng.uniform(-0.72, -0.55),
        hair_volume=rng.uniform(1.06, 1.22),
        long_hair=bool(rng.random() < 0.4),
        beard=float(rng.uniform(0.3, 0.7)) if rng.random() < 0.22 else 0.0,
        glasses=bool(rng.random() < 0.12),
        texture=(0.6 * cv2.GaussianBlur(fine, (0, 0), 0.9) + 0.5 * coarse).astype(np.float32),
    )


def draw_light(rng: np.random.Generator) -> Light:
    direction = np.array([rng.normal(0, 0.38), rng.uniform(-0.65, -0.1), 1.0])
    return Light(
        (direction / np.linalg.norm(direction)).astype(np.float32),
        float(rng.uniform(0.36, 0.6)),
        np.clip(1 + rng.normal(0, 0.05, 3), 0.8, 1.2).astype(np.float32),
    )
