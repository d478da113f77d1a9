"""Viewers look and detect: core refuses them everything else, whatever page or script calls it.

Each refusing function is called as a viewer; and the code itself is read for functions that forgot to ask. From each function of core that a page calls, every call is followed to what writes, deletes or starts processes.
On the way there must be a check (`require_operator`), or the function stands below with the reason why it needs none.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import audit
from core.access import Person
from core.catalog import demo, exclusions, leaks, overrides, roots
from core.catalog.feedback_dataset import collect
from core.catalog.scan import scan
from core.catalog.unpack import unpack
from core.detection.defaults import set_default
from core.errors import NotAllowed
from core.imports import store, weights
from core.imports.importing import import_detector
from core.imports.in_child_process import import_in_child, measure_in_child
from core.imports.measuring import measure
from core.runs import notes, tuning
from core.runs.estimate import estimate
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.service import tokens
from core.thresholds import calibration, operating_point
from core.training.transcribing import transcribe
from core.workspace import Workspace
from dashboard import session
from tests.training.test_transcribing import Echo

ROOT = Path(__file__).resolve().parent.parent
CHANGES = {
    "write_atomic",
    "write_json",
    "write_text",
    "write_bytes",
    "unlink",
    "rmtree",
    "touch",
    "save_settings",
    "change_settings",
    "set_status",
    "save_document",
    "save_config",
    "to_parquet",
    "write_table",
    "savez",
    "savez_compressed",
    "Popen",
    "mkdir",
    "kill",
    "savefig",
}
# What anybody may cause: what is computed again from what
# everybody sees, and what a session's own files need.
EVERYBODY = {
    "core.catalog.shortcuts:probe": "a measurement of catalogued files, cached",
    "core.catalog.shortcuts:probe_together": "the same of several datasets",
    "core.catalog.copies:tie": "digests of catalogued files, cached",
    "core.catalog.leaks:report": "fingerprints of catalogued files, cached",
    "core.migrations:open_workspace": "at the start of the server, before anybody is served",
    "core.media.browser:playable": "a copy of a catalogued clip that browsers play, in the cache",
    "core.media.shards:extract": "a copy of a catalogued row that a player can be given, in the cache",
    "core.media.browser:thumbnail": "decodes one file in the sandbox",
    "core.media.images:open_image": "decodes one file in the sandbox",
    "core.runs.cards:look_up": "the list of networks, in the cache",
    "core.runs.listing:listing": "the index of finished runs, in the cache",
    "core.detection.serving.uploads:SessionFolder": "detecting is everybody's: the session's own folder",
    "core.detection.serving.service:Service": "detecting is everybody's: the detection process",
    "core.detection.reporting.feedback:keep": "what somebody says of their own upload, under their name",
}


VIEWER = Person("eve@example.org", operator=False)
POINT = operating_point.OperatingPoint(0.4, "by hand", "val")
PLATT = calibration.Calibration("platt", "probability")
Act = Callable[[RunManager, RunFolder, Workspace], object]
FORBIDDEN: dict[str, Act] = {
    "core.catalog.demo:make": lambda m, r, s: demo.make(s.demo, person=VIEWER),
    "core.catalog.scan:scan": lambda m, r, s: scan([s.root], space=s, person=VIEWER),
    "core.catalog.feedback_dataset:collect": lambda m, r, s: collect(s, VIEWER),
    "core.catalog.unpack:unpack": lambda m, r, s: unpack("any", s.root / "plain", s, VIEWER),
    "core.training.transcribing:transcribe": lambda m, r, s: transcribe("any", Echo(), s, VIEWER),
    "core.catalog.roots:add": lambda m, r, s: roots.add(s.root, VIEWER, s),
    "core.catalog.roots:remove": lambda m, r, s: roots.remove(s.root, VIEWER, s),
    "core.catalog.overrides:save": lambda m, r, s: overrides.save("/x", overrides.Override(), VIEWER, s),
    "core.catalog.exclusions:add": lambda m, r, s: exclusions.add(["a"], "fake", "", VIEWER, s),
    "core.catalog.exclusions:remove": lambda m, r, s: exclusions.remove(["a"], VIEWER, s),
    "core.catalog.leaks:remember": lambda m, r, s: leaks.remember("a", "group", [], s, VIEWER),
    "core.runs.estimate:estimate": lambda m, r, s: estimate({"model": "x"}, s, person=VIEWER),
    "core.runs.tuning:start": lambda m, r, s: tuning.start({"model": "x"}, 2, VIEWER, s),
    "core.runs.tuning:stop": lambda m, r, s: tuning.stop("20260101-000000-x", VIEWER, s),
    "core.runs.notes:write": lambda m, r, s: notes.write(r, VIEWER, s, name="a", tags=[], note=""),
    "core.runs.manager:RunManager.submit": lambda m, r, s: m.submit({"model": "x"}, VIEWER),
    "core.runs.manager:RunManager.clone": lambda m, r, s: m.clone(r.id, VIEWER),
    "core.runs.manager:RunManager.stop": lambda m, r, s: m.stop(r.id, VIEWER),
    "core.runs.manager:RunManager.stop_all": lambda m, r, s: m.stop_all([r.id], VIEWER),
    "core.runs.manager:RunManager.resume": lambda m, r, s: m.resume(r.id, VIEWER),
    "core.runs.manager:RunManager.delete": lambda m, r, s: m.delete(r.id, VIEWER),
    "core.runs.manager:RunManager.reorder": lambda m, r, s: m.reorder([r.id], VIEWER),
    "core.thresholds.operating_point:save": lambda m, r, s: operating_point.save(r, POINT, VIEWER),
    "core.thresholds.operating_point:restore": lambda m, r, s: operating_point.restore(r, 1, VIEWER),
    "core.thresholds.calibration:save": lambda m, r, s: calibration.save(r.path, PLATT, VIEWER),
    "core.imports.importing:import_detector": lambda m, r, s: import_detector(s.root, person=VIEWER, space=s),
    "core.imports.measuring:measure": lambda m, r, s: measure(r, ["x"], person=VIEWER, space=s),
    "core.imports.in_child_process:import_in_child": lambda m, r, s: import_in_child(
        "x", "", "", "", VIEWER, s
    ),
    "core.imports.in_child_process:measure_in_child": lambda m, r, s: measure_in_child("x", ["y"], VIEWER, s),
    "core.imports.weights:get": lambda m, r, s: weights.get("AASIST.pth", person=VIEWER, space=s),
    "core.imports.store:rename": lambda m, r, s: store.rename("a", "b", VIEWER, s),
    "core.imports.store:delete": lambda m, r, s: store.delete("a", VIEWER, s),
    "core.service.tokens:make": lambda m, r, s: tokens.make("newsdesk", VIEWER, s),
    "core.audit:read": lambda m, r, s: audit.read(VIEWER, s),
    "core.detection.defaults:set_default": lambda m, r, s: set_default("image", r.id, VIEWER, s),
}


def everything_under(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("action", FORBIDDEN)
def test_a_viewer_changes_nothing_whatever_core_function_is_called(space: Workspace, action: str) -> None:
    run = new_run({"model": "x"}, space=space)
    run.set_status(state="stopped")
    manager = RunManager(space, keep=False)
    before = everything_under(space.root)
    with pytest.raises(NotAllowed, match=r"eve@example\.org may not"):
        FORBIDDEN[action](manager, run, space)
    manager.close()
    assert everything_under(space.root) == before


def test_every_function_that_asks_is_called_above() -> None:
    asking = {name for name, function in core_functions().items() if function.checks}
    assert asking - set(FORBIDDEN) == set()


PRESSED = {"home": "home-demo", "datasets": "datasets-demo"}


@pytest.mark.parametrize("page", PRESSED)
def test_a_viewer_who_presses_a_button_reads_why_not(
    page: str, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "person", lambda: VIEWER)
    app = AppTest.from_file(str(ROOT / f"dashboard/views/{page}.py"), default_timeout=60).run()
    app.button(key=PRESSED[page]).click().run()
    (error,) = app.error
    assert "may not make the demo datasets" in error.value and not space.demo.exists()


@dataclass
class Function:
    """One function or class of core: what it calls, by name as resolved through its module's imports."""

    checks: bool = False
    changes: bool = False
    calls: set[str] = field(default_factory=set)
    person: bool = False


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> dict[str, str]:
    """Names of a module, and what they stand for: `package.module` or `package.module:name`."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("core", "dashboard")):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                path = ROOT / inner.replace(".", "/")
                is_module = path.with_suffix(".py").exists() or (path / "__init__.py").exists()
                found[alias.asname or alias.name] = inner if is_module else f"{node.module}:{alias.name}"
    return found


def called(
    node: ast.AST, names: dict[str, str], own: set[str], module: str, inside: str = ""
) -> Iterator[tuple[str, ast.Call]]:
    """Every call under a node: `module:function` where it is one of ours, else the bare name."""
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        what = call.func
        if isinstance(what, ast.Name):
            yield names.get(what.id) or (f"{module}:{what.id}" if what.id in own else what.id), call
        elif isinstance(what, ast.Attribute):
            base = what.value.id if isinstance(what.value, ast.Name) else ""
            if base == "self":
                yield f"{module}:{inside}.{what.attr}", call
            elif base in names:
                yield names[base] + (".", ":")[":" not in names[base]] + what.attr, call
            yield what.attr, call


@cache
def core_functions() -> dict[str, Function]:
    found: dict[str, Function] = {}
    for path in sorted((ROOT / "core").rglob("*.py")):
        tree, module = ast.parse(path.read_text(encoding="utf-8")), module_of(path)
        names = imported(tree)
        own = {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module}:{node.name}"] = _function(node, names, own, module)
            elif isinstance(node, ast.ClassDef):
                for method in (n for n in node.body if isinstance(n, ast.FunctionDef)):
                    full = f"{module}:{node.name}.{method.name}"
                    found[full] = _function(method, names, own, module, node.name)
                    if method.name == "__init__":
                        found[f"{module}:{node.name}"] = found[full]
    return found


def _function(
    node: ast.FunctionDef, names: dict[str, str], own: set[str], module: str, inside: str = ""
) -> Function:
    calls = {name for name, _ in called(node, names, own, module, inside)}
    return Function(
        checks="require_operator" in calls,
        changes=bool(calls & CHANGES),
        calls=calls,
        person=any(a.arg == "person" for a in (*node.args.args, *node.args.kwonlyargs)),
    )


def way_to_a_change(name: str, seen: set[str] | None = None) -> list[str]:
    """The calls that lead from this function to a change without a check on the way; empty where there are none."""
    known, seen = core_functions(), set() if seen is None else seen
    if name not in known or name in seen or name in EVERYBODY or known[name].checks:
        return []
    if known[name].changes:
        return [name]
    seen.add(name)
    for inner in sorted(known[name].calls):
        if way := way_to_a_change(inner, seen):
            return [name, *way]
    return []


@cache
def page_calls() -> list[tuple[Path, str, ast.Call]]:
    found = []
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = imported(tree)
        for name, call in called(tree, names, set(), module_of(path)):
            if name.startswith("core."):
                found.append((path, name, call))
    return found


def test_no_call_of_a_page_changes_anything_without_a_check() -> None:
    wrong = {name: " → ".join(way) for _, name, _ in page_calls() if (way := way_to_a_change(name))}
    assert wrong == {}


def test_pages_say_who_asks_wherever_core_wants_to_know() -> None:
    """`person` has a default for the command line; a page that forgets it would act as the machine's owner."""
    silent = []
    for path, name, call in page_calls():
        known = core_functions().get(name)
        if known and known.person and "person" not in ast.unparse(call):
            silent.append(f"{path.relative_to(ROOT)}:{call.lineno} calls {name}")
    assert silent == []


MANAGER = sorted(n for n in core_functions() if n.startswith("core.runs.manager:RunManager."))


@pytest.mark.parametrize("name", [n for n in MANAGER if not n.split(".")[-1].startswith("_")])
def test_the_run_manager_changes_nothing_without_a_check(name: str) -> None:
    assert way_to_a_change(name) == []


def test_a_change_without_a_check_would_be_noticed() -> None:
    found = core_functions()
    assert found["core.catalog.roots:add"].checks and found["core.runs.manager:RunManager.delete"].checks
    found["core.new:careless"] = Function(calls={"core.runs.folder:new_run"})
    try:
        assert way_to_a_change("core.new:careless")[-1] == "core.runs.folder:new_run"
    finally:
        del found["core.new:careless"]


def test_every_exception_is_still_called_by_a_page() -> None:
    called_now = {name for _, name, _ in page_calls()} | {
        inner
        for _, name, _ in page_calls()
        if name in core_functions()
        for inner in core_functions()[name].calls
    }
    assert set(EVERYBODY) - called_now == set()
