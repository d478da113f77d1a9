"""Fields of a configuration as people write them: a YAML file, and KEY=VALUE on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core import plain_yaml
from core.errors import BadInput


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The plain fields in a YAML (or JSON) file."""
    path = Path(path)
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no configuration {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not valid YAML ({error})") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput(f"{path} does not hold a mapping of fields (NAME: VALUE)")
    return document


def parse_setting(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` of --set; the value is YAML."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise BadInput(f"--set {text!r} must be KEY=VALUE, e.g. --set epochs=3")
    try:
        return name.strip(), plain_yaml.load(value)
    except yaml.YAMLError as error:
        raise BadInput(f"--set {name.strip()}: {value!r} is not a YAML value ({error})") from error
