"""Samples at the line as cards: next to it and worst on each side, playable where the media is at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import numbers
from core.errors import WorkbenchError, one_line
from core.media import shards
from core.thresholds.own_scale import own
from core.thresholds.scored import Scored
from dashboard import session, theme, thumbnails
from dashboard.thresholds import page_state
from dashboard.thresholds.scores import Source, file_of

SHOWN = 6  # in a row
SHORT = 40  # characters of a name
# With every line that is drawn elsewhere other pictures come:
# small ones, and a larger one when it is asked for.
SMALL, SMALL_QUALITY = 168, 70
LARGE = 800  # pixels of a picture that is opened


def draw(source: Source, looked: Scored, threshold: float | None) -> None:
    under, above = looked.ranked.next_to(threshold, SHOWN)
    alarms, missed = looked.ranked.worst(threshold, SHOWN)
    shown = (
        ("under", under, "Nothing is called real at this threshold."),
        ("above", above, "Nothing is called fake at this threshold."),
        ("alarms", alarms, "No real sample is called fake at this threshold."),
        ("missed", missed, "No fake is called real at this threshold."),
    )
    tabs = st.tabs([page_state.TABS[name] for name, *_ in shown], key=page_state.SAMPLES, on_change="rerun")
    for tab, (name, rows, none) in zip(tabs, shown, strict=True):
        if not tab.open:
            continue  # drawn when it is opened
        with tab:
            if rows.empty:
                st.caption(none)
            for column, row in zip(_columns(rows), rows.itertuples(), strict=False):
                with column:  # page.css frames it: a container of its own would come anew with every line
                    _sample(source, row, name)


def _columns(rows: pd.DataFrame) -> list[DeltaGenerator]:
    """A row of pictures or clips; two of recordings, whose players need more room."""
    of_sound = "modality" in rows and bool((rows["modality"] == "audio").any())
    return [*st.columns(SHOWN // 2), *st.columns(SHOWN // 2)] if of_sound else list(st.columns(SHOWN))


def _sample(source: Source, row: Any, place: str) -> None:
    word = "✕ fake" if row.label == 1 else "● real"
    method = getattr(row, "method", None)
    truth = word + (f" · {method}" if isinstance(method, str) and method.strip("-") else "")
    name = str(getattr(row, "id", f"row {row.Index + 1}"))
    score = numbers.threshold(own(float(row.score), source.turned))
    short = name if len(name) < SHORT else _file_and_folder(name)
    broken = theme.safe(short).replace("/", "/\u200b")  # in a narrow card behind its folder
    st.markdown(f"**{score}**  \n{theme.safe(truth)}  \n:small[{broken}]")
    file = file_of(row)
    if file is None:
        return
    modality = str(getattr(row, "modality", "") or "")
    try:
        _play(file, modality)
    except WorkbenchError as error:
        st.caption(theme.safe(one_line(error)))
    if source.folder is None:
        if modality == "image" and st.button("Enlarge", key=f"enlarge-{place}-{row.Index}"):
            _enlarge(file)
    elif st.button("Explain", key=f"explain-{place}-{row.Index}"):
        theme.run_guarded(_explain(source.folder.id, file))


def _file_and_folder(name: str) -> str:
    """The end of a long name, from a place where a line may break."""
    shortened = f"…/{'/'.join(name.split('/')[-2:])}"
    return shortened if len(shortened) < SHORT else f"…{name[2 - SHORT :]}"


def _play(file: Path, modality: str) -> None:
    if modality == "image":
        st.image(thumbnails.picture(file, SMALL, SMALL_QUALITY), width="stretch", alt=file.name)
    elif modality == "audio":
        st.audio(str(shards.extract(file, session.space().cache / "rows")))
    else:
        st.video(str(shards.extract(file, session.space().cache / "rows")))


@st.dialog("Picture", width="large")
def _enlarge(file: Path) -> None:
    st.image(thumbnails.picture(file, LARGE), width="stretch", alt=file.name)
    st.caption(theme.safe(file.name))


def _explain(run: str, file: Any) -> Callable[[], None]:
    """Hand the sample to the Detect page, to be judged by this very run."""

    def act() -> None:
        from core.detection.request import Request
        from core.detection.serving.uploads import Upload
        from dashboard.detect import state as detect_state

        detect_state.add(Upload(file, file.name, ours=False), [run], Request(run=run, explain=True))
        theme.go_to("detect")

    return act
