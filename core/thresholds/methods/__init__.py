"""Methods that choose a threshold, named by the words of the option --method. One file each: a class of `Method` is one.

Pages and reports call them rules, for a method there is how a fake was made.
"""

from __future__ import annotations

from core import registry
from core.errors import BadInput
from core.thresholds.methods.base import Choice, Method
from core.thresholds.point import Costs, Point
from core.thresholds.sweep import Sweep

DEFAULT = "macro_f1"
DEFAULT_THRESHOLD = 0.5

_found = registry.classes(__name__, Method)
KNOWN: dict[str, type[Method]] = {DEFAULT: _found[DEFAULT], **_found}


def parse(words: str) -> Method:
    """The method that an option such as `f1`, `precision=0.95` or `cost=1:5@0.02` names."""
    name, equals, value = str(words).strip().partition("=")
    kind = KNOWN.get(name)
    if kind is None:
        raise BadInput(f"unknown threshold rule {words!r}; known are {', '.join(usages())}")
    if bool(equals) != bool(kind.argument) or (equals and not value):
        raise BadInput(f"threshold rule {words!r} must be written as {usage(kind)}")
    return kind.parse(value)


def usage(kind: type[Method]) -> str:
    return f"{kind.name}={kind.argument}" if kind.argument else kind.name


def usages() -> list[str]:
    return [usage(kind) for kind in KNOWN.values()]


def title(words: str) -> str:
    """`precision=0.95` is Precision at least 95 %; what is no method's is shown as it was written."""
    name, _, value = words.partition("=")
    kind = KNOWN.get(name)
    if name == "default":
        return f"Default ({DEFAULT_THRESHOLD})"
    if kind is None or not kind.title or bool(value) != bool(kind.argument):
        return words
    return kind.title.format(_in_percent(value) if kind.argument_is_share else value)


def _in_percent(value: str) -> str:
    try:
        return f"{100 * float(value):.6g} %"
    except ValueError:
        return value


def list_offered() -> list[str]:
    """What a page offers to choose from: every method, with the values of its argument that are worth a try."""
    plain = [name for name, kind in KNOWN.items() if not kind.argument]
    return plain + [f"{name}={value}" for name, kind in KNOWN.items() for value in kind.offered]


def choose(sweep: Sweep, words: str, costs: Costs | None = None) -> Point:
    """The point that the method chooses; `costs` are what its cost is counted in, unless it has its own."""
    method = parse(words)
    choice = method.choose(sweep)
    at_end = choice.index is None
    tp, fp = (0, 0) if at_end else (int(sweep.tp[choice.index]), int(sweep.fp[choice.index]))
    return Point.of(
        str(words).strip(),
        None if at_end else float(sweep.thresholds[choice.index]),
        tp,
        fp,
        sweep.positives - tp,
        sweep.negatives - fp,
        costs=method.costs or costs or Costs(),
        reachable=choice.reachable,
    )


__all__ = [
    "DEFAULT",
    "DEFAULT_THRESHOLD",
    "KNOWN",
    "Choice",
    "Method",
    "choose",
    "list_offered",
    "parse",
    "title",
    "usage",
    "usages",
]
