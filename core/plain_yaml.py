"""YAML as plain values, from whoever wrote it: no objects, and no text of a few lines that unfolds to
gigabytes."""

from __future__ import annotations

from typing import Any

import yaml

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 100_000  # counted as often as an alias repeats them
DEEPEST = 100
SHORT = 2_000  # characters that cannot be nested deeply enough to matter
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TooLarge(yaml.YAMLError):
    """More than any configuration holds."""


def load(text: str) -> Any:
    """The document; what is not YAML, or unfolds without end, is a `yaml.YAMLError`."""
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"{len(text):,} characters are more than a configuration's {MOST_CHARACTERS:,}")
    if len(text) > SHORT:
        _check_depth(text)
    try:
        document = yaml.load(text, Loader=_FAST)
    except RecursionError as error:
        raise TooLarge("it is nested too deeply") from error
    except ValueError as error:  # a date of month 13
        raise yaml.YAMLError(str(error)) from error
    _count(document)
    return document


def _check_depth(text: str) -> None:
    """Event by event, which needs no stack: the loader in C would run out of its own, and take the process
    with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_FAST):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise TooLarge("it is nested too deeply")


def _count(document: Any) -> None:
    seen, waiting = 0, [document]
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise TooLarge(f"it unfolds to more than {MOST_VALUES:,} values")
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (list, set)):
            waiting += value
