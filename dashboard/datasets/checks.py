"""What is one click away: the plan with its leak report, the shortcut probe, problems, export."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core import option_words, words
from core.access import Person
from core.catalog import (
    export,
    feedback_dataset,
    leaks,
    plan_files,
    shortcut_measurements,
    shortcuts,
    splits,
    statistics,
    table,
)
from core.catalog.split_protocols import divides_anew
from core.catalog.table import DatasetInfo
from core.workspace import Workspace
from dashboard import jobs, plan_parts, session, theme
from dashboard.charts import datasets as charts

SEED = 42
WIDE, NARROW = 300, 150  # pixels of the fields of a plan, which stand beside its button
PROTOCOLS = {
    "official": "The parts that the dataset itself has, unchanged.",
    "group": "64\u00a0% training, 16\u00a0% validation, 20\u00a0% test. Groups stay whole: no person, source or clip "
    "is in two parts.",
    "heldout_method": "One manipulation method is in the test part only: how does a detector do on what it never saw?",
    "random": "Sample by sample. It leaks, so figures on it are too good; only for comparison.",
}


def plan_panel(info: DatasetInfo) -> None:
    methods = sorted({str(r["method"]) for r in info.counts if r["method"] and r["label"] == 1})
    allowed = _protocols(info, methods)
    chosen = f"plan-protocol-{info.name}"
    # A seed is asked for only where it changes the plan.
    by_seed = divides_anew(st.session_state.get(chosen, allowed[0]), statistics.count_by(info, "split"))
    with st.container(horizontal=True, vertical_alignment="bottom", key="plan-form"):
        protocol = st.selectbox(
            option_words.option("protocol"),
            allowed,
            key=chosen,
            format_func=functools.partial(option_words.choice, "protocol"),
            help="\n\n".join(f"{option_words.choice('protocol', k)}: {PROTOCOLS[k]}" for k in allowed),
            width=WIDE,
        )
        heldout = ""
        if protocol == "heldout_method":
            title, key = option_words.option("heldout"), f"plan-heldout-{info.name}"
            heldout = st.selectbox(title, methods, key=key, width=WIDE) or ""
        seed = _seed() if by_seed else SEED
        pressed = st.button("Make the plan", key="plan-make", type="primary")
    st.caption(PROTOCOLS[protocol])
    key = f"plan-{info.name}-{protocol}-{heldout}-{seed}"
    if pressed:
        space, person = session.space(), session.person()
        jobs.forget(key)
        jobs.start(
            key,
            "Making the plan:",
            lambda job: _plan(job, info.name, protocol, heldout, seed, space, person),
            large=True,
        )
    job = jobs.watch(key)
    if job is not None and job.finished and job.result is not None:
        _draw_plan(info, *job.result)


def _seed() -> int:
    return int(
        st.number_input(
            option_words.option("seed"),
            0,
            2**31 - 1,
            SEED,
            key="plan-seed",
            help="Another number divides the data another way, the same number the same way.",
            width=NARROW,
        )
    )


def _protocols(info: DatasetInfo, methods: Sequence[str]) -> list[str]:
    """The ways of dividing that the dataset allows, the usual one first."""
    allowed = {"official": any(row["split"] for row in info.counts), "heldout_method": len(methods) > 1}
    return [name for name in PROTOCOLS if allowed.get(name, True)]


def _plan(
    job: jobs.Job, name: str, protocol: str, heldout: str, seed: int, space: Workspace, person: Person
) -> tuple[splits.Plan, list[leaks.Leak]]:
    job.report(0, 0, "dividing")
    plan = splits.plan(table.load([name], space), protocol, seed, heldout=heldout, space=space)
    found = leaks.report(plan.table, space=space, progress=job.report)
    if person.operator:  # a viewer's look leaves no mark on the table that all see
        leaks.remember(name, plan.protocol, found, space, person)
    return plan, found


def _draw_plan(info: DatasetInfo, plan: splits.Plan, found: Sequence[leaks.Leak]) -> None:
    counts, report = st.columns(2, gap="large")
    with counts:
        if plan.leaky:
            st.warning(
                "A plan divided this way leaks: figures on it will be too good.", icon=":material/warning:"
            )
        plan_parts.draw_counts(plan.counts)
        plan_parts.draw_warnings(plan.counts)
        plan_parts.draw_remarks(plan.notes, plan.dropped)
    with report:
        if not found:
            st.success(
                "Nothing leaks: no group is in two parts, and no file has a copy in another part.",
                icon=":material/check:",
            )
        for leak in found:
            icon = ":material/info:" if leak.kind == "not compared" else ":material/water_drop:"
            st.warning(
                f"**{theme.safe(words.capital(leak.kind))}:** {theme.sentence(leak.detail)}", icon=icon
            )
            for example in leak.examples[:5]:
                st.markdown(f":small[{theme.safe(example)}]")
    # Under both: on a narrow window it would stand between the parts and their leaks.
    st.download_button(
        "Save the plan (CSV)",
        lambda: plan_files.as_csv(plan),
        f"{info.name}_plan.csv",
        "text/csv",
        key="plan-csv",
    )


def shortcuts_panel(info: DatasetInfo) -> None:
    st.markdown(
        f"How well does one simple property of a file, such as {_properties(info)}, tell real from fake by itself? "
        f"Above an AUC of {shortcuts.WARN_ABOVE} a detector may learn that instead of forgery."
    )
    measured = shortcut_measurements.read_cached_features(info.name, space=session.space()) is not None
    space = session.space()
    if st.button(
        "Measure again" if measured else "Look for shortcuts",
        key="shortcuts-start",
        type="secondary" if measured else "primary",
    ):
        start_measuring(info, again=measured)
    job = jobs.watch(_measuring(info))
    if job is None and measured:
        _draw_probe(shortcuts.probe(info.name, space=space))
    elif job is not None and job.finished and job.result is not None:
        _draw_probe(job.result)


def _properties(info: DatasetInfo) -> str:
    """Some of what is measured on such media."""
    kinds = set(statistics.count_by(info, "modality"))
    if kinds == {"image"}:
        return "its size, its resolution or its JPEG quality"
    if kinds == {"audio"}:
        return "its size, its length or its silence"
    return "its size, its length or its resolution"


def _measuring(info: DatasetInfo) -> str:
    return f"shortcuts-{info.name}"


def start_measuring(info: DatasetInfo, *, again: bool = False) -> None:
    """Measure a sample of the files in the background: sizes, durations, resolutions and what else may tell."""
    space = session.space()
    jobs.forget(_measuring(info))
    jobs.start(
        _measuring(info),
        "Measuring a sample of the files:",
        lambda job: shortcuts.probe(info.name, space=space, progress=job.report, again=again),
    )


def start_pair(names: Sequence[str]) -> None:
    """Measure two datasets as one, in the background."""
    space, wanted = session.space(), list(names)
    jobs.forget(_measuring_pair(names))
    jobs.start(
        _measuring_pair(names),
        "Measuring a sample of both:",
        lambda job: shortcuts.probe_together(wanted, space=space, progress=job.report),
    )


def watch_pair(names: Sequence[str]) -> jobs.Job | None:
    """The measuring of a pair while it runs; the page runs again when it ends."""
    return jobs.watch(_measuring_pair(names))


@dataclass(frozen=True)
class PairProbe:
    """Whether a pair was measured, and whether what was found, or that it failed, is a reason to think again."""

    ended: bool
    caution: bool


def pair_probe(names: Sequence[str]) -> PairProbe:
    job = jobs.current(_measuring_pair(names))
    if job is None or not job.finished or job.cancelled:
        return PairProbe(False, False)
    return PairProbe(True, job.result is None or bool(job.result.warnings) or not job.result.features)


def draw_pair(names: Sequence[str]) -> None:
    """What was found of a pair, once it was measured."""
    job = jobs.watch(_measuring_pair(names))
    if job is not None and job.finished and job.result is not None:
        _draw_probe(job.result)


def _measuring_pair(names: Sequence[str]) -> str:
    return f"shortcuts-{' + '.join(names)}"


def _draw_probe(probe: shortcuts.Probe) -> None:
    if not probe.features:
        st.info("There are too few samples of one class to tell. It takes five of each.")
        return
    for feature in probe.warnings:
        st.warning(
            f"**{words.measured(feature.name)}** alone tells real from fake: AUC "
            f"{theme.interval(feature.auc, feature.low, feature.high)}; it is {feature.fakes_are} in fakes. "
            "A good score here may be this and nothing more.",
            icon=":material/warning:",
        )
    if not probe.warnings:
        st.success(
            f"No single property tells real from fake: none has an AUC above {shortcuts.WARN_ABOVE}.",
            icon=":material/check:",
        )
    st.plotly_chart(
        charts.shortcuts_figure(probe.features, shortcuts.WARN_ABOVE),
        key="shortcuts-chart",
        config=theme.CHART_CONFIG,
    )
    unread = f", {theme.count(probe.unreadable)} could not be read" if probe.unreadable else ""
    st.caption(
        f"Measured on {theme.count(probe.real)} real and {theme.count(probe.fake)} fake files{unread}."
    )


def problems_panel(info: DatasetInfo) -> None:
    if not info.problem_count:
        st.markdown("The scan found no problem in this dataset.")
    else:
        st.markdown(f"The scan found {theme.count_of(info.problem_count, 'problem')}.")
    for problem in info.problems[:200]:
        st.markdown(f"- {theme.safe(problem)}")
    hidden = info.problem_count - len(info.problems)
    if hidden > 0:
        st.caption(f"And {theme.count(hidden)} more of the same kinds.")
    for note in info.notes:
        st.info(theme.safe(note), icon=":material/info:")


def feedback_panel() -> None:
    """The samples that got another label, as a dataset of their own: made when asked, used where it is chosen."""
    found = feedback_dataset.count(session.space())
    if not found:
        return
    st.markdown(
        f"{theme.count_of(found, 'sample')} {'was' if found == 1 else 'were'} marked real or fake by hand, here or on Detect."
    )
    if st.button("Make the dataset Feedback of them", key="feedback-make", icon=":material/rate_review:"):
        theme.act(lambda: feedback_dataset.collect(session.space(), session.person()))


def export_panel(infos: Sequence[DatasetInfo]) -> None:
    feedback_panel()
    space = session.space()
    st.caption("The counts of every dataset in the catalogue, not of this one alone.")
    with st.container(horizontal=True):
        st.download_button(
            "Save the statistics (JSON)",
            lambda: export.as_json(infos, space),
            "dataset_statistics.json",
            "application/json",
            key="export-json",
        )
        st.download_button(
            "Save the statistics (CSV)",
            lambda: export.as_csv(infos, space),
            "dataset_statistics.csv",
            "text/csv",
            key="export-csv",
        )
