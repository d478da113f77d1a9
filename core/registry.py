"""Registries made of files: whatever a file of a folder defines is in it, so that adding one is adding a file.

balancing/
  base.py       class Balancing            the kind itself: not an entry
  sampler.py    class Sampler(Balancing)   "sampler": its `name`, or else the name of the file
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import WorkbenchError


def classes(package: str, kind: type) -> dict[str, Any]:
    """The classes of this kind that the modules of a package define, by name; each gets its name where it
    states none."""
    found: dict[str, Any] = {}
    for module in _modules(package):
        entries: list[Any] = [value for value in vars(module).values() if _is_entry(value, kind, module)]
        for entry in entries:
            name = vars(entry).get("name") or module.__name__.rpartition(".")[2]
            if name in found:
                raise WorkbenchError(f"{module.__file__} and {found[name].__module__} both define {name!r}")
            entry.name = name
            if hasattr(kind, "title"):  # a parent's title names the parent
                entry.title = vars(entry).get("title", "")
            found[name] = entry
    return found


def _modules(package: str) -> list[ModuleType]:
    paths = importlib.import_module(package).__path__
    return [_load(f"{package}.{entry.name}") for entry in pkgutil.iter_modules(paths)]


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except WorkbenchError:
        raise
    except Exception as error:  # whatever a file raises that somebody has just added
        raise WorkbenchError(
            f"{name.replace('.', '/')}.py cannot be loaded ({type(error).__name__}: {error}); mend or remove it"
        ) from error


def _is_entry(value: object, kind: type, module: ModuleType) -> bool:
    """A class of the kind, defined in this very file, whole, and not meant for the file alone."""
    return (
        isinstance(value, type)
        and issubclass(value, kind)
        and value is not kind
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
        and not inspect.isabstract(value)
    )


def literals(path: Path, variable: str) -> dict[str, object] | None:
    """The plain values of the object that a file keeps in a variable, read without running the file.

        EXPLAINER = ClassActivation(name="gradcam", …)     {"name": "gradcam", …}, and the defaults of the class

    None where the file has no such variable. The class may stand in a file beside it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable:
            if not isinstance(node.value, ast.Call):
                return {}
            given = {word.arg: word.value for word in node.value.keywords if word.arg}
            return _class_literals(path, tree, ast.unparse(node.value.func)) | _plain(given)
    return None


def _class_literals(path: Path, tree: ast.Module, name: str) -> dict[str, object]:
    """The plain defaults in the body of a class of this file, or of a file beside it that it is imported
    from."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            fields = [part for part in node.body if isinstance(part, ast.AnnAssign) and part.value]
            plain = [part for part in node.body if isinstance(part, ast.Assign)]
            return _plain(
                {ast.unparse(part.target): part.value for part in fields if part.value is not None}
                | {ast.unparse(part.targets[0]): part.value for part in plain}
            )
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            beside = path.with_name(f"{(node.module or '').rpartition('.')[2]}.py")
            if beside.is_file() and beside != path:
                return _class_literals(beside, ast.parse(beside.read_text(encoding="utf-8")), name)
    return {}


def _plain(nodes: dict[str, ast.expr]) -> dict[str, object]:
    found = {}
    for name, node in nodes.items():
        try:
            found[name] = ast.literal_eval(node)
        # A value that only running the file would give; the page does without it.
        except ValueError:
            continue
    return found
