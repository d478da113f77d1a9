"""`python -m core VERB …`: one file a verb, and what all verbs share: --json, exit codes, one-line errors.

A verb is a module here with SUMMARY (one line), `add_arguments(parser)`, `run(args)` that gives a JSON-able
result, and `show(result)` that gives the text for people. What its words mean is said under it (core/glossary.py).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import math
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from core import glossary
from core.errors import BadInput, WorkbenchError, cannot_write, one_line
from core.migrations import open_workspace


class CutOff(KeyboardInterrupt):
    """A verb was ended early and still has what it had: it is printed before the command leaves."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message} (see `{self.prog} --help`)")


def verbs() -> dict[str, str]:
    """Every verb with its summary, read without importing the modules (they are heavy)."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem.startswith("_"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "SUMMARY":
                found[path.stem] = ast.literal_eval(node.value)
    return found


def main(arguments: Sequence[str], command: str = "python -m core") -> int:
    """Run a verb; `command` is how the person called it, for the lines of usage."""
    try:
        return _dispatch(list(arguments), command)
    except BadInput as error:
        print(one_line(error), file=sys.stderr)
        return 2
    except WorkbenchError as error:
        print(one_line(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if (line := cannot_write(error)) is None or os.environ.get("DEEPFAKE_DEBUG"):
            return _report_internal_error(error)
        print(line, file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 (the last door: one line, the traceback for those who ask)
        return _report_internal_error(error)


def _report_internal_error(error: BaseException) -> int:
    if os.environ.get("DEEPFAKE_DEBUG"):
        traceback.print_exception(error)
    text = f"internal error: {type(error).__name__}: {error} (DEEPFAKE_DEBUG=1 shows where)"
    print(one_line(text), file=sys.stderr)
    return 1


def _dispatch(arguments: list[str], command: str) -> int:
    known = verbs()
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: {command} VERB … (each takes --help and --json)\n")
        print("\n".join(f"  {verb:<11} {summary}" for verb, summary in known.items()))
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb not in known:
        raise BadInput(f"unknown verb {verb!r}; known are {', '.join(known)}")
    module = importlib.import_module(f"core.cli.{verb}")
    parser = _Parser(prog=f"{command} {verb}", description=known[verb], allow_abbrev=False)
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, all else on stderr")
    args = parser.parse_args(rest)
    open_workspace()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # whatever libraries print is not the result
            result = module.run(args)
    except CutOff as cut:
        _print(cut.result, module, as_document=args.json)
        raise
    _print(result, module, as_document=args.json)
    return 0


def _print(result: Any, module: ModuleType, *, as_document: bool) -> None:
    text = as_json(result) if as_document else _with_words(module.show(result))
    print(text.encode("utf-8", "backslashreplace").decode(), flush=True)


def _with_words(text: str) -> str:
    """Under what a person reads, the meanings of the words that it used."""
    return "\n".join([text, *glossary.lines(text)])


def as_json(result: Any) -> str:
    """One JSON document in valid UTF-8: of a file name that is not, the odd bytes are escaped and come back as given."""
    text = json.dumps(plain(result), ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(plain(result), allow_nan=False)
    return text


def plain(value: Any) -> Any:
    """The value as JSON knows it: no NumPy, no paths, no NaN (null instead)."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)
