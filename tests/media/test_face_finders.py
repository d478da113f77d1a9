"""An OpenCV without cascades gives one line that says what to do."""

from __future__ import annotations

import cv2
import pytest

from core.errors import BadInput
from core.media import faces


def test_an_opencv_without_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(BadInput, match=r"this OpenCV has no face cascade .* weights get"):
        faces.CascadeDetector()


def test_an_opencv_without_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", f"{tmp_path}/")
    with pytest.raises(BadInput, match="this OpenCV has no face cascade"):
        faces.CascadeDetector()
