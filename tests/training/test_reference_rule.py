"""The rule that tells foreign files: its false alarms on exchangeable files, what it finds, and what it stores."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import BadInput
from core.training.reference.rule import FEWEST, Reference, conformal_limit, fit, folds
from core.training.reference.statistics import (
    blockiness,
    picture_statistics,
    sound_statistics,
    statistics_of,
)
from core.training.reference.stored import pack, unpack

WIDE = 40


def figures(rng: np.random.Generator, files: int, away: float = 0.0) -> dict[str, np.ndarray]:
    """Two blocks, one wider than there are files, with correlated figures and heavy tails."""
    mix = np.random.default_rng(1).normal(size=(WIDE, WIDE))
    wide = rng.standard_t(4, size=(files, WIDE)) @ mix
    return {"network": wide + away, "noise": rng.normal(size=(files, 3)), "size": rng.normal(size=(files, 2))}


@pytest.mark.parametrize("files", [24, 50, 200])
def test_at_most_one_file_in_twenty_of_the_same_kind_is_called_foreign(files: int) -> None:
    rng = np.random.default_rng(files)
    rates = []
    for _ in range(10 if files == 200 else 30):
        made = fit(figures(rng, files), list(range(files)), np.ones(files, bool), {"val": files})
        assert made.limit is not None
        rates.append(np.mean(made.distance(figures(rng, 200)) > made.limit))
    assert np.mean(rates) <= 0.05 + 0.015


def test_another_kind_is_called_foreign() -> None:
    rng = np.random.default_rng(0)
    made = fit(figures(rng, 60), list(range(60)), np.ones(60, bool), {"val": 60})
    assert made.limit is not None
    assert np.mean(made.distance(figures(rng, 100, away=25.0)) > made.limit) >= 0.95
    one = {name: values[:1] for name, values in figures(rng, 1, away=25.0).items()}
    assert made.farthest(one) == "network"


def with_rates(rng: np.random.Generator, rates: list[int]) -> dict[str, np.ndarray]:
    """Figures of as many files, each with the block of the sample rate that it came with."""
    return {**figures(rng, len(rates)), "rate": np.stack([rate_figure(rate) for rate in rates])}


def rate_figure(rate: int) -> np.ndarray:
    prepared = SimpleNamespace(frames=None, audio=np.ones(4000, np.float32), sample_rate=16_000)
    return statistics_of(prepared, rate)["rate"]


def test_a_recording_with_another_sample_rate_is_another_kind() -> None:
    """Prepared at 16 kHz they all sound alike; what lay above is gone before any other figure is taken."""
    rng = np.random.default_rng(5)
    made = fit(with_rates(rng, [22_050] * 40), list(range(40)), np.ones(40, bool), {"val": 40})
    assert made.limit is not None
    back = unpack(pack(made), "run: reference.npz")
    for rate in (8_000, 16_000, 48_000):
        asked = with_rates(rng, [rate] * 20)
        assert (made.distance(asked) > made.limit).all() and (back.distance(asked) > made.limit).all()
        assert made.farthest({name: values[:1] for name, values in asked.items()}) == "rate"
    assert np.mean(made.distance(with_rates(rng, [22_050] * 200)) > made.limit) <= 0.1
    # Above what any detector hears the rate says nothing.
    assert rate_figure(44_100) == rate_figure(96_000)


def test_own_files_of_several_sample_rates_stay_inside() -> None:
    found = []
    for draw in range(20):
        rng = np.random.default_rng(draw)
        own = with_rates(rng, list(rng.choice([16_000, 22_050, 48_000], 60, p=[0.1, 0.8, 0.1])))
        made = fit(own, list(range(60)), np.ones(60, bool), {"val": 60})
        assert made.limit is not None
        asked = with_rates(rng, list(rng.choice([16_000, 22_050, 48_000], 100, p=[0.1, 0.8, 0.1])))
        found.append(np.mean(made.distance(asked) > made.limit))
    assert np.mean(found) <= 0.05 + 0.015


def test_the_limit_is_the_finite_sample_quantile() -> None:
    """By brute force: of n + 1 exchangeable distances, the share of those above the limit of the others."""
    for n in (19, 24, 50, 200):
        values = np.random.default_rng(n).permutation(np.arange(n + 1.0))
        above = [value > (conformal_limit(np.delete(values, i)) or np.inf) for i, value in enumerate(values)]
        assert 0 < np.mean(above) <= 0.05
    assert conformal_limit(np.arange(FEWEST - 1.0)) is None


def test_a_group_never_stands_on_both_sides() -> None:
    groups = [i // 3 for i in range(24)]
    for learned, left_out in folds(groups):
        assert not {groups[i] for i in learned} & {groups[i] for i in left_out}
    assert len(folds(["one"] * 24)) > 1  # a single group says nothing of what belongs together


def made_of(files: int = 40) -> Reference:
    rng = np.random.default_rng(3)
    made = fit(figures(rng, files), list(range(files)), np.ones(files, bool), {"val": files}, codecs=("png",))
    return replace(made, spans={"height": (256.0, 512.0)})


def test_a_stored_reference_says_the_same() -> None:
    made = made_of()
    back = unpack(pack(made), "run: reference.npz")
    asked = figures(np.random.default_rng(4), 20)
    np.testing.assert_allclose(back.distance(asked), made.distance(asked), rtol=1e-3)
    assert back.limit == pytest.approx(made.limit) and back.spans == made.spans and back.codecs == ("png",)


def changed(content: bytes, **arrays: np.ndarray | None) -> bytes:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files} | arrays
    buffer = io.BytesIO()
    np.savez(buffer, **{name: value for name, value in kept.items() if value is not None})  # type: ignore[arg-type]
    return buffer.getvalue()


def as_text(document: object) -> np.ndarray:
    return np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    "harm",
    [
        {"own": None},
        {"own": np.zeros((0, 4))},
        {"own": np.full((3, 4), np.nan)},
        {"own": np.array([["a"] * 4])},
        {"scale.spread": np.zeros(3)},
        {"scale.centre": np.zeros(99)},
        {"network.axes": np.zeros((7, 3))},
        {"points": np.zeros((3, 2))},
        {"size.mean": np.full(2, np.inf)},
        {"about": as_text({"version": 99})},
        {"about": as_text([])},
        {"about": np.frombuffer(b"{", dtype=np.uint8)},
    ],
)
def test_a_damaged_reference_is_refused_in_one_line(harm: dict[str, np.ndarray | None]) -> None:
    with pytest.raises(BadInput, match=r"run: reference\.npz cannot be used") as caught:
        unpack(changed(pack(made_of()), **harm), "run: reference.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        unpack(content, "run: reference.npz")


def test_pickles_are_never_opened() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, about=np.array([{"version": 1}], dtype=object))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="cannot be used"):
        unpack(buffer.getvalue(), "run: reference.npz")


def test_statistics_see_the_grid_of_jpeg_and_stand_for_any_size() -> None:
    import cv2

    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.integers(0, 255, (16, 16), np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC)
    done, data = cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 20])
    assert done and blockiness(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)).min() > blockiness(smooth).max()
    for side in (1, 5, 8, 31, 300):
        found = picture_statistics(np.zeros((side, side + 1, 3), np.uint8))
        assert all(np.isfinite(block).all() for block in found.values())
    for length in (1, 100, 40_000):
        for sound in (np.zeros(length, np.float32), rng.normal(size=length).astype(np.float32)):
            assert all(np.isfinite(block).all() for block in sound_statistics(sound, 16_000).values())
