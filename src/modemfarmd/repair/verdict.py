# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence of one look means. Pure.

A verdict names the part that is to blame, never the step that follows: that is the ladder's.
"""

from __future__ import annotations

from enum import Enum

from .evidence import Control, Evidence, Owner

SILENT_LOOKS = 3  # one unanswered AT may be an SMS that blocks the port; three in a row are not


class Verdict(Enum):
    """The value is the word for people and for the registry."""

    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    PROXY_DEAD = "proxy-dead"
    PORT_TAKEN = "port-taken"
    DATA_DEAD = "data-dead"
    NO_BEARER = "no-bearer"
    MODEM_SILENT = "modem-silent"
    NO_SIM = "no-sim"
    SIM_LOCKED = "sim-locked"
    NO_NETWORK = "no-network"
    DENIED = "denied"
    BROKEN_PROBE = "broken-probe"

    @property
    def ill(self) -> bool:
        """The modem does not do its work, whoever is to blame."""
        return self not in (Verdict.HEALTHY, Verdict.UNKNOWN)


_SIM = {
    "absent": Verdict.NO_SIM,
    "failed": Verdict.NO_SIM,
    "pin": Verdict.SIM_LOCKED,
    "puk": Verdict.SIM_LOCKED,
    "other": Verdict.SIM_LOCKED,
}
_REGISTRATION = {
    "denied": Verdict.DENIED,
    "none": Verdict.NO_NETWORK,
    "searching": Verdict.NO_NETWORK,
    "unknown": Verdict.NO_NETWORK,
}


def judge(seen: Evidence, silent: int, witness: bool) -> Verdict:
    """The verdict on one look.

    silent: looks without an AT answer since the last one with. witness: another modem's
    request to the same targets was answered since this one began to fail.
    """
    if seen.owner is Owner.FOREIGN:
        return Verdict.PORT_TAKEN  # whatever it answers with: it is not by this modem
    if seen.works:
        return Verdict.HEALTHY
    for found in (_SIM.get(seen.sim or ""), _REGISTRATION.get(seen.registration or "")):
        if found is not None:
            return found
    # Behind a proxy that is dead nothing is known of the data path.
    if seen.first is not None and (seen.owner is Owner.NOBODY or seen.pulse is False):
        return Verdict.PROXY_DEAD
    if silent >= SILENT_LOOKS:
        return Verdict.MODEM_SILENT
    if seen.first is None:
        return _unasked(seen)
    if not seen.addresses:
        return Verdict.NO_BEARER
    if seen.received and not witness:
        # Packets come in, so this modem has data; what does not answer is the target.
        return Verdict.BROKEN_PROBE
    return Verdict.DATA_DEAD


def _unasked(seen: Evidence) -> Verdict:
    """A modem that does not serve yet: the apply says why, unless the bearer is what is missing."""
    registered = seen.control is Control.ANSWERED and seen.registration in ("home", "roaming")
    bare = seen.interface is not None and not seen.addresses
    return Verdict.NO_BEARER if registered and bare else Verdict.UNKNOWN
