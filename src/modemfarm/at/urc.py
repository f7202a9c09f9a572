# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines come unasked, told by their look alone (EC2x AT commands manual, chapter 14).

Most have a name that the running command has not. Some share a command's name; those are told
apart by shape where they differ: `+CREG: 1` is news, `+CREG: 2,1` answers AT+CREG?.
"""

import re

# Without a `+NAME:`. The call results end a dialled call only, and nobody dials here.
BARE = frozenset(
    (
        "RDY", "RING", "POWERED DOWN", "NORMAL POWER DOWN", "SMS DONE", "PB DONE", "CALL READY",
        "APP RDY", "NO CARRIER", "NO ANSWER", "NO DIALTONE", "BUSY", "CONNECT",
    )
)  # fmt: skip
# A line of its own follows: the message itself (27.005 section 3.4.1).
WITH_BODY = frozenset(("+CMT", "+CBM", "+CDS"))

_PART = re.compile(r"(\+[A-Z][A-Z0-9]*)(=\?|=|\?|)")
_ANY = re.compile("")
_NO_RANGE = re.compile(r"[^(]*\Z")  # a test command answers with ranges in brackets
# Answer: <n>,<stat>[,...]; news: <stat>[,"<lac>","<ci>",<AcT>...] (27.007 sections 7.2, 10.1.22).
_REGISTRATION = re.compile(r"[0-9]{1,2}(?:\Z|,(?! ?[0-9]{1,2}(?:,|\Z)))")
_USSD = re.compile(r"[0-9]+ ?,|[3-9]")  # answer: <n> of 0 to 2; news: <m>,"text",<dcs>
_NUMBER = re.compile('"')  # answer: digits; news: "<number of the caller>",...
_NEVER = re.compile(r"(?!)")  # news looks like the answer, and says the same

# What news looks like while a read command (AT+NAME?) of that name runs. The set commands of these
# names answer nothing but a final result, so then all such lines are news.
_SHARED = {
    "+CREG": _REGISTRATION,
    "+CGREG": _REGISTRATION,
    "+CEREG": _REGISTRATION,
    "+C5GREG": _REGISTRATION,
    "+CUSD": _USSD,
    "+CLIP": _NUMBER,
    "+COLP": _NUMBER,
    "+CPIN": _NEVER,
    "+CFUN": _NEVER,
    "+QSIMSTAT": _NEVER,
}


def shared_names(command: str) -> dict[str, re.Pattern[str]]:
    """What unsolicited lines with the command's own names look like after the colon.

    Names that no unsolicited line shares are left out. Several commands in one line are fine.
    """
    found = {}
    for name, form in _PART.findall(command.upper()):
        if name in _SHARED:
            found[name] = {"?": _SHARED[name], "=?": _NO_RANGE}.get(form, _ANY)
    return found


def names(command: str) -> frozenset[str]:
    """The names in a command: an answer with another name is not its answer."""
    return frozenset(name for name, _form in _PART.findall(command.upper()))
