# SPDX-License-Identifier: GPL-3.0-or-later
"""The GSM 7 bit default alphabet and its packing (3GPP TS 23.038 sections 6.1.2 and 6.2.1)."""

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~",
             0x3E: "]", 0x40: "|", 0x65: "€"}  # fmt: skip
_CODES: dict[str, tuple[int, ...]] = {
    char: (code,) for code, char in enumerate(ALPHABET) if code != ESCAPE
}
_CODES |= {char: (ESCAPE, code) for code, char in EXTENSION.items()}


def fits(text: str) -> bool:
    """Whether every character is in the alphabet or its extension."""
    return all(char in _CODES for char in text)


def septets_of(text: str) -> list[tuple[int, ...]]:
    """One or two septets for each character, so that none is cut. Raises KeyError."""
    return [_CODES[char] for char in text]


def text_of(septets: bytes) -> str:
    """Septets to text; an unknown escape gives a space, as the standard asks."""
    text, escaped = "", False
    for septet in septets:
        if escaped:
            text, escaped = text + EXTENSION.get(septet, " "), False
        elif septet == ESCAPE:
            escaped = True
        else:
            text += ALPHABET[septet]
    return text


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets to octets, after `fill` bits of zero (they align text behind a header)."""
    bits = sum(septet << (fill + 7 * place) for place, septet in enumerate(septets))
    return bits.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def unpack(data: bytes, count: int, fill: int = 0) -> bytes:
    """`count` septets out of octets, `fill` bits in."""
    bits = int.from_bytes(data, "little") >> fill
    return bytes(bits >> 7 * place & 0x7F for place in range(count))
