# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's words for trouble on USB, and what they mean for a modem.

A pattern takes a whole message: a device's product string is in the log too, and may say anything.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """`name` is the errno's name, or a word of our own where the message has no number."""

    name: str
    words: str
    remedy: str


MEANINGS: dict[int, Meaning] = {
    -12: Meaning(
        "ENOMEM",
        "the controller is out of endpoint contexts (its own memory), not of bandwidth or RAM",
        "move modems to another controller, add a PCIe USB controller, or turn unused functions"
        " of the modems off; see the controller's limits above",
    ),
    -28: Meaning(
        "ENOSPC",
        "the bus has no reserved time left for one more device",
        "move devices such as cameras and audio to another controller",
    ),
    -32: Meaning(
        "EPIPE",
        "the device refused the request (a stall); a modem that is starting does that",
        "none when it is rare; else reset the modem",
    ),
    -71: Meaning(
        "EPROTO",
        "the answer was garbled on the wire: cable, connector, hub or supply, not software",
        "change the cable, then the port, then the hub; check the hub's supply",
    ),
    -110: Meaning(
        "ETIMEDOUT",
        "the device did not answer in time: it hangs, or gets too little power",
        "check the hub's supply; switch the port off and on (modem_reset, step hub-power)",
    ),
    -19: Meaning("ENODEV", "the device left the bus meanwhile", "none when it came back"),
    -5: Meaning("EIO", "the transfer failed", "as for EPROTO: cable, port, hub, supply"),
}
FULL = Meaning("controller full", MEANINGS[-12].words, MEANINGS[-12].remedy)
NO_TIME = Meaning("bandwidth full", MEANINGS[-28].words, MEANINGS[-28].remedy)
NO_POWER = Meaning(
    "too little power",
    "the hub may not give what the modem declares, so the kernel leaves it unconfigured",
    "plug it into a hub with its own supply",
)
TOO_DEEP = Meaning(
    "too deep", "more than five hubs in a row; the last one is refused", "plug it nearer"
)
TRIPPED = Meaning(
    "over-current",
    "a port or hub was switched off for too much current",
    "check supply and cable; use a hub with a stronger supply",
)
STALL = Meaning("EPIPE", MEANINGS[-32].words, MEANINGS[-32].remedy)
DEAF_PORT = Meaning(
    "port dead",
    "the kernel gave up on what is in this port: cable, supply, or a modem that hangs",
    "pull it out and plug it in again, or switch the port off and on; change the cable",
)

_DEVICE = r"usb (?P<where>[0-9]+-[0-9]+(?:\.[0-9]+)*)"
_PORT = r"(?:usb|hub) (?P<where>(?:usb[0-9]+|[0-9]+-[0-9]+(?:\.[0-9]+)*)-port[0-9]+)"
_ANY = r"(?:usb|hub) (?P<where>[0-9a-z]+(?:[-.:][0-9a-z]+)*)"
# Printed for the device by some kernels, for the controller by others.
_HOST = r"(?:usb|xhci[-_]hcd) (?P<where>[0-9A-Za-z.:-]{1,40})"
_WDM = r"(?:qmi_wwan|cdc_mbim|cdc_wdm) (?P<where>[0-9]+-[0-9]+(?:\.[0-9]+)*):[0-9.]+"
_CODE = r"(?P<code>-[0-9]{1,3})"
_ERROR = rf"error {_CODE}"
# Each with the meaning of messages that carry no number.
PATTERNS: tuple[tuple[re.Pattern[str], Meaning | None], ...] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (rf"{_DEVICE}: can't set config #[0-9]+, {_ERROR}", None),
        (rf"{_DEVICE}: device descriptor read/[0-9a-z]+, {_ERROR}", None),
        (rf"{_DEVICE}: device not accepting address [0-9]+, {_ERROR}", None),
        (rf"{_DEVICE}: (?:unable to read|can't read) [a-z0-9 /#]{{1,60}}[, ]*{_ERROR}", None),
        (rf"{_DEVICE}: can't restore configuration #[0-9]+ \(error={_CODE}\)", None),
        (rf"{_DEVICE}: (?:device not responding|Device not responding) to [a-z ]+\.?", DEAF_PORT),
        (rf"{_DEVICE}: rejected [0-9]+ configurations? due to insufficient available bus power",
         NO_POWER),
        (rf"{_DEVICE}: Unsupported bus topology: hub nested too deep", TOO_DEEP),
        (rf"{_PORT}: (?:attempt power cycle|unable to enumerate USB device)", DEAF_PORT),
        (rf"{_PORT}: Cannot enable\. Maybe the USB cable is bad\?", DEAF_PORT),
        (rf"{_ANY}: over-current (?:condition|change #[0-9]+)", TRIPPED),
        (rf"{_HOST}: Not enough host controller resources for new device state\.?", FULL),
        (rf"{_HOST}: Not enough bandwidth for new device state\.?", NO_TIME),
        (rf"{_HOST}: Error while assigning device slot ID\.?", FULL),
        (rf"{_WDM}: (?:nonzero urb status received:|Unexpected error) {_CODE}", None),
        (rf"{_WDM}: (?:nonzero urb status received: -EPIPE|Stall on int endpoint)", STALL),
    )
)  # fmt: skip
