"""Names of the rules that choose a threshold, as a person reads them. The command calls them methods; on the page a
method is how a fake was made."""

from __future__ import annotations

from core.thresholds import methods

# Of those that take no argument.
TITLES = {
    "default": methods.title("default"),
    **{name: kind.title for name, kind in methods.KNOWN.items() if kind.title and not kind.argument},
}


def title(words: str) -> str:
    """`precision=0.95` is Precision at least 95 %; what has no name of its own is shown as it was written."""
    return methods.title(words)


def title_beside_value(words: str) -> str:
    """Where the threshold is written behind it anyhow: Default 0.5."""
    return "Default" if words == "default" else title(words)


def method(text: str) -> str:
    """The words of the rule that a title stands for; anything else is taken as it was typed."""
    for name, shown in TITLES.items():
        if text == shown:
            return name
    for name, kind in methods.KNOWN.items():
        begin, _, end = kind.title.partition("{}")
        if kind.title and kind.argument and text.startswith(begin) and text.endswith(end):
            value = text[len(begin) : len(text) - len(end)]
            return f"{name}={_share(value) if kind.argument_is_share else value}"
    return text


def _share(value: str) -> str:
    return f"{float(value[:-2]) / 100:.12g}" if value.endswith(" %") else value
