"""What a finished run produced: figures with intervals, confusion matrices, tables, plots and downloads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import numbers, words
from core.exports import to_csv
from core.runs.figures import SHOWN
from core.runs.folder import RunFolder
from dashboard import tables, theme
from dashboard.charts import compare
from dashboard.runs import cell_samples

HEADLINE = {
    "auc": "AUC",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "accuracy": "Accuracy",
}
REPORTS = {
    "pdf": ("application/pdf", ":material/picture_as_pdf:"),
    "html": ("text/html", ":material/description:"),
}
PLOTS = {
    "training_curves": "Training curves",
    "confusion_matrix_default": "What is called what, at 0.5",
    "confusion_matrix_optimal": "What is called what, at the chosen threshold",
    "roc_pr_curves": "Fakes found against false alarms (ROC), and precision against recall",
    "threshold_analysis": "What the threshold does",
}
THRESHOLDS = {"at_default": "at 0.5", "at_chosen": "at the chosen threshold"}


def draw(folder: RunFolder, name: str, metrics: Mapping[str, Any]) -> None:
    """`name`: what the run is called here; results of several can be open, and their tables are told apart by it."""
    splits = [split for split in ("test", "val") if split in metrics]
    if not splits:
        st.info("This run has no scores yet.")
        return
    split = st.segmented_control(
        "Part",
        splits,
        default=splits[0],
        key=f"results-split-{folder.id}",
        label_visibility="collapsed",
        format_func=words.split,
    )
    found = metrics[split or splits[0]]
    _headline(found, folder.id)
    if warnings := [*(found["at_chosen"].get("warnings") or []), *(metrics.get("warnings") or [])]:
        st.warning("  \n".join(theme.safe(f"{words.capital(warning.rstrip('.'))}.") for warning in warnings))
    _reports(folder)
    _tabs(folder, name, metrics, split or splits[0])


def _tabs(folder: RunFolder, name: str, metrics: Mapping[str, Any], split: str) -> None:
    """What stands behind each is drawn when it is opened: the plots alone weigh more than the rest of the page."""
    found = metrics[split]
    draws = {
        "Figures": lambda: _figures(folder, name, found),
        "Confusion matrices": lambda: _matrices(folder, split, found),
        "By dataset and method": lambda: _by_part(folder, name, found, metrics.get("ablation")),
        "Plots": lambda: _plots(folder),
        "Files": lambda: _files(folder),
    }
    tabs = st.tabs(list(draws), key=f"results-tabs-{folder.id}", on_change="rerun")
    for tab, draw_it in zip(tabs, draws.values(), strict=True):
        if tab.open:
            with tab:
                draw_it()


def _headline(found: Mapping[str, Any], run: str) -> None:
    chosen = found["at_chosen"]
    with st.container(key=f"results-headline-{run}"):
        for name, label in HEADLINE.items():
            st.markdown(f":gray[{label}]  \n**{theme.safe(_with_interval(chosen, name))}**")
    st.caption(
        f"{theme.count_of(found['n'], 'sample')}: {theme.count(found['real'])} real, {theme.count(found['fake'])} fake. "
        f"Always answering with the larger class would have an accuracy of {theme.number(found['majority_baseline'])}."
    )


def _reports(folder: RunFolder) -> None:
    """The training report to take away, as it was written with the figures."""
    with st.container(horizontal=True):
        for ending, (mime, icon) in REPORTS.items():
            file = folder.results / f"report.{ending}"
            if file.is_file():
                st.download_button(
                    f"Report ({ending.upper()})",
                    file.read_bytes,
                    f"{folder.id}-report.{ending}",
                    mime,
                    key=f"results-report-{ending}-{folder.id}",
                    on_click="ignore",
                    icon=icon,
                )


def _with_interval(at: Mapping[str, Any], name: str) -> str:
    low, high = (at.get("intervals") or {}).get(name) or (None, None)
    return theme.interval(at.get(name), low, high)


def _figures(folder: RunFolder, name: str, found: Mapping[str, Any]) -> None:
    """Samples and units side by side, never mixed; where every sample is one unit, once."""
    single = found.get("units") or {}
    rows, of_units = _figure_rows(found), _figure_rows(single)
    repeated = not of_units or (single["n"] == found["n"] and all(row in rows for row in of_units))
    rows.append(
        {
            "figure": words.figure("majority_baseline"),
            **dict.fromkeys(THRESHOLDS.values(), theme.number(found["majority_baseline"])),
        }
    )
    samples, units = (st.container(), None) if repeated else st.columns(2)
    with samples:
        st.markdown("**Whole samples**")
        tables.show(rows, f"results-figures-{folder.id}", what=f"Figures of whole samples, “{name}”")
        if repeated and of_units:
            st.caption("Every sample is scored as one piece, so the figures of single units are the same.")
    if units:
        with units:
            st.markdown(f"**Units** (frames, faces or segments: {theme.count(single['n'])})")
            tables.show(of_units, f"results-units-{folder.id}", what=f"Figures of single units, “{name}”")


def _figure_rows(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row a figure that is there at either threshold."""
    return [
        {
            "figure": theme.figure_name(name),
            **{at: _with_interval(found[key], name) for key, at in THRESHOLDS.items()},
        }
        for name in SHOWN
        if any((found.get(key) or {}).get(name) is not None for key in THRESHOLDS)
    ]


def _matrices(folder: RunFolder, split: str, found: Mapping[str, Any]) -> None:
    st.caption("A click on a cell opens its samples.")
    for column, (key, at_which) in zip(st.columns(2), THRESHOLDS.items(), strict=True):
        at = found[key]
        value = "nothing is called fake" if at["threshold"] is None else numbers.threshold(at["threshold"])
        title = at_which + (f" ({value})" if key == "at_chosen" else "")
        picked = column.plotly_chart(
            compare.confusion(at, title),
            key=f"results-matrix-{folder.id}-{split}-{key}",
            on_select="rerun",
            selection_mode="points",
            config=theme.CHART_CONFIG,
        )
        points = picked["selection"]["points"] if picked else []
        if points and (cell := cell_samples.cell_of(points[0])):
            with column:
                cell_samples.draw(folder, split, cell, at["threshold"], key)


def _by_part(folder: RunFolder, name: str, found: Mapping[str, Any], ablation: Any) -> None:
    _parts(folder, name, found)
    _ablation(folder, name, ablation)


def _parts(folder: RunFolder, name: str, found: Mapping[str, Any]) -> None:
    for key, kind in words.BREAKDOWNS.items():
        parts = (found.get("by") or {}).get(key) or []
        if not parts:
            continue
        table = pd.DataFrame(
            [
                {
                    kind: words.part(key, str(part["name"])),
                    "real": part["real"],
                    "fake": part["fake"],
                    "AUC": _with_interval(part, "auc"),
                    "balanced accuracy": _with_interval(part, "balanced_accuracy"),
                    "recall": _with_interval(part, "recall"),
                    words.figure("fpr"): _with_interval(part, "fpr"),
                }
                for part in parts
            ]
        )
        st.markdown(f"**By {kind}**")
        if key == "method":
            st.caption(
                "Reals have no method: each method is measured against all reals of the datasets that it occurs in, so a "
                "real can count with several."
            )
        tables.show(table, f"results-by-{key}-{folder.id}", what=f"Figures by {kind}, “{name}”")
        st.download_button(
            "CSV",
            to_csv(table),
            f"{folder.id}-by-{key}.csv",
            "text/csv",
            key=f"results-csv-{key}-{folder.id}",
        )


def _ablation(folder: RunFolder, name: str, rows: Any) -> None:
    """What each modality adds, of a run that takes several; a folder from elsewhere may hold anything here."""
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows) or not rows:
        return
    heading = words.what_adds(str(row.get("part")) for row in rows)
    st.markdown(f"**{theme.safe(heading)}**")
    st.caption(
        "For each of them, the test samples that have it and another were judged again without it. The gain of AUC has "
        "its 95 % interval."
    )
    tables.show(
        [
            {
                "without": str(row.get("part")),
                "samples": row.get("n"),
                "AUC with": theme.number(row.get("with")),
                "AUC without": theme.number(row.get("without")),
                "gain": theme.interval(row.get("gain"), *(row.get("interval") or (None, None))),
            }
            for row in rows
        ],
        f"results-ablation-{folder.id}",
        what=f"{heading}, “{name}”",
    )


def _plots(folder: RunFolder) -> None:
    """The matrices beside each other; what is drawn several times as wide as high has the whole width."""
    pictures = sorted(folder.results.glob("*.png"))
    if not pictures:
        st.info("This run has no plots.")
    matrices = [picture for picture in pictures if picture.stem.startswith("confusion_matrix")]
    columns = st.container(key=f"results-plots-square-{folder.id}").columns(2)
    for column, picture in zip([*columns] * len(matrices), matrices, strict=False):
        with column:
            _plot(picture)
    with st.container(key=f"results-plots-wide-{folder.id}"):
        for picture in pictures:
            if picture not in matrices:
                _plot(picture)


def _plot(picture: Path) -> None:
    shows = PLOTS.get(picture.stem) or words.capital(words.plain(picture.stem))
    st.image(str(picture), caption=shows, alt=shows, width="stretch")


def _files(folder: RunFolder) -> None:
    """Every file of the run that is worth having; read only when it is asked for."""
    wanted = [
        *sorted(folder.results.glob("*")),
        *(folder.path / f"{name}.json" for name in ("metrics", "operating_point", "calibration", "plan")),
        folder.config_file,
        folder.log_file,
        folder.events_file,
        *(folder.scores_file(s) for s in ("val", "test")),
        *(folder.units_file(s) for s in ("val", "test")),
        folder.best_model,
    ]
    with st.container(key=f"results-files-{folder.id}"):
        for file in wanted:
            if file.is_file():
                st.download_button(
                    f"{theme.safe(_inside(folder, file))} ({theme.size(file.stat().st_size)})",
                    file.read_bytes if file.stat().st_size > 100_000 else file.read_bytes(),
                    f"{folder.id}-{file.name}",
                    key=f"results-file-{folder.id}-{_inside(folder, file)}",
                    on_click="ignore",
                    icon=":material/download:",
                    type="tertiary",
                )


def _inside(folder: RunFolder, file: Path) -> str:
    return str(file.relative_to(folder.path))
