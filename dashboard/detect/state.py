"""What one session of the Detect page holds: its folder, its files, their verdicts.

Another session of the same server that opens a link to one of the files holds the folder too; what is in it goes a
little after the last of them has ended. To Streamlit a reload is the end of one session and the begin of another.

    session a  brings x, y     holds folder a
    a is reloaded              nobody holds folder a, which is kept for a while
    session b  opens ?file=x   holds folder a, and its own
    b ends, nobody comes       folders a and b are removed
"""

from __future__ import annotations

import contextlib
import math
import secrets
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from core.access import LOCAL, Person
from core.detection.request import Request
from core.detection.serving.service import Job, Service
from core.detection.serving.uploads import SessionFolder, Upload
from core.detection.verdict import Verdict
from dashboard import address
from dashboard import session as page_session

LEAST_OFTEN = 3.0  # seconds between looks, however many files wait
# Seconds that files wait after the last session that showed them. One whose browser only reloads its page has not ended
# yet: the server keeps it for a while, and what departed visitors left must be gone within a minute.
KEPT = 5.0
PER_WAITING = 0.2  # seconds, about what a verdict takes


GONE = (
    "The file of this link is not here: it was removed when the page of whoever brought it was closed, or somebody else "
    "brought it. Ask for its report."
)


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


def shown() -> Item | None:
    """The file that is open; its key stands in the address, and a link within the session opens it."""
    found = _opened()
    chosen = ",".join(st.session_state.get("detect_runs", []))
    seconds = st.session_state.get(moment_key(found.key)) if found else None
    at = None if seconds is None else str(round(seconds, 3))
    address.write("detect", {"file": found.key if found else None, "detector": chosen or None, "at": at})
    return found


def _opened() -> Item | None:
    items, key = session().items, st.session_state.get("detect_shown")
    return next((i for i in items if i.key == key), items[0] if items else None)


def has_judged(run: str) -> bool:
    """Whether this detector's verdict on the open file is there."""
    found = _opened()
    job = found.latest.get(run) if found else None
    return bool(job and job.verdict and job.verdict.status == "ok")


def moment_key(item: str) -> str:
    """Where the second of a file that is looked at stands in the session's state."""
    return f"moment-seconds-{item}"


def _moment_of(link: str | None) -> float | None:
    with contextlib.suppress(ValueError):
        seconds = float(link or "")
        return seconds if 0 <= seconds < math.inf else None
    return None


def open_link(known: Collection[str]) -> None:
    """?file=KEY&detector=ID,ID&at=3.2: a file of this server that one may see, the detectors that judge, and the second
    of the file that is looked at; before any is drawn."""
    if (link := address.read_link("detect")) is None:
        # Where the line to the browser was cut, this session's files are those of another one by now.
        if (key := st.session_state.get("detect_shown")) and not session().items:
            _take_in(key)
        return
    if (key := link.get("file")) and not _take_in(key):
        st.info(GONE, icon=":material/link_off:")
    st.session_state["detect_shown"] = key
    if key and (seconds := _moment_of(link.get("at"))) is not None:
        st.session_state[moment_key(key)] = seconds
    st.session_state["detect_runs"] = [one for one in link.get("detector", "").split(",") if one in known]


def _take_in(key: str) -> bool:
    """Show a file that another session brought: with all of that session's to the same person, alone to an operator."""
    own = session()
    if any(item.key == key for item in own.items):
        return True
    for home in list(SESSIONS.values()):
        wanted = next((item for item in home.items if item.key == key), None)
        if wanted is None or not (own.person.operator or home.person == own.person):
            continue
        for item in home.items if home.person == own.person else [wanted]:
            _hold(own, item)
        return True
    return False


def _hold(own: Session, item: Item) -> None:
    home = item.home or own
    if item not in own.items:
        own.items.append(item)
    home.holders.add(own.id)
    home.left = None
    if home is not own and home not in own.visited:
        own.visited.append(home)


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
