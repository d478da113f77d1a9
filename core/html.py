"""HTML documents that need nothing else: Jinja templates in which every value is escaped.

A document extends `document.html` (core/templates): no scripts, nothing from outside, pictures as data.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from core import glossary

PLACE = "<!--glossary-->"
_PICTURES = re.compile(r"data:image/[^\"]*|<style>.*?</style>", re.DOTALL)
_PERCENT = re.compile(r"(?<=\d) %")
_INTERVAL = re.compile(r"\[[\d.,\u2212]+, [\d.,\u2212]+\]")
TEMPLATES = Path(__file__).parent / "templates"
# Marks that turn or hide text: a file name with them would read as another one.
HIDDEN = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF], "\ufffd"
)


def render(template: Path, **values: object) -> str:
    """The template with its values, and at its end the words that it used; a value that is missing is an error, not an
    empty place."""
    environment = _environment(template.parent)
    document = environment.get_template(template.name).render(values)
    # What looks like a mark-up of ours in a value was escaped.
    meanings = glossary.explain(_text(document))
    parts: Any = environment.get_template("parts.html").module
    document = document.replace(PLACE, parts.glossary(meanings) if meanings else "", 1)
    return _PERCENT.sub("&nbsp;%", document)  # no line may begin with the sign


def _text(document: str) -> str:
    """What a reader sees, with a space where a cell ends: "AUC" beside "0.913" would be the word AUC0.913."""
    return Markup(_PICTURES.sub("", document).replace("<", " <")).striptags()


@cache
def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = keep_intervals_whole
    return environment


def keep_intervals_whole(value: object) -> Markup:
    """`0.913 [0.88, 0.94]` may go on in the next line before its bracket alone."""
    text = str(escape(visible(value)))
    return Markup(_INTERVAL.sub(lambda found: f'<span class="interval">{found[0]}</span>', text))


def visible(value: Any) -> Any:
    """Text with its hidden marks shown; anything else as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() or c == "\u00a0" else "\ufffd" for c in value.translate(HIDDEN))
