"""Face detectors behind one small protocol, and the square crop around a face."""

from __future__ import annotations

import threading
from abc import abstractmethod
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from PIL import Image

from core.errors import BadInput
from core.media.limits import reason
from core.workspace import Workspace, workspace

DETECTION_SIDE = 640  # pixels: the longer side of the picture that a detector sees
SMALLEST = 24  # pixels of a face in that picture; below it the cascade finds mostly noise
VOTERS = (
    "haarcascade_frontalface_default.xml",
    "haarcascade_frontalface_alt.xml",
    "haarcascade_frontalface_alt2.xml",
)
VOTE_FACE = 64  # pixels of a face that is looked at again
VOTE_REACH = 1.9  # side of its neighbourhood over its own
FILTERS = ("area", "nearest", "bilinear", "bicubic", "lanczos")
YUNET_FILES = ("face_detection_yunet*.onnx", "yunet*.onnx")


class FaceDetector(Protocol):
    """Finds faces in an RGB picture."""

    name: str

    @abstractmethod
    def detect(self, picture: np.ndarray) -> np.ndarray:
        """float64 (faces, 5): x0, y0, x1, y1 in pixels of the picture, and a confidence in (0, 1]."""


@runtime_checkable
class SecondLook(Protocol):
    """A detector that can look at one of its own finds again, closer."""

    @abstractmethod
    def votes(self, picture: np.ndarray, box: np.ndarray) -> int:
        """How much speaks for a face there."""


class CascadeDetector:
    """OpenCV's packaged frontal-face cascade: needs no download."""

    name = "cascade"

    def __init__(self) -> None:
        self._cascade = _cascade("haarcascade_frontalface_alt2.xml")
        self._lock = threading.Lock()  # a cascade keeps state while it runs
        self._second: list[cv2.CascadeClassifier] = []

    def detect(self, picture: np.ndarray) -> np.ndarray:
        grey, scale = _reduce(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        with self._lock:
            boxes, _, weights = self._cascade.detectMultiScale3(
                grey, scaleFactor=1.1, minNeighbors=3, minSize=(SMALLEST, SMALLEST), outputRejectLevels=True
            )
        if not len(boxes):
            return np.zeros((0, 5))
        x, y, w, h = np.asarray(boxes, dtype=np.float64).T
        confidence = 1.0 / (1.0 + np.exp(-np.asarray(weights, dtype=np.float64).ravel()))
        return np.column_stack([x / scale, y / scale, (x + w) / scale, (y + h) / scale, confidence])

    def votes(self, picture: np.ndarray, box: np.ndarray) -> int:
        """How often three cascades find a face at this place, over fine steps of scale and position.

        A face is found again and again when the window moves a little, a chance find is not:

            a face of 64 pixels in a photograph   278
            the flank of a dog                     30
        """
        half = max(box[2] - box[0], box[3] - box[1]) * VOTE_REACH / 2
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        height, width = picture.shape[:2]
        rows = np.clip(np.arange(round(y - half), round(y + half)), 0, height - 1)
        columns = np.clip(np.arange(round(x - half), round(x + half)), 0, width - 1)
        side = round(VOTE_FACE * VOTE_REACH)
        around = resize(picture[rows][:, columns], side)
        grey = cv2.equalizeHist(cv2.cvtColor(around, cv2.COLOR_RGB2GRAY))
        with self._lock:
            return sum(_votes(cascade, grey) for cascade in self._others())

    def _others(self) -> list[cv2.CascadeClassifier]:
        if not self._second:
            folder = Path(cv2.data.haarcascades)
            self._second = [cv2.CascadeClassifier(str(folder / name)) for name in VOTERS]
        return self._second


def _votes(cascade: cv2.CascadeClassifier, grey: np.ndarray) -> int:
    """The most single finds that were joined to one face in the middle of the picture."""
    side = VOTE_FACE
    least, most = round(side * 0.7), round(side * 1.5)
    boxes, joined = cascade.detectMultiScale2(
        grey, scaleFactor=1.05, minNeighbors=1, minSize=(least, least), maxSize=(most, most)
    )
    middle = grey.shape[0] / 2
    found = [
        int(votes)
        for (x, y, w, h), votes in zip(boxes, np.ravel(joined), strict=True)
        if max(abs(x + w / 2 - middle), abs(y + h / 2 - middle)) < side / 3
    ]
    return max(found, default=0)


def _cascade(name: str) -> cv2.CascadeClassifier:
    """One line where this OpenCV has no cascades: some builds leave the files or the whole class out."""
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    made = cv2.CascadeClassifier(str(Path(folder) / name)) if hasattr(cv2, "CascadeClassifier") else None
    if made is None or made.empty():
        raise BadInput(
            f"this OpenCV has no face cascade ({name}); install opencv-python-headless again, or fetch YuNet with "
            "`python -m core weights get face_detection_yunet_2026may.onnx`"
        )
    return made


class YuNetDetector:
    """YuNet, a small network, where its ONNX file lies in the workspace's weights folder."""

    name = "yunet"

    def __init__(self, path: Path) -> None:
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score_threshold=0.7)
        except cv2.error as error:
            raise BadInput(
                f"{path.name} is not a YuNet network that OpenCV reads ({reason(error)})"
            ) from error
        self._lock = threading.Lock()

    def detect(self, picture: np.ndarray) -> np.ndarray:
        small, scale = _reduce(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        with self._lock:
            self._network.setInputSize((small.shape[1], small.shape[0]))
            _, found = self._network.detect(small)
        if found is None:
            return np.zeros((0, 5))
        x, y, w, h = np.asarray(found[:, :4], dtype=np.float64).T / scale
        return np.column_stack([x, y, x + w, y + h, np.clip(found[:, -1], 1e-6, 1.0)])


def detector(name: str, space: Workspace | None = None) -> FaceDetector:
    """The detector that a recipe names."""
    if name == "cascade":
        return _get_or_make("cascade", CascadeDetector)
    if name == "yunet":
        path = yunet_file(space)
        if path is None:
            raise BadInput(
                "this recipe finds faces with YuNet; `python -m core weights get face_detection_yunet_2026may.onnx` "
                f"fetches it, or put it into {(space or workspace()).weights}"
            )
        return _get_or_make(str(path), lambda: YuNetDetector(path))
    raise BadInput(f"unknown face detector {name!r}; known are cascade, yunet")


def best_detector(space: Workspace | None = None) -> str:
    """The name for a new recipe: YuNet where its file is present, else the packaged cascade."""
    return "yunet" if yunet_file(space) is not None else "cascade"


def yunet_file(space: Workspace | None = None) -> Path | None:
    weights = (space or workspace()).weights
    found = sorted(path for pattern in YUNET_FILES for path in weights.glob(pattern))
    return found[-1] if found else None


_detectors: dict[str, FaceDetector] = {}


def _get_or_make(key: str, make: type | object) -> FaceDetector:
    if key not in _detectors:
        _detectors[key] = make()  # type: ignore[operator]
    return _detectors[key]


def _reduce(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture at most DETECTION_SIDE large, and how much smaller it is."""
    height, width = picture.shape[:2]
    scale = min(1.0, DETECTION_SIDE / max(height, width))
    if scale == 1.0:
        return picture, 1.0
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale


def square(box: np.ndarray, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The square around a face: its longer side times the margin, moved (and at last shrunk) into the frame."""
    x0, y0, x1, y1 = (float(v) for v in box[:4])
    side = min(max(x1 - x0, y1 - y0) * margin, width, height)
    side = max(2, round(side))
    left = round(min(max((x0 + x1 - side) / 2, 0), width - side))
    top = round(min(max((y0 + y1 - side) / 2, 0), height - side))
    return left, top, left + side, top + side


def crop(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    x0, y0, x1, y1 = box
    return picture[y0:y1, x0:x1]


def resize(picture: np.ndarray, side: int, filter: str = "area") -> np.ndarray:
    """Scaled to side x side: averaged when it shrinks, interpolated when it grows; or as Pillow's filter does."""
    height, width = picture.shape[:2]
    if (height, width) == (side, side):
        return np.ascontiguousarray(picture)
    if filter != "area":
        scaled = Image.fromarray(picture).resize((side, side), Image.Resampling[filter.upper()])
        return np.ascontiguousarray(scaled)
    shrinks = height * width > side * side
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def resize_part(
    picture: np.ndarray, box: tuple[float, float, float, float], side: int, filter: str = "area"
) -> np.ndarray:
    """The part inside the box, whose edges may lie between pixels, scaled to side x side."""
    kind = Image.Resampling.BOX if filter == "area" else Image.Resampling[filter.upper()]
    return np.ascontiguousarray(Image.fromarray(picture).resize((side, side), kind, box=box))
