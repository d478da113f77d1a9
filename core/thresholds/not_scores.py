"""What people give for a score file that is none, and what to do with it."""

from __future__ import annotations

SAVE = "save its rows as CSV or Parquet with the columns label and score"
TABLES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8 CSV or Parquet",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8 CSV or Parquet",
    b"\x93NUM": f"an array of NumPy; {SAVE}",
    b"\x80": f"a pickle, which is never opened here; {SAVE}",
}
ROWS = {
    b"{": f"JSON; {SAVE}",
    b"[": f"JSON; {SAVE}",
    b"<": "a web page, not the scores; download the file itself",
    b"version https://git-lfs": "a Git LFS pointer, not the scores; fetch them with `git lfs pull`",
}


def instead_of_a_table(head: bytes) -> str | None:
    """By the first four bytes of a file."""
    return next((what for begins, what in TABLES.items() if head.startswith(begins)), None)


def instead_of_a_row(line: bytes) -> str | None:
    """By the first line of a text."""
    return next((what for begins, what in ROWS.items() if line.lstrip().startswith(begins)), None)
