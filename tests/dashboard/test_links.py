"""Web addresses in texts: followed where they are what they look like, text where they are not."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from dashboard import links, tables

HOSTILE = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://bank.example@evil.example/",
    "https://пример.example/",
    "https://[broken",
    "https://",
    "ftp://files.example/",
    "//evil.example/",
)


class Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Anchors()
    parser.feed(html)
    return parser.tags


def test_an_address_in_a_text_becomes_a_link_and_the_words_around_it_stay() -> None:
    text = "https://zenodo.org/records/5642694; reals: LJSpeech-1.1 (see https://example.org/a_b)."
    assert links.split(text) == [
        ("https://zenodo.org/records/5642694", True),
        ("; reals: LJSpeech-1.1 (see ", False),
        ("https://example.org/a_b", True),
        (").", False),
    ]
    made = links.in_markdown(text)
    assert re.findall(r"\(<(.*?)>\)", made) == [
        "https://zenodo.org/records/5642694",
        "https://example.org/a_b",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_plain_web_address_stays_text(text: str) -> None:
    assert not any(link for _, link in links.split(text))
    html = tables._html(pd.DataFrame({"from": [text]}), "x", linked=["from"])
    assert all(tag not in ("a", "script", "img") for tag, _ in tags_of(html))
    assert "](" not in links.in_markdown(text)


@pytest.mark.parametrize(
    "tail",
    ['"onmouseover="alert(1)', "'><img src=x onerror=alert(1)>", "(x)](javascript:alert(1))", "$a$`b`"],
)
def test_an_address_cannot_end_its_attribute_or_its_link(tail: str) -> None:
    html = tables._html(pd.DataFrame({"from": [f"https://example.org/{tail}"]}), "x", linked=["from"])
    inside = [(tag, set(attributes)) for tag, attributes in tags_of(html) if tag in ("a", "img", "script")]
    assert inside == [("a", {"href", "target"})]
    (target,) = re.findall(r"\]\(<(.*?)>\)", links.in_markdown(f"https://example.org/{tail}"))
    assert re.fullmatch(r"https://example\.org/[\w%:/.=&-]*", target)


def test_addresses_are_links_only_where_the_table_says_so() -> None:
    frame = pd.DataFrame({"from": ["https://example.org/a"], "name": ["https://example.org/b"]})
    anchors = [one for tag, one in tags_of(tables._html(frame, "x", linked=["from"])) if tag == "a"]
    assert anchors == [{"href": "https://example.org/a", "target": "_blank"}]
