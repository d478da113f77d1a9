"""One look for all pages: colours, number formats, badges, empty states. Words and shapes always go with colour."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache
from typing import Literal

import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st

from core import numbers, words
from core.errors import one_line

# Okabe and Ito: blue and vermilion stay apart for every common kind of colour blindness, in light and dark.
REAL = "#0072B2"
FAKE = "#D55E00"
UNCERTAIN = "#7F7F7F"
UNLABELLED = "#B0B0B0"
LABEL_COLORS = {"real": REAL, "fake": FAKE, "uncertain": UNCERTAIN, "unlabelled": UNLABELLED}
LABEL_SYMBOLS = {"real": "circle", "fake": "x", "uncertain": "diamond", "unlabelled": "square-open"}
LABEL_PATTERNS = {"real": "", "fake": "/", "uncertain": ".", "unlabelled": "x"}
# One colour a run or series, apart from those of the labels.
SERIES = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#A6761D", "#F0E442", "#666666")

SEVERITY = {
    "balanced": ("green", "●"),
    "mild": ("blue", "◐"),
    "moderate": ("orange", "▲"),
    "severe": ("red", "◆"),
    "extreme": ("violet", "✖"),
    "single-class": ("gray", "○"),
}
STATE = {
    "queued": ("gray", "…"),
    "running": ("blue", "▶"),
    "stalled": ("orange", "‖"),
    "stopping": ("orange", "◼"),
    "stopped": ("gray", "◼"),
    "completed": ("green", "✔"),
    "failed": ("red", "✖"),
    "interrupted": ("orange", "⚡"),
}
# The mark of a detector at chance; a cross is that of a fake.
LEARNED_NOTHING = ":red-badge[⊘ learned nothing]"


def page_title(question: str, *, badge: str | None = None) -> None:
    """The question that the page answers, its one heading of first rank."""
    st.markdown(f"# {safe(question)}" + (f" {badge}" if badge else ""))


def safe(text: object) -> str:
    """Text from data (names of files, methods, people) as Markdown that shows it and does nothing else."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", visible(str(text)))


def with_commands(text: str) -> str:
    """A sentence of the workbench, as Markdown: what one can type stands as code, all else as it is."""
    parts = re.split(r"`(python -m core [a-z -]+)`", text)
    return "".join(f"`{part}`" if place % 2 else safe(part) for place, part in enumerate(parts))


def sentence(message: object) -> str:
    """An error line of the workbench as Markdown, with a full stop: on a page it stands among sentences."""
    line = one_line(message)
    return safe(line if line.endswith((".", "!", "?", "…")) else f"{line}.")


def visible(text: str) -> str:
    """Without what changes how the text around it is shown: control characters, changes of direction."""
    printable = "".join(c if c.isprintable() or c == "\u00a0" else "\ufffd" for c in text)
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", printable)


count, number, percent, interval = numbers.count, numbers.number, numbers.percent, numbers.interval
count_of = numbers.count_of


def unbroken(text: str) -> str:
    """A figure with its unit or its interval: it stays on one line."""
    return text.replace(" ", "\u00a0")


def moment(seconds: float) -> str:
    """`2026-11-28 08:09` as Markdown. A browser breaks a line behind a hyphen unless a word joiner follows it."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    return unbroken(safe(when)).replace("-", "-\u2060")


def with_units(text: str) -> str:
    """What a network is given: 4 s at 16,000 Hz, 224 × 224 pixels. A number stays on one line with its unit."""
    return re.sub(r"(?<=\d) (?=(?:s|Hz|frames|pixels|×)(?!\w))|(?<=×) ", "\u00a0", text)


def with_shares(text: str) -> str:
    """A remark of core: each share stays on one line with its sign."""
    return text.replace(" %", "\u00a0%")


def duration(seconds: float | None) -> str:
    return unbroken(numbers.duration(seconds))


def figure_name(name: str) -> str:
    """A figure's name as words: AUC, balanced accuracy, macro F1."""
    return words.figure(name)


def ratio(x: float | None) -> str:
    """6.3:1"""
    return numbers.ratio(x)


def size(n: float | None) -> str:
    if n is None:
        return "–"
    if n < 1000:
        return f"{count(n)} B"
    n /= 1000
    for unit in ("kB", "MB", "GB"):
        if n < 999.5:  # the next is 1,000 in three digits
            return f"{numbers.short(n, never=())} {unit}"
        n /= 1000
    return f"{numbers.short(n, never=())} TB"


def severity_badge(word: str | None) -> str:
    """The band as Markdown badge: colour, shape and word."""
    color, mark = SEVERITY.get(word or "", ("gray", "?"))
    return f":{color}-badge[{mark} {words.SEVERITIES.get(word or '', 'unknown')}]"


def state_badge(state: str) -> str:
    color, mark = STATE.get(state, ("gray", "?"))
    return f":{color}-badge[{mark} {words.state(state)}]"


def demo_badge() -> str:
    return ":violet-badge[demo]"


def severity_word(word: str | None) -> str:
    """The same for a table cell, which knows no Markdown."""
    return f"{SEVERITY.get(word or '', ('', '?'))[1]} {words.SEVERITIES.get(word or '', 'unknown')}"


def empty(text: str, button_label: str | None = None, page: str | None = None) -> None:
    """An empty state: what is missing, and the one next step. `page` is a view's file name without .py."""
    with st.container(border=True):
        st.markdown(text)
        if (
            button_label
            and page
            and st.button(button_label, type="primary", key=f"empty-{page}-{button_label}")
        ):
            go_to(page)


def go_to(page: str) -> None:
    st.switch_page(f"views/{page}.py")


def figure(fig: go.Figure, *, height: int = 320, keep: str = "view", toolbar: bool = True) -> go.Figure:
    """Common layout. `keep` names the zoom state: while it stays the same, a refresh does not move the view.

    The toolbar has a margin of its own on the right, where it lies over nothing.
    """
    fig.update_layout(
        height=height,
        margin={"l": 8, "r": 40 if toolbar else 8, "t": 32, "b": 8},
        modebar={"orientation": "v", "bgcolor": "rgba(0,0,0,0)"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0},
        uirevision=keep,
        font={"size": 13},
        hoverlabel={"namelength": -1},
        template=_template(frozenset(trace.plotly_name for trace in fig.data)),
        overwrite=True,  # merging into what is there takes four times as long
    )
    fig.update_xaxes(automargin=True)
    fig.update_yaxes(automargin=True)
    return fig


@cache
def _template(kinds: frozenset[str]) -> go.layout.Template:
    """Of Streamlit's template what these traces use: whole it is 3 kB, sent with every chart."""
    whole = pio.templates[pio.templates.default]
    if not kinds <= {"scatter", "scattergl", "bar"}:
        return whole
    return go.layout.Template(
        data={"scatter": whole.data.scatter}, layout={"colorway": whole.layout.colorway}
    )


CHART_CONFIG = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "scrollZoom": False,
}
QUIET_CHART = {**CHART_CONFIG, "displayModeBar": False}  # where its bar would lie over the names above

# Pixels of a box that opens over the page: a wide one would lie over the navigation, and telephones are narrow.
BOX = 304

CHOSEN_ROW = "background-color: rgba(86, 180, 233, 0.22)"


def clicked_row(key: str) -> int | None:
    """In a table's callback: the row of the cell that was clicked or that the arrow keys went to."""
    cells = st.session_state[key]["selection"]["cells"]
    return int(cells[0][0]) if cells else None


def run_guarded(action: Callable[[], object]) -> bool:
    """Run what a button does; a refusal or failure of the workbench becomes one line on the page."""
    from core.errors import WorkbenchError

    try:
        action()
    except WorkbenchError as error:
        st.error(sentence(error), icon=":material/error:")
        return False
    return True


def act(action: Callable[[], object], only: Literal["app", "fragment"] = "app") -> None:
    """The same, and the page is drawn again if it was done; a refusal stays to be read."""
    if run_guarded(action):
        st.rerun(scope=only)
