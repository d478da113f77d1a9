"""The dashboard in Chromium, for the benchmarks that look at pages."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PAGES = ("home", "datasets", "train", "runs", "thresholds", "detect", "detectors", "compare", "trail")
PATIENCE = 120_000  # ms
SETTLED = """() => document.querySelector('h1') && !document.querySelector('[data-testid=stSkeleton]')
  && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-stale=true]')"""
IS_DARK = "dark => (getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark') === dark"


def address(port: int, name: str) -> str:
    return f"http://127.0.0.1:{port}/{'' if name == 'home' else name}"


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is needed (Debian's package chromium)")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield opened
        finally:
            opened.close()


def settle(page: Page) -> None:
    """Until the page is drawn and what fades in is there."""
    page.wait_for_function(SETTLED, timeout=PATIENCE)
    page.wait_for_timeout(700)


def show_in(page: Page, theme: str) -> None:
    """In light or dark, as somebody who changes it for the whole machine: the page follows without a reload."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.wait_for_function(IS_DARK, arg=theme == "dark", timeout=PATIENCE)


@contextmanager
def empty_page() -> Iterator[int]:
    """A Streamlit server whose one page is a title and a word: what Streamlit itself costs."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        script = Path(folder) / "empty.py"
        script.write_text(
            "import streamlit as st\nst.title('Empty')\nst.write('Nothing.')\n", encoding="utf-8"
        )
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        options = {
            "server.port": port,
            "server.headless": "true",
            "server.address": "127.0.0.1",
            "browser.gatherUsageStats": "false",
        }
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("the empty Streamlit page did not start")
