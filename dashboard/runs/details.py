"""Below the curves: what the chosen runs were asked, what a finished one produced, and what to do with it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
import yaml

from core.errors import BadInput
from core.runs import curves, figures, tuning
from core.runs.diagnosis import Finding, Remedy, diagnose
from core.runs.executors.base import tail
from core.runs.folder import RunFolder
from core.runs.summaries import Summary, summary
from core.runs.titles import titles
from dashboard import session, tables, theme
from dashboard.runs import differences
from dashboard.runs import results as run_results
from dashboard.runs import rows as run_rows


def draw(shown: Sequence[Summary]) -> None:
    if not shown:
        return
    called = titles(shown)
    configs = _configurations(shown)
    if len(configs) > 1:
        _differences(configs)
    for run in shown:
        _findings(run)
    for run in shown:
        if run.state == "completed":
            with st.expander(
                f"Results of “{theme.safe(called[run.id])}”",
                key=f"results-{run.id}",
                expanded=len(shown) == 1,
            ):
                # A tab or a cell that is opened draws these anew, and nothing else.
                st.fragment(_results)(run, called[run.id])
    with st.expander("Configuration", key="runs-configuration"):
        for name, config in configs.items():
            st.caption(theme.safe(name))
            st.code(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), language="yaml")
    _delete(shown)


def tunings() -> None:
    """What the Train page started as a search for better settings: state, log, stop."""
    space = session.space()
    found = tuning.tunings(space)[:5]
    if not found:
        return
    with st.expander(
        "Searches for better settings", key="runs-tunings", expanded=any(not t.status().final for t in found)
    ):
        for one in found:
            status = one.status()
            what, act = st.columns([5, 1], vertical_alignment="center")
            document = one.document("tuning") or {}
            done = "" if document.get("done") is None else f"{document['done']} of "
            trials = f"{done}{document.get('trials', '?')}"
            error = f"  \n:red[{theme.safe(status.error)}]" if status.error else ""
            what.markdown(
                f"{theme.state_badge(status.shown_state)} {theme.safe(summary(one).name)} · {trials} trials{error}"
            )
            if (
                not status.final
                and act.button("Stop", key=f"tuning-stop-{one.id}", disabled=not session.person().operator)
                and theme.run_guarded(functools.partial(tuning.stop, one.id, session.person(), space))
            ):
                st.rerun()
            st.code("\n".join(tail(one, 12)) or "Nothing was written yet.", language=None)


def _results(run: Summary, name: str) -> None:
    folder = RunFolder(session.space().runs / run.id)
    try:
        metrics = figures.figures(folder)
    except BadInput as error:
        st.error(theme.safe(str(error)))
        return
    if metrics is None:
        st.info("This run has no figures yet.")
    else:
        run_results.draw(folder, name, metrics)


def _findings(run: Summary) -> None:
    """What went wrong, each remedy a pre-filled clone away."""
    folder = RunFolder(session.space().runs / run.id)
    try:
        config = folder.config()
        found = diagnose(
            run,
            config,
            curves.series(folder.events_file),
            figures.figures(folder),
            folder.document("plan"),
        )
    except BadInput as error:
        st.warning(theme.safe(str(error)))
        return
    for finding in found:
        with st.container(border=True):
            _say(run, finding)
            with st.container(horizontal=True):
                for remedy in finding.remedies:
                    if st.button(
                        remedy.title.capitalize(),
                        key=f"remedy-{run.id}-{finding.kind}-{remedy.title}",
                        help=theme.safe(remedy.why),
                    ):
                        _try(run, config, remedy)
            reasons = (f"{remedy.title.capitalize()}: {remedy.why}." for remedy in finding.remedies)
            st.caption("  \n".join(map(theme.safe, reasons)))


def _say(run: Summary, finding: Finding) -> None:
    """What was seen, as a sentence; that nothing was learned stands out before all else."""
    text = f"{theme.safe(run.name)}: {theme.safe(finding.text.rstrip('.'))}."
    if finding.kind == "learned nothing":
        st.error(f"**Learned nothing.** {text}", icon=":material/block:")
        return
    color, mark = ("red", "✖") if finding.kind == "failed" else ("orange", "▲")
    st.markdown(f":{color}-badge[{mark} {finding.kind}] {text}")


def _try(run: Summary, config: dict[str, Any], remedy: Remedy) -> None:
    if remedy.resume:
        run_rows.act("resume", run.id)
        return
    run_rows.clone({**config, **remedy.changes}, run.id)


def _configurations(shown: Sequence[Summary]) -> dict[str, dict[str, Any]]:
    """By the runs' names; one that cannot be read is told of and left out."""
    called = titles(shown)
    found = {}
    for run in shown:
        try:
            found[called[run.id]] = RunFolder(session.space().runs / run.id).config()
        except BadInput as error:
            st.warning(theme.safe(str(error)))
    return found


def _differences(configs: Mapping[str, Mapping[str, Any]]) -> None:
    rows = differences.rows(configs)
    st.markdown("## What differs between them")
    if rows:
        tables.show(rows, "runs-differences", what="Options in which the runs differ")
    else:
        st.caption("Their configurations are the same.")


def _delete(shown: Sequence[Summary]) -> None:
    gone = [run for run in shown if not run.active]
    if not gone or not session.person().operator:
        return
    called = titles(gone)
    with st.popover(f"Delete {len(gone)} run{'s' * (len(gone) > 1)} …", icon=":material/delete:"):
        st.markdown("These are deleted for good, with all checkpoints, scores and results:")
        st.markdown("\n".join(f"- {theme.safe(called[run.id])}" for run in gone))
        if st.button("Delete", type="primary", key="runs-delete"):
            for run in gone:
                run_rows.act("delete", run.id)
