"""Drawn people: faces with an identity, a pose and a light, shaded as a rotated ellipsoid with features on it."""

from __future__ import annotations

import cv2
import numpy as np

from core.catalog.demo.people import Array, Light, Person, Pose


def landmarks(person: Person, pose: Pose) -> Array:
    """(6, 2) pixels: left eye, right eye, nose, left and right corner of the mouth, chin."""
    mouth, p = person.mouth_height, person
    points = np.array(
        [
            [-p.eye_apart, p.eye_height],
            [p.eye_apart, p.eye_height],
            [0, p.eye_height + p.nose_length + 0.1],
            [-p.mouth_width, mouth],
            [p.mouth_width, mouth],
            [0, 0.93],
        ],
        np.float64,
    )
    u, v = points[:, 0] / p.width, points[:, 1]
    z = np.sqrt(np.maximum(0.0, 1 - u**2 - v**2))
    v, z = v * np.cos(pose.pitch) + z * np.sin(pose.pitch), z * np.cos(pose.pitch) - v * np.sin(pose.pitch)
    u = u * np.cos(pose.yaw) + z * np.sin(pose.yaw)
    x, y = u * p.width * pose.scale, v * pose.scale
    c, s = np.cos(pose.roll), np.sin(pose.roll)
    return np.stack([pose.x + c * x - s * y, pose.y + s * x + c * y], 1).astype(np.float32)


def paint(canvas: Array, person: Person, pose: Pose, light: Light) -> None:
    """Draw the head over `canvas` (height, width, 3), in place."""
    soft = np.float32(1.3 / pose.scale)  # an edge is about a pixel wide
    wide, fall = person.width * person.hair_volume * 1.2, 1.4 if person.long_hair else 0.35
    lean = 0.25 * abs(pose.roll) * 4  # a leaning head needs more room
    for part, (left, up, down) in (
        (_paint_back_hair, (wide + lean, 1.5, fall + lean)),
        (_paint_face, (person.width * 1.06 + lean, 1.06 + lean, 1.06 + lean)),
        (_paint_front_hair, (wide + lean, 1.5, 0.1 + lean)),
    ):
        window = _window(canvas, pose, left, up, down)
        if window is not None:
            part(*window, person, pose, light, soft)


def _window(
    canvas: Array, pose: Pose, side: float, up: float, down: float
) -> tuple[Array, Array, Array] | None:
    """The part of the canvas around the head and its coordinates, in half heads, turned with the head."""
    height, width = canvas.shape[:2]
    x0, x1 = (int(np.clip(pose.x + d * pose.scale, 0, width)) for d in (-side, side))
    y0, y1 = (int(np.clip(pose.y + d * pose.scale, 0, height)) for d in (-up, down))
    if x1 - x0 < 4 or y1 - y0 < 4:
        return None
    gx, gy = np.meshgrid(
        np.arange(x0, x1, dtype=np.float32) - np.float32(pose.x),
        np.arange(y0, y1, dtype=np.float32) - np.float32(pose.y),
    )
    c, s = np.float32(np.cos(pose.roll) / pose.scale), np.float32(np.sin(pose.roll) / pose.scale)
    return canvas[y0:y1, x0:x1], c * gx + s * gy, c * gy - s * gx


def _edge(distance: Array, soft: np.float32) -> Array:
    """1 inside (negative distance), 0 outside, smooth over the edge."""
    return np.clip(np.float32(0.5) - distance / (np.float32(2) * soft), 0, 1)


def tint(level: Array, colour: Array) -> Array:
    """(height, width) times a colour; numpy is slow where the last axis is three long."""
    return cv2.merge([level * np.float32(c) for c in colour])


def _over(region: Array, alpha: Array, colour: Array) -> None:
    """Lay a colour, or a picture, over the region where alpha is not zero."""
    x, y, width, height = cv2.boundingRect((alpha > 1e-3).view(np.uint8))
    if not width:
        return
    part = slice(y, y + height), slice(x, x + width)
    share = alpha[part].astype(np.float32)
    here = region[part]
    here -= cv2.merge([share] * 3) * here
    if colour.ndim == 1:
        here += tint(share, colour)
    else:
        here += cv2.merge([share] * 3) * colour[part]


def _spot(u: Array, v: Array, u0: float, v0: float, su: float, sv: float) -> Array:
    far = ((u - np.float32(u0)) * np.float32(1 / su)) ** 2 + ((v - np.float32(v0)) * np.float32(1 / sv)) ** 2
    return cv2.exp(np.maximum(np.float32(-0.5) * far, np.float32(-30)))  # denormal numbers are slow


def _paint_back_hair(
    region: Array, x: Array, y: Array, p: Person, pose: Pose, light: Light, soft: np.float32
) -> None:
    wide = np.float32(p.width * p.hair_volume * 1.06)
    ellipse = np.sqrt((x / wide) ** 2 + ((y + 0.12) / np.float32(p.hair_volume)) ** 2) - 1
    if p.long_hair:
        fall = np.maximum(np.abs(x) - wide * 0.98, np.maximum(-y - 0.2, y - 1.25))
        ellipse = np.minimum(ellipse, fall)
    else:
        ellipse = np.maximum(ellipse, y - 0.05)
    _over(region, _edge(ellipse, soft), p.hair * np.float32(0.6))


def _paint_face(
    region: Array, x: Array, y: Array, p: Person, pose: Pose, light: Light, soft: np.float32
) -> None:
    narrow = np.float32(p.width) * (1 - np.float32(p.jaw) * np.clip(y, 0, 1) ** 2)
    sx, sy = x / narrow, y
    radius = np.sqrt(sx**2 + sy**2)
    inside = _edge(radius - 1, soft)
    z = np.sqrt(np.maximum(np.float32(0), 1 - radius**2))
    cy, sn = np.float32(np.cos(pose.yaw)), np.float32(np.sin(pose.yaw))
    cp, sp = np.float32(np.cos(pose.pitch)), np.float32(np.sin(pose.pitch))
    ru, rz = sx * cy - z * sn, z * cy + sx * sn
    v = sy * cp - rz * sp
    u = ru * np.float32(p.width)
    albedo = _albedo(p, pose, u, v)
    bump = _bumps(p, pose, u, v)
    bx = cv2.Sobel(bump, cv2.CV_32F, 1, 0, ksize=3, scale=pose.scale / 8)
    by = cv2.Sobel(bump, cv2.CV_32F, 0, 1, ksize=3, scale=pose.scale / 8)
    nx, ny, nz = sx - bx, sy - by, z + 0.25
    lx, ly, lz = (float(d) for d in light.direction)
    lit = (nx * lx + ny * ly + nz * lz) / np.sqrt(nx**2 + ny**2 + nz**2)
    lit = np.float32(light.ambient) + np.float32(1 - light.ambient) * np.clip(lit, 0, 1)
    shine = np.clip(lit - 0.9, 0, 1) * 0.35
    colour = albedo * tint(lit, light.colour) + cv2.merge([shine] * 3)
    _over(region, inside, colour)


def _albedo(p: Person, pose: Pose, u: Array, v: Array) -> Array:
    map_x = (u * 50 + 64).astype(np.float32)
    map_y = (v * 50 + 64).astype(np.float32)
    detail = cv2.remap(p.texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    colour = tint(1 + np.float32(0.06) * detail, p.skin)
    au = np.abs(u)
    blush = _spot(au, v, p.eye_apart + 0.08, 0.22, 0.15, 0.13) + _spot(u, v, 0, 0.2, 0.12, 0.1)
    colour[..., 1] *= 1 - np.float32(0.10) * blush
    colour[..., 2] *= 1 - np.float32(0.09) * blush
    sockets = _spot(au, v, p.eye_apart, p.eye_height - 0.01, 0.19, 0.10)
    colour *= cv2.merge([1 - np.float32(0.42) * sockets] * 3)
    if p.beard:
        chin = np.clip((v - 0.30) * 4, 0, 1) * np.clip((np.hypot(u, v - 0.25) - 0.22) * 6, 0, 1)
        _over(colour, chin * np.float32(p.beard), p.hair)
    slant = np.float32(p.eye_height - 0.20) + (au - np.float32(p.eye_apart)) * np.float32(p.brow_tilt)
    brow = _spot(u, v - slant, 0, 0, 1e3, p.brow * 0.71) * np.clip(
        (0.19 - np.abs(au - p.eye_apart)) * 12, 0, 1
    )
    _over(colour, 0.9 * brow, p.hair * np.float32(0.7))
    _eyes(colour, p, pose, au, u, v)
    nostril = _spot(au, v, p.nose_width * 0.55, p.eye_height + p.nose_length + 0.15, 0.035, 0.022)
    colour *= cv2.merge([1 - np.float32(0.65) * nostril] * 3)
    _mouth(colour, p, pose, u, v)
    if p.glasses:
        ring = np.abs(np.hypot((au - p.eye_apart) / 0.21, (v - p.eye_height) / 0.17) - 1)
        _over(colour, np.clip(1 - ring * 8, 0, 1) * 0.85, np.full(3, 0.08, np.float32))
    return colour.astype(np.float32)


def _eyes(colour: Array, p: Person, pose: Pose, au: Array, u: Array, v: Array) -> None:
    du, dv = au - np.float32(p.eye_apart), v - np.float32(p.eye_height)
    opening = np.float32(p.eye_size * 0.46 * max(0.08, 1 - pose.blink))
    lid = (du / np.float32(p.eye_size)) ** 2 + (dv / opening) ** 2
    white = np.clip((1.0 - lid) * 4, 0, 1)
    _over(colour, white, np.minimum(1, p.skin * 0.5 + np.array([0.38, 0.38, 0.38], np.float32)))
    iris = np.hypot(du, dv)
    disc = np.clip((np.float32(p.eye_size * 0.50) - iris) * 40, 0, 1) * white
    _over(colour, disc, p.iris)
    _over(
        colour,
        np.clip((np.float32(p.eye_size * 0.24) - iris) * 50, 0, 1) * white,
        np.full(3, 0.02, np.float32),
    )
    glint = _spot(u, v, -p.eye_apart + 0.03, p.eye_height - 0.03, 0.014, 0.014)
    glint = glint + _spot(u, v, p.eye_apart + 0.03, p.eye_height - 0.03, 0.014, 0.014)
    _over(colour, np.clip(glint, 0, 1) * white, np.ones(3, np.float32))
    lash = np.clip(1 - np.abs(lid - 1.05) * 2.2, 0, 1) * (dv < opening * 0.2)
    _over(colour, 0.8 * lash.astype(np.float32), np.full(3, 0.07, np.float32))


def _mouth(colour: Array, p: Person, pose: Pose, u: Array, v: Array) -> None:
    wide = np.float32(p.mouth_width * (1 - 0.18 * pose.mouth))
    gap = np.float32(0.004 + 0.13 * pose.mouth)
    dv = v - np.float32(p.mouth_height) - gap * 0.5
    arch = np.sqrt(np.clip(1 - (u / wide) ** 2, 0, 1))
    lips = np.clip((arch * (p.lip_full + gap) - np.abs(dv)) * 40, 0, 1)
    _over(colour, 0.85 * lips, p.lips)
    inner = np.clip((arch * gap - np.abs(dv)) * 45, 0, 1)
    _over(colour, inner, np.array([0.10, 0.04, 0.04], np.float32))
    teeth = inner * np.clip((-dv - gap * 0.25) * 40, 0, 1)
    _over(colour, teeth, np.array([0.82, 0.80, 0.74], np.float32))
    line = _spot(u, dv, 0, 0, 1e3, 0.0113) * arch * np.float32(max(0.0, 1 - 4 * pose.mouth))
    _over(colour, 0.7 * line, p.lips * np.float32(0.35))


def _bumps(p: Person, pose: Pose, u: Array, v: Array) -> Array:
    """Height over the ellipsoid: nose, brow ridge, cheeks, lips, chin up; eye sockets down."""
    au = np.abs(u)
    nose_tip = p.eye_height + p.nose_length + 0.07
    bump = 0.20 * _spot(u, v, 0, nose_tip, p.nose_width * 0.8, 0.10)
    bump += 0.13 * _spot(u, v, 0, p.eye_height + p.nose_length * 0.45, p.nose_width * 0.5, 0.17)
    bump += 0.05 * _spot(au, v, p.eye_apart, p.eye_height - 0.2, 0.2, 0.07)
    bump -= 0.07 * _spot(au, v, p.eye_apart, p.eye_height, 0.15, 0.09)
    bump += 0.07 * _spot(au, v, p.eye_apart + 0.08, 0.25, 0.16, 0.15)
    bump += 0.05 * _spot(u, v, 0, p.mouth_height, 0.24, 0.09)
    bump += 0.07 * _spot(u, v, 0, 0.86, 0.16, 0.10)
    return bump.astype(np.float32)


def _paint_front_hair(
    region: Array, x: Array, y: Array, p: Person, pose: Pose, light: Light, soft: np.float32
) -> None:
    outer = (
        np.sqrt((x / np.float32(p.width * p.hair_volume)) ** 2 + ((y + 0.1) / np.float32(p.hair_volume)) ** 2)
        - 1
    )
    fringe = y - np.float32(p.hairline + 0.25 * pose.pitch) - 0.28 * (x / np.float32(p.width)) ** 2
    strands = 1 + 0.25 * np.sin(38 * x + 9 * y + 5 * np.sin(7 * y))
    lit = np.clip(0.55 + 0.45 * (x * light.direction[0] - y * 0.8), 0.25, 1.2)
    alpha = _edge(np.maximum(outer, fringe), soft * 2)
    _over(region, alpha, tint(strands * lit, p.hair * light.colour))
