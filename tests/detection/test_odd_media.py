"""Odd media through every kind of detector: an entry each, in order, that keeps the contract of the command."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.cli import as_json
from core.detection import exports
from core.detection.files import expand
from core.detection.judgement import detect
from core.detection.reporting import report
from core.detection.request import Request
from core.detection.verdict import STATUSES, VERDICTS, Verdict
from tests.detection import odd_media
from tests.detection.tiny_runs import make_run

BAD = {*odd_media.BAD, "cut.mp4", "zip.png"}
NO_SOUND = {
    "silent_film.mp4",
    "rotated.mp4",
    "vfr.mp4",
    "one_frame.mp4",
    "tiny.mp4",
    "tall.webm",
    "renamed_clip.jpg",
}
TOO_LITTLE = {"silence.wav", "short.wav", "one_pixel.png"}
CONTRACT = {
    "file",
    "status",
    "verdict",
    "score",
    "threshold",
    "modality",
    "detector",
    "probability",
    "units",
    "heatmaps",
    "reason",
    "seconds",
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd_media.make(tmp_path_factory.mktemp("odd") / "media")


@pytest.fixture(scope="module", params=["image", "video", "audio", "multimodal"])
def verdicts(
    request: pytest.FixtureRequest, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, list[Verdict]]:
    modality = str(request.param)
    place = tmp_path_factory.mktemp(modality)
    before = os.environ.get("DEEPFAKE_WORKSPACE")
    os.environ["DEEPFAKE_WORKSPACE"] = str(place / "ws")
    model = "fusion_tiny" if modality == "multimodal" else None
    run = make_run(place / "run", modality, model=model, seconds=1.0, frames=4)
    wish = Request(run=str(run), explain=True, out=place / "out")
    found = [
        replace(detect(one.path, one.shown, wish, stem=f"{k:03d}"), file=one.shown)
        for k, one in enumerate(expand([str(media)]))
    ]
    os.environ.pop("DEEPFAKE_WORKSPACE")
    if before is not None:
        os.environ["DEEPFAKE_WORKSPACE"] = before
    return modality, place, found


def named(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {os.path.basename(v.file): v for v in verdicts}


def test_every_file_has_an_entry_that_keeps_the_contract(
    verdicts: tuple[str, Path, list[Verdict]], media: Path
) -> None:
    _, place, found = verdicts
    assert [v.file for v in found] == sorted(v.file for v in found)
    files = {os.fspath(p) for p in media.rglob("*") if p.is_file() and p.suffix != ".txt"}
    assert {v.file for v in found} == files
    for verdict in found:
        entry = verdict.to_dict()
        assert set(entry) >= CONTRACT and entry["status"] in STATUSES
        if entry["status"] == "ok":
            check_judged(verdict, place / "out")
        else:
            assert entry["verdict"] is None and entry["score"] is None and entry["reason"]
            assert "\n" not in entry["reason"] and "internal error" not in entry["reason"]


def check_judged(verdict: Verdict, out: Path) -> None:
    assert verdict.verdict in VERDICTS and verdict.reason is None
    assert verdict.score is not None and 0 <= verdict.score <= 1 and verdict.units
    for unit in verdict.units:
        assert unit.kind in ("frame", "face", "segment") and unit.t0 <= unit.t1 and 0 <= unit.score <= 1
        if unit.box is not None:
            width, height = verdict.frame_size or (0, 0)
            assert 0 <= unit.box[0] < unit.box[2] <= width and 0 <= unit.box[1] < unit.box[3] <= height
    assert verdict.heatmaps, (verdict.file, verdict.notes)
    assert all(Path(p).is_file() and Path(p).parent == out for p in verdict.heatmaps)


def test_what_can_be_judged_is_judged_and_the_rest_says_why(
    verdicts: tuple[str, Path, list[Verdict]],
) -> None:
    modality, _, found = verdicts
    by_name = named(found)
    for name in BAD:
        assert by_name[name].status == "error", name
    assert "ZIP archive" in str(by_name["zip.png"].reason)
    assert "SVG" in str(by_name["svg.png"].reason) and "HTML" in str(by_name["page.png"].reason)
    pictures = {v.file for v in found if v.modality == "image"}
    clips = {v.file for v in found if v.modality == "video"}
    sounds = {v.file for v in found if v.modality == "audio"}
    judged = {v.file for v in found if v.status == "ok"}
    little = {by_name[n].file for n in TOO_LITTLE}
    silent = {by_name[n].file for n in NO_SOUND} | little
    expected = {
        "image": (pictures | clips) - little,
        "video": clips,
        "audio": (sounds | clips) - silent,
        "multimodal": (pictures | clips | sounds) - little,
    }[modality]
    assert judged == expected
    if modality in ("audio", "multimodal"):
        assert "too short: 0.20 s" in str(by_name["short.wav"].reason)
        assert by_name["silence.wav"].reason == "silence only"
    if modality in ("image", "multimodal"):
        assert "too small: 1 x 1 pixels" in str(by_name["one_pixel.png"].reason)
    assert by_name["rotated.mp4"].frame_size in (None, (odd_media.HEIGHT, odd_media.WIDTH))


def test_reports_and_tables_hold_nothing_that_runs(
    verdicts: tuple[str, Path, list[Verdict]], tmp_path: Path
) -> None:
    _, _, found = verdicts
    report.save(tmp_path / "report.html", found)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.names & {"script", "iframe", "object", "embed", "link", "form", "svg:script"}
    assert all(value.startswith("data:image/") for value in tags.sources) and not tags.handlers
    assert not re.search(r"(src|href)=[\"']?(https?:|//)", text)
    entries = [v.to_dict() for v in found]
    exports.save(tmp_path, entries)
    rows = list(csv.DictReader((tmp_path / "verdicts.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == len(found) and not any(row["file"].startswith(("=", "+", "-", "@")) for row in rows)
    read: list[dict[str, Any]] = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    assert [e["file"] for e in read] == [v.file for v in found]  # also the name that is not UTF-8
    assert [e["file"] for e in json.loads(as_json(entries))] == [v.file for v in found]


class Tags(HTMLParser):
    """What a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.sources: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.sources += [value or "" for name, value in attributes if name == "src"]
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
