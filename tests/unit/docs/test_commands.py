# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command that the pages show is one that exists, with options that it has."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from modemfarmd.cli.verbs import app
from modemlab.docs.parts import SECTIONS

from .pages import DOCS, PAGES, ROOT, Line, command_lines, name_of, spans

PROGRAM = "modemfarm"
# Words in running text that stand for something.
STANDS_FOR = re.compile(r"[A-Z][A-Z_]*\Z|\.\.\.\Z|<.*>\Z")
FOREIGN = {"install"}  # of 3proxy's own Makefile
LINES = [line for page in PAGES for line in command_lines(page, PROGRAM)]


def parse(command: Any, name: str, words: list[str], parent: Any = None) -> None:
    """As the program does, without doing anything. UsageError for what it would refuse."""
    context = command.make_context(name, words, parent=parent)
    if hasattr(command, "get_command"):
        rest = [*context._protected_args, *context.args]
        assert rest, f"{name}: no verb"
        verb = command.get_command(context, rest[0])
        assert verb is not None, f"{name} has no verb {rest[0]}"
        parse(verb, rest[0], rest[1:], context)


def found(words: tuple[str, ...]) -> tuple[Any, list[str]]:
    """The verb that the words name, and what is left of them."""
    command, rest = typer.main.get_command(app), list(words)
    while rest and hasattr(command, "get_command"):
        context = command.context_class(command, info_name=PROGRAM)
        options = [word for word in rest if word.startswith("-")]
        if options and rest[0] == options[0]:
            rest = rest[1:]
            continue
        deeper = command.get_command(context, rest[0])
        if deeper is None:
            break
        command, rest = deeper, rest[1:]
    return command, rest


def test_there_are_commands() -> None:
    assert len(LINES) > 80


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.place)
def test_a_command_line_is_taken_by_the_program(line: Line) -> None:
    parse(typer.main.get_command(app), PROGRAM, list(line.words))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_verbs_and_options_in_running_text_exist(page: Any) -> None:
    for line in spans(page, PROGRAM):
        words = tuple(word for word in line.words if not STANDS_FOR.match(word))
        command, rest = found(words)
        assert words == () or rest == [] or rest[0] != words[0], f"{line.place}: no such verb"
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
            assert option in known | {"--help"}, line.place


def test_a_verb_that_is_not_there_is_found() -> None:
    with pytest.raises(AssertionError, match="no verb drill"):
        parse(typer.main.get_command(app), PROGRAM, ["drill"])
    assert found(("drill",))[1] == ["drill"]


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for line in (*command_lines(page, "make"), *spans(page, "make")):
            named = [word for word in line.words if re.fullmatch(r"[a-z-]+", word)]
            assert set(named[:1]) <= targets | FOREIGN, line.place


def test_playbooks_roles_and_modules_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"\bplaybooks/[a-z-]+\.yml", text):
            assert (ROOT / name).is_file(), f"{name_of(page)}: {name}"
        for name in re.findall(r" -m (\w+)", text):
            if name.startswith("modem_"):
                assert (ROOT / f"library/{name}.py").is_file(), f"{name_of(page)}: {name}"


def test_every_verb_is_somewhere_in_the_handbook_or_operating() -> None:
    text = (DOCS / "handbook.md").read_text() + (DOCS / "operating.md").read_text()
    from modemfarmd.cli.verbs import VERBS

    assert [verb for verb in VERBS if f"modemfarm {verb}" not in text] == []
    assert "verbs" in SECTIONS
