# SPDX-License-Identifier: GPL-3.0-or-later
"""How many messages a text costs: the carrier counts parts, and ModemManager makes them.

3GPP TS 23.038 section 6.2.1 (default alphabet and its extension), TS 23.040 section 9.2.3.24.1
(a concatenated part gives 6 of its 140 bytes to the header).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InvalidValueError

MAX_PARTS = 10  # a longer one is a mistake, and a dear one; the standard would allow 255
GSM7, UCS2 = "gsm7", "ucs2"
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape and a character: two septets
_SINGLE = {GSM7: 160, UCS2: 70}
_CONCATENATED = {GSM7: 153, UCS2: 67}


@dataclass(frozen=True)
class Cost:
    """What a text takes: `units` are septets (gsm7) or 16-bit words (ucs2)."""

    encoding: str
    units: int
    parts: int


def cost(text: str) -> Cost:
    """The encoding that ModemManager will take, and how many parts that makes."""
    gsm7 = all(char in _BASIC or char in _EXTENSION for char in text)
    encoding = GSM7 if gsm7 else UCS2
    sizes = [_septets(char) if gsm7 else _words(char) for char in text]
    units = sum(sizes)
    parts = 1 if units <= _SINGLE[encoding] else _split(sizes, _CONCATENATED[encoding])
    return Cost(encoding, units, parts)


def parts(text: str) -> int:
    """How many messages the carrier counts for `text`."""
    return cost(text).parts


def check_text(text: object) -> str:
    """Return a text that may be sent or raise InvalidValueError: 1 to 10 parts, no controls.

    The error does not repeat the text: it is nobody's business in a log.
    """
    if not isinstance(text, str) or not text:
        raise InvalidValueError("text", f"<{type(text).__name__}, empty or none>", "some text")
    bad = next((char for char in text if _is_control(char)), None)
    if bad is not None:
        allowed = "printable characters and newlines"
        raise InvalidValueError("text", f"<with U+{ord(bad):04X}>", allowed)
    count = parts(text)
    if count > MAX_PARTS:
        raise InvalidValueError("text", f"<{count} parts>", f"1 to {MAX_PARTS} parts")
    return text


def _is_control(char: str) -> bool:
    code = ord(char)
    if char == "\n":
        return False
    # C0, DEL, C1; surrogates are halves of characters and no text.
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000


def _septets(char: str) -> int:
    return 2 if char in _EXTENSION else 1


def _words(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def _split(sizes: Iterable[int], room: int) -> int:
    """Parts of at most `room` units, none of which cuts a character."""
    count, used = 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return count
