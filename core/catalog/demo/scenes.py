"""Scenes: a drawn person before a background, seen by a camera with its own optics, colours and noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.catalog.demo.faces import landmarks, paint, tint
from core.catalog.demo.people import Array, Light, Person, Pose, draw_light


@dataclass(frozen=True)
class Camera:
    """What a camera does to light: blur, colours, vignette, contrast, and noise that grows with brightness."""

    blur: float
    gains: Array
    vignette: float
    gamma: float
    read_noise: float
    shot_noise: float


@dataclass(frozen=True)
class Shot:
    """What a camera saw: frames (n, height, width, 3) of 0..255 and the face's points in each (n, 6, 2)."""

    frames: Array
    points: Array


def draw_camera(rng: np.random.Generator) -> Camera:
    return Camera(
        blur=float(rng.uniform(0.35, 0.8)),
        gains=np.clip(1 + rng.normal(0, 0.05, 3), 0.85, 1.15).astype(np.float32),
        vignette=float(rng.uniform(0, 0.35)),
        gamma=float(rng.uniform(0.85, 1.15)),
        read_noise=float(rng.uniform(0.006, 0.018)),
        shot_noise=float(rng.uniform(0.008, 0.03)),
    )


def background(rng: np.random.Generator, height: int, width: int) -> Array:
    """A wall with light falling off, blurred furniture, and some texture."""
    base = rng.uniform(0.15, 0.85) + rng.normal(0, 0.07, 3)
    slope = rng.normal(0, 0.2, (2, 1)) + rng.normal(0, 0.05, (2, 3))
    gy, gx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    scene = cv2.merge([(base[c] + gx * slope[0, c] + gy * slope[1, c]).astype(np.float32) for c in range(3)])
    for _ in range(int(rng.integers(3, 9))):
        colour = tuple(float(c) for c in np.clip(rng.uniform(0.1, 0.9) + rng.normal(0, 0.13, 3), 0, 1))
        corner = (int(rng.uniform(-0.2, 1) * width), int(rng.uniform(-0.2, 1) * height))
        if rng.random() < 0.6:
            opposite = (
                corner[0] + int(rng.uniform(0.1, 0.5) * width),
                corner[1] + int(rng.uniform(0.1, 0.8) * height),
            )
            cv2.rectangle(scene, corner, opposite, colour, -1)
        else:
            cv2.circle(scene, corner, int(rng.uniform(0.04, 0.25) * width), colour, -1)
    scene = cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.8, 4.0)))
    grain = cv2.resize(
        rng.standard_normal((height // 3 + 1, width // 3 + 1)).astype(np.float32), (width, height)
    )
    grain = 1 + np.float32(0.05 * rng.random()) * grain
    return np.clip(scene * cv2.merge([grain] * 3), 0, 1)


def _body(scene: Array, rng: np.random.Generator, person: Person, pose: Pose) -> None:
    height = scene.shape[0]
    cloth = tuple(float(c) for c in np.clip(rng.uniform(0.1, 0.85) + rng.normal(0, 0.15, 3), 0, 1))
    shoulders = (int(pose.x), int(pose.y + pose.scale * 2.15))
    cv2.ellipse(scene, shoulders, (int(pose.scale * 1.55), int(pose.scale * 1.05)), 0, 0, 360, cloth, -1)
    neck = tuple(float(c) * 0.72 for c in person.skin)
    half = pose.scale * person.width * 0.52
    cv2.rectangle(
        scene,
        (int(pose.x - half), int(pose.y + 0.4 * pose.scale)),
        (int(pose.x + half), int(pose.y + 1.3 * pose.scale)),
        neck,
        -1,
    )
    cv2.ellipse(
        scene,
        (int(pose.x), int(pose.y + 1.28 * pose.scale)),
        (int(half), int(half * 0.6)),
        0,
        0,
        360,
        neck,
        -1,
    )
    if rng.random() < 0.5:  # stripes
        step = max(4, int(pose.scale * rng.uniform(0.12, 0.3)))
        top = int(min(height, pose.y + pose.scale * 1.35))
        scene[top::step] *= 0.8


def start_pose(rng: np.random.Generator, height: int, width: int) -> Pose:
    scale = min(height, width) * rng.uniform(0.30, 0.38)
    return Pose(
        x=width * rng.uniform(0.42, 0.58),
        y=height * rng.uniform(0.44, 0.52),
        scale=float(scale),
        roll=float(rng.normal(0, 0.05)),
        yaw=float(np.clip(rng.normal(0, 0.14), -0.33, 0.33)),
        pitch=float(np.clip(rng.normal(0, 0.07), -0.16, 0.16)),
        mouth=float(np.clip(rng.normal(0.1, 0.15), 0, 0.6)),
    )


def motion(
    rng: np.random.Generator, n: int, fps: float, pose: Pose, mouth: Array | None = None
) -> list[Pose]:
    """`n` poses around the first: slow sway, nods, a blink now and then; the mouth follows speech if given."""
    t = np.arange(n) / fps
    sway = [np.sin(2 * np.pi * (rng.uniform(0.15, 0.6) * t + rng.random())) for _ in range(5)]
    blink_at = rng.uniform(0, max(float(t[-1]), 0.5)) if n else 0.0
    if mouth is None:
        mouth = np.clip(
            pose.mouth + 0.12 * np.sin(2 * np.pi * (rng.uniform(0.5, 2.0) * t + rng.random())), 0, 1
        )
    amount = rng.uniform(0.3, 1.0)
    return [
        Pose(
            x=pose.x + amount * 0.06 * pose.scale * float(sway[0][i]),
            y=pose.y + amount * 0.04 * pose.scale * float(sway[1][i]),
            scale=pose.scale * (1 + 0.015 * amount * float(sway[2][i])),
            roll=pose.roll + 0.04 * amount * float(sway[3][i]),
            yaw=pose.yaw + 0.10 * amount * float(sway[4][i]),
            pitch=pose.pitch + 0.05 * amount * float(sway[1][i]),
            mouth=float(mouth[i]),
            blink=float(np.exp(-(((t[i] - blink_at) / 0.09) ** 2))),
        )
        for i in range(n)
    ]


def shoot(
    rng: np.random.Generator,
    person: Person,
    height: int,
    width: int,
    *,
    frames: int = 1,
    fps: float = 12.0,
    mouth: Array | None = None,
    adjust: Callable[[Pose], Pose] | None = None,
) -> Shot:
    """Film (or photograph) the person: one scene, light and camera of their own."""
    scene, light, camera = background(rng, height, width), draw_light(rng), draw_camera(rng)
    pose = start_pose(rng, height, width)
    pose = adjust(pose) if adjust else pose
    poses = motion(rng, frames, fps, pose, mouth) if frames > 1 or mouth is not None else [pose]
    _body(scene, rng, person, pose)
    return Shot(
        _expose(rng, scene, person, poses, light, camera),
        np.stack([landmarks(person, p) for p in poses]),
    )


def _expose(
    rng: np.random.Generator, scene: Array, person: Person, poses: list[Pose], light: Light, camera: Camera
) -> Array:
    height, width = scene.shape[:2]
    gy, gx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    shade = tint(1 - np.float32(camera.vignette * 0.5) * (gx**2 + gy**2), camera.gains)
    grain = rng.standard_normal((height + 32, width + 32, 3)).astype(np.float32)
    shot = np.empty((len(poses), height, width, 3), np.float32)
    for i, pose in enumerate(poses):
        canvas = scene.copy()
        paint(canvas, person, pose, light)
        canvas = cv2.GaussianBlur(canvas, (0, 0), camera.blur)
        canvas *= shade
        np.clip(canvas, 0, 1, out=canvas)
        dy, dx = rng.integers(0, 32, 2)
        noise = canvas * np.float32(camera.shot_noise**2)
        noise += np.float32(camera.read_noise**2)
        np.sqrt(noise, out=noise)
        noise *= grain[dy : dy + height, dx : dx + width]
        canvas += noise
        np.clip(canvas, 0, 1, out=canvas)
        shot[i] = 255 * cv2.pow(canvas, camera.gamma)
    return shot
