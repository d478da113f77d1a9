"""The form of the Train page in its address: every field that differs from its default, as YAML writes it.

?modality=image&datasets=[faces]&epochs=7
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from core import plain_yaml
from core.errors import BadInput
from core.training.options.config import TrainConfig
from dashboard import address
from dashboard.train import option_form

PAGE = "train"
LONGEST = 4000  # characters: browsers and proxies cut longer addresses


def read() -> dict[str, Any] | None:
    """The configuration that a link asks for; None without a link, or where it is no configuration.

    A link that does not say how the data is divided leaves it to the data.
    """
    given = address.read_link(PAGE)
    if given is None:
        return None
    try:
        values = {name: plain_yaml.load(text) for name, text in given.items() if name in option_form.FIELDS}
        whole = TrainConfig.from_dict(values).to_dict() if values else None
    except (BadInput, yaml.YAMLError):
        return None
    return whole and {name: value for name, value in whole.items() if name in values or name != "protocol"}


def write(config: Mapping[str, Any]) -> None:
    address.write(PAGE, in_address(config))


def in_address(config: Mapping[str, Any]) -> dict[str, str | None]:
    """Nothing where it would be too long: then the text of the configuration is what can be passed on."""
    usual = TrainConfig().to_dict()
    state: dict[str, str | None] = {
        name: json.dumps(value, ensure_ascii=False)
        for name, value in config.items()
        if name in ("modality", "datasets", "protocol") or value != usual[name]
    }
    return state if sum(len(name) + len(text or "") for name, text in state.items()) < LONGEST else {}
