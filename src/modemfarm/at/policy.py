# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands may be sent, and by whom."""

from ..errors import CommandRefusedError
from .permit import Permit

MAX_COMMAND = 512  # the EC25 takes 399 characters; longer ones lose their end
COMMAND_TIMEOUT_S = 5.0  # EC25 manual: 300 ms for most commands, 5 s for those that ask the SIM


def internal(text: str, timeout: float = COMMAND_TIMEOUT_S) -> Permit:
    """A command that our own code made. Raises CommandRefusedError."""
    upper = text.upper().replace(" ", "")
    printable = text.isascii() and text.isprintable()
    if not printable or not upper.startswith("AT") or len(text) > MAX_COMMAND:
        raise CommandRefusedError(
            f"{text[:40]!r} is not one AT command",
            f"send AT..., printable ASCII, at most {MAX_COMMAND} characters",
        )
    if "+CPIN=" in upper:
        raise CommandRefusedError(
            "this would enter a PIN", "a wrong PIN locks the SIM: use the PIN settings of the farm"
        )
    return Permit(text, text, timeout)
