"""What one session of the Detect page holds: its folder, its files, their verdicts. All of it ends with the session."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from core.detection.request import Request
from core.detection.serving.service import Job, Service
from core.detection.serving.uploads import SessionFolder, Upload
from core.detection.verdict import Verdict
from dashboard import address
from dashboard import session as page_session

LEAST_OFTEN = 3.0  # seconds between looks, however many files wait
PER_WAITING = 0.2  # seconds, about what a verdict takes


@dataclass
class Item:
    """One file of the session with its jobs, by (detector, method)."""

    upload: Upload
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    truth: str | None = None
    demo: str | None = None  # what the demo says it is
    opened: Job | None = None  # the job that came first: it has the player

    @property
    def first(self) -> Job:
        assert self.opened is not None
        return self.opened

    @property
    def latest(self) -> dict[str, Job]:
        """The job of each detector that was asked for last."""
        return {detector: job for (detector, _), job in self.jobs.items()}

    @property
    def verdict(self) -> Verdict | None:
        return next(iter(self.latest.values())).verdict or self.first.verdict


@dataclass
class Session:
    """The files of one browser session."""

    id: str
    folder: SessionFolder
    items: list[Item] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)  # ids of uploads that were taken over
    refused: list[str] = field(default_factory=list)  # one line each
    served_by: Service | None = None

    def jobs(self) -> Iterator[Job]:
        for item in list(self.items):
            yield from item.jobs.values()

    @property
    def busy(self) -> bool:
        return any(not job.over or (job.player is None and _awaits_player(job)) for job in self.jobs())


def _awaits_player(job: Job) -> bool:
    return job.plays and job.player_error is None


@st.cache_resource(show_spinner=False, on_release=Service.close)
def service() -> Service:
    """The one detection process of this server."""
    return Service()


def _end(session: Session) -> None:
    """The browser is gone: nothing of its files stays on disk."""
    if session.served_by is not None:
        session.served_by.cancel(session.id)
    session.folder.close()


@st.cache_resource(show_spinner=False, scope="session", on_release=_end)
def session() -> Session:
    return Session(uuid.uuid4().hex, SessionFolder())


def add(upload: Upload, runs: list[str | None], request: Request, *, demo: str | None = None) -> Item:
    """Put a file first in the list and have it judged by each detector."""
    own = session()
    item = Item(upload, demo=demo)
    for run in runs or [None]:
        judge(item, replace(request, run=run))
    own.items.insert(0, item)
    st.session_state["detect_shown"] = item.key
    return item


def judge(item: Item, request: Request) -> Job:
    own = session()
    key = (request.run or "", request.method)
    if key in item.jobs:
        job = item.jobs.pop(key)
    else:
        out: Path = own.folder.results()
        first = item.opened is None
        own.served_by = service()
        asked = replace(request, out=out)
        job = own.served_by.submit(own.id, item.upload, asked, play=first, person=page_session.person())
        item.opened = item.opened or job
    item.jobs[key] = job  # at the end: it was asked for last
    return job


def again(item: Item, job: Job, method: str) -> Job:
    """The same file and detector with another way of explaining."""
    return judge(item, replace(job.request, method=method, out=None))


def forget(item: Item) -> None:
    own = session()
    own.items.remove(item)
    own.folder.remove(item.upload, [j.request.out for j in item.jobs.values() if j.request.out is not None])
    for name in [k for k in st.session_state if isinstance(k, str) and item.key in k]:
        del st.session_state[name]  # its sliders and choices


def shown() -> Item | None:
    """The file that is open; its key stands in the address, and a link within the session opens it."""
    own = session()
    key = st.session_state.get("detect_shown")
    found = next((i for i in own.items if i.key == key), own.items[0] if own.items else None)
    several = found is not None and len(own.items) > 1
    chosen = ",".join(st.session_state.get("detect_runs", []))
    address.write("detect", {"file": found.key if found and several else None, "detector": chosen or None})
    return found


def open_link(known: Collection[str]) -> None:
    """?file=KEY&detector=ID,ID: a file of this session, and the detectors that judge; before either is drawn."""
    if (link := address.read_link("detect")) is None:
        return
    st.session_state["detect_shown"] = link.get("file")
    st.session_state["detect_runs"] = [one for one in link.get("detector", "").split(",") if one in known]


def pace(seconds: float) -> float:
    """How often to look: less often while many files of all sessions wait, for each look costs the others time."""
    return min(LEAST_OFTEN, max(seconds, PER_WAITING * service().waiting()))


def polling(draw: Callable[[], None], seconds: float) -> None:
    """Draw as a fragment that repeats itself while the session's files are under way."""
    busy = session().busy
    st.session_state["detect_polling"] = busy

    def drawn() -> None:
        draw()
        if busy and not session().busy:  # the last look: the page stops repeating itself
            st.rerun(scope="app")

    st.fragment(drawn, run_every=seconds if busy else None)()
