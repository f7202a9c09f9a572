# SPDX-License-Identifier: GPL-3.0-or-later
import socket

import pytest

from modemlab.carrier.addresses import MAX_MODEM, line_v4, line_v6, number_of


@pytest.mark.parametrize("number", [1, 2, 249, 250, 255, 256, 300, MAX_MODEM])
def test_a_line_address_leads_back_to_its_modem(number: int) -> None:
    assert number_of(socket.inet_ntoa(line_v4(number))) == number
    v6 = line_v6(number) + bytes(7) + b"\2"
    assert number_of(socket.inet_ntop(socket.AF_INET6, v6)) == number


@pytest.mark.parametrize("address", ["100.127.0.0", "10.64.1.2", "203.0.113.10", "2001:db8::1"])
def test_other_addresses_are_no_lines(address: str) -> None:
    assert number_of(address) is None
