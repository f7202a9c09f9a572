# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a conversation is never kept: PINs, PUKs, passwords, and the texts of messages.

The policy: a secret argument is replaced by **** (its length is a hint as well), a message's body
by its length. Kept are IMSI, ICCID, numbers and USSD texts (the balance): operators need them.
There is no switch that keeps bodies. When in doubt more is hidden: rules hide to the end of a line.
"""

import re
import unicodedata
from dataclasses import replace

from .record import Observer, Record

HIDDEN = "****"
_KEEP_ALL = 99

# How many leading arguments stay, in the command and in its answer (27.007 sections 8.3, 7.4, 7.5,
# 8.17, 8.43 and 10.1.31; Quectel's and Qualcomm's APN settings hold a password).
_ARGUMENTS_KEPT = {
    "CPIN": (0, _KEEP_ALL), "CPIN2": (0, _KEEP_ALL), "CPWD": (1, _KEEP_ALL),
    "CLCK": (2, _KEEP_ALL), "CSIM": (0, 1), "CGLA": (2, 1), "CGAUTH": (2, 2), "QICSGP": (3, 2),
    "QCPDPP": (2, 2),
}  # fmt: skip


def _loose(name: str) -> str:
    """A pattern for a name with blanks between its letters, which a modem ignores (V.250 5.2.1)."""
    return r"\s*".join(name)


_NAMES = "|".join(_loose(name) for name in sorted(_ARGUMENTS_KEPT, key=len, reverse=True))
_SECRET = re.compile(rf"[+$]\s*({_NAMES})\s*([=:])([^\r\n]*)", re.IGNORECASE)
_MMI = re.compile(r"\*\*\s*0\s*[45]\s*2?\s*\*[^\r\n]*")  # changes a PIN by dialling (22.030 6.6)
_BODY_AFTER = re.compile(
    rf"(\+\s*(?:{_loose('QCMGS')}|{_loose('CMGS')}|{_loose('CMGW')}|{_loose('CMGC')}|"
    rf"{_loose('CNMA')})[^\r\n]*[\r\n]+)(.+)",
    re.IGNORECASE | re.DOTALL,
)
_QMI_SECRET = re.compile(
    r"(\b(?:dms-)?uim-(?:set-pin-protection|verify-pin|unblock-pin|change-pin|set-ck-protection"
    r"|unblock-ck|depersonalization)[=\s]+[^,\s]*|\bdms-set-user-lock-state[=\s]+[^,\s]*),\S*"
    r"|(\bdms-(?:set-user-lock-code|validate-service-programming-code|activate-automatic"
    r"|restore-factory-defaults|write-user-data)[=\s]+)\S+",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(\bpassword['\"]?\s*[=:]\s*)[^\r\n]+", re.IGNORECASE)
_LISTS = re.compile(rf"\+\s*(?:{_loose('QCMGR')}|{_loose('CMGR')}|{_loose('CMGL')})", re.IGNORECASE)
_BODY_COMES = re.compile(r"\+(?:Q?CMG[RL]|CMT|CBM|CDS):", re.IGNORECASE)
# What such a line holds beside the body: index, status, number, time (27.005 sections 3.4.2, 4.1).
_HEADER = re.compile(r"\+(?:Q?CMG[RL]|CMT|CBM|CDS): ?[0-9A-Z\"+,/: -]{0,120}\Z")
_FINALS = ("OK", "ERROR")
_FAILURE = re.compile(r"\+CM[ES] ERROR: ?[A-Za-z0-9 ()/-]{1,48}\Z")
_SHORTEST_PDU = 36  # hex digits; ICCID and IMSI end at 20
_HEX = re.compile(rf"(?<![0-9A-Fa-f])[0-9A-Fa-f]{{{_SHORTEST_PDU},}}")
_BODY_FIELD = re.compile(
    r"(\b(?:text|data|body|message)['\"]?\s*[=:]\s*)(.+)", re.IGNORECASE | re.DOTALL
)
_DIGITS = re.compile(r"[0-9]{4,}")


_MASKED = re.compile(r"<[0-9]{1,6} characters>\Z")


def masked(observer: Observer) -> Observer:
    """An observer that passes records on without their secrets."""
    return lambda record: observer(without_secrets(record))


def without_secrets(record: Record) -> Record:
    """The record as it may be kept; doing it twice is doing it once."""
    command, answer = _command(record), _answer(record)
    if record.channel == "sms":
        command, answer = _BODY_FIELD.sub(_rest, command), _BODY_FIELD.sub(_rest, answer)
    if command == record.command and answer == record.answer:
        return record
    return replace(record, command=command, answer=answer)


def hidden(body: str) -> str:
    """What stands in place of a message's body."""
    return body if _MASKED.match(body) else f"<{len(body)} characters>"


def _rest(match: re.Match[str]) -> str:
    return match[1] + hidden(match[2])


def _command(record: Record) -> str:
    text = _plain(record.command) if record.channel in ("at", "qmi") else record.command
    return _BODY_AFTER.sub(_rest, _arguments(text))


def _plain(text: str) -> str:
    """Look-alikes and escapes can hide a name from every rule: no digits of such a text stay."""
    line = text.replace("\r", "").replace("\n", "")
    if line.isascii() and line.isprintable() and "\\" not in line:
        return text
    return _DIGITS.sub(HIDDEN, unicodedata.normalize("NFKC", text))


def _arguments(text: str) -> str:
    """PINs, keys and passwords, wherever in the text the command stands."""
    if "+" in text or "$" in text:
        text = _SECRET.sub(_without_secret, text)
    if "**" in text:
        text = _MMI.sub(HIDDEN, text)
    if "uim-" in text.lower() or "dms-" in text.lower():
        text = _QMI_SECRET.sub(lambda m: f"{m[1]},{HIDDEN}" if m[1] else m[2] + HIDDEN, text)
    return _PASSWORD.sub(rf"\g<1>{HIDDEN}", text) if "assword" in text.lower() else text


def _without_secret(match: re.Match[str]) -> str:
    sign, rest = match[2], match[3]
    name = re.sub(r"\s", "", match[1]).upper()
    kept = _ARGUMENTS_KEPT[name][sign == ":"]
    if kept == _KEEP_ALL or rest.strip() == "?":
        return match[0]
    start = match[0].removesuffix(rest)
    head, semicolon, tail = rest.partition(";")
    arguments = head.split(",")
    if len(arguments) > kept:  # a semicolon may be part of the secret: nothing after it is kept
        return start + ",".join([*arguments[:kept], HIDDEN])
    return start + head + semicolon + _arguments(tail)


def _answer(record: Record) -> str:
    # A refusal repeats what was refused.
    refused = record.outcome == "refused"
    answer = _arguments(_plain(record.answer) if refused else record.answer)
    asked = record.channel == "at" and _LISTS.search(record.command) is not None
    lines = answer.split("\n")
    bodies = 0 if asked and record.outcome != "refused" else _first_body(lines)
    return "\n".join([*map(_plain_line, lines[:bodies]), *map(_message_line, lines[bodies:])])


def _first_body(lines: list[str]) -> int:
    """Where a message that nobody asked for begins; len(lines) without one."""
    found = (n for n, line in enumerate(lines) if _BODY_COMES.search(line))
    return next(found, len(lines))


def _plain_line(line: str) -> str:
    if len(line) < _SHORTEST_PDU or line.startswith("+CUSD:"):
        return line
    return _HEX.sub(lambda found: hidden(found[0]), line)


def _message_line(line: str) -> str:
    """A header stays; everything else of a listing may be a body, or what is left of one."""
    kept = not line or line in _FINALS or _HEADER.match(line) or _FAILURE.match(line)
    return line if kept else hidden(line)
