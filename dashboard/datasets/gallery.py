"""The gallery: samples of the chosen dataset, playable, page by page, filtered by what was clicked."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core import words
from core.catalog import browse, exclusions, statistics, table
from core.catalog.browse import Filter
from core.catalog.table import DatasetInfo
from core.errors import MediaError
from core.media import browser, shards
from dashboard import address, paging, session, theme, thumbnails

PAGE = 12  # fills rows of four, three and two
FIELDS = {"split": "Part", "method": "Method", "label": "Label", "modality": "Media"}
PLAYS = {".mp4", ".m4v", ".webm", ".mp3", ".wav", ".flac", ".ogg", ".m4a"}  # tried as they are
TAB, GALLERY = "datasets-tab", "gallery"
TABS = {
    "plan": "Plan and leaks",
    "shortcuts": "Shortcuts",
    "problems": "Problems",
    "names": "Names",
    "export": "Export",
}
SHOWN_AS_IS = 200_000  # bytes of a picture


def take_click(name: str, key: str, event: Any) -> None:
    """Put what was clicked in a chart into the gallery's filters, once a click."""
    points = event["selection"]["points"] if event else []
    chosen = [str(v) for v in points[-1].get("customdata", [])[:4]] if points else None
    if chosen == st.session_state.get(f"clicked-{key}"):
        return
    st.session_state[f"clicked-{key}"] = chosen
    for field, value in zip(FIELDS, chosen or [""] * 4, strict=False):
        st.session_state[_key(name, field)] = value


def _key(name: str, field: str) -> str:
    return f"gallery-{field}-{hashlib.sha1(name.encode()).hexdigest()[:8]}"


@st.fragment
def draw(info: DatasetInfo) -> None:
    chosen = _filters(info)
    space = session.space()
    total = browse.total(info, chosen, space)
    pages = max(1, -(-total // PAGE))
    if not total:
        _write_address(info, 1)
        st.info("No sample fits. Widen the filters above.")
        return
    shown = "in all" if chosen == Filter() else "that fit" + "s" * (total == 1)
    st.markdown(f"**{theme.count(total)}** sample{'s' * (total != 1)} {shown}")
    # A key of its own for every filter: another filter begins at its first page.
    key = _key(f"{info.name}-{chosen}", "page")
    entries = {e.id: e for e in exclusions.read(space)}
    # Players need room for their bars; page.css divides the rows.
    only_sound = list(statistics.count_by(info, "modality")) == ["audio"]
    slots = st.container(key="datasets-gallery-sound" if only_sound else "datasets-gallery")
    number = paging.draw(GALLERY, pages, key=key)
    _write_address(info, number)
    samples = browse.mixed_page(info, chosen, number, PAGE, space)
    with slots:
        for sample in samples:
            with st.container(gap="xsmall"):
                _draw_sample(sample, entries.get(sample["id"]))


def _write_address(info: DatasetInfo, page: int) -> None:
    view, tab = st.session_state.get("datasets-view"), st.session_state.get(TAB)
    state = {
        "dataset": info.name,
        "view": None if view == "splits" else view,
        "tab": next((name for name, title in TABS.items() if title == tab and name != "plan"), None),
        "page": paging.in_address(page),
    }
    address.write("datasets", {**state, **in_address(info.name)})


def _filters(info: DatasetInfo) -> Filter:
    options = {
        "label": [w for w, v in browse.LABELS.items() if any(r["label"] == v for r in info.counts)],
        "split": [s for s in statistics.SPLITS if s in statistics.count_by(info, "split")],
        "method": list(statistics.count_by(info, "method")),
        "modality": list(statistics.count_by(info, "modality")),
    }
    shown = {field: found for field, found in options.items() if len(found) > 1}
    columns = st.container(key="datasets-filters").columns([1] * len(shown) + [2])
    values = {}
    for column, (field, found) in zip(columns, shown.items(), strict=False):
        key = _key(info.name, field)
        if st.session_state.get(key) not in ("", *found):
            st.session_state[key] = ""
        values[field] = column.selectbox(
            FIELDS[field], ["", *found], key=key, format_func=functools.partial(_option, field)
        )
    values["text"] = columns[-1].text_input(
        "Search", key=_key(info.name, "text"), placeholder="part of a file name"
    )
    return Filter(**values)


def _option(field: str, value: str) -> str:
    if not value:
        return "all"
    if field == "method" and value == "unassigned":
        return "not stated"
    names = {"split": words.SPLITS, "label": words.LABELS, "modality": words.MODALITIES}.get(field, {})
    return names.get(value, value)


def in_address(name: str) -> dict[str, str | None]:
    """The filters of a dataset as its page's address keeps them."""
    return {field: st.session_state.get(_key(name, field)) or None for field in (*FIELDS, "text")}


def from_address(name: str, given: Mapping[str, str]) -> None:
    for field in (*FIELDS, "text"):
        st.session_state[_key(name, field)] = given.get(field, "")
    st.session_state[TAB] = TABS.get(given.get("tab", ""), TABS["plan"])
    paging.take(GALLERY, given)


def _draw_sample(sample: dict[str, Any], entry: exclusions.Exclusion | None) -> None:
    try:
        _play(table.absolute_path(sample, session.space()), sample)
    except (MediaError, OSError) as error:
        st.warning(theme.sentence(error), icon=":material/broken_image:")
    word = {0: "real", 1: "fake", None: "unlabelled"}[sample["label"]]
    mark = {"real": ":blue-badge[● real]", "fake": ":orange-badge[✖ fake]"}.get(
        word, f":gray-badge[□ {words.LABELS[word]}]"
    )
    split = words.split(sample["split"]) if sample["split"] else ""
    facts = ", ".join(theme.safe(fact) for fact in (sample["method"], split) if fact)
    st.markdown(f"{mark} {facts}  \n:small[{theme.safe(_short(sample['path']))}]")
    _correct(sample, entry)


def _short(path: str) -> str:
    """The file and its folder."""
    parts = path.rsplit("/", 2)
    return path if len(parts) < 3 else f"…/{'/'.join(parts[1:])}"


def _play(path: Path, sample: dict[str, Any]) -> None:
    if sample["modality"] == "image":
        st.image(thumbnails.picture(path), width="stretch", alt=sample["path"])
    elif sample["modality"] == "audio":
        _check(path)
        st.audio(str(_plain(path)))
    elif (path := _plain(path)).suffix.lower() in PLAYS:
        _check(path)
        st.video(str(path))
    else:
        st.video(str(_browser_copy(path)))


def _check(path: Path) -> None:
    if not shards.is_file(path):
        raise MediaError(f"{path.name} is gone; scan again")


def _plain(path: Path) -> Path:
    """The file, or a copy of a shard's row that a browser can be given."""
    return shards.extract(path, session.space().cache / "rows")


def _browser_copy(path: Path) -> Path:
    """A copy that browsers play, made once."""
    stamp = f"{path}-{path.stat().st_mtime_ns}"
    target = session.space().cache / "browser" / f"{hashlib.sha256(stamp.encode()).hexdigest()[:24]}.mp4"
    return target if target.is_file() else browser.playable(path, target, seconds=20)


def _correct(sample: dict[str, Any], entry: exclusions.Exclusion | None) -> None:
    """Exclude or relabel a sample for later plans."""
    if entry is not None:
        done = "excluded" if entry.action == "exclude" else f"relabelled {entry.action}"
        st.markdown(f":red-badge[{done}] :small[{theme.safe(entry.who)}: {theme.safe(entry.why or '–')}]")
        if st.button("Take back", key=f"back-{sample['id']}", type="tertiary"):
            theme.act(
                lambda: exclusions.remove([sample["id"]], session.person(), session.space()), only="fragment"
            )
        return
    with st.popover("Correct this sample", type="tertiary"):
        label = words.LABELS[{0: "real", 1: "fake", None: "unlabelled"}[sample["label"]]]
        name = theme.safe(sample["path"].rsplit("/", 1)[-1])
        st.markdown(f"**{name}** is listed as {label}. What is wrong with it?")
        why = st.text_input("Why (kept with the correction)", key=f"why-{sample['id']}")
        actions = {"Leave it out of plans": "exclude"}
        if sample["label"] != 0:
            actions["It is real"] = "real"
        if sample["label"] != 1:
            actions["It is fake"] = "fake"
        pressed = ""
        with st.container(horizontal=True):
            for label, action in actions.items():
                if st.button(label, key=f"{action}-{sample['id']}"):
                    pressed = action
        if pressed:
            theme.act(
                lambda: exclusions.add([sample["id"]], pressed, why, session.person(), session.space()),
                only="fragment",
            )
