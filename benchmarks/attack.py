"""`python -m benchmarks.attack`: what was tried against a started server, as a command. Zero must be let in.

The dashboard is started from a copy of the code with sign-in configured and beyond loopback, the service with tokens.
All traffic stays on this machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import torch
from PIL import Image
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.sessions import Session
from core.access import Person
from core.memory import resident
from core.service import tokens
from core.workspace import CODE_ROOT, Workspace

UPLOADS, UPLOAD = 40, 20_000_000
GROWTH_AT_MOST = 100_000_000  # bytes of the server's memory under the uploads of a visitor
SECRETS = """[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "for this benchmark only"
client_id = "x"
client_secret = "x"
server_metadata_url = "http://127.0.0.1:9/none"
"""


@dataclass
class Found:
    """What each attack came to."""

    tried: dict[str, int] = field(default_factory=dict)
    let_in: dict[str, list[str]] = field(default_factory=dict)

    def note(self, attack: str, held: bool, what: str = "") -> None:
        self.tried[attack] = self.tried.get(attack, 0) + 1
        if not held:
            self.let_in.setdefault(attack, []).append(what)


class Stranger(Session):
    """Somebody who sees nothing but the sign-in page, and reads the session's name off the websocket."""

    name = ""

    def seen(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "new_session":
            self.name = message.new_session.initialize.session_id


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("--uploads", type=int, default=UPLOADS, help="of 20 MB each, before sign-in")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        attack(Path(folder), args.uploads, found)
    total = sum(map(len, found.let_in.values()))
    if args.json:
        print(json.dumps({"tried": found.tried, "let_in": total, "what": found.let_in}))
    else:
        for name, count in found.tried.items():
            print(f"{name}: {count} tried, {len(found.let_in.get(name, []))} let in")
            for what in found.let_in.get(name, [])[:3]:
                print(f"    {what}")
        print(f"let in: {total}")
    return 1 if total else 0


def attack(folder: Path, uploads: int, found: Found) -> None:
    code = copy_of_the_code(folder)
    port = free_port()
    (code / ".streamlit" / "secrets.toml").write_text(SECRETS.format(port=port))
    space = Workspace(folder / "workspace")
    space.root.mkdir()
    dashboard = ("-m", "dashboard", "--address", "0.0.0.0", "--port", str(port))
    with started(code, space, dashboard, f"http://127.0.0.1:{port}/_stcore/health") as process:
        before_sign_in(port, uploads, process, found)
        foreign_pages(port, found)
        paths_that_lead_out(f"http://127.0.0.1:{port}", found)
    service_without_a_token(folder, space, found)
    starts_that_must_fail(code, folder, found)
    hostile_files(folder, space, found)


def copy_of_the_code(folder: Path) -> Path:
    code = folder / "code"
    for part in ("core", "dashboard", "models", ".streamlit"):
        shutil.copytree(
            CODE_ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml")
        )
    return code


def before_sign_in(port: int, uploads: int, process: psutil.Process, found: Found) -> None:
    """The page says "Sign in"; its cookie and its session are enough to try an upload."""
    with (
        Stranger(port, "home") as stranger,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        stranger.rerun()
        token = http.get("/_stcore/health").cookies.get("_streamlit_xsrf") or ""
        http.cookies.set("_streamlit_xsrf", token)
        before = resident(process)
        for number in range(uploads):
            answer = put(http, stranger.name, f"file-{number}", b"x" * UPLOAD, token)
            found.note("uploads before sign-in", answer in (403, 413, 0), f"answered {answer}")
        grown = resident(process) - before
        found.note("memory before sign-in", grown <= GROWTH_AT_MOST, f"grew by {grown:,} bytes")
        found.note(
            "uploads without the cookie", put(http, stranger.name, "y", b"x", "wrong") in (403, 413), "taken"
        )


def put(http: httpx.Client, session: str, name: str, content: bytes, token: str) -> int:
    """The status of an upload; 0 where the server hung up on it."""
    try:
        return http.put(
            f"/_stcore/upload_file/{session}/{name}",
            files={"f": ("f.jpg", content)},
            headers={"X-Xsrftoken": token},
        ).status_code
    # The server has closed the connection: it was not let in.
    except httpx.TransportError:
        return 0


def foreign_pages(port: int, found: Found) -> None:
    """Another site in the visitor's browser: it may not frame the pages nor speak to them."""
    headers = httpx.get(f"http://127.0.0.1:{port}/").headers
    guarded = "x-frame-options" in headers and "frame-ancestors" in headers.get("content-security-policy", "")
    found.note("framing by another site", guarded, "no header forbids it")
    found.note("guessing of types", headers.get("x-content-type-options") == "nosniff", "no nosniff")
    try:
        with connect(f"ws://127.0.0.1:{port}/_stcore/stream", origin=Origin("http://evil.example")):
            found.note("a websocket from another site", False, "connected")
    except (InvalidStatus, WebSocketException, OSError):
        found.note("a websocket from another site", True)


def paths_that_lead_out(address: str, found: Found) -> None:
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//etc/passwd", "%2fetc%2fpasswd"):
        for prefix in ("/", "/static/", "/media/", "/component/", "/app/static/"):
            answer = httpx.get(f"{address}{prefix}{path}")
            found.note("paths that lead out", "root:" not in answer.text, f"{prefix}{path}")


def service_without_a_token(folder: Path, space: Workspace, found: Found) -> None:
    tokens.make("newsdesk", Person("benchmark", operator=True), space)
    port = free_port()
    serve = ("-m", "core", "serve", "--port", str(port))
    with started(CODE_ROOT, space, serve, f"http://127.0.0.1:{port}/healthz"):
        base = f"http://127.0.0.1:{port}"
        for header in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic eDp4"}):
            for method, path in (
                ("GET", "/v1/detectors"),
                ("GET", "/v1/jobs/x"),
                ("DELETE", "/v1/jobs/x"),
                ("GET", "/v1/jobs/x/heatmaps/0"),
                ("GET", "/metrics"),
                ("POST", "/v1/detect"),
            ):
                status = httpx.request(method, base + path, headers=header).status_code
                found.note("the service without a token", status == 401, f"{method} {path}: {status}")
        paths_that_lead_out(base, found)


def starts_that_must_fail(code: Path, folder: Path, found: Found) -> None:
    (code / ".streamlit" / "secrets.toml").unlink()
    for command in (
        ("-m", "dashboard", "--address", "0.0.0.0", "--port", str(free_port())),
        ("-m", "core", "serve", "--address", "0.0.0.0", "--port", str(free_port())),
    ):
        done = run(code, Workspace(folder / "nobody"), *command)
        one_line = done.stderr.count("\n") == 1
        found.note("open to everyone by accident", done.returncode == 2 and one_line, done.stderr[-200:])


def hostile_files(folder: Path, space: Workspace, found: Found) -> None:
    """A checkpoint that executes, one of a newer program, a picture that unfolds, a name that is a
    formula."""
    marker = folder / "executed"
    for name, content in (
        ("pickle.pth", Executes(str(marker))),
        ("new.pth", {"schema": 99, "state_dict": {}}),
    ):
        torch.save(content, folder / name, pickle_module=pickle)
        Image.new("RGB", (64, 64)).save(folder / "a.png")
        done = run(
            CODE_ROOT, space, "-m", "core", "detect", str(folder / "a.png"), "--run", str(folder / name)
        )
        found.note(
            "checkpoints", done.returncode == 2 and not marker.exists(), f"{name}: {done.stderr[-200:]}"
        )
    formula = folder / "=HYPERLINK(1).png"
    Image.new("RGB", (64, 64)).save(formula)
    out = folder / "out"
    run(CODE_ROOT, space, "-m", "core", "detect", str(formula), "--out", str(out))
    with (out / "verdicts.csv").open(newline="") as file:
        cells = [row["file"] for row in csv.DictReader(file)]
    found.note("formulas in names", all(not cell.startswith("=") for cell in cells), str(cells))


class Executes:
    """What a pickle may do to whoever opens it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.system, (f"touch {self.path}",)


def run(code: Path, space: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
    whole = [sys.executable, *arguments]
    return subprocess.run(whole, cwd=code, env=environment, capture_output=True, text=True, timeout=300)


@contextmanager
def started(
    code: Path, space: Workspace, arguments: tuple[str, ...], health: str
) -> Iterator[psutil.Process]:
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
    with (space.root / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *arguments], cwd=code, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 180
        while True:
            try:
                httpx.get(health, timeout=5)
                break
            except httpx.TransportError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((space.root / "server.log").read_text()) from None
                time.sleep(0.2)
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
