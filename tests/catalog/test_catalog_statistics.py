"""Bands, counts and advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import advice, statistics
from core.catalog.info import DatasetInfo
from core.catalog.published import balanced_datasets
from core.catalog.scan import scan
from core.catalog.statistics import Count, severity
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from tests.catalog.layout_trees import OFFICIAL, build


@pytest.mark.parametrize(
    ("real", "fake", "band"),
    [
        (100, 100, "balanced"),
        (100, 150, "balanced"),
        (150, 100, "balanced"),
        (100, 151, "mild"),
        (200, 100, "mild"),
        (1000, 2001, "moderate"),
        (100, 500, "moderate"),
        (1000, 5001, "severe"),
        (1000, 100, "severe"),
        (100, 1001, "extreme"),
        (0, 5, "single-class"),
        (5, 0, "single-class"),
        (0, 0, "single-class"),
        (3, 30, "severe"),
        (7, 11, "mild"),
    ],
)
def test_bands_include_their_upper_end(real: int, fake: int, band: str) -> None:
    assert severity(real, fake) == severity(fake, real) == band


def test_ratio_is_majority_over_minority() -> None:
    assert Count(890, 5639).ratio == pytest.approx(5639 / 890)
    assert Count(9, 3).ratio == 3.0
    assert Count(0, 8).ratio is None


def info(*rows: tuple[str | None, str, str | None, int | None, int], **more: object) -> DatasetInfo:
    names = ("split", "modality", "method", "label", "n")
    return DatasetInfo(
        "x", "generic", "/x", counts=[dict(zip(names, row, strict=True)) for row in rows], **more
    )  # type: ignore[arg-type]


def test_counts_by_split_modality_and_method() -> None:
    about = info(
        ("train", "image", None, 0, 10),
        ("train", "image", "GAN", 1, 20),
        (None, "video", "GAN", 1, 5),
        ("test", "video", None, 1, 2),
        ("test", "video", None, None, 7),
    )
    assert statistics.count(about.counts) == Count(10, 27, 7)
    assert statistics.by(about, "split") == {
        "train": Count(10, 20, 0),
        "unassigned": Count(0, 5, 0),
        "test": Count(0, 2, 7),
    }
    assert statistics.by(about, "modality") == {"image": Count(10, 20), "video": Count(0, 7, 7)}
    assert statistics.methods(about) == {"GAN": 25}
    assert statistics.totals([about, about]) == {"image": Count(20, 40), "video": Count(0, 14, 14)}


def test_missing_against_what_was_published() -> None:
    rows = ((None, "video", None, 0, 600), (None, "video", None, 1, 5000))
    published = {"real": 1000, "fake": 4000}
    assert statistics.missing(info(*rows, published=published)) == {"real": 400, "fake": 0}
    assert statistics.missing(info(*rows)) is None
    assert statistics.missing(info(*rows, published=published, extra={"copies": 2})) == {
        "real": 700,
        "fake": 1500,
    }


def test_compressions_are_copies(tmp_path: Path, space: Workspace) -> None:
    about = scan([build(tmp_path / "data", OFFICIAL)], space=space).datasets[0]
    assert about.extra["copies"] == 2
    assert statistics.missing(about) == {"real": 998, "fake": 4996}


BANDS = {
    "balanced": (100, 100),
    "mild": (100, 180),
    "moderate": (100, 400),
    "severe": (100, 900),
    "extreme": (100, 5000),
}


@pytest.mark.parametrize("modality", ["image", "audio", "video", "multimodal"])
@pytest.mark.parametrize("band", [*BANDS, "single-class"])
def test_advice_presets_are_training_options(band: str, modality: str) -> None:
    real, fake = BANDS.get(band, (0, 10))
    found = advice.for_counts(real, fake, modality)
    assert found.severity == band and f"{real:,} real" in found.text
    for options in [found.preset, *(path.options for path in found.paths)]:
        TrainConfig.from_dict({**options, "modality": modality})


def test_advice_grows_with_the_band() -> None:
    options = {band: advice.for_counts(*counts, "image").preset for band, counts in BANDS.items()}
    assert options["balanced"]["loss"] == "cross_entropy" and options["balanced"]["balancing"] == []
    assert options["mild"]["loss"] == "focal" and options["mild"]["balancing"] == []
    assert all(o["threshold_method"] for o in options.values())
    assert set(options["moderate"]["balancing"]) == {"sampler", "minority_augmentation"}
    assert options["moderate"]["augmentation"]
    assert options["severe"] == options["moderate"]
    assert set(options["extreme"]["balancing"]) == {"sampler", "minority_augmentation", "smote"}


@pytest.mark.parametrize("band", ["severe", "extreme"])
def test_three_paths_side_by_side(band: str) -> None:
    found = advice.for_counts(*BANDS[band], "audio", name="DEEP-VOICE")
    instead, combined, alone = found.paths
    assert [s.dataset for s in instead.suggestions][:2] == ["ASVspoof 2019 LA", "WaveFake"]
    assert set(combined.options["dataset_weights"]) == {"DEEP-VOICE", "ASVspoof 2019 LA"}
    assert alone.options == found.preset
    assert "ASVspoof 2019 LA" in found.text


@pytest.mark.parametrize("modality", ["image", "audio", "video", "multimodal"])
def test_suggestions_say_where_from_and_where_to(modality: str) -> None:
    for suggestion in balanced_datasets(modality):
        assert (
            suggestion.source
            and suggestion.licence
            and suggestion.size
            and suggestion.folder
            and suggestion.why
        )


def test_first_choice_for_pictures() -> None:
    assert balanced_datasets("image")[0].dataset == "140k Real and Fake Faces"
