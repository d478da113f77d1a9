"""Long work behind a page: one thread a job, held by the server, watched by any session. Threads never call Streamlit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import WorkbenchError, one_line
from dashboard import theme

MOST_FINISHED = 50  # jobs whose results are kept
MOST_OF_A_KIND = 4  # of the kinds whose results are tables of samples
SOON = 0.1  # seconds to the tick that draws what a finished job brought
STARTING = ""


class Cancelled(Exception):
    """Raised inside the work when the analyst cancelled it."""


@dataclass
class Job:
    """What the thread writes and the page reads."""

    name: str
    page: str = ""  # where it is watched, of what the sidebar lists
    done: float = 0
    total: float = 0  # 0: not known yet
    text: str = STARTING  # nothing was reported yet
    result: Any = None
    error: str | None = None
    finished: bool = False
    cancelled: bool = False
    started: float = field(default_factory=time.monotonic)
    cancel: threading.Event = field(default_factory=threading.Event)

    def report(self, done: float, total: float, text: str = "") -> None:
        """Called by the work; also where a cancelled job ends."""
        self.done, self.total, self.text = done, total, text or self.text
        if self.cancel.is_set():
            raise Cancelled

    @property
    def share(self) -> float | None:
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """Nothing before a fiftieth is done: what is told of less is off by a factor."""
        elapsed = time.monotonic() - self.started
        known = self.share is not None and self.share >= 0.02 and elapsed > 1
        return elapsed * (1 - self.share) / self.share if known and self.share else None


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


def start(key: str, name: str, work: Callable[[Job], Any], *, large: bool = False, page: str = "") -> Job:
    """Start the work unless a job of this key is under way; then that one is given. Of jobs of one name with
    `large` results the last few are kept. What takes minutes names the page that the sidebar leads to."""
    jobs = _jobs()
    running = jobs.get(key)
    if running is not None and not running.finished:
        _meet(key, running)
        return running
    # A server that never ends does not keep every result.
    finished = [k for k, j in jobs.items() if j.finished]
    alike = [k for k in finished if jobs[k].name == name][: -MOST_OF_A_KIND + 1] if large else []
    for old in {*finished[:-MOST_FINISHED], *alike}:
        jobs.pop(old, None)
    job = jobs[key] = Job(name, page)
    _meet(key, job)
    threading.Thread(target=_run, args=(job, work), name=f"job-{key}", daemon=True).start()
    return job


def current(key: str) -> Job | None:
    return _jobs().get(key)


def under_way() -> dict[str, Job]:
    """What the sidebar lists, by its key."""
    return {key: job for key, job in _jobs().items() if job.page and not job.finished}


def forget(key: str) -> None:
    _jobs().pop(key, None)


def _run(job: Job, work: Callable[[Job], Any]) -> None:
    try:
        job.result = work(job)
    except Cancelled:
        job.cancelled = True
    except WorkbenchError as error:
        job.error, job.cancelled = one_line(error), job.cancel.is_set()
    except Exception as error:  # noqa: BLE001 (the thread's last door: the page shows it)
        job.error = one_line(f"{type(error).__name__}: {error}")
    finally:
        job.finished = True


def watch(key: str, *, on_finish: Callable[[Job], None] | None = None) -> Job | None:
    """Draw the job's progress with time left and a button to cancel; the page runs again once when it ends. Whoever
    comes after the end finds what it brought in the first run: a second one would take from widgets what a link has
    just set, and what follows the job is for those who saw it under way."""
    job = current(key)
    if job is None:
        return None
    if not job.finished:
        _meet(key, job)
    elif not _has_met(key, job):
        _keep("jobs_seen", key, job)
    if job.finished and not _has_seen(key, job):
        every: float | str | None = SOON
    else:
        every = None if job.finished else "1s"
    st.fragment(_draw, run_every=every)(key, on_finish)
    return job


def _draw(key: str, on_finish: Callable[[Job], None] | None) -> None:
    job = current(key)
    if job is None:
        return
    if job.finished:
        if not _has_seen(key, job):
            _see(key, job, on_finish)
        _say_how_it_ended(key, job)
        return
    left = "" if job.seconds_left is None else f", {theme.duration(job.seconds_left)} left"
    begun = f"{job.name.rstrip(':')} …" if job.text == STARTING else f"{job.name} {job.text}"
    text = f"{theme.safe(begun)}{left}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share or 0.0, text=text)
        if st.button("Cancel", key=f"cancel-{key}", disabled=job.cancel.is_set()):
            job.cancel.set()


def _meet(key: str, job: Job) -> None:
    """This session began the job, or draws it under way."""
    _keep("jobs_met", key, job)


def _keep(name: str, key: str, job: Job) -> None:
    kept = _state(name)
    kept[key] = job
    for old in list(kept)[:-MOST_FINISHED]:
        del kept[old]


def _has_met(key: str, job: Job) -> bool:
    return _state("jobs_met").get(key) is job


def _has_seen(key: str, job: Job) -> bool:
    """Whether this session drew the page with what the job brought."""
    return _state("jobs_seen").get(key) is job


def _see(key: str, job: Job, on_finish: Callable[[Job], None] | None) -> None:
    """A run of the whole page may have been begun by a press on a button that is drawn further down: running again at
    once would lose it. So the page runs again from the fragment's own next tick."""
    if _state("jobs_told").get(key) is not job:
        _keep("jobs_told", key, job)
        if on_finish is not None:
            on_finish(job)
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None and context.fragment_ids_this_run:
        _keep("jobs_seen", key, job)
        st.rerun()


def _state(name: str) -> dict[str, Job]:
    found: dict[str, Job] = st.session_state.setdefault(name, {})
    return found


def _say_how_it_ended(key: str, job: Job) -> None:
    name = theme.safe(job.name.rstrip(":"))
    if job.cancelled:
        st.info(f"{name}: {theme.sentence(job.error or 'cancelled')}", icon=":material/cancel:")
    elif job.error:
        st.error(f"{name}: {theme.sentence(job.error)}", icon=":material/error:")
        st.button(
            "Close this message",
            key=f"close-{key}",
            icon=":material/close:",
            type="tertiary",
            on_click=forget,
            args=(key,),
        )
