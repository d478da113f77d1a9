"""Trail: who did what here, and is every line still as it was written? For operators."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core import audit, numbers, words
from core.detection import trail as judged
from core.errors import NotAllowed
from core.exports import to_csv
from core.runs import listing
from core.thresholds import methods
from dashboard import address, paging, session, tables, theme

PAGE = 50  # lines
SHORT = 12  # characters of a hash, which tell files apart; the files to download have all of it
HEADINGS = {"action": "what was done", "more": "details"}  # where a reader would ask what the key means
WHO, ACTION, TEXT = "trail-who", "trail-action", "trail-text"


def page() -> None:
    theme.page_title("Who did what here?")
    try:
        trail = audit.read(session.person(), session.space())
    except NotAllowed as error:
        st.info(theme.safe(str(error)))
        return
    if not trail.content:
        theme.empty(
            "Nothing was done here yet. Judging, training, deleting and the like are written down as they happen.",
            "See where to start",
            "home",
        )
        return
    _verified(trail.verified)
    table = _to_read(trail)
    if trail.verified.broken is not None:
        table.insert(0, "line", [theme.count(number) for number in trail.numbers])
    chosen, filters = _filtered(table)
    number = _draw_page(chosen.iloc[::-1], len(table), str(filters))
    address.write("trail", {**filters, "page": paging.in_address(number)})
    written = pd.DataFrame(trail.rows, columns=[*audit.COLUMNS, "more"])
    _downloads(trail, written.loc[chosen.index])


def _draw_page(newest_first: pd.DataFrame, in_all: int, filters: str) -> int:
    """The lines of one page; gives its number. Other filters begin at the first."""
    if newest_first.empty:
        st.info("No line fits what is set under Who, What was done and On.")
        return 1
    slot = st.container()
    digest = hashlib.sha1(filters.encode()).hexdigest()[:8]
    number = paging.draw("trail", -(-len(newest_first) // PAGE), key=f"trail-page-{digest}")
    first = PAGE * (number - 1)
    shown = newest_first.iloc[first : first + PAGE]
    with slot:
        tables.show(
            shown.rename(columns=HEADINGS),
            "trail-table",
            what="What was done, the newest first",
            whole=("when",),
        )
    end = theme.count(first + len(shown))
    fit = "" if len(newest_first) == in_all else f" that fit, of {theme.count(in_all)} in all"
    st.caption(
        f"{theme.count(first + 1)} to {end} of {theme.count_of(len(newest_first), 'line')}{fit}, the newest first."
    )
    return number


def _to_read(trail: audit.Trail) -> pd.DataFrame:
    """The lines with the names that runs have today, and words for keys; the files keep what was written."""
    names = {run.id: run.name for run in listing.runs(session.space())}
    rows = [
        {
            **row,
            "when": _moment(row["when"]),
            "on": names.get(row["on"], row["on"]),
            "more": _details(entry, names),
        }
        for row, entry in zip(trail.rows, trail.entries, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*audit.COLUMNS, "more"])


def _moment(written: str) -> str:
    """`2026-11-28T08:09:58+0000` without its T, on one line; anything else as it is."""
    if written[10:11] != "T":
        return written
    return written.replace("T", "\u00a0", 1).replace("+0000", "\u00a0UTC")


def _details(entry: Mapping[str, object], names: Mapping[str, str]) -> str:
    return ", ".join(
        f"{words.recorded(key)}: {_value(key, value, names)}" for key, value in judged.stated(entry)
    )


def _value(key: str, value: object, names: Mapping[str, str]) -> str:
    if key == "detector":
        return names.get(str(value), str(value))
    if key == "method" and isinstance(value, str):
        return methods.title(value)
    if key == "family":
        return words.family(str(value))
    if key == "sha256":
        return f"{str(value)[:SHORT]}…"
    return numbers.threshold(value) if isinstance(value, float) else str(value)


def _verified(found: audit.Verified) -> None:
    if found.broken is not None:
        st.error(
            f"✖ **Line {theme.count(found.broken)} {theme.safe(str(found.why))}.** The lines before it are as they were "
            "written; what comes after it cannot be trusted."
        )
        return
    st.success(f"✔ {theme.count_of(found.lines, 'line')}, each as it was written.")
    with st.expander("How to prove later that no line was cut off at the end"):
        st.markdown(
            "Note this hash outside of this machine. As long as `python -m core audit verify --expect HASH` finds it, "
            "no line that is here today is missing."
        )
        st.code(found.head, language=None, wrap_lines=True)


def _filtered(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The lines that fit, and the filters as the address keeps them."""
    people, actions = sorted(table["who"].unique()), sorted(table["action"].unique())
    _open_link(people, actions)
    with st.container(horizontal=True):
        who = st.multiselect("Who", people, key=WHO, placeholder="Everybody", wrap=True)
        action = st.multiselect("What was done", actions, key=ACTION, placeholder="Everything", wrap=True)
        text = st.text_input("On", key=TEXT, placeholder="A run, a file, a dataset")
    there = pd.Series(True, index=table.index)
    if who:
        there &= table["who"].isin(who)
    if action:
        there &= table["action"].isin(action)
    if text:
        there &= table["on"].str.contains(text, case=False, regex=False)
    return table[there], {"who": ",".join(who), "action": ",".join(action), "on": text}


def _open_link(people: Sequence[str], actions: Sequence[str]) -> None:
    """?who=ada@example.org&action=judge,delete run&on=clip&page=2"""
    given = address.read_link("trail")
    if given is None:
        return
    for key, name, known in ((WHO, "who", people), (ACTION, "action", actions)):
        st.session_state[key] = [one for one in given.get(name, "").split(",") if one in known]
    st.session_state[TEXT] = given.get("on", "")
    paging.take("trail", given)


def _downloads(trail: audit.Trail, chosen: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "The whole trail (a file that can be verified anywhere)",
            trail.content,
            audit.FILE,
            "application/jsonl",
            key="trail-jsonl",
            icon=":material/download:",
            on_click="ignore",
        )
        if chosen.empty:
            return
        st.download_button(
            "These lines as a table (CSV)",
            to_csv(chosen),
            "audit.csv",
            "text/csv",
            key="trail-csv",
            icon=":material/table:",
            on_click="ignore",
        )


page()
