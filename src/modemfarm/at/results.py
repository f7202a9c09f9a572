# SPDX-License-Identifier: GPL-3.0-or-later
"""How commands end: final results read from lines, and the errors that they stand for.

`NO CARRIER`, `BUSY`, `NO ANSWER`, `NO DIALTONE` and `CONNECT` end a dialled call only. This program
never dials, so they are unsolicited lines here, whatever command runs. `ABORTED` ends a command
that a byte from us cut off (ITU-T V.250 section 5.6.1).
"""

import re
from dataclasses import dataclass

from ..errors import CommandFailedError
from .result_meanings import ABORTED, CME_MEANINGS, CMS_MEANINGS, UNEXPLAINED
from .result_texts import CME_ALIASES, CME_TEXTS, CMS_ALIASES, CMS_TEXTS

NO_REASON = "the modem gives no reason"
MAX_REASON = 120  # the longest honest text has 76 characters; an error line is read by people

_ERROR = re.compile(r"\+(CM[ES]) ERROR: ?(.*)\Z", re.IGNORECASE)
_OTHER = re.compile(r"[^a-z0-9]+")
_TEXTS = {"cme": CME_TEXTS, "cms": CMS_TEXTS}
_MEANINGS = {"cme": CME_MEANINGS, "cms": CMS_MEANINGS}


@dataclass(frozen=True)
class Final:
    """How a command ended: kind is ok, error, aborted, cme or cms.

    `code` is None for the first three, and for a verbose text that is in no table. `text` is the
    modem's own, or the table's for a number.
    """

    kind: str
    code: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """True for OK."""
        return self.kind == "ok"


_PLAIN = {
    "OK": Final("ok"),
    "ERROR": Final("error", None, NO_REASON),
    "ABORTED": Final("aborted", None, "it was cut off"),
}


def _letters(text: str) -> str:
    """Only letters and digits: firmwares differ in case, hyphens, spaces and (U)SIM."""
    return _OTHER.sub("", text.lower().replace("(u)", ""))


def _codes(texts: dict[int, str], aliases: dict[str, int]) -> dict[str, int]:
    found = {_letters(text): code for text, code in aliases.items()}
    # Backwards, so that the first number wins where two have one text.
    return found | {_letters(text): code for code, text in reversed(texts.items())}


_CODES = {"cme": _codes(CME_TEXTS, CME_ALIASES), "cms": _codes(CMS_TEXTS, CMS_ALIASES)}


def parse_final(line: str) -> Final | None:
    """The final result that `line` is, or None. Numeric and verbose forms give code and text."""
    plain = _PLAIN.get(line)
    if plain is not None:
        return plain
    match = _ERROR.match(line)
    if match is None:
        return None
    kind, rest = match.group(1).lower(), match.group(2).strip()[:MAX_REASON]
    if rest.isascii() and rest.isdecimal() and len(rest) <= 5:
        code = int(rest)
        return Final(kind, code, _TEXTS[kind].get(code, f"code {code}"))
    return Final(kind, _CODES[kind].get(_letters(rest)), rest or NO_REASON)


def failure(shown: str, device: str, final: Final) -> CommandFailedError:
    """The error for a final result other than OK: class by meaning, remedy for a person.

    `shown` is the command as logs may have it, `device` the port.
    """
    meaning = ABORTED if final.kind == "aborted" else UNEXPLAINED
    if final.code is not None:
        meaning = _MEANINGS[final.kind].get(final.code, UNEXPLAINED)
    message = f"{shown} failed on {device}: {final.text}"
    return meaning.error(message, meaning.remedy, final.code).about(command=shown)
