# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm(1), made of the verbs as they are. Source of the markup: man(7)."""

from __future__ import annotations

from collections.abc import Iterator

from .tree import Parameter, Verb, walk

_ENVIRONMENT = {
    "MODEMFARM_SETTINGS": "as --settings",
    "MODEMFARM_SNAPSHOT": "as --snapshot",
    "MODEMFARM_BACKUP": "as --config of backup and restore",
    "MODEMFARM_DEBUG": "when set, as --debug",
}
_FILES = {
    "/etc/modemfarm/farm.json": "settings of this host, written by playbooks/site.yml",
    "/etc/modemfarm/backup.json": "how backups are kept, written by the role backup",
    "/var/lib/modemfarm/modems.json": "the registry as a file, for work without PostgreSQL",
}
_EXIT = {
    "0": "done; of doctor: nothing is wrong",
    "1": "it failed, or a modem did; of doctor: warnings",
    "2": "bad usage or a value that is not allowed, named with what is; of doctor also: faults",
}


def manual(tree: Verb, version: str) -> str:
    """The page as roff."""
    return "\n".join(_lines(tree, version)) + "\n"


def _lines(tree: Verb, version: str) -> Iterator[str]:
    yield f'.TH MODEMFARM 1 "" "modemfarm {_text(version)}" "modemfarm"'
    yield ".SH NAME"
    yield f"modemfarm \\- {_text(tree.help.rstrip('.').lower())}"
    yield ".SH SYNOPSIS"
    yield ".B modemfarm"
    yield "[OPTION]... VERB [ARGUMENT]..."
    yield ".SH OPTIONS"
    yield from _parameters(tree.parameters)
    yield ".SH VERBS"
    for verb in walk(tree):
        if verb is not tree:
            yield from _verb(verb)
    for title, entries in (
        ("EXIT STATUS", _EXIT), ("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES),
    ):  # fmt: skip
        yield f".SH {title}"
        for name, words in entries.items():
            yield from (".TP", f".B {_text(name)}", _text(words))


def _verb(verb: Verb) -> Iterator[str]:
    yield f'.SS "{_text(" ".join(verb.words[1:]))}"'
    synopsis = " ".join([*verb.words, *(_usage(p) for p in verb.parameters if not p.option)])
    yield from (_text(synopsis), ".PP")
    for paragraph in verb.help.split("\n\n"):
        yield from (_text(" ".join(paragraph.split())), ".PP")
    yield from _parameters(verb.parameters)


def _usage(parameter: Parameter) -> str:
    shown = parameter.metavar + ("..." if parameter.many else "")
    return shown if parameter.required else f"[{shown}]"


def _parameters(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    for parameter in parameters:
        value = f" {parameter.metavar}" if parameter.option and parameter.metavar else ""
        yield from (".TP", f".B {_text(', '.join(parameter.names) + value)}")
        needed = " Required." if parameter.option and parameter.required else ""
        yield _text(" ".join(parameter.help.split()) + needed) or "."


def _text(words: str) -> str:
    """Words as roff shows them: a backslash, a dash and a line that begins with a dot or quote."""
    shown = words.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown
