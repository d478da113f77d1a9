"""Faces found by the packaged cascade and by YuNet, on faces that fill the frame and on crops made hard.

python -m benchmarks.faces FOLDER --yunet FILE.onnx
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from core.media.faces import CascadeDetector, FaceDetector, YuNetDetector
from core.media.images import open_image

Hard = Callable[[np.ndarray], np.ndarray]


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def small(picture: np.ndarray) -> np.ndarray:
    """The face at a sixth of its size in the middle of a grey frame."""
    height, width = picture.shape[:2]
    reduced = cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    frame = np.full((height * 3 // 2, width * 3 // 2, 3), 127, np.uint8)
    y, x = (frame.shape[0] - reduced.shape[0]) // 2, (frame.shape[1] - reduced.shape[1]) // 2
    frame[y : y + reduced.shape[0], x : x + reduced.shape[1]] = reduced
    return frame


def half_hidden(picture: np.ndarray) -> np.ndarray:
    """The lower half is black: a mask, a hand, a microphone."""
    changed = picture.copy()
    changed[picture.shape[0] * 6 // 10 :] = 0
    return changed


CASES: dict[str, Hard] = {
    "as they are": lambda picture: picture,
    "turned by 30 degrees": lambda picture: turned(picture, 30),
    "a quarter of the size": small,
    "lower part hidden": half_hidden,
    "dark": lambda picture: (picture * 0.2).astype(np.uint8),
}


def measure(pictures: list[np.ndarray], finders: list[FaceDetector]) -> dict[str, dict[str, int]]:
    """Of each case, on how many pictures each finder sees a face."""
    return {
        case: {one.name: sum(len(one.detect(change(p))) > 0 for p in pictures) for one in finders}
        for case, change in CASES.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures with one face each")
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file; without it the cascade alone")
    parser.add_argument("--most", type=int, default=40, help="pictures at most")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    paths = sorted(p for p in args.folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        sys.exit(f"{args.folder} holds no pictures")
    pictures = [open_image(path) for path in paths[: args.most]]
    finders: list[FaceDetector] = [CascadeDetector()]
    if args.yunet is not None:
        finders.append(YuNetDetector(args.yunet))
    found = measure(pictures, finders)
    if args.json:
        print(json.dumps({"pictures": len(pictures), "found": found}))
        return
    for case, counts in found.items():
        print(f"{case:<24}" + "  ".join(f"{name} {n} of {len(pictures)}" for name, n in counts.items()))


if __name__ == "__main__":
    main()
