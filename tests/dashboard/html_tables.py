"""The tables to read of a page under test, as data frames of what they show."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
from streamlit.testing.v1 import AppTest


class _Reader(HTMLParser):
    """The texts of th and td, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def read(html: str) -> pd.DataFrame:
    reader = _Reader()
    reader.feed(html)
    head, *rows = [[cell.replace("\u00a0", " ") for cell in row] for row in reader.rows]
    return pd.DataFrame(rows, columns=head)


def tables_of(page: AppTest) -> list[pd.DataFrame]:
    bodies = [element.proto.body for element in page.get("html")]
    return [read(body) for body in bodies if "reading-table" in body and "<table" in body]


def table_with(page: AppTest, column: str) -> pd.DataFrame:
    return next(table for table in tables_of(page) if column in table)
