"""Saving the line as the run's operating point, its history, and what can be taken away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import numbers
from core.exports import to_csv
from core.runs.folder import RunFolder
from core.runs.summaries import summary as run_summary
from core.thresholds import operating_point
from core.thresholds.band import Band, band, band_at, finite
from core.thresholds.curve_table import curve_table
from core.thresholds.operating_point import OperatingPoint
from core.thresholds.point import Costs, Point
from core.thresholds.summary import Side, summary
from core.thresholds.sweep import at
from dashboard import session, theme
from dashboard.threshold_lab import Choice
from dashboard.thresholds import address, words
from dashboard.thresholds.scores import NAMES, Source

LINE = "thresholds-line"  # (source, choice, number): where Python wants the line
ANYWAY = "thresholds-save-anyway"  # also where the detector learned nothing
DEMO = "All of this is demo data: the figures say nothing about real forgeries."
LINK = "thresholds-link"  # what the address asks for, until the line of its source is known


def save(source: Source, choice: Choice) -> None:
    box = st.popover("Save as operating point", type="primary", disabled=source.folder is None)
    with box.container(width=theme.BOX):
        st.markdown(_what_detection_does(source, choice))
        why = st.text_input("Why", key="thresholds-why", placeholder="What it is for", max_chars=300)
        sure = not source.learned_nothing or _ask_confirmation()
        pressed = st.button("Save", key="thresholds-save", type="primary", disabled=not sure)
        if pressed and theme.run_guarded(lambda: _save(source, choice, why)):
            st.toast(f"The operating point of {theme.safe(source.title)} is saved.")


def _what_detection_does(source: Source, choice: Choice) -> str:
    title = theme.safe(words.title(choice.method))
    if choice.threshold is None:
        return f"Detection will call nothing fake ({title})."
    line, unsure = f"**{numbers.threshold(choice.threshold)}** ({title})", _band(source, choice)
    if unsure is None:
        return f"Detection will call fake what scores at least {line}."
    fake = "nothing is fake" if unsure.high is None else f"fake from {numbers.threshold(unsure.high)} up"
    real = "nothing is real" if unsure.low is None else f"real under {numbers.threshold(unsure.low)}"
    return f"Detection will draw the line at {line}: {fake}, {real}, left to a person in between."


def _band(source: Source, choice: Choice) -> Band | None:
    chosen = source.splits[source.chosen_on].sweep
    return None if choice.error is None else band(chosen, choice.threshold, choice.error)


def _was_confirmed() -> bool:
    return bool(st.session_state.get(ANYWAY))


def _ask_confirmation() -> bool:
    st.warning(
        "This detector learned nothing: it judges no better than always giving the same answer. No threshold "
        "changes that.",
        icon=":material/warning:",
    )
    return st.checkbox("Save an operating point all the same", key=ANYWAY)


def _save(source: Source, choice: Choice, why: str) -> None:
    assert source.folder is not None
    costs = Costs(choice.fp, choice.fn, choice.prevalence)
    figures = {
        split: at(scored.sweep, choice.threshold, choice.method, costs).to_dict()
        | {"intervals": scored.intervals_at([choice.threshold], costs)[0]}
        for split, scored in source.splits.items()
    }
    found = _band(source, choice)
    unsure = None if found is None else finite(source.splits[source.chosen_on].sweep, found)
    point = OperatingPoint(
        choice.threshold, choice.method, source.chosen_on, figures, unsure, choice.error, why=why
    )
    operating_point.save(source.folder, point, session.person(), confirmed=_was_confirmed())


def history(source: Source) -> None:
    """Who drew the line where, when and why; any earlier one can be brought back."""
    if source.folder is None:
        return
    points = operating_point.history(source.folder)
    if not points:
        st.caption("No operating point has been saved in this run.")
    for back, point in enumerate(points):
        text, jump, restore = st.columns([6, 1, 1], vertical_alignment="center")
        now = "**In force** · " if back == 0 else ""
        text.markdown(now + _describe(point))
        jump.button("Show", key=f"thresholds-look-{back}", on_click=move_line, args=(source, point))
        if back and restore.button("Restore", key=f"thresholds-restore-{back}"):
            _restore(source, back, point)


def _describe(point: OperatingPoint) -> str:
    """`0.42` by Best F1, on validation · who, when · left to a person … · why

    Who alone sits at this machine has no name.
    """
    title, where = words.title(point.method), NAMES.get(point.chosen_on, point.chosen_on)
    how = title if title == Choice.method else f"by {title}"
    when = theme.moment(point.when) if point.when else ""
    who = "" if point.who == "local" else theme.safe(point.who)
    parts = [f"**{numbers.threshold(point.threshold)}** {theme.safe(how)}, on {theme.safe(where)}"]
    if signed := ", ".join(filter(None, (who, when))):
        parts.append(signed)
    if point.band:
        low, high = map(numbers.threshold, point.band)
        parts.append(f"left to a person from {low} to {high}")
    # Earlier versions wrote rule and part into the reason, too.
    if why := point.why.replace(f"{title} on {where}, ", ""):
        parts.append(theme.safe(why))
    return " · ".join(parts)


def _restore(source: Source, back: int, point: OperatingPoint) -> None:
    folder = source.folder
    if folder is not None and theme.run_guarded(lambda: _put_back(folder, back)):
        move_line(source, point)
        st.rerun()


def _put_back(folder: RunFolder, back: int) -> None:
    operating_point.restore(folder, back, session.person(), confirmed=_was_confirmed())


def move_line(source: Source, point: OperatingPoint) -> None:
    put_line(source, _choice(point))


def start(source: Source, otherwise: Point) -> tuple[Choice, str]:
    """Where the line stands when the page opens: where a link or Python put it, else the operating point, else the
    default."""
    link = st.session_state.pop(LINK, None)
    wanted = st.session_state.get(LINE)
    if wanted is not None and wanted[0] == source.key and link is None:
        return wanted[1], f"{source.key}-{wanted[2]}"
    saved = operating_point.read(source.folder) if source.folder is not None else None
    first = _choice(saved) if saved else Choice(otherwise.threshold, otherwise.method)
    if link is not None:
        put_line(source, address.to_choice(link, first, source.turned))
        return start(source, otherwise)
    return st.session_state.setdefault(f"thresholds-start-{source.key}", first), f"{source.key}-0"


def put_line(source: Source, choice: Choice) -> None:
    number = st.session_state.get(LINE, (None, None, 0))[2] + 1
    st.session_state[LINE] = (source.key, choice, number)


def _choice(point: OperatingPoint) -> Choice:
    costs = point.costs
    return Choice(point.threshold, point.method, costs.fp, costs.fn, costs.prevalence, point.error)


def export(
    source: Source, looking_at: str, choice: Choice, points: Sequence[Point], warnings: Sequence[str]
) -> None:
    box = st.popover("Export", key="thresholds-export", on_change="rerun")
    if not box.open:
        return
    with box:
        st.download_button(
            "One-page summary (HTML)",
            lambda: _summary_page(source, looking_at, choice, points, warnings),
            "threshold-summary.html",
            "text/html",
            key="thresholds-html",
        )
        st.download_button(
            "Table of thresholds (CSV)",
            lambda: to_csv(curve_table(source.splits[looking_at])),
            f"thresholds-{looking_at}.csv",
            "text/csv",
            key="thresholds-csv",
        )
        st.caption("Each drawing above has a PNG button of its own.")


def _summary_page(
    source: Source, looking_at: str, choice: Choice, points: Sequence[Point], warnings: Sequence[str]
) -> str:
    costs = Costs(choice.fp, choice.fn, choice.prevalence)
    chosen = source.splits[source.chosen_on].sweep
    unsure = None if choice.error is None else band(chosen, choice.threshold, choice.error)
    sides = [
        Side(
            NAMES[split],
            scored.sweep,
            at(scored.sweep, choice.threshold, choice.method, costs),
            None if unsure is None else scored.with_intervals(band_at(scored.sweep, unsure.low, unsure.high)),
            scored.intervals(choice.threshold, costs),
        )
        for split, scored in source.splits.items()
    ]
    # On the page the run wears a badge.
    demo = [DEMO] if source.folder is not None and run_summary(source.folder).demo else []
    title = f"Where the threshold is: {source.title}"
    chosen_on, compared_on = NAMES[source.chosen_on], NAMES[looking_at]
    found = source.splits[looking_at].intervals_at([p.threshold for p in points], costs)
    return summary(
        title, choice.method, chosen_on, sides, compared_on, points, [*demo, *warnings], source.turned, found
    )
