"""Who sees the files of a Detect session that is not their own, and for how long the files stay."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from core.access import LOCAL, Person
from core.detection.serving.uploads import SessionFolder
from core.media.limits import Limits
from dashboard.detect import links, state
from dashboard.detect.state import Item, Session

ADA, BEN = Person("ada@example.org", operator=False), Person("ben@example.org", operator=False)
CHIEF = Person("chief@example.org", operator=True)


@pytest.fixture(autouse=True)
def no_sessions() -> Iterator[None]:
    yield
    for one in list(state.SESSIONS.values()):
        state._close(one)


def visit(monkeypatch: pytest.MonkeyPatch, person: Person) -> Session:
    """A browser session, which is the one in front of the page from now on."""
    own = Session(f"{person.name} {len(state.SESSIONS)}", SessionFolder(), person=person)
    own.holders.add(own.id)
    state.SESSIONS[own.id] = own
    monkeypatch.setattr(state, "session", lambda: own)
    return own


def bring(own: Session, name: str) -> Item:
    item = Item(own.folder.keep(io.BytesIO(b"x"), name, Limits()), home=own)
    own.items.insert(0, item)
    return item


@pytest.mark.parametrize(
    ("person", "seen"), [(ADA, ["b", "a"]), (CHIEF, ["a"]), (BEN, [])], ids=["oneself", "operator", "other"]
)
def test_a_link_shows_what_its_reader_may_see(
    monkeypatch: pytest.MonkeyPatch, person: Person, seen: list[str]
) -> None:
    home = visit(monkeypatch, ADA)
    asked = bring(home, "a")
    bring(home, "b")
    own = visit(monkeypatch, person)
    assert links.take_in(asked.key) is bool(seen)
    assert [item.upload.shown for item in own.items] == seen
    assert links.take_in(asked.key) is bool(seen)  # once more changes nothing
    assert [item.upload.shown for item in own.items] == seen


def test_a_key_that_nobody_has_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bring(visit(monkeypatch, LOCAL), "a")
    visit(monkeypatch, LOCAL)
    assert not links.take_in("0" * 20)


def test_files_outlive_a_reload_and_go_with_the_last_who_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    home = visit(monkeypatch, LOCAL)
    item = bring(home, "a")
    state._end(home)
    assert state.close_departed(kept=60) == 0 and item.upload.path.is_file()
    own = visit(monkeypatch, LOCAL)
    assert links.take_in(item.key)
    assert state.close_departed(kept=0) == 0 and item.upload.path.is_file()
    state._end(own)
    assert state.close_departed(kept=0) == 2
    assert not home.folder.path.exists() and not own.folder.path.exists() and not state.SESSIONS


def test_one_takes_away_ones_own_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    home = visit(monkeypatch, ADA)
    item = bring(home, "a")
    visit(monkeypatch, CHIEF)
    links.take_in(item.key)
    state.forget(item)
    assert home.items == [item] and item.upload.path.is_file()
    reloaded = visit(monkeypatch, ADA)
    links.take_in(item.key)
    again = visit(monkeypatch, ADA)
    links.take_in(item.key)
    state.forget(item)
    assert home.items == reloaded.items == again.items == [] and not item.upload.path.exists()
    assert not links.take_in(item.key)
