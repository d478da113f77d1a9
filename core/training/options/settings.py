"""Settings that a technique's own file declares: a dataclass of `option`s, whose fields the configuration takes over.

@dataclass(frozen=True)
class SmoteSettings:                                        smote_neighbours is a field of the configuration,
    smote_neighbours: int = option(5, "neighbours …")       of its YAML, of --set and of the form
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, TypeVar, get_type_hints

from core.errors import WorkbenchError
from core.training.options.fields import option

Class = TypeVar("Class")


@dataclass(frozen=True)
class NoSettings:
    """Of a technique that needs none."""


def settings_from(kind: type, config: object) -> Any:
    """The settings of a technique as the configuration has them; their defaults without one."""
    if config is None:
        return kind()
    return kind(**{one.name: getattr(config, one.name) for one in fields(kind)})


def with_settings(kinds: Iterable[type]) -> Callable[[type[Class]], type[Class]]:
    """Add the fields of these settings to a class that becomes a dataclass; two techniques may share a
    field."""

    def add(cls: type[Class]) -> type[Class]:
        added: dict[str, Field[Any]] = {}
        own = {name for base in cls.__mro__ for name in getattr(base, "__annotations__", ())}
        for kind in kinds:
            types = get_type_hints(kind)
            for one in fields(kind):
                if one.name in own | set(added) and not _same(added.get(one.name), one):
                    raise WorkbenchError(f"{kind.__module__} declares {one.name}, which is an option already")
                added[one.name] = one
                cls.__annotations__[one.name] = types[one.name]
                setattr(cls, one.name, _copy(one))
        return cls

    return add


def _same(one: Field[Any] | None, other: Field[Any]) -> bool:
    return one is not None and (one.type, one.default, one.metadata) == (
        other.type,
        other.default,
        other.metadata,
    )


def _copy(one: Field[Any]) -> Any:
    """The field once more, for another class; what is missing in its metadata, a plain default has."""
    default = one.default if one.default_factory is MISSING else one.default_factory()
    metadata = dict(one.metadata)
    return option(default, metadata.pop("help", one.name.replace("_", " ")), **metadata)
