"""What one session of the Detect page holds: its folder, its files, their verdicts.

Another session of the same server that opens a link to one of the files holds the folder too; what is in it goes a
little after the last of them has ended. To Streamlit a reload is the end of one session and the begin of another.

    session a  brings x, y     holds folder a
    a is reloaded              nobody holds folder a, which is kept for a while
    session b  opens ?file=x   holds folder a, and its own
    b ends, nobody comes       folders a and b are removed
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from core.access import LOCAL, Person
from core.detection.request import Request
from core.detection.serving.service import Job, Service
from core.detection.serving.uploads import SessionFolder, Upload
from core.detection.verdict import Verdict
from dashboard import session as page_session

LEAST_OFTEN = 3.0  # seconds between looks, however many files wait
# Seconds that files wait after the last session that showed them. One whose browser only reloads its page has not ended
# yet: the server keeps it for a while, and what departed visitors left must be gone within a minute.
KEPT = 5.0
PER_WAITING = 0.2  # seconds, about what a verdict takes


@dataclass(eq=False)
class Item:
    """One file of the session with its jobs, by (detector, method). Its key, which nobody can guess, is its link."""

    upload: Upload
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    key: str = field(default_factory=lambda: secrets.token_hex(10))
    truth: str | None = None
    demo: str | None = None  # what the demo says it is
    opened: Job | None = None  # the job that came first: it has the player
    home: Session | None = None  # the session that brought it

    @property
    def first(self) -> Job:
        assert self.opened is not None
        return self.opened

    @property
    def latest(self) -> dict[str, Job]:
        """The job of each detector that was asked for last."""
        return {detector: job for (detector, _), job in self.jobs.items()}

    @property
    def shown(self) -> dict[str, Job]:
        """The latest, each with what its detector said before until the new heat maps are there: another way of
        explaining changes no verdict."""
        before = {
            detector: job.verdict for (detector, _), job in self.jobs.items() if job.over and job.verdict
        }
        return {
            detector: job if job.over or detector not in before else replace(job, verdict=before[detector])
            for detector, job in self.latest.items()
        }

    def is_judged_by(self, run: str | None) -> bool:
        """Whether it was asked, also by the automatic choice."""
        judged = {job.verdict.detector for job in self.latest.values() if job.verdict is not None}
        return (run or "") in self.latest or run in judged

    @property
    def verdict(self) -> Verdict | None:
        return next(iter(self.latest.values())).verdict or self.first.verdict


@dataclass(eq=False)
class Session:
    """The files of one browser session."""

    id: str
    folder: SessionFolder
    items: list[Item] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)  # ids of uploads that were taken over
    refused: list[str] = field(default_factory=list)  # one line each
    served_by: Service | None = None
    person: Person = LOCAL
    # Sessions that show files of this one, itself among them, and sessions whose files this one shows.
    holders: set[str] = field(default_factory=set)
    visited: list[Session] = field(default_factory=list)
    left: float | None = None  # when the last of them ended

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


# All of this server, by id.
SESSIONS: dict[str, Session] = {}


def _end(session: Session) -> None:
    """The browser is gone, or reloads its page and comes back at once."""
    for home in (session, *session.visited):
        home.holders.discard(session.id)
        home.left = None if home.holders else time.monotonic()


def close_departed(kept: float = KEPT) -> int:
    """Remove what nobody shows any longer; the server calls it now and then. How many sessions there were."""
    before = time.monotonic() - kept
    over = [one for one in list(SESSIONS.values()) if one.left is not None and one.left <= before]
    for one in over:
        _close(one)
    return len(over)


def _close(session: Session) -> None:
    SESSIONS.pop(session.id, None)
    if session.served_by is not None:
        session.served_by.cancel(session.id)
    session.folder.close()


def close_all() -> None:
    """With the server nothing of the files stays on disk. It ends by a signal, so nothing that waits for the exit is
    called."""
    for session in list(SESSIONS.values()):
        session.folder.close()


@st.cache_resource(show_spinner=False, scope="session", on_release=_end)
def _session(_person: Person) -> Session:
    own = Session(uuid.uuid4().hex, SessionFolder(), person=_person)
    own.holders.add(own.id)
    SESSIONS[own.id] = own
    return own


def session() -> Session:
    return _session(page_session.person())


def add(upload: Upload, runs: list[str | None], request: Request, *, demo: str | None = None) -> Item:
    """Put a file first in the list and have it judged by each detector."""
    own = session()
    item = Item(upload, demo=demo, home=own)
    for run in runs or [None]:
        judge(item, replace(request, run=run))
    own.items.insert(0, item)
    st.session_state["detect_shown"] = item.key
    return item


def judge(item: Item, request: Request) -> Job:
    own = session()
    key = (request.run or "", request.method)
    if key in item.jobs and item.jobs[key].request.text == request.text:
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


def cancel() -> None:
    """Take what waits out of the queue, of one's own files in other sessions too."""
    own = session()
    for one in (own, *own.visited):
        if one.person == own.person:
            service().cancel(one.id)


def again(item: Item, job: Job, method: str) -> Job:
    """The same file and detector with another way of explaining."""
    return judge(item, replace(job.request, method=method, out=None))


def forget(item: Item) -> None:
    own = session()
    own.items.remove(item)
    home = item.home or own
    if home.person == own.person:  # somebody else's stays with them
        for one in list(SESSIONS.values()):  # whoever shows it
            if item in one.items:
                one.items.remove(item)
        folders = [j.request.out for j in item.jobs.values() if j.request.out is not None]
        home.folder.remove(item.upload, folders)
        if home is not own:  # an explanation that was asked for here lies here
            own.folder.remove(replace(item.upload, ours=False), folders)
    for name in [k for k in st.session_state if isinstance(k, str) and item.key in k]:
        del st.session_state[name]  # its sliders and choices


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
