# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of event that the code can raise, read from its source.

A kind is the first argument of a call that makes an event. Where it is no text, it is one of the
words that the expression can give (`x if y else z`, `x or y`, a text with such words in it, a name
set so in the same function), a state of a modem or of its quota, or something that another call has
made and that is only passed on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from pathlib import Path

from modemfarm.proxy.quota import STATES as QUOTA_STATES
from modemfarmd.agent.states import State

SOURCE = Path(__file__).parents[3] / "src/modemfarmd"
MAKERS = {"event", "_event", "Event", "_tell", "tell"}
STATES = {"state.value", "outcome.state"}
QUOTAS = {"found.state"}  # None apart, for which there is an `or`
PASSED_ON = {"kind", "event.kind", "notice.kind"}
# Functions of the same names that make no event: what they take is an owner, a row, an address or a
# file.
OTHERS = {"agent/mm_watch.py", "agent/address_watch.py", "api/listener.py", "pac/state.py"}


@cache
def kinds() -> dict[str, str]:
    """By kind the first file, relative to the package, that raises it."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        if name in OTHERS:
            continue
        for kind in _in(ast.parse(path.read_text(encoding="utf-8")), name):
            found.setdefault(kind, name)
    return found


def _in(tree: ast.AST, name: str) -> Iterator[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                for kind in _kinds_of(node):
                    yield from _words(kind, function, f"{name}:{node.lineno}")


def _kinds_of(call: ast.Call) -> list[ast.expr]:
    """The argument that is the kind; also of `post(self._tell, "kind", ...)`."""
    if _name(call.func) in MAKERS:
        return call.args[:1]
    return [
        after
        for before, after in pairwise(call.args)
        if isinstance(before, ast.Attribute)
        and _name(before) in MAKERS
        and isinstance(after, ast.Constant)
    ]


def _name(found: ast.expr) -> str:
    return getattr(found, "attr", None) or getattr(found, "id", "")


def _words(kind: ast.expr, function: ast.FunctionDef, place: str) -> Iterator[str]:
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        yield kind.value
    elif isinstance(kind, ast.IfExp):
        yield from _words(kind.body, function, place)
        yield from _words(kind.orelse, function, place)
    elif ast.unparse(kind) in STATES:
        yield from (state.value for state in State)
    elif ast.unparse(kind) in QUOTAS:
        yield from QUOTA_STATES
    elif isinstance(kind, ast.BoolOp) and isinstance(kind.op, ast.Or):
        for value in kind.values:
            yield from _words(value, function, place)
    elif isinstance(kind, ast.JoinedStr):
        parts = [
            part.value if isinstance(part, ast.FormattedValue) else part for part in kind.values
        ]
        for words in product(*(list(_words(part, function, place)) for part in parts)):
            yield "".join(words)
    elif isinstance(kind, ast.Name) and (given := _given(kind.id, function)):
        for value in given:
            yield from _words(value, function, place)
    elif ast.unparse(kind) not in PASSED_ON:
        raise AssertionError(f"{place}: cannot tell which events {ast.unparse(kind)} can be")


def _given(name: str, function: ast.FunctionDef) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
    ]
