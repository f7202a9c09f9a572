# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line to its answer: basic commands, extended commands, and the result code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modemlab.at.command import Lines, Table
from modemlab.at.errors import CODES, AtError
from modemlab.at.tables import BASIC, EXTENDED
from modemlab.modem.errors import LabError

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

# `E0`, `&C1`, `S0=0`, `S3?`; the number may be missing and then is 0 (ITU-T V.250 section 5.3.1)
BASIC_PART = re.compile(r"(?P<name>&?[A-Z])(?P<number>\d*)(?P<rest>=\d*|\?)?")
EXTENDED_PART = re.compile(r"(?P<name>[+*^$][A-Z0-9]+)(?P<form>=\?|\?|=)?(?P<rest>.*)", re.DOTALL)
UNKNOWN = "unknown"  # how commands are counted that the modem does not know
FAILURES: tuple[type[LabError], ...] = (AtError, *CODES)


def execute(port: AtPort, line: str) -> bytes:
    """Run one line (without CR) and give the bytes of its answer, result code included."""
    try:
        fault = port.modem.faults.once("at_error")
        if fault is not None:
            raise AtError.told(str(fault))
        if line[:2].upper() != "AT":
            raise AtError
        lines = [text for part in _parts(line[2:]) for text in _run(port, part)]
        final = "OK"
    except AtError as error:
        lines, final = [], error.final(port.cmee)
    body = "\r\n" + "\r\n".join(lines) + "\r\n" if lines else ""
    return f"{body}\r\n{final}\r\n".encode()


def _parts(text: str) -> list[str]:
    """Commands of one line, parted by semicolons outside quotes; "" is a bare AT."""
    parts = re.findall(r'(?:[^;"]|"[^"]*"?)+', text)
    return [part.strip() for part in parts] if parts else [""]


def _run(port: AtPort, part: str) -> Lines:
    if not part:
        port.count("AT")
        return ()
    if part[0] in "+*^$":
        return _run_extended(port, part)
    return _run_basic(port, part.upper())


def _run_basic(port: AtPort, text: str) -> Lines:
    lines: Lines = ()
    while text:
        match = BASIC_PART.match(text)
        if match is None or match["name"] not in BASIC:
            port.count(UNKNOWN)
            raise AtError
        port.count(match["name"])
        lines += BASIC[match["name"]](port, match["number"] + (match["rest"] or ""))
        text = text[match.end() :].lstrip()
    return lines


def _run_extended(port: AtPort, text: str, table: Table = EXTENDED) -> Lines:
    match = EXTENDED_PART.fullmatch(text[:1] + re.sub(r"^[A-Za-z0-9]+", _upper, text[1:]))
    command = table.get(match["name"]) if match else None
    if match is None or command is None:
        port.count(UNKNOWN)
        raise AtError
    port.count(match["name"] + (match["form"] or ""))
    forms = {None: command.run, "?": command.read, "=": command.write, "=?": command.test}
    answer = forms[match["form"]]
    if answer is None or (match["form"] != "=" and match["rest"].strip()):
        raise AtError
    try:
        return answer(port, match["rest"]) if callable(answer) else answer
    except FAILURES as error:
        raise AtError.of(error, sms=command.sms) from None


def _upper(match: re.Match[str]) -> str:
    return match[0].upper()
