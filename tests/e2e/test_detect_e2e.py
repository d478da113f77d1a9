"""The Detect page in a real browser: a picture, a clip with sound, a recording and a damaged file of each kind."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile
from playwright.sync_api import Dialog, Page, expect

from core.catalog.scan import scan
from core.detection import wording
from core.detection.serving import uploads
from core.runs.folder import new_run
from core.training.worker import work
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.training.tiny_catalogue import picture, small

NAME = "a'b \"<img src=x onerror=alert(1)>\u202e.png"
CLICK_MOMENT = """() => {
  const plot = [...document.querySelectorAll('.js-plotly-plot')].find(p => (p._fullData || []).some(t => t.customdata));
  const box = plot.querySelector('.plotly .nsewdrag').getBoundingClientRect();
  const x = plot._fullLayout.xaxis, y = plot._fullLayout.yaxis, t = plot._fullData.find(t => t.customdata);
  return [box.left + x.d2p(t.x[1]), box.top + y.d2p(t.y[1])];
}"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One good and one damaged file of each kind, made here."""
    folder = tmp_path / "files"
    folder.mkdir()
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 255, (24, 8, 12, 3), np.uint8)
    frames = [cv2.resize(frame, (192, 128)) for frame in noise]
    found = {
        n: folder / n
        for n in ("clip.mp4", "clip.avi", "voice.flac", "cut.mp4", "cut.png", "cut.wav", "page.svg")
    }
    found["picture"] = folder / NAME
    cv2.imwrite(str(folder / "p.png"), frames[0])
    (folder / "p.png").rename(found["picture"])
    sound = (generator.standard_normal(24_000) * 0.1).astype(np.float32)
    for name, codec in (("clip.mp4", "libx264"), ("clip.avi", "mpeg4")):
        _clip(found[name], codec, frames, sound)
    soundfile.write(found["voice.flac"], np.tile(sound, 4), 16_000)
    for name, source in (
        ("cut.mp4", found["clip.mp4"]),
        ("cut.png", found["picture"]),
        ("cut.wav", found["voice.flac"]),
    ):
        found[name].write_bytes(source.read_bytes()[:60])
    found["page.svg"].write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    return found


def _clip(path: Path, codec: str, frames: list[np.ndarray], sound: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=12)
        video.width, video.height, video.pix_fmt = 192, 128, "yuv420p"
        audio = container.add_stream("aac" if codec == "libx264" else "mp3", rate=16_000)
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
        block = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        block.rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
        resampler = av.AudioResampler("fltp", "mono" if codec == "libx264" else "stereo", 16_000)
        for part in resampler.resample(block):
            container.mux(audio.encode(part))
        container.mux(audio.encode())


@pytest.fixture
def detectors(space: Workspace) -> Workspace:
    make_run(space.runs / "pictures", "image", threshold=0.0)
    make_run(space.runs / "clips", "video", threshold=0.999)
    make_run(space.runs / "sounds", "audio")
    make_run(space.runs / "deaf", "audio", learned_nothing=True)  # never taken by itself
    return space


def upload(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(str(path))


def judged(page: Page, seconds: float = 240.0) -> None:
    """The report is offered when everything is computed."""
    expect(page.get_by_role("button", name="Report (HTML)")).to_be_visible(timeout=seconds * 1000)


def folders(server: Any) -> list[Path]:
    """What this server keeps on disk for its sessions."""
    return list(Path(tempfile.gettempdir()).glob(f"{uploads.PREFIX}{server.process.pid}-*"))


@pytest.mark.long
@pytest.mark.pages
@pytest.mark.timeout(900)
def test_files_of_every_kind_are_judged_explained_and_forgotten(
    detectors: Workspace, start_server: Callable[..., Any], page: Page, files: dict[str, Path], tmp_path: Path
) -> None:
    server = start_server(detectors.root)
    alerts: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(f"{server.url}/detect")
    expect(page.locator("input[type=file]")).to_be_attached(timeout=90_000)

    upload(page, files["picture"])
    judged(page)
    expect(page.get_by_text("leans to fake").first).to_be_visible()
    expect(page.get_by_text("removing the marked 20 %").first).to_be_visible()
    _the_map_is_on_the_picture(page, cv2.imread(str(files["picture"])))
    (entry,) = _report(page, tmp_path)
    assert (entry["modality"], entry["verdict"], len(entry["facts"]["sha256"])) == ("image", "fake", 64)

    _a_clip_with_sound(page, files["clip.mp4"])
    (entry,) = _report(page, tmp_path)
    assert entry["modality"] == "video" and len(entry["units"]) > 1
    assert all(unit["t0"] is not None for unit in entry["units"]) and entry["heatmaps"]
    upload(page, files["clip.avi"])  # no browser plays it: a copy is made
    expect(page.get_by_role("heading", name="clip.avi")).to_be_visible(timeout=60_000)
    judged(page)
    expect(page.locator("video")).to_have_js_property("readyState", 4, timeout=60_000)

    upload(page, files["voice.flac"])
    expect(page.get_by_role("heading", name="voice.flac")).to_be_visible(timeout=60_000)
    judged(page)
    expect(page.get_by_role("heading", name="The sound")).to_be_visible()
    (entry,) = _report(page, tmp_path)
    assert entry["modality"] == "audio" and entry["units"][-1]["t1"] > 4
    assert entry["detector"] == "sounds" and entry["learned_nothing"] is False

    for name in ("cut.mp4", "cut.png", "cut.wav", "page.svg"):
        upload(page, files[name])
        expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="Report (HTML)")).to_have_count(0, timeout=60_000)
        expect(page.get_by_test_id("stAlert").first).to_be_visible(timeout=60_000)
    assert alerts == []
    (own,) = folders(server)
    assert {p.name.split("-")[0] for p in own.iterdir()} <= {"upload", "result"}  # names of our own

    clear = page.get_by_role("button", name="Clear")
    expect(clear).to_have_count(1, timeout=60_000)  # while the list is drawn anew the old one still stands
    clear.click()
    expect(page.get_by_text("This session")).to_have_count(0, timeout=60_000)
    assert not list(own.glob("upload-*"))
    server.stop()
    assert not own.exists()


@pytest.fixture
def trained(space: Workspace, tmp_path: Path) -> Path:
    """A catalogue of two small sets, and detectors that learned one of them, demo data, and nothing."""
    rng = np.random.default_rng(0)
    for i in range(120):
        folder = tmp_path / "squares" / ("fake" if i % 2 else "real")
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{i:03}.png"), picture(i % 2, rng)[..., ::-1])
    scan([tmp_path / "squares"], space=space)
    config = small(datasets=["squares"], tune="head", epochs=6, learning_rate=0.02, batch_size=8)
    squares = new_run(config, path=space.runs / "squares")
    work(squares, space=space)
    # So small a network need not learn them; what is looked at here is which files it knows.
    squares.save_document("metrics", {**(squares.document("metrics") or {}), "learned_nothing": False})
    demo = make_run(space.runs / "demo voices", "audio")
    (demo / "metrics.json").write_text(json.dumps({"learned_nothing": False, "demo": True}))
    make_run(space.runs / "blind", "image", learned_nothing=True)
    return tmp_path / "squares" / "fake" / "001.png"


@pytest.mark.long
def test_what_no_detector_knows_and_what_the_catalogue_knows_is_said_first(
    trained: Path,
    start_server: Callable[..., Any],
    page: Page,
    shared_data: Path,
    space: Workspace,
    tmp_path: Path,
) -> None:
    server = start_server(space.root)
    page.goto(f"{server.url}/detect")
    expect(page.locator("input[type=file]")).to_be_attached(timeout=90_000)
    none_knows = "No detector here knows files of this kind"
    for path, reason in (
        (shared_data / "foreign/pictures/01.jpg", "Outside what this detector knows"),
        (shared_data / "foreign/speech/jfk.flac", "learned from demo data only"),
    ):
        upload(page, path)
        expect(page.get_by_role("heading", name=path.name)).to_be_visible(timeout=60_000)
        expect(page.get_by_role("heading", name=none_knows)).to_be_visible(timeout=240_000)
        expect(page.get_by_text(reason).filter(visible=True).first).to_be_visible()
        judged(page)
    fake = tmp_path / "from the catalogue.png"
    fake.write_bytes(trained.read_bytes())
    upload(page, fake)
    expect(page.get_by_role("heading", name=fake.name)).to_be_visible(timeout=60_000)
    known = page.get_by_test_id("stAlert").filter(has_text="This very file is in the catalogue")
    expect(known).to_contain_text("labelled fake", timeout=240_000)
    judged(page)
    verdict = page.get_by_role(
        "heading", name=re.compile("evidence|signs|conclusive|Outside|No detector")
    ).first
    above, below = known.bounding_box(), verdict.bounding_box()
    assert above is not None and below is not None and above["y"] < below["y"]


def _a_clip_with_sound(page: Page, path: Path) -> None:
    upload(page, path)
    expect(page.get_by_role("heading", name="clip.mp4")).to_be_visible(timeout=60_000)
    # Not the report's button alone: that of the file before stands until the page has followed.
    expect(page.get_by_text("Over time")).to_be_visible(timeout=240_000)
    judged(page)
    expect(page.locator("video")).to_have_js_property("readyState", 4, timeout=60_000)
    at = page.evaluate(CLICK_MOMENT)
    page.mouse.click(*at)
    expect(page.get_by_text(re.compile("The frame at 0.[0-9]+ s")).first).to_be_visible(timeout=60_000)
    before = page.locator(".hm-count").inner_text()
    later = "ArrowLeft" if before.split()[1] == before.split()[3] else "ArrowRight"
    page.get_by_role("heading", name="clip.mp4").click()  # the keys belong to nothing else
    page.keyboard.press(later)
    expect(page.locator(".hm-count")).not_to_have_text(before, timeout=60_000)
    _the_player_is_at_the_frame(page)
    page.get_by_text("Try another threshold").click()
    expect(page.get_by_test_id("stSlider").filter(has_text="Threshold").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("A threshold is being tried")).to_have_count(0)


def _the_player_is_at_the_frame(page: Page) -> None:
    """To the hundredth of a second, and a line over the timeline says where."""
    heading = page.get_by_role("heading", name=re.compile(r"The frame at \d"))
    (seconds,) = re.findall(r"[\d.]+(?= s)", heading.inner_text())
    away = f"Math.abs(document.querySelector('video').currentTime - {seconds})"
    page.wait_for_function(f"{away} < 0.02", timeout=60_000)
    expect(page.locator(".heat-map-moment")).to_have_count(1, timeout=60_000)


def _the_map_is_on_the_picture(page: Page, picture: np.ndarray) -> None:
    """Two pictures of one size over each other, one with the map; the wipe and the opacity move without the server."""
    both = page.locator(".heat-map img")
    expect(both).to_have_count(2)

    def pixels(place: int) -> np.ndarray:
        coded = str(both.nth(place).get_attribute("src")).partition(",")[2]
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_COLOR)
        return cv2.resize(shown, (picture.shape[1], picture.shape[0])).astype(float)

    plain, mapped = np.abs(pixels(0) - picture).mean(), np.abs(pixels(1) - picture).mean()
    assert mapped > 5 and plain < mapped / 3, "there is no heat map over the picture"
    boxes = [both.nth(k).bounding_box() for k in range(2)]
    assert boxes[0] == boxes[1] and boxes[0] is not None
    opacity = page.get_by_role("slider", name="Opacity of the map")
    expect(page.locator(".hm-percent")).to_have_text("50 %")
    opacity.focus()
    opacity.press("Home")
    expect(both.nth(1)).to_have_css("opacity", "0")
    expect(page.locator(".hm-percent")).to_have_text("0 %")
    place = both.nth(0).bounding_box()  # the page may have moved to the focused control
    assert place is not None
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    assert float(page.get_by_role("slider", name="Wipe").input_value()) == pytest.approx(0.5, abs=0.03)


def _report(page: Page, tmp_path: Path) -> list[dict[str, Any]]:
    """The HTML holds everything in itself, the JSON the same figures; nothing of the name is executed."""
    # While the page is drawn anew, a press and its release may meet two buttons.
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report (HTML)").click()
    html = tmp_path / "report.html"
    waiting.value.save_as(html)
    text = html.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in text and wording.STANDING[1] in text and "<img src=x" not in text
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report (JSON)").click()
    waiting.value.save_as(tmp_path / "report.json")
    entries: list[dict[str, Any]] = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    for entry in entries:
        assert entry["status"] == "ok" and entry["facts"]["sha256"] in text
        assert f"{entry['score']:.3f}" in text
    opened = page.context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.goto(html.as_uri())
    expect(opened.get_by_role("heading", name="Detection report")).to_be_visible()
    sizes = opened.evaluate("[...document.images].map(i => i.naturalWidth)")
    assert sizes and min(sizes) > 0 and errors == []
    opened.close()
    return entries
