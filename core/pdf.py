"""PDF of the reports: the page that core/html.py filled, laid out on A4. Nothing but its own fonts is
read."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Set
from functools import cache
from pathlib import Path

from core.errors import WorkbenchError

FONTS = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}  # matplotlib brings them
_FONT = "font:"
_rendering = threading.Lock()  # one document at a time: the layout engine is not known to be safe for threads


def from_html(document: str) -> bytes:
    """The document as PDF; a character that no font of this machine has is written by its number.

    報告.png  without a Chinese font:  [U+5831][U+544A].png
    """
    import plutoprint

    class OwnFontsOnly(plutoprint.ResourceFetcher):
        def fetch_url(self, url: str) -> plutoprint.ResourceData:
            name = url.removeprefix(_FONT)
            if url.startswith(_FONT) and name in FONTS.values():
                # The engine keeps fonts until the process ends, after Python: bytes of ours would crash it there.
                return plutoprint.default_resource_fetcher.fetch_url((_font_folder() / name).as_uri())
            raise ValueError("a report takes nothing from outside")

    faces = "".join(
        f'@font-face{{font-family:"Report";font-weight:{weight};src:url("{_FONT}{name}")}}'
        for weight, name in FONTS.items()
    )
    written = io.BytesIO()
    with _rendering:
        book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
        book.custom_resource_fetcher = OwnFontsOnly()
        try:
            book.load_html(number_missing(document).replace("<style>", f"<style>{faces}", 1))
            book.write_to_pdf_stream(written)
        except plutoprint.Error as error:
            raise WorkbenchError(f"the PDF could not be made ({error}); take the HTML report") from error
    return written.getvalue()


def number_missing(document: str) -> str:
    """Characters without a glyph, which would be empty boxes, as [U+5831]: a file keeps its name."""
    unknown = {c for c in set(document) if ord(c) > 127} - _glyphs()
    if unknown:
        unknown -= _glyphs_of_system(frozenset(unknown))
    if not unknown:
        return document
    return re.sub("[" + re.escape("".join(sorted(unknown))) + "]", lambda m: f"[U+{ord(m[0]):04X}]", document)


def _font_folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@cache
def _glyphs() -> Set[str]:
    """Characters of the font that every report has."""
    return _characters(_font_folder() / FONTS["normal"])


@cache
def _glyphs_of_system(wanted: frozenset[str]) -> Set[str]:
    """Those of `wanted` that some font of this machine has; the layout engine takes them from there."""
    from matplotlib.font_manager import findSystemFonts

    found: set[str] = set()
    for path in findSystemFonts():
        if wanted <= found:
            break
        found |= wanted & _characters(Path(path))
    return found


@cache
def _characters(font: Path) -> Set[str]:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(font, fontNumber=0, lazy=True) as opened:
            return {chr(code) for code in opened.getBestCmap() or {}}
    except (TTLibError, OSError):
        return frozenset()  # a font that cannot be read has nothing to offer
