# SPDX-License-Identifier: GPL-3.0-or-later
"""URBs in, completions out, as a host controller gives and takes them."""

import struct
from collections.abc import Callable

import pytest

from modemlab.faces.usb_device import MAX_PACKETS, MAX_SERIAL, STALL, UNLINKED, UsbDevice
from modemlab.modem.modem import Modem
from modemlab.usb import cdc

AT2_IN, AT2_OUT, AT3_IN, AT3_OUT, DATA_IN, DATA_OUT, NOTIFY = 4, 3, 6, 4, 8, 5, 9
CTL_VERSION = bytes.fromhex("01 0b00 00 00 00 00 01 2100 0000")
PACKET = b"\x45" + bytes(99)


class Host:
    """The host's side: numbers URBs and keeps what completes them."""

    def __init__(self, modem: Modem) -> None:
        self.done: dict[int, tuple[int, int, bytes]] = {}
        self.device = UsbDevice(modem, self._complete)
        self.sequence = 0

    def _complete(self, sequence: int, status: int, length: int, data: bytes) -> None:
        assert sequence not in self.done
        self.done[sequence] = (status, length, data)

    def read(self, endpoint: int, length: int = 2048) -> int:
        """An IN URB; its number."""
        self.sequence += 1
        self.device.submit_in(self.sequence, endpoint, length)
        return self.sequence

    def write(self, endpoint: int, data: bytes) -> None:
        self.sequence += 1
        self.device.submit_out(self.sequence, endpoint, data)
        assert self.done[self.sequence] == (0, len(data), b"")

    def control(self, kind: int, request: int, value: int = 0, index: int = 0,
                data: bytes = b"", length: int = 4096) -> tuple[int, int, bytes]:  # fmt: skip
        """A control URB; status, length and data."""
        self.sequence += 1
        size = length if kind & 0x80 else len(data)
        setup = struct.pack("<BBHHH", kind, request, value, index, size)
        self.device.submit_control(self.sequence, setup, data)
        return self.done[self.sequence]


@pytest.fixture
def host(modem: Modem) -> Host:
    return Host(modem)


def test_standard_requests_are_cut_to_length(host: Host) -> None:
    status, length, data = host.control(0x80, 6, 0x0100, length=8)
    assert (status, length, len(data)) == (0, 8, 8)


def test_unknown_requests_stall(host: Host) -> None:
    assert host.control(0x80, 6, 0x0600) == (STALL, 0, b"")
    assert host.control(0xA1, 1, index=2) == (STALL, 0, b"")


def test_requests_without_data_are_acknowledged(host: Host) -> None:
    assert host.control(0x00, 9, 1) == (0, 0, b"")
    assert host.control(0x01, 11, 0, 4) == (0, 0, b"")


@pytest.mark.parametrize(("source", "sink"), [(AT2_IN, AT2_OUT), (AT3_IN, AT3_OUT)])
def test_at_ports(host: Host, source: int, sink: int) -> None:
    urb = host.read(source)
    host.write(sink, b"AT\r")
    assert host.done[urb] == (0, 9, b"AT\r\r\nOK\r\n")


def test_an_answer_waits_for_its_reader_in_pieces(host: Host) -> None:
    host.write(AT3_OUT, b"AT\r")
    first, second = host.read(AT3_IN, 4), host.read(AT3_IN)
    assert host.done[first][2] + host.done[second][2] == b"AT\r\r\nOK\r\n"


def test_dtr_off_forgets_what_waits(host: Host) -> None:
    host.write(AT3_OUT, b"AT\r")
    host.control(0x21, cdc.SET_CONTROL_LINE_STATE, 0, 3)
    assert host.read(AT3_IN) not in host.done


def test_a_closed_port_says_nothing_until_it_is_opened(host: Host, modem: Modem) -> None:
    host.control(0x21, cdc.SET_CONTROL_LINE_STATE, 0, 3)
    modem.on_at[3](b"said to nobody")
    host.control(0x21, cdc.SET_CONTROL_LINE_STATE, 3, 3)
    modem.on_at[3](b"said")
    assert host.done[host.read(AT3_IN)][2] == b"said"


def test_a_port_nobody_reads_keeps_the_newest(host: Host, modem: Modem) -> None:
    for number in range(MAX_SERIAL + 10):
        modem.on_at[3](b"%d" % number)
    assert host.done[host.read(AT3_IN)][2] == b"10"


def test_diag_and_nmea_take_everything_and_say_nothing(host: Host) -> None:
    for endpoint in (1, 2):
        host.write(endpoint, b"AT\r")
        assert host.read(endpoint) not in host.done


def test_qmi_goes_by_the_control_endpoint(host: Host) -> None:
    notify = host.read(NOTIFY, 8)
    assert host.control(0x21, cdc.SEND_ENCAPSULATED, 0, 4, CTL_VERSION)[0] == 0
    assert host.done[notify] == (0, 8, bytes.fromhex("a1 01 0000 0400 0000"))
    status, _, answer = host.control(0xA1, cdc.GET_ENCAPSULATED, 0, 4)
    assert status == 0
    assert answer[8:10] == b"\x21\x00"
    assert host.control(0xA1, cdc.GET_ENCAPSULATED, 0, 4) == (0, 0, b"")


def test_packets_both_ways(host: Host, modem: Modem) -> None:
    sent: list[bytes] = []
    modem.uplink = sent.append
    modem.start_session(1, 4, "")
    urb = host.read(DATA_IN)
    host.write(DATA_OUT, PACKET)
    modem.downlink(PACKET)
    assert sent == [PACKET]
    assert host.done[urb] == (0, 100, PACKET)


def test_a_full_queue_loses_the_newest_packets(host: Host, modem: Modem) -> None:
    modem.start_session(1, 4, "")
    for number in range(MAX_PACKETS + 5):
        modem.downlink(b"\x45" + number.to_bytes(2, "big"))
    got = [host.done[host.read(DATA_IN)][2] for _ in range(MAX_PACKETS)]
    assert got[0] == b"\x45\x00\x00"
    assert host.read(DATA_IN) not in host.done


def test_unlink(host: Host) -> None:
    urb = host.read(AT3_IN)
    assert host.device.unlink(urb) == UNLINKED
    assert host.device.unlink(urb) == 0
    host.write(AT3_OUT, b"AT\r")
    assert urb not in host.done


@pytest.mark.parametrize(("composition", "at_in", "at_out"), [("ecm", 6, 4), ("mbim", 6, 4),
                                                              ("rndis", 6, 4)])  # fmt: skip
def test_other_compositions_have_at_but_no_data(
    make_modem: Callable[..., Modem], composition: str, at_in: int, at_out: int
) -> None:
    modem = make_modem(composition=composition)
    host = Host(modem)
    urb = host.read(at_in)
    host.write(at_out, b"AT+CGSN\r")
    assert modem.imei.encode() in host.done[urb][2]
    assert modem.on_packet is None
    assert modem.on_qmi is None


def test_mbim_binds(make_modem: Callable[..., Modem]) -> None:
    """cdc_ncm refuses the device without NTB parameters."""
    host = Host(make_modem(composition="mbim"))
    status, length, data = host.control(0xA1, cdc.GET_NTB_PARAMETERS, 0, 4)
    assert (status, length) == (0, 28)
    assert struct.unpack_from("<HHI", data) == (28, 1, cdc.NTB_SIZE)
    assert host.control(0xA1, 0x99, 0, 4)[0] == STALL


def test_rndis_binds(make_modem: Callable[..., Modem]) -> None:
    host = Host(make_modem(composition="rndis"))
    notify = host.read(NOTIFY, 8)
    initialize = struct.pack("<6I", 2, 24, 1, 1, 0, 1558)
    assert host.control(0x21, cdc.SEND_ENCAPSULATED, 0, 0, initialize)[0] == 0
    assert host.done[notify][2] == bytes.fromhex("a1 01 0000 0000 0000")
    answer = host.control(0xA1, cdc.GET_ENCAPSULATED, 0, 0)[2]
    assert struct.unpack_from("<III", answer) == (0x80000002, 52, 1)


@pytest.mark.parametrize("serial", ["", "0", "same", "wrong-serial"])
def test_usb_serial_fault_shows_at_the_next_plug(modem: Modem, serial: str) -> None:
    before = Host(modem)
    modem.faults.set("usb_serial", serial)
    assert before.device.device.serial == ""
    after = Host(modem)
    index = after.control(0x80, 6, 0x0100)[2][16]
    text = after.control(0x80, 6, 0x0303)[2][2:].decode("utf-16-le") if index else ""
    assert text == serial


def test_composition_fault_shows_at_the_next_plug(modem: Modem) -> None:
    modem.faults.set("composition", "mbim")
    config = Host(modem).control(0x80, 6, 0x0200)[2]
    assert bytes([9, 4, 4, 0, 1, 2, 14, 0, 0]) in config
