"""What a run learns from: its samples, how they are divided, and what the network gets of each file."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.shares import USUAL_SHARES
from core.training.options.choices import MODALITIES, PROTOCOLS
from core.training.options.fields import option


@dataclass(frozen=True)
class DataOptions:
    """The groups `data` and `input`."""

    name: str = option("", "what the run is called in lists; empty: network and datasets", group="data")
    modality: str = option("video", "what the network looks at", choices=MODALITIES, group="data")
    datasets: list[str] = option(
        [],
        "datasets of the catalogue to learn from; none named: all that fit what it looks at",
        group="data",
    )
    dataset_weights: dict[str, float] = option(
        {},
        "how often a dataset is drawn against the others, whatever its size (1 where not named): 1 and 1 draw both "
        "equally often; none given: every sample once",
        group="data",
    )
    protocol: str = option(
        "official",
        "how the samples are divided; a dataset without a split of its own is divided by person, source or clip",
        choices=PROTOCOLS,
        group="data",
    )
    shares: str = option(
        USUAL_SHARES,
        "train/validation/test in per cent where no official list decides; 80/20 is train and validation without "
        "a test part",
        group="data",
    )
    heldout: str = option("", "method (how fakes were made) that the test part alone has", group="data")
    max_samples_per_class: int | None = option(
        None,
        "training keeps at most this many of each class; validation and test are thinned in proportion, so that "
        "they keep their natural balance; empty: no limit",
        unit="samples",
        low=1,
        group="data",
    )
    frames: int | None = option(
        None,
        "frames taken of a clip; empty: what suits the network",
        unit="frames",
        low=1,
        high=512,
        group="input",
    )
    sampling: str = option(
        "exact",
        "evenly spaced frames, or for each the nearest one that decodes fast",
        choices=("exact", "fast"),
        group="input",
    )
    image_size: int | None = option(
        None,
        "side of the picture the network sees; empty: what suits the network",
        unit="pixels",
        low=16,
        high=2048,
        group="input",
    )
    faces: bool | str = option(
        "auto",
        "crop the face first; auto: it looks at the data and keeps what it found",
        choices=("auto", True, False),
        group="input",
    )
    face_margin: float = option(
        1.3,
        "how many times as wide as the face the square crop is",
        unit="×",
        low=1.0,
        high=4.0,
        group="input",
    )
    sample_rate: int | None = option(
        None,
        "sound is resampled to this; empty: what suits the network",
        unit="Hz",
        low=4000,
        high=96_000,
        group="input",
    )
    seconds: float | None = option(
        None,
        "sound is cut into pieces of this length; empty: what suits the network",
        unit="s",
        low=0.25,
        high=60,
        group="input",
    )
    trim_silence: bool = option(
        True, "cut leading and trailing silence, which gives the label away in several sets", group="input"
    )
    aggregation: str = option(
        "mean",
        "how the scores of frames or pieces of sound become the score of the sample",
        choices=("mean", "max"),
        group="input",
    )
