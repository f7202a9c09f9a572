# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion for bash, made of the verbs as they are. It starts no program, so it answers at once.

IMEIs come from /dev/modems, where udev has a folder for each modem that is plugged in.
"""

from __future__ import annotations

from .tree import Parameter, Verb, walk

_MODEMS = ("SERIAL", "SERIALS", "MODEM", "WORDS")
_FILES = ("FILE", "OUTPUT", "DEVICE", "SETTINGS", "SNAPSHOT", "SOCKET", "SYSFS", "KERNEL_LOG")
_HEAD = """\
# bash completion for modemfarm; made by modemfarmd.cli.build, changes are lost
_modemfarm() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local verb= at words= modems= files=
    for ((at = 1; at < COMP_CWORD; at++)); do
        case "$verb/${COMP_WORDS[at]}" in
"""
_MIDDLE = """\
        esac
    done
    case "$verb" in
"""
_TAIL = """\
    esac
    if [[ $before == -* && " $files " == *" $before "* ]]; then
        COMPREPLY=($(compgen -f -- "$word"))
        return
    fi
    if [[ $modems && $word != -* && -d /dev/modems ]]; then
        words+=" $(ls /dev/modems)"
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [[ $files == *FILE* && $word != -* ]]; then
        COMPREPLY+=($(compgen -f -- "$word"))
    fi
}
complete -F _modemfarm modemfarm
"""


def bash(tree: Verb) -> str:
    """The script that bash-completion loads by the program's name."""
    seen = "".join(
        f'            "{" ".join(verb.words[1:-1])}/{verb.words[-1]}")'
        f' verb="{" ".join(verb.words[1:])}" ;;\n'
        for verb in walk(tree)
        if verb is not tree
    )
    cases = "".join(_case(verb) for verb in walk(tree))
    return _HEAD + seen + _MIDDLE + cases + _TAIL


def _case(verb: Verb) -> str:
    words = [child.words[-1] for child in verb.verbs]
    words += [name for p in verb.parameters if p.option for name in p.names if len(name) > 2]
    modems = any(not p.option and p.metavar in _MODEMS for p in verb.parameters)
    files = [name for p in verb.parameters if _takes_file(p) for name in p.names]
    key = " ".join(verb.words[1:])
    return (
        f'        "{key}") words="{" ".join([*words, "--help"])}"'
        f' modems={"yes" if modems else ""} files="{" ".join(files)}" ;;\n'
    )


def _takes_file(parameter: Parameter) -> bool:
    return parameter.metavar in _FILES
