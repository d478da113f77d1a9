"""Noise of 10 to 40 dB below the sound, white to brown, half of the time."""

from __future__ import annotations

import numpy as np

from core.training.augmentation.base import Augmentation


class AudioNoise(Augmentation):
    name = "audio_noise"
    title = "Background noise"
    about = "noise under the sound"
    order = 20
    for_the_minority = True

    def sound(
        self, sound: np.ndarray, rate: int, rng: np.random.Generator, strength: float = 1.0
    ) -> np.ndarray:
        below, slope = rng.uniform(10.0, 40.0), rng.uniform(0.0, 2.0)
        if rng.random() >= 0.5 * strength or not len(sound):
            return sound
        spectrum = np.fft.rfft(rng.standard_normal(len(sound)))
        frequencies = np.maximum(np.fft.rfftfreq(len(sound), 1 / rate), 20.0)
        noise = np.fft.irfft(spectrum * frequencies ** (-slope / 2), len(sound))
        level = np.sqrt(np.mean(np.square(sound, dtype=np.float64))) * 10 ** (-below / 20)
        noise *= level / max(1e-12, float(np.sqrt(np.mean(noise**2))))
        return np.clip(sound + noise, -1, 1).astype(np.float32)
