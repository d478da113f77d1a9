"""`python -m benchmarks.service [--clients 50] [--minutes 5]`: many programs ask the detection service at once.

Each client sends a picture, waits for its entry, pauses, and sends the next. The same is done by one client alone
first. Looked at: errors, the seconds of nine in ten and of 95 in 100 answers against those of one alone, and memory.
The pauses are such that the service is busy for about a half of the time; without them any queue only grows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil

from core.access import Person
from core.memory import resident
from core.service import tokens
from core.workspace import CODE_ROOT, Workspace

SLOWER_AT_MOST, GROWTH_AT_MOST, BUSY = 3.0, 0.10, 0.5
ALONE = 20  # answers of the client alone
TRAIN = (
    "modality=image",
    "model=forensic_residual",
    "faces=false",
    "epochs=1",
    "max_samples_per_class=20",
    "image_size=64",
)


@dataclass
class Asked:
    """What came out."""

    clients: int
    minutes: float
    pause: float = 0.0  # seconds between two pictures of a client, on average
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)  # seconds of an answer
    loaded: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    @property
    def slower(self) -> float:
        return float(np.percentile(self.loaded, 95) / np.percentile(self.alone, 95))

    @property
    def growth(self) -> float:
        """Of the last fifth over the fifth in the middle."""
        fifth = max(1, len(self.memory_mb) // 5)
        middle = self.memory_mb[len(self.memory_mb) // 2 - fifth // 2 :][:fifth]
        return float(np.median(self.memory_mb[-fifth:]) / np.median(middle) - 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = ask_service(Path(folder), args.clients, args.minutes)
    print(
        json.dumps(asdict(found) | {"slower": found.slower, "growth": found.growth})
        if args.json
        else words(found)
    )
    return 0 if not found.wrong and found.slower <= SLOWER_AT_MOST and found.growth <= GROWTH_AT_MOST else 1


def words(found: Asked) -> str:
    nine, most = np.percentile(found.loaded, [90, 95])
    lines = [
        f"{found.clients} clients for {found.minutes:g} minutes, a picture every {found.pause:.0f} s each: "
        f"{found.answers:,} answers, {len(found.wrong)} errors",
        f"nine in ten within {nine:.2f} s, 95 in 100 within {most:.2f} s: {found.slower:.2f} times one alone "
        f"(at most {SLOWER_AT_MOST:g})",
        f"memory {found.memory_mb[-1]:,.0f} MB, {found.growth:+.1%} over the second half (at most {GROWTH_AT_MOST:.0%})",
        *found.wrong[:5],
    ]
    return "\n".join(lines)


def ask_service(folder: Path, clients: int, minutes: float) -> Asked:
    space = Workspace(folder / "workspace")
    pictures = prepare(space)
    token = tokens.make("load", Person("benchmark", operator=True), space)
    found = Asked(clients, minutes)
    with served(space, folder / "service.log") as (port, process):
        address = f"http://127.0.0.1:{port}"
        one = Client(address, token, pictures, found)
        one.ask(found.loaded)  # the first opens the detector
        found.loaded.clear()
        for _ in range(ALONE):
            one.ask(found.alone)
        found.pause = clients * float(np.mean(found.alone)) / BUSY
        crowd([Client(address, token, pictures, found) for _ in range(clients)], found, process)
    return found


def prepare(space: Workspace) -> list[Path]:
    """The demo with one small detector of its pictures; the pictures to send."""
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)}
    settings = [part for setting in TRAIN for part in ("--set", setting)]
    own = [sys.executable, "-m", "core"]
    subprocess.run([*own, "demo"], cwd=CODE_ROOT, env=environment, check=True, capture_output=True)
    train = [*own, "train", "--json", *settings, "--set", 'datasets=["140k Real and Fake Faces"]']
    done = subprocess.run(train, cwd=CODE_ROOT, env=environment, check=True, capture_output=True, text=True)
    run = json.loads(done.stdout)["run"]
    space.change_settings(lambda s: {**s, "detectors": {"image": run}})
    return sorted(p for p in (space.root / "demo").rglob("*.jpg"))[:200]


@contextmanager
def served(space: Workspace, log: Path) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "core", "serve", "--port", str(port)],
            cwd=CODE_ROOT,
            env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except httpx.TransportError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text()) from None
                time.sleep(0.2)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(30)


class Client:
    """A program that sends one picture after the other."""

    def __init__(self, address: str, token: str, pictures: list[Path], found: Asked) -> None:
        self.pictures, self.found = pictures, found
        self.http = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False
        )

    def ask(self, seconds: list[float]) -> None:
        path = random.choice(self.pictures)
        began = time.perf_counter()
        try:
            answer = self.http.post("/v1/detect?wait=100", files={"file": (path.name, path.read_bytes())})
        except httpx.TransportError as error:
            self.found.wrong.append(f"{type(error).__name__}: {error}")
            return
        if answer.status_code != 200 or answer.json()[0]["status"] not in ("ok", "not_applicable"):
            self.found.wrong.append(f"{answer.status_code}: {answer.text[:200]}")
            return
        seconds.append(time.perf_counter() - began)
        self.found.answers += 1


def crowd(clients: list[Client], found: Asked, process: psutil.Process) -> None:
    end = time.monotonic() + 60 * found.minutes

    def work(client: Client) -> None:
        time.sleep(random.uniform(0, found.pause))
        while time.monotonic() < end:
            client.ask(found.loaded)
            time.sleep(random.expovariate(1 / found.pause))

    threads = [threading.Thread(target=work, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        found.memory_mb.append(resident(process) / 1e6)
        time.sleep(1)
    for thread in threads:
        thread.join(130)


if __name__ == "__main__":
    sys.exit(main())
