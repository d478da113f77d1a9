"""Visitors of the dashboard without browsers: they browse datasets, drag thresholds, upload pictures, and
poll as pages do."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.sessions import Session

ERROR = 1  # of an alert's formats
VERDICT = b"A score is evidence"
DEMO_PICTURES: list[Path] = []  # what `picture` starts from


class Visitor(Session):
    """A session that knows the widgets of its page and what went wrong on it."""

    def __init__(self, port: int, page: str) -> None:
        super().__init__(port, page)
        self.port = port
        self.session_id = ""
        self.widgets: dict[str, list[object]] = {}  # kind: the elements of the latest drawing
        self.wrong: list[str] = []
        self.asked: float | None = None  # when a file was sent whose verdict has not come yet
        self.verdicts: list[float] = []  # seconds from sending a file to its verdict on the page
        self.urls: list[FileURLs] = []

    def rerun(self, fragment: str = "") -> float:
        if not fragment:
            self.widgets = {}
        return super().rerun(fragment)

    def seen(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session_id = message.new_session.initialize.session_id or self.session_id
        elif kind == "file_urls_response":
            self.urls = list(message.file_urls_response.file_urls)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            name = element.WhichOneof("type") or ""
            self.widgets.setdefault(name, []).append(getattr(element, name, None))
            if name == "exception":
                self.wrong.append(f"{self.page}: {element.exception.type} {element.exception.message[:200]}")
            elif name == "alert" and element.alert.format == ERROR:
                self.wrong.append(f"{self.page}: {element.alert.body[:200]}")

    def drawn(self) -> None:
        """Whatever is drawn next may tell the verdict, and only once: the page stops repeating itself
        then."""
        if self.asked is not None and VERDICT in self.last:
            self.verdicts.append(time.monotonic() - self.asked)
            self.asked = None

    def live(self, seconds: float) -> None:
        """Stay on the page: what repeats itself on it is asked for when it is due."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.refresh()
            soonest = min([end, *(self.due.get(fragment, now) for fragment in self.timers)])
            time.sleep(min(max(soonest - time.monotonic(), 0.01), 0.25))

    def upload(self, name: str, content: bytes) -> None:
        """As a browser does: ask where to, send the file there, and tell the uploader of it."""
        asked = BackMsg()
        asked.file_urls_request.request_id = uuid.uuid4().hex
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session_id
        self.urls = []
        self._socket.send(asked.SerializeToString())
        deadline = time.monotonic() + self.patience
        while not self.urls and time.monotonic() < deadline:
            data = self._socket.recv(timeout=self.patience)
            assert isinstance(data, bytes)
            self.seen(ForwardMsg.FromString(data))
        (place,) = self.urls
        put(self.port, place.upload_url, name, content, self.patience)
        uploader = self.widgets["file_uploader"][0]
        state = WidgetState(id=uploader.id)  # type: ignore[attr-defined]
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), place.file_id
        info.file_urls.CopyFrom(place)
        self.states[state.id] = state


def put(port: int, url: str, name: str, content: bytes, patience: float) -> None:
    """A file to the server's upload endpoint, with the token against forged requests."""
    origin = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{origin}/_stcore/health", timeout=patience) as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
    cookie = next((c.split(";")[0] for c in cookies if c.startswith("_streamlit_xsrf=")), "")
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Cookie": cookie,
        "X-Xsrftoken": cookie.partition("=")[2].strip('"'),
        "Origin": origin,
    }
    request = urllib.request.Request(origin + url, body, headers, method="PUT")
    urllib.request.urlopen(request, timeout=patience).close()


def picture(luck: random.Random) -> bytes:
    """A picture that nobody has sent before; of the demo with a little noise, where there is one."""
    rng = np.random.default_rng(luck.getrandbits(32))
    if DEMO_PICTURES:  # what learned demo data only judges nothing else
        image = np.asarray(Image.open(luck.choice(DEMO_PICTURES)).convert("RGB")).astype(np.int16)
    else:
        coarse = rng.integers(40, 215, (12, 16, 3), dtype=np.uint8)
        image = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)).astype(
            np.int16
        )
    noisy = (image + rng.integers(-4, 5, image.shape)).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def browse(visitor: Visitor, luck: random.Random) -> float:
    """Another page of the gallery, or the whole page again."""
    for one in visitor.widgets.get("pagination", [])[:1]:
        pages = max(1, int(getattr(one, "num_pages", 1)))
        visitor.states[one.id] = WidgetState(id=one.id, int_value=luck.randint(1, pages))  # type: ignore[attr-defined]
    return visitor.rerun()


def drag(visitor: Visitor, luck: random.Random) -> float:
    """The line let go somewhere else."""
    for one in visitor.widgets.get("bidi_component", [])[:1]:
        settings = lab_settings(one)
        choice = {**settings, "threshold": round(luck.uniform(0.05, 0.95), 3), "method": "by hand"}
        visitor.states[one.id] = WidgetState(id=one.id, json_value=json.dumps({"choice": choice}))  # type: ignore[attr-defined]
    return visitor.rerun()


def lab_settings(component: object) -> dict[str, object]:
    """What the server told the threshold lab, of which the stamp must come back."""
    mixed = getattr(component, "mixed", None)
    text = (mixed.json if mixed is not None and mixed.json else getattr(component, "json", "")) or "{}"
    return dict(json.loads(text).get("settings", {}))


def judge(visitor: Visitor, luck: random.Random) -> float:
    """A new picture; the time is that of the rerun that takes it over, the verdict is waited for."""
    content = picture(luck)
    began = time.monotonic()
    visitor.upload(f"picture-{luck.getrandbits(32)}.jpg", content)
    visitor.asked = began  # from here on: until now the page showed the verdict on the picture before
    seconds = visitor.rerun()
    while visitor.asked is not None and time.monotonic() - began < visitor.patience:
        visitor.live(0.5)
    if visitor.asked is not None:
        visitor.wrong.append(f"detect: no verdict came in {visitor.patience:.0f} s")
    visitor.asked = None
    return seconds


ACTS: dict[str, Callable[[Visitor, random.Random], float]] = {
    "datasets": browse,
    "thresholds": drag,
    "detect": judge,
}


class Analyst(threading.Thread):
    """Somebody on one page, acting and looking in turns until told to go."""

    def __init__(self, port: int, page: str, seed: int, looks: float) -> None:
        super().__init__(daemon=True, name=f"{page}-{seed}")
        self.port, self.page, self.looks, self.luck = port, page, looks, random.Random(seed)
        self.seconds: list[float] = []  # of each rerun after the first
        self.verdicts: list[float] = []  # seconds until each
        self.wrong: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        try:
            with Visitor(self.port, self.page) as visitor:
                visitor.rerun()
                while not self.over.is_set():
                    visitor.live(self.luck.uniform(0.5, 1.5) * self.looks)
                    self.seconds.append(ACTS[self.page](visitor, self.luck))
                self.wrong += visitor.wrong
                self.verdicts += visitor.verdicts
        except Exception as error:  # noqa: BLE001 (whatever ends a session is what is looked for)
            self.wrong.append(f"{self.page}: the session broke off ({type(error).__name__}: {error})")
