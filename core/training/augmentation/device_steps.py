"""What a GPU changes of a picture: drawn where the file is read, made where the network is. No torch.

warp ─▶ colour ─▶ blur ─▶ noise     several warps become one, so that pixels are interpolated once
"""

from __future__ import annotations

import numpy as np

# The arrays that travel with a sample. The warp leads from a pixel of the result to where it comes from.
ARRAYS: dict[str, np.ndarray] = {
    "change_warp": np.eye(2, 3, dtype=np.float32),
    "change_colour": np.ones(3, np.float32),  # brightness, contrast, saturation
    "change_blur": np.array(0, np.float32),  # deviation in pixels
    "change_noise": np.array(0, np.float32),  # deviation in levels of 255
    "change_seed": np.array(0, np.int64),  # of the noise
}


class DeviceSteps:
    """The changes of one sample, gathered in the order of the augmentations."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.colour, self.blur, self.noise, self.seed = np.ones(3), 0.0, 0.0, 0
        self._warp = np.eye(3)

    def warp(self, matrix: np.ndarray) -> None:
        """(2, 3): where a pixel goes, as OpenCV has it."""
        self._warp = np.vstack([matrix, [0.0, 0.0, 1.0]]) @ self._warp

    def arrays(self) -> dict[str, np.ndarray]:
        back = np.linalg.inv(self._warp)[:2]
        values = (back, self.colour, self.blur, self.noise, self.seed)
        pairs = zip(ARRAYS.items(), values, strict=True)
        return {name: np.asarray(value, usual.dtype) for (name, usual), value in pairs}
