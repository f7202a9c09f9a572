# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of the simulated carrier, and the inner "line" address of each modem.

Two modems may have the same WAN address, so inside the carrier every modem is known by a line
address of its own: 100.127.x.y for IPv4 (out of RFC 6598 shared space, as a carrier would use)
and the /64 prefix 2001:db8:7f:<n> for IPv6.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

HTTP_V4 = "203.0.113.10"
DNS_V4 = "203.0.113.53"
# What the DNS on the LAN side answers: a request that arrives here resolved its name over the LAN.
LAN_DNS_V4 = "203.0.113.66"
HTTP_V6 = "2001:db8:53::10"
DNS_V6 = "2001:db8:53::53"
LAN_DNS_V6 = "2001:db8:53::66"

SERVICES_V4 = (HTTP_V4, DNS_V4, LAN_DNS_V4)
SERVICES_V6 = (HTTP_V6, DNS_V6, LAN_DNS_V6)

LINES_V4 = "100.127.0.0/16"
LINES_V6 = "2001:db8:7f::/48"
MAX_MODEM = 9999  # the IMEI scheme of the lab has four digits for the number

_BASE_V4 = int(IPv4Address("100.127.0.0"))
_BASE_V6 = int(IPv6Address("2001:db8:7f::"))


def line_v4(number: int) -> bytes:
    """Four bytes: the line address of modem `number` (1..MAX_MODEM)."""
    return (_BASE_V4 + number).to_bytes(4, "big")


def line_v6(number: int) -> bytes:
    """Eight bytes: the /64 line prefix of modem `number`; the host part is kept as it is."""
    return ((_BASE_V6 >> 64) + number).to_bytes(8, "big")


def number_of(address: str) -> int | None:
    """Modem number behind a line address (IPv4 or IPv6, as text), None for any other address."""
    value = ip_address(address.partition("%")[0])
    offset = int(value) - _BASE_V4 if value.version == 4 else (int(value) - _BASE_V6) >> 64
    return offset if 1 <= offset <= MAX_MODEM else None
