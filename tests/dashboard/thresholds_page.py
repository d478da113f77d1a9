"""The Thresholds page in a test: opened, what its component was sent, a line released, a file brought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

VIEW = Path(__file__).resolve().parents[2] / "dashboard" / "views" / "thresholds.py"


def opened() -> AppTest:
    page = AppTest.from_file(str(VIEW), default_timeout=60).run()
    assert not page.exception
    return page


def sent(page: AppTest) -> dict[str, Any]:
    """The data that both halves of the component got: the table, and what belongs to the line."""
    lab, line = (json.loads(part.proto.json) for part in page.get("bidi_component"))
    assert line["version"] == lab["table"]["version"]
    return lab["table"] | line


def release(page: AppTest, run: str, **choice: Any) -> AppTest:
    """As the browser does it; the stamp is that of the line which Python set last."""
    given = {"threshold": 0.5, "method": "by hand", "fp": 1, "fn": 1, "prevalence": None, "error": None}
    stamp = sent(page)["settings"]["stamp"]
    page.session_state[f"lab-{run}"] = {"choice": {**given, "stamp": stamp, **choice}}
    return page.run()


def expanded(page: AppTest, key: str) -> AppTest:
    page.session_state[key] = True
    return page.run()


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    page.selectbox(key="thresholds-source").set_value("A score file of your own").run()
    return page.file_uploader[0].set_value((name, content, "text/csv")).run()
