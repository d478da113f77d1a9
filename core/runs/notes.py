"""What people write on a run: a name of their own, tags, a note. What was asked of the run stays as it
was."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from core import audit
from core.access import Person
from core.errors import BadInput, WorkbenchError, one_line
from core.runs.folder import RunFolder
from core.workspace import Workspace

log = logging.getLogger(__name__)

DOCUMENT = "notes"  # notes.json in the run's folder
LONGEST_NAME, LONGEST_TAG, LONGEST_NOTE, MOST_TAGS = 120, 40, 2000, 12


def write(
    run: RunFolder, person: Person, space: Workspace, *, name: str, tags: Iterable[str], note: str
) -> None:
    """All three at once; an empty name is that of the configuration again."""
    person.require_operator("rename, tag or note runs")
    run.require()
    clean = list(dict.fromkeys(filter(None, (_line(tag) for tag in tags))))
    _check("the name", _line(name), LONGEST_NAME)
    _check("the note", note.strip(), LONGEST_NOTE)
    for tag in clean:
        _check(f"the tag {tag[:20]!r}", tag, LONGEST_TAG)
    if len(clean) > MOST_TAGS:
        raise BadInput(f"{len(clean)} tags are too many; at most {MOST_TAGS}")
    run.save_document(DOCUMENT, {"name": _line(name), "tags": clean, "note": note.strip()})
    audit.record(person, "note", run.id, space)


def read(run: RunFolder) -> dict[str, Any]:
    """`name`, `tags` and `note`, each empty where nobody wrote it or the file is damaged."""
    try:
        document = run.document(DOCUMENT) or {}
    # The list of runs stays whole without them.
    except WorkbenchError as error:
        log.warning("name, tags and note are left out: %s", one_line(error))
        document = {}
    name, tags, note = document.get("name"), document.get("tags"), document.get("note")
    return {
        "name": name if isinstance(name, str) else "",
        "tags": tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        "note": note if isinstance(note, str) else "",
    }


def _line(text: str) -> str:
    """On one line, without what cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _check(what: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadInput(f"{what} has {len(text)} characters; at most {longest} are kept")
