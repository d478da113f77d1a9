"""`python -m core runs`: list the runs, stop, resume, delete, rename or export one; works with and without a server."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import numbers, words
from core.access import LOCAL
from core.errors import BadInput, WorkbenchError
from core.imports import store
from core.runs import notes, tensorboard_export
from core.runs.folder import RunFolder, open_run
from core.runs.listing import describe_misnamed, detectors
from core.runs.manager import RunManager
from core.runs.summaries import Summary, summary
from core.runs.supervise import GRACE
from core.runs.titles import name_of, with_id
from core.workspace import workspace

SUMMARY = "list the runs, or stop, resume, delete, rename or export one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", default="list", choices=("list", *_ACTIONS, "rename", "export"))
    parser.add_argument("id", nargs="?", help="the run's id, which list shows; for all but list")
    parser.add_argument("new", nargs="?", metavar="NAME", help="for rename: what it is called from now on")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="for export: where TensorBoard's event file and metrics.csv go (default: exports/RUN in the workspace)",
    )


def run(args: argparse.Namespace) -> Any:
    if args.action == "list":
        if args.id is not None:
            raise BadInput(f"list takes no run ({args.id})")
    elif not args.id:
        raise BadInput(f"{args.action} needs the id of a run; `python -m core runs` lists them")
    if args.out is not None and args.action != "export":
        raise BadInput(f"--out is for export; {args.action} writes no files")
    if args.new is not None and args.action != "rename":
        raise BadInput(f"{args.action} takes one run ({args.new} is too much)")
    if args.action == "export":
        return _export(str(args.id), args.out)
    if args.action == "rename":
        return _rename(str(args.id), args.new)
    manager = RunManager(workspace(), keep=False)
    try:
        if args.action != "stop":  # which settles its run itself
            with contextlib.suppress(OSError):  # a full disk, or only to be read: taken as it is written
                manager.settle_gone()
        if args.action == "list":
            if warning := describe_misnamed(workspace()):
                print(warning, file=sys.stderr)
            own = [_plain(found) for found in manager.list()]
            return own + [_plain(found, imported=True) for found in detectors(manager.space)]
        return _ACTIONS[args.action](manager, str(args.id))
    finally:
        manager.close()


def _stop(manager: RunManager, name: str) -> dict[str, Any]:
    """Ask, wait for the grace time, then end it by force. Where a server watches the run, it does the same."""
    folder = manager.open(name)
    _require_trained(folder, "stopped")
    status = manager.stop(name, LOCAL)
    if not status.final:
        manager.adopt(folder)  # nobody else watches: this process does, until the end
        manager.stop_watched(folder.id)
    deadline = time.monotonic() + 2 * GRACE
    while not (status := folder.status()).final:
        if time.monotonic() > deadline:
            raise WorkbenchError(
                f"{name_of(folder)} has not stopped; it runs on {status.host or 'another machine'}"
            )
        time.sleep(0.1)
    manager.join(folder.id, GRACE)
    return _now(folder)


def _resume(manager: RunManager, name: str) -> dict[str, Any]:
    _require_trained(manager.open(name), "resumed")
    folder = manager.resume(name, LOCAL)
    manager.wait_for_starts()
    return _now(folder)


def _export(name: str, out: Path | None) -> dict[str, Any]:
    run = open_run(name)
    made = tensorboard_export.write(run, out or workspace().root / "exports" / run.id)
    return {
        "run": run.id,
        "name": summary(run).name,
        "folder": str(made.folder),
        "csv": str(made.csv),
        "events": str(made.events),
        "measurements": made.measurements,
        "names": list(made.names),
    }


def _rename(name: str, new: str | None) -> dict[str, Any]:
    """An imported detector is called otherwise from then on; a training keeps its id and shows the new name."""
    if not new:
        raise BadInput(f"rename needs the new name: `runs rename {name} NAME`")
    folder, space = open_run(name), workspace()
    if folder.path.parent.resolve() == space.detectors.resolve():
        store.rename(folder.id, new, LOCAL, space)
        return {"run": new, "was": folder.id, "name": new, "state": "renamed"}
    if folder.path.parent.resolve() != space.runs.resolve():
        raise BadInput(f"{folder.path} is not a run of this workspace; move it into {space.runs} first")
    was = summary(folder).name
    written = notes.read(folder)
    notes.write(folder, LOCAL, space, name=new, tags=written["tags"], note=written["note"])
    return {"run": folder.id, "was": was, "name": summary(folder).name, "state": "renamed"}


def _delete(manager: RunManager, name: str) -> dict[str, Any]:
    folder = manager.open(name)
    called = summary(folder).name
    if folder.path.parent.resolve() == manager.space.detectors.resolve():
        store.delete(folder.id, LOCAL, manager.space)
    else:
        manager.delete(name, LOCAL)
    return {"run": folder.id, "name": called, "state": "deleted"}


def _require_trained(folder: RunFolder, what: str) -> None:
    if folder.imported is not None:
        raise BadInput(
            f"{folder.id} was imported: it is no training that can be {what}; `python -m core evaluate {folder.id} "
            "--dataset NAME` measures it, `runs delete` removes it"
        )


_ACTIONS = {"stop": _stop, "resume": _resume, "delete": _delete}


def _now(folder: RunFolder) -> dict[str, Any]:
    status = folder.status()
    return {"run": folder.id, "name": summary(folder).name, "state": status.state, "error": status.error}


def _plain(found: Summary, *, imported: bool = False) -> dict[str, Any]:
    left = found.seconds_left
    return {
        "run": found.id,
        **asdict(found),
        "imported": imported,
        "shown_state": found.shown_state,
        "stalled": found.stalled,
        "progress": found.progress,
        "seconds_left": None if left is None else round(left),
    }


def show(result: Any) -> str:
    if isinstance(result, dict) and "folder" in result:
        return (
            f"{with_id(result['name'], result['run'])}: {numbers.count_of(result['measurements'], 'measurement')} in {result['folder']}\n"
            f"metrics.csv opens in a spreadsheet; TensorBoard shows the curves: tensorboard --logdir {result['folder']}"
        )
    if isinstance(result, dict) and "was" in result:
        return f"{result['was']} is called {result['name']} now"
    if isinstance(result, dict):
        text = f"{with_id(result['name'], result['run'])}: {words.state(result['state'])}"
        if result["state"] == "queued":
            text += " (its device is busy; a running dashboard, or the next `runs resume`, starts it)"
        return text + (f" ({result['error']})" if result.get("error") else "")
    if not result:
        return "there are no runs yet; `python -m core train` makes one"
    named = [(found, _named(found)) for found in result]
    width = max(len("name"), *(len(name) for _, name in named))
    lines = [f"{'name':<{width}}  {'state':<12} {'epochs':>7}  {'best':>7}  {'of':<17}  to type"]
    for found, name in named:
        state = "imported" if found["imported"] else words.state(found["shown_state"])
        best = "" if found["best"] is None else numbers.number(found["best"])
        of = words.figure(found["monitor"]) if best else ""
        epochs = "" if found["imported"] else f"{found['epoch']}/{found['epochs']}"
        lines.append(f"{name:<{width}}  {state:<12} {epochs:>7}  {best:>7}  {of:<17}  {found['id']}")
        lines += [f"    {found['error']}"] if found["error"] else []
    return "\n".join(lines)


def _named(found: dict[str, Any]) -> str:
    """Its name, and what a reader must know before they use it."""
    if found["imported"] and found["learned_nothing"] is None:
        return f"{found['name']} · not measured here"
    nothing = "at chance" if found["imported"] else "learned nothing"
    return f"{found['name']} · {nothing}" if found["learned_nothing"] else str(found["name"])
