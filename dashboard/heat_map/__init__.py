"""The picture with its heat map over it: a wipe between the two and the map's opacity, both moved in the browser."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from core.media.browser import jpeg

LEAST, WIDEST = 640, 1280  # pixels; a small frame is enlarged, for what lies on it shall be seen
_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "heat_map",
    html='<div class="heat-map"></div>',
    css=(_HERE / "heat_map.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("player.js", "heat_map.js")),
    isolate_styles=False,
)


def draw(
    frame: np.ndarray,
    mapped: np.ndarray,
    *,
    what: str,
    place: int,
    of: int,
    seconds: float,
    chosen: bool,
    key: str,
) -> int | None:
    """Draw both; the answer is the map that arrow keys or buttons have gone on to.

    `place` counts the maps of the file, from 0; `seconds` is where the frame lies in a clip, and `chosen` whether somebody
    looks at it: the player is there, too.
    """
    data = {
        "frame": _address(frame),
        "mapped": _address(mapped),
        "what": what,
        "place": place,
        "of": of,
        "seconds": seconds,
        "chosen": chosen,
        "width": min(WIDEST, max(LEAST, frame.shape[1])),
    }
    wanted = _mount(key=key, data=data, height="content", on_wanted_change=lambda: None).get("wanted")
    asked_for = isinstance(wanted, int) and 0 <= wanted < of and wanted != place
    return wanted if asked_for else None


def _address(picture: np.ndarray) -> str:
    coded = base64.b64encode(jpeg(picture, WIDEST, 88)).decode("ascii")
    return f"data:image/jpeg;base64,{coded}"
