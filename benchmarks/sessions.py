"""Sessions without browsers: they speak Streamlit's websocket protocol and poll as a page does."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 120.0  # seconds


class Session:
    """One visitor of one page. `rerun` waits until the page is drawn and gives the seconds that took."""

    patience = PATIENCE

    def __init__(self, port: int, page: str) -> None:
        self._socket: ClientConnection = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            origin=Origin(f"http://127.0.0.1:{port}"),
        )
        self.page, self.received = page, 0
        self.page_hash = ""  # what the server calls the page, once it has said so
        self.timers: dict[str, float] = {}  # fragment: seconds
        self.due: dict[str, float] = {}  # fragment: when it repeats itself next
        self.states: dict[str, WidgetState] = {}  # what the visitor has set, by the widget's id
        self.last = b""  # what came with the latest drawing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    def rerun(self, fragment: str = "") -> float:
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        if self.page_hash:  # as a browser does: what the server draws of itself goes by it
            asked.rerun_script.page_script_hash = self.page_hash
        else:
            asked.rerun_script.page_name = self.page
        if fragment:
            asked.rerun_script.fragment_id = fragment
            asked.rerun_script.is_auto_rerun = True
        asked.rerun_script.widget_states.widgets.extend(self.states.values())
        began = time.perf_counter()
        if not fragment:
            self.timers.clear()  # a whole run of the page names its timers anew
        self._socket.send(asked.SerializeToString())
        self._drawn()
        return time.perf_counter() - began

    def refresh(self) -> list[int]:
        """Ask for every part of the page that is due to repeat itself; the bytes that each took."""
        sizes = []
        for gone in self.due.keys() - self.timers.keys():
            del self.due[gone]
        for fragment, interval in list(self.timers.items()):
            if fragment not in self.timers:  # the one before drew the whole page anew, without this one
                continue
            now, before = time.monotonic(), self.received
            if now >= self.due.setdefault(fragment, now + interval):
                self.rerun(fragment)
                self.due[fragment] = time.monotonic() + interval
                sizes.append(self.received - before)
        return sizes

    def seen(self, message: ForwardMsg) -> None:
        """Hears everything that the server sends."""

    def drawn(self) -> None:
        """Looks at `last`, once the page or a part of it is drawn."""

    def _drawn(self) -> None:
        """Read until the script has finished; one that asks to run again is waited for too."""
        whole, deadline = b"", time.monotonic() + self.patience
        while time.monotonic() < deadline:
            data = self._socket.recv(timeout=self.patience)
            assert isinstance(data, bytes)
            self.received += len(data)
            whole += data
            message = ForwardMsg.FromString(data)
            self.seen(message)
            kind = message.WhichOneof("type")
            if kind == "auto_rerun":
                self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for gone in message.stop_auto_rerun.fragment_ids:
                    self.timers.pop(gone, None)
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    self.timers.clear()  # the whole page comes anew and names what repeats itself
                    continue
                self.last = whole
                self.drawn()
                return
        raise TimeoutError(f"the page {self.page} was not drawn in {self.patience:.0f} s")


class Watcher(threading.Thread):
    """A session that stays on the page and refreshes whenever the page asks for it."""

    def __init__(self, port: int, page: str) -> None:
        super().__init__(daemon=True)
        self.session = Session(port, page)
        self.sizes: list[int] = []
        self._over = threading.Event()

    def run(self) -> None:
        try:
            with self.session:
                self.session.rerun()
                while not self._over.wait(0.05):
                    self.sizes += self.session.refresh()
        except ConnectionClosed:
            return  # the server was stopped

    def leave(self) -> None:
        self._over.set()
        self.join(PATIENCE)
