"""Every control of every page is read by something: none is there only to be clicked."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import streamlit as st

from core.training.options.config import TrainConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "dashboard").rglob("*.py"))
CALLBACKS = {"on_change", "on_click", "on_select", "on_submit"}
REFUSED = ("ignore", "rerun")  # what on_click and on_select may say that calls nothing
# Do their work in the browser, or are looked for by their form.
LINKS = {"download_button", "form_submit_button"}


def takes_input(name: str) -> bool:
    try:
        return bool(CALLBACKS & set(inspect.signature(getattr(st, name)).parameters))
    except (TypeError, ValueError):
        return False


CONTROLS = {name for name in dir(st) if not name.startswith("_") and takes_input(name)} - LINKS
# Controls if asked to be.
SHOW_TOO = {"dataframe", "plotly_chart", "altair_chart", "vega_lite_chart", "pydeck_chart"}


def is_control(node: ast.AST) -> bool:
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CONTROLS
    ):
        return False
    return node.func.attr not in SHOW_TOO or any(k.arg == "on_select" for k in node.keywords)


def calls_back(call: ast.Call) -> bool:
    return any(
        k.arg in CALLBACKS and not (isinstance(k.value, ast.Constant) and k.value.value in REFUSED)
        for k in call.keywords
    )


def beginning(node: ast.expr) -> str | None:
    """The own words of a key: the whole, the constant beginning of an f-string, or the name of a constant."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0] if isinstance(node.values[0], ast.Constant) else node
    if isinstance(node, ast.Constant):
        return str(node.value)
    return node.id if isinstance(node, ast.Name) else None


def keys_read(tree: ast.Module) -> Iterator[str]:
    """What the session state is asked for: `state["key"]`, `state.get("key")`, `state.pop("key")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            asked = [node.slice]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "pop", "setdefault")
        ):
            asked = node.args[:1]
        else:
            continue
        yield from (words for key in asked if (words := beginning(key)) is not None)


def dead_controls(source: str, everywhere: set[str]) -> list[str]:
    """The controls whose value nobody takes; `everywhere` holds the keys that any page reads."""
    tree, dead = ast.parse(source), []
    scopes: list[ast.AST] = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ] or [tree]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        call = node.value
        if not isinstance(call, ast.Call) or not is_control(call) or calls_back(call):
            continue
        key = next((beginning(k.value) for k in call.keywords if k.arg == "key"), None)
        if key in everywhere:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = {n.id for target in targets if target for n in ast.walk(target) if isinstance(n, ast.Name)}
        inner = min((s for s in scopes if node in ast.walk(s)), key=lambda s: len(ast.dump(s)), default=tree)
        taken = any(
            isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in names for n in ast.walk(inner)
        )
        if not taken:
            dead.append(f"line {call.lineno}: {ast.unparse(call.func)} (key {key})")
    return dead


@pytest.fixture(scope="module")
def everywhere() -> set[str]:
    return {key for page in PAGES for key in keys_read(ast.parse(page.read_text(encoding="utf-8")))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_control_is_read_by_something(page: Path, everywhere: set[str]) -> None:
    assert dead_controls(page.read_text(encoding="utf-8"), everywhere) == []


@pytest.mark.parametrize(
    "line",
    [
        "st.slider('s', 0, 9)",
        "st.slider('s', 0, 9, key='nobody')",
        "left.toggle('t', key=f'nobody-{n}')",
        "chosen = st.selectbox('s', [1, 2])",
        "st.button('b', key='known but only said in a text')",
        "st.plotly_chart(figure, on_select='rerun', key='nobody')",
        "st.data_editor(table)",
    ],
)
def test_a_dead_control_is_found(line: str) -> None:
    source = f"def draw():\n    {line}\n    st.caption('known but only said in a text')\n"
    assert len(dead_controls(source, set(keys_read(ast.parse(source))))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "if st.button('b'): work()",
        "value = st.slider('s', 0, 9); work(value)",
        "return st.slider('s', 0, 9)",
        "st.slider('s', 0, 9, key='read'); work(st.session_state['read'])",
        "st.slider('s', 0, 9, key=f'read-{n}'); work(st.session_state.get(f'read-{n}'))",
        "st.checkbox('c', on_change=work)",
        "st.plotly_chart(figure)",
        "st.download_button('d', b'')",
    ],
)
def test_one_that_is_read_is_not(line: str) -> None:
    source = f"def draw():\n    {line}\n"
    assert dead_controls(source, set(keys_read(ast.parse(source)))) == []


def test_every_field_of_the_train_form_is_read_where_it_works() -> None:
    """The form is made from the configuration: a field that no code reads would be a control that does nothing."""
    code = [p for p in (ROOT / "core").rglob("*.py") if p.name != "config.py"]
    read = {
        name
        for path in code
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [node.attr]
            if isinstance(node, ast.Attribute)
            else [node.value]
            if isinstance(node, ast.Constant)
            else []
        )
        if isinstance(name, str)
    }
    # What the configuration itself makes of them is read under the name of the property.
    assert {"model_name", "batch"} <= read
    assert {field.name for field in fields(TrainConfig)} - read - {"model", "batch_size"} == set()
