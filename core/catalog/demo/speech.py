"""Spoken-like sound: a glottal source through moving formants, in a room, heard by a microphone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from core.catalog.demo.people import Array

# First four formants of ten vowels in hertz (adult male; a voice scales them) and how open the mouth is.
# fmt: off
VOWELS = (
    ((270, 2290, 3010, 3600), 0.15), ((390, 1990, 2550, 3500), 0.25), ((530, 1840, 2480, 3500), 0.45),
    ((660, 1720, 2410, 3500), 0.70), ((730, 1090, 2440, 3400), 0.95), ((570, 840, 2410, 3400), 0.70),
    ((440, 1020, 2240, 3300), 0.40), ((300, 870, 2240, 3300), 0.20), ((640, 1190, 2390, 3400), 0.65),
    ((490, 1350, 1690, 3300), 0.35),
)
# fmt: on
BANDWIDTHS = (70.0, 100.0, 140.0, 220.0)
STEP = 2  # hundredths of a second for which the vocal tract stands still


@dataclass(frozen=True)
class Voice:
    pitch: float  # hertz
    formants: float  # scale of the vocal tract
    breath: float
    tilt: float  # pole of the source's low-pass
    range: float  # how far the melody moves, in octaves
    rate: float  # syllables a second


@dataclass(frozen=True)
class Utterance:
    sound: Array  # (samples,) within -1..1
    rate: int
    opening: Array  # (samples // hop,) how open the mouth is, 0..1
    hop: int


def draw_voice(rng: np.random.Generator) -> Voice:
    low = bool(rng.random() < 0.5)
    return Voice(
        pitch=float(rng.uniform(85, 145) if low else rng.uniform(165, 245)),
        formants=float(rng.uniform(0.94, 1.05) if low else rng.uniform(1.08, 1.22)),
        breath=float(rng.uniform(0.01, 0.06)),
        tilt=float(rng.uniform(0.80, 0.95)),
        range=float(rng.uniform(0.1, 0.35)),
        rate=float(rng.uniform(3.0, 5.5)),
    )


def speak(rng: np.random.Generator, voice: Voice, seconds: float, rate: int = 16_000) -> Utterance:
    """A sentence of syllables (consonant, vowel), as long as asked."""
    hop = rate // 100
    n = int(seconds * rate) // hop
    formants, voiced, noise, noise_centre, opening = _syllables(rng, voice, n)
    source = _glottis(rng, voice, np.repeat(voiced, hop), rate)
    sound = _tract(source, formants, rate, hop)
    sound += 0.5 * _consonants(rng, noise, noise_centre, rate, hop)
    sound = sound / (np.abs(sound).max() + 1e-9)
    return Utterance(sound.astype(np.float32), rate, opening.astype(np.float32), hop)


def _syllables(rng: np.random.Generator, voice: Voice, n: int) -> tuple[Array, Array, Array, Array, Array]:
    """Tracks at 100 a second: formants (n, 4), voicing, consonant noise, its centre, mouth opening."""
    formants = np.empty((n, 4), np.float32)
    voiced, noise, centre, opening = (np.zeros(n, np.float32) for _ in range(4))
    formants[:] = np.array(VOWELS[8][0]) * voice.formants
    at = int(rng.integers(2, 8))
    while at < n:
        length = max(8, int(100 / voice.rate * rng.uniform(0.7, 1.3)))
        shape, open_wide = VOWELS[rng.integers(len(VOWELS))]
        consonant = int(rng.integers(3, 7))
        kind = rng.random()
        begin = min(n, at + consonant)
        if kind < 0.4:  # fricative
            noise[at:begin], centre[at:begin] = rng.uniform(0.15, 0.5), rng.uniform(2500, 6000)
        elif kind < 0.7:  # plosive: closure, then a burst
            noise[max(at, begin - 1) : begin], centre[at:begin] = 0.8, rng.uniform(1200, 4000)
        else:  # nasal or glide
            voiced[at:begin] = 0.35
        end = min(n, at + length)
        stress = rng.uniform(0.6, 1.0)
        span = np.linspace(0, np.pi, max(1, end - begin))
        voiced[begin:end] = stress * (0.35 + 0.65 * np.sin(span))
        opening[begin:end] = open_wide * stress * np.sin(span)
        formants[at:end] = np.array(shape) * voice.formants
        at = end + (int(rng.integers(8, 25)) if rng.random() < 0.12 else 0)
    kernel = np.hanning(9) / np.hanning(9).sum()
    for k in range(4):
        formants[:, k] = np.convolve(np.pad(formants[:, k], 4, mode="edge"), kernel, "valid")
    return formants, np.convolve(voiced, kernel, "same"), noise, centre, np.convolve(opening, kernel, "same")


def _glottis(rng: np.random.Generator, voice: Voice, level: Array, rate: int) -> Array:
    n = len(level)
    t = np.arange(n) / rate
    melody = voice.range * np.sin(2 * np.pi * (rng.uniform(0.3, 0.9) * t + rng.random())) - 0.15 * t / max(
        t[-1], 1e-3
    )
    jitter = np.interp(
        np.arange(n),
        np.arange(0, n + rate, rate // 50),
        rng.normal(0, 0.012, n // (rate // 50) + 51)[: len(np.arange(0, n + rate, rate // 50))],
    )
    phase = np.cumsum(voice.pitch * 2 ** (melody + jitter)) / rate
    cycle = (phase % 1).astype(np.float32)
    flow = np.where(
        cycle < 0.4,
        0.5 * (1 - np.cos(np.pi * cycle / 0.4)),
        np.where(cycle < 0.56, np.cos(np.pi * (cycle - 0.4) / 0.32), 0),
    )
    pulses = np.diff(flow, prepend=0) * (rate / 16_000)
    pulses = signal.lfilter([1 - voice.tilt], [1, -voice.tilt], pulses) * 8
    breath = voice.breath * rng.standard_normal(n) * (0.3 + 0.7 * (cycle < 0.5))
    return ((pulses + breath) * level).astype(np.float32)


def _tract(source: Array, formants: Array, rate: int, hop: int) -> Array:
    """Second-order resonators in a row, their coefficients moving every `STEP` hundredths of a second.

    One after the other: `sosfilt` takes the row at once, but longer to look at its arguments than to filter.
    """
    r = np.exp(-np.pi * np.array(BANDWIDTHS) / rate)
    cosine = np.cos(2 * np.pi * formants[::STEP].astype(np.float64) / rate)
    gain, back = 1 - 2 * r * cosine + r * r, np.stack(np.broadcast_arrays(1.0, -2 * r * cosine, r * r), -1)
    out = source.astype(np.float64)
    for k in range(len(r)):
        state = np.zeros(2)
        for i in range(len(cosine)):
            part = slice(i * hop * STEP, (i + 1) * hop * STEP)
            out[part], state = signal.lfilter(gain[i, k : k + 1], back[i, k], out[part], zi=state)
    return out.astype(np.float32)


def _consonants(rng: np.random.Generator, noise: Array, centre: Array, rate: int, hop: int) -> Array:
    out = np.zeros(len(noise) * hop, np.float32)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (noise > 0).astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        sections = _band(min(float(centre[begin]), rate * 0.42), rate)
        burst = signal.sosfilt(sections, rng.standard_normal((end - begin) * hop))
        out[begin * hop : end * hop] = burst * np.hanning(len(burst)) * noise[begin]
    return out


def _band(middle: float, rate: int) -> Array:
    """A band-pass of two equal second-order sections, about an octave wide."""
    turn = 2 * np.pi * middle / rate
    width = np.sin(turn) / 2
    return np.array([[width, 0, -width, 1 + width, -2 * np.cos(turn), 1 - width]] * 2) / (1 + width)


def record(rng: np.random.Generator, utterance: Utterance) -> Array:
    """The utterance as a microphone in a room hears it, with noise; the same for what is faked later."""
    rate, sound = utterance.rate, utterance.sound
    decay = rng.uniform(0.02, 0.12)
    tail = np.exp(-np.arange(int(rate * 0.2)) / (decay * rate)) * rng.standard_normal(int(rate * 0.2))
    room = np.concatenate([[1.0], np.zeros(int(rate * 0.002)), tail * rng.uniform(0.01, 0.05)])
    heard = signal.fftconvolve(sound, room)[: len(sound)]
    low, high = rng.uniform(50, 140), rng.uniform(0.40, 0.48) * rate
    heard = signal.sosfilt(signal.butter(2, [low, high], "band", fs=rate, output="sos"), heard)
    shelf = rng.uniform(-0.35, 0.35)
    heard = signal.lfilter([1, shelf], [1 + abs(shelf)], heard)
    floor = signal.lfilter([1.0], [1, -float(rng.uniform(0, 0.85))], rng.standard_normal(len(sound)))
    snr = rng.uniform(20, 44)
    floor *= heard.std() / (floor.std() + 1e-9) * 10 ** (-snr / 20)
    return (heard + floor).astype(np.float32)


def adjust_level(rng: np.random.Generator, sound: Array) -> Array:
    """The recording at a peak level drawn apart from what it holds."""
    return (sound / (np.abs(sound).max() + 1e-9) * rng.uniform(0.15, 0.95)).astype(np.float32)
