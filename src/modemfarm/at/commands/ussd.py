# SPDX-License-Identifier: GPL-3.0-or-later
"""USSD by AT (27.007 section 7.15): codes such as *100#, answered by the network.

The answer is an unsolicited line after the OK. A farm asks through ModemManager, in a queue of its
own; this is for a port that ModemManager does not have.
"""

import re
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum

from ...errors import (
    AnswerUnreadableError,
    CommandRefusedError,
    CommandTimeoutError,
    InvalidValueError,
)
from ..answers import Fields, after, bare, split, unreadable
from ..session import AtSession

ANSWER_S = 120.0  # EC25 manual: the network may take this long
GSM_SCHEME = 15  # 23.038 section 5: GSM alphabet, language not said
SCHEME_MAX = 255
MAX_ANSWER = 400  # characters; a USSD string has 182 of seven bits
MAX_PARTS = 20  # lines of one answer
_CODE = re.compile(r"[0-9*#+]{1,40}\Z")
# 22.030 section 6.6.2: **04*, **042* change a PIN, **05*, **052* spend a PUK, **03* a password.
_SECRETS = re.compile(r"\*\*0[0-9]")
_CHARSET = re.compile(r"\"?([A-Z0-9-]{2,10})\"?\Z")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{4})+\Z")


class UssdState(Enum):
    """<m>: what the network expects after its answer."""

    DONE = 0
    REPLY_WANTED = 1
    ENDED = 2
    ANSWERED_ELSEWHERE = 3
    NOT_SUPPORTED = 4
    NETWORK_TIMEOUT = 5


@dataclass(frozen=True)
class Ussd:
    """The network's answer; text None where it has none. Printable, at most MAX_ANSWER long."""

    state: UssdState
    text: str | None


def ask_network(session: AtSession, news: deque[str], code: str, wait: float = ANSWER_S) -> Ussd:
    """Send a code, or a reply where one is wanted, and wait for the network's answer.

    `news` is where the session's `on_urc` puts unsolicited lines; give it a maxlen, it is emptied.
    InvalidValueError and CommandRefusedError before anything is sent; CommandTimeoutError when
    nothing comes within `wait` seconds: the code is cancelled then.
    """
    check_code(code)
    charset = bare(session, "AT+CSCS?", _CHARSET, "+CSCS")
    sent = code.encode("utf-16-be").hex().upper() if charset == "UCS2" else code
    command = f'AT+CUSD=1,"{sent}",{GSM_SCHEME}'
    news.clear()
    session.command(command)
    try:
        return _answer(split(_heard(session, news, time.monotonic() + wait)), charset)
    except CommandTimeoutError as error:
        cancel(session)
        raise error.about(command=command) from None
    except AnswerUnreadableError as error:
        raise error.about(command=command) from None


def cancel(session: AtSession) -> None:
    """AT+CUSD=2: leave a menu that waits for a reply."""
    session.command("AT+CUSD=2")


def check_code(code: object) -> str:
    """Return a USSD code or reply, or raise InvalidValueError or CommandRefusedError."""
    if not isinstance(code, str) or not _CODE.match(code):
        raise InvalidValueError("code", code, "1 to 40 digits, * and #")
    if _SECRETS.match(code):
        raise CommandRefusedError("this code would change a PIN", "use the farm's PIN settings")
    return code


def _heard(session: AtSession, news: deque[str], until: float) -> str:
    """What follows +CUSD:, joined with the lines after it while its text goes on."""
    while True:
        said = _first_answer(list(news))
        if said is not None:
            return said
        if time.monotonic() > until:
            raise CommandTimeoutError("the network did not answer the code", "try again later")
        session.pump()


def _first_answer(lines: list[str]) -> str | None:
    for place, line in enumerate(lines):
        start = after(line, "+CUSD")
        parts = [] if start is None else [start, *lines[place + 1 : place + MAX_PARTS]]
        for count in range(1, len(parts) + 1):
            said = "\n".join(parts[:count])
            if said.count('"') % 2 == 0:  # the quotes are closed
                return said
    return None


def _answer(fields: Fields, charset: str) -> Ussd:
    state = UssdState(fields.number(0, 0, 5))
    scheme = fields.maybe_number(2, 0, SCHEME_MAX)
    raw = fields.raw(1)
    if charset == "UCS2" or is_ucs2(GSM_SCHEME if scheme is None else scheme):
        raw = _decoded(raw)
    text = "".join(c if c.isprintable() else " " for c in raw).strip()[:MAX_ANSWER]
    return Ussd(state, text or None)


def _decoded(raw: str) -> str:
    if raw and not _HEX.match(raw):
        unreadable("the text is not UCS-2")
    return bytes.fromhex(raw).decode("utf-16-be", errors="replace")


def is_ucs2(scheme: int) -> bool:
    """True for the coding schemes of UCS-2 (23.038 section 5)."""
    return scheme == 0x11 or (scheme >> 6 == 1 and scheme >> 2 & 3 == 2)
