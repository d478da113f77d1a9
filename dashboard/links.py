"""Web addresses in a text as links, in HTML and in Markdown: those of http and https alone, and only what is what it
looks like. All else stays text.

https://zenodo.org/records/5642694; reals: LJSpeech-1.1   ->   a link, and the words behind it
javascript:alert(1), https://bank.example@evil.example    ->   text
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from dashboard import theme

_ADDRESS = re.compile(r"https?://[^\s<>\"'`;|\\^{}]+")
_ENDS_A_SENTENCE = ".,:!?)]"


def is_web_address(text: str) -> bool:
    """A host by its name in plain letters: no user in front of it, nothing that looks like another letter."""
    if not text.isascii() or theme.visible(text) != text:
        return False
    try:
        read = urlsplit(text)
        return read.scheme in ("http", "https") and bool(read.hostname) and "@" not in read.netloc
    except ValueError:
        return False


def split(text: str) -> list[tuple[str, bool]]:
    """The pieces of a text, and which of them are addresses."""
    found, at = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(_ENDS_A_SENTENCE)
        if is_web_address(address):
            found += [(text[at : match.start()], False), (address, True)]
            at = match.start() + len(address)
    return [piece for piece in [*found, (text[at:], False)] if piece[0]]


def in_markdown(text: object) -> str:
    """As theme.safe, with its addresses as links."""
    return "".join(
        f"[{theme.safe(piece)}](<{_target(piece)}>)" if link else theme.safe(piece)
        for piece, link in split(str(text))
    )


def in_html(text: object, show: Callable[[str], str]) -> str:
    """Every piece as `show` makes HTML of it; addresses open in a tab of their own."""
    return "".join(
        f'<a href="{_target(piece)}" target="_blank">{show(piece)}</a>' if link else show(piece)
        for piece, link in split(str(text))
    )


def _target(address: str) -> str:
    """Without what could end an attribute or a link."""
    return quote(address, safe=":/?#@!&=+,%~-._")
