"""The configuration of a run: one dataclass, one YAML. The Train page builds its form from these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.runs.curves import LOWER_IS_BETTER
from core.training.options.checks import check_together, check_tune
from core.training.options.choices import DEFAULT_BATCHES, DEFAULT_MODELS, SETTINGS
from core.training.options.data_options import DataOptions
from core.training.options.fields import check_field, coerce, with_real_types
from core.training.options.learning_options import LearningOptions
from core.training.options.outcome_options import OutcomeOptions
from core.training.options.settings import with_settings
from core.training.options.yaml_fields import read_yaml


# The fields stand in the order of the form: a dataclass takes those of its last base first.
@with_real_types
@dataclass(frozen=True)
@with_settings(SETTINGS)
class TrainConfig(OutcomeOptions, LearningOptions, DataOptions):
    """Every field has a default, a unit where it has one, and a line of help. None: chosen as the help says.

    The settings of techniques (`smote_neighbours`, `focal_gamma`, …) are fields too: their own files declare them.
    """

    def __post_init__(self) -> None:
        for one in fields(self):
            check_field(one, coerce(one, getattr(self, one.name)))
        check_together(self)
        if self.tune is not None:
            check_tune(self, self.tune)

    @property
    def model_name(self) -> str:
        """The network that is meant, also where none is named."""
        return self.model or DEFAULT_MODELS[self.modality]

    @property
    def batch(self) -> int:
        """Samples in a step; of `auto` what it begins with."""
        return self.batch_size if isinstance(self.batch_size, int) else DEFAULT_BATCHES[self.modality]

    @property
    def readers(self) -> int:
        """Reading processes; of `auto` what it begins with."""
        return self.workers if isinstance(self.workers, int) else 1

    @property
    def batches_a_step(self) -> int:
        """Batches whose gradients make one step."""
        return self.accumulation or 1

    @property
    def lower_is_better(self) -> bool:
        """Whether the best epoch is the one where the monitor is lowest."""
        return self.monitor in LOWER_IS_BETTER

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The configuration of plain fields; refuses what it does not know, naming the field."""
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(str(name) for name in values if name not in known)
        if unknown:
            raise BadInput(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**{name: coerce(known[name], value) for name, value in values.items()})

    @classmethod
    def from_yaml(cls, path: Path | str) -> TrainConfig:
        return cls.from_dict(read_yaml(path))
