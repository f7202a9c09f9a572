# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs with their options and arguments as plain values: what manual and completion are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PROGRAM = "modemfarm"


@dataclass(frozen=True)
class Parameter:
    """An option (names such as --json) or an argument (one name); metavar empty for a flag."""

    names: tuple[str, ...]
    option: bool
    metavar: str
    help: str
    required: bool
    many: bool


@dataclass(frozen=True)
class Verb:
    """One verb, `words` from the program's name on; a group has verbs of its own."""

    words: tuple[str, ...]
    help: str
    parameters: tuple[Parameter, ...]
    verbs: tuple[Verb, ...] = ()


def read_tree(extensions: bool = False) -> Verb:
    """All verbs, loaded; those of other packages (the lab) only when asked for."""
    import typer

    from .verbs import VERBS, app

    root = typer.main.get_command(app)
    context = _context(root, None, PROGRAM)
    names = root.list_commands(context) if extensions else VERBS  # type: ignore[attr-defined]
    children = (_verb(root.get_command(context, name), context, (PROGRAM, name)) for name in names)  # type: ignore[attr-defined]
    return Verb((PROGRAM,), str(root.help or ""), tuple(_parameters(root)), tuple(children))


def walk(verb: Verb) -> Iterator[Verb]:
    """The verb and all below it."""
    yield verb
    for child in verb.verbs:
        yield from walk(child)


def _context(command: Any, parent: Any, name: str) -> Any:
    return command.context_class(command, info_name=name, parent=parent)


def _verb(command: Any, parent: Any, words: tuple[str, ...]) -> Verb:
    context = _context(command, parent, words[-1])
    names = command.list_commands(context) if hasattr(command, "list_commands") else ()
    children = (_verb(command.get_command(context, n), context, (*words, n)) for n in names)
    return Verb(words, str(command.help or ""), tuple(_parameters(command)), tuple(children))


def _parameters(command: Any) -> Iterator[Parameter]:
    for found in command.params:
        option = found.param_type_name == "option"
        flag = option and bool(found.is_flag)
        names = (*found.opts, *found.secondary_opts) if option else (_argument(found),)
        yield Parameter(
            names=tuple(names),
            option=option,
            metavar="" if flag else _argument(found),
            help=str(getattr(found, "help", None) or ""),
            required=bool(found.required),
            many=bool(getattr(found, "multiple", False)) or found.nargs == -1,
        )


def _argument(found: Any) -> str:
    return str(found.metavar or found.name).upper().strip("_")
