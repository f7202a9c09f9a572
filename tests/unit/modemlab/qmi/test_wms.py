# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as ModemManager asks for them; layouts are those of libqmi's qmi-service-wms.json."""

import struct

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.messages import ME, SM, Status
from modemlab.modem.modem import Modem
from modemlab.qmi import codec

WMS, UIM, NV = 5, 0, 1
# no service centre; SUBMIT to +491510000001 (modem 1 itself), "hellohello"
RAW = bytes.fromhex("00 01 00 0c91 945101000010 00 00 0a e8329bfd4697d9ec37")
DELIVER = bytes.fromhex("04 0391 21f3 00 00 62907031549500 01 61")
INDICATION = 0x0001


def raw(*head: int, data: bytes = RAW) -> dict[int, bytes]:
    return {1: bytes([*head, 6]) + struct.pack("<H", len(data)) + data}


def place(storage: int, index: int, *rest: int) -> bytes:
    return struct.pack("<BI", storage, index) + bytes(rest)


def listed(qmi, storage: int, **tlvs: bytes) -> list[tuple[int, int]]:
    more = {int(kind[1:], 16): value for kind, value in tlvs.items()}
    error, answer = qmi.ask(WMS, 0x0031, {1: bytes([storage]), **more})
    assert error == 0
    (count,) = struct.unpack_from("<I", answer[1])
    assert len(answer[1]) == 4 + 5 * count
    return [struct.unpack_from("<IB", answer[1], 4 + 5 * row) for row in range(count)]


def late(qmi) -> tuple[int, dict[int, bytes]]:
    """Error and TLVs of the answer that came after all."""
    answer = codec.decode(qmi.frames.pop())
    return struct.unpack("<HH", answer.tlvs[2])[1], answer.tlvs


@pytest.fixture
def listening(qmi):
    assert qmi.ask(WMS, 0x0001, {0x10: b"\x01"})[0] == 0
    qmi.frames.clear()
    return qmi


def test_a_message_is_sent_announced_and_read(listening, clock: ManualClock) -> None:
    qmi = listening
    qmi.send(WMS, qmi.clients[WMS], 0x0020, raw())
    assert qmi.frames == []
    clock.advance(0.4)
    error, tlvs = late(qmi)
    assert (error, tlvs[1]) == (0, struct.pack("<H", 1))
    clock.advance(2)
    assert qmi.indications() == [(INDICATION, {0x10: place(NV, 0), 0x12: b"\x01"})]
    error, tlvs = qmi.ask(WMS, 0x0022, {1: place(NV, 0), 0x10: b"\x01"})
    tag, form, size = struct.unpack_from("<BBH", tlvs[1])
    assert (error, tag, form, size) == (0, 1, 6, len(tlvs[1]) - 4)
    assert tlvs[1][4:12].hex() == "0791945101000000"
    assert tlvs[1][12:].startswith(b"\x04\x0c\x91")
    assert tlvs[1].endswith(RAW[-10:])


def test_only_listeners_are_told_and_only_once_each(listening, modem: Modem) -> None:
    other = listening.allocate(WMS)
    listening.frames.clear()
    modem.take_message(DELIVER)
    assert len(listening.indications()) == 1
    listening.send(WMS, other, 0x0001, {0x10: b"\x01"})
    listening.ask(WMS, 0x0000)
    listening.frames.clear()
    modem.take_message(DELIVER)
    (frame,) = listening.frames
    assert frame[5] == other
    assert codec.decode(frame).tlvs[0x10] == place(NV, 1)


@pytest.mark.parametrize(
    ("fault", "cause", "failure"), [("refuse", (38, 0), 0), ("hang", (8, 0), 1)]
)
@pytest.mark.parametrize("stored", [False, True])
def test_a_refusal_names_its_cause(
    qmi, modem: Modem, clock: ManualClock, fault: str, cause: tuple[int, int], failure: int,
    stored: bool,
) -> None:  # fmt: skip
    modem.faults.set("sms", fault)
    abroad = RAW[:5] + b"\x21" + RAW[6:]
    qmi.ask(WMS, 0x0021, raw(NV, data=abroad))
    request = {1: place(NV, 0, 1)} if stored else raw(data=abroad)
    qmi.send(WMS, qmi.clients[WMS], 0x0042 if stored else 0x0020, request)
    clock.advance(130)
    error, tlvs = late(qmi)
    first = 0x13 if stored else 0x12
    assert error == 54
    assert struct.unpack("<HB", tlvs[first]) == cause
    assert tlvs[first + 1] == bytes([failure])
    assert modem.messages.get(ME, 0).status is Status.UNSENT


def test_written_sent_from_storage_and_deleted(qmi, clock: ManualClock) -> None:
    assert qmi.ask(WMS, 0x0021, raw(UIM))[1][1] == struct.pack("<I", 0)
    assert listed(qmi, UIM) == [(0, 3)]
    qmi.send(WMS, qmi.clients[WMS], 0x0042, {1: place(UIM, 0, 1)})
    clock.advance(0.4)
    assert late(qmi)[1][0x10] == struct.pack("<H", 1)
    assert listed(qmi, UIM) == [(0, 2)]
    assert (
        qmi.ask(WMS, 0x0024, {1: bytes([UIM]), 0x10: struct.pack("<I", 0), 0x12: b"\x01"})[0] == 0
    )
    assert listed(qmi, UIM) == []


def test_a_message_deleted_while_it_is_sent(qmi, modem: Modem, clock: ManualClock) -> None:
    qmi.ask(WMS, 0x0021, raw(NV))
    qmi.send(WMS, qmi.clients[WMS], 0x0042, {1: place(NV, 0, 1)})
    modem.messages.delete(ME, 0)
    clock.advance(0.4)
    assert late(qmi)[0] == 0


def test_lists_by_tag_and_mode(qmi, modem: Modem) -> None:
    for status in (Status.READ, Status.UNREAD, Status.SENT, Status.UNSENT):
        modem.messages.add(ME, status, DELIVER)
    assert listed(qmi, NV) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert listed(qmi, NV, x11=b"\x01") == [(1, 1)]
    assert listed(qmi, NV, x12=b"\x01") == listed(qmi, NV)
    assert listed(qmi, NV, x12=b"\x00") == []  # CDMA


def test_tags_and_deleting_by_tag(qmi, modem: Modem) -> None:
    for _ in range(3):
        modem.messages.add(ME, Status.UNREAD, DELIVER)
    assert qmi.ask(WMS, 0x0023, {1: place(NV, 1, 0), 0x10: b"\x01"})[0] == 0
    assert qmi.ask(WMS, 0x0024, {1: bytes([NV]), 0x11: b"\x01"})[0] == 0
    assert listed(qmi, NV) == [(1, 0)]
    assert qmi.ask(WMS, 0x0024, {1: bytes([NV])})[0] == 0
    assert listed(qmi, NV) == []


def test_routes_are_as_modemmanager_sets_them(qmi, modem: Modem) -> None:
    rows = struct.pack("<H", 2) + bytes([0, 0, UIM, 1]) + bytes([0, 1, UIM, 1])
    assert qmi.ask(WMS, 0x0032, {1: rows})[0] == 0
    tlvs = qmi.ask(WMS, 0x0033)[1]
    wanted = [(0, 0, UIM, 1), (0, 1, UIM, 1), (0, 2, NV, 1), (0, 3, NV, 1), (0, 4, NV, 1)]
    assert tlvs[1] == struct.pack("<H", 5) + b"".join(bytes(row) for row in wanted)
    assert tlvs[0x10] == b"\x00"
    class_1 = bytes.fromhex("04 0391 21f3 00 11 62907031549500 01 61")
    modem.take_message(class_1)
    assert modem.messages.used(SM) == 1


def test_transferred_messages_are_stored_nowhere(listening, modem: Modem) -> None:
    listening.ask(WMS, 0x0032, {1: struct.pack("<H", 1) + bytes([0, 4, NV, 3]), 0x10: b"\x01"})
    listening.frames.clear()
    report = bytes.fromhex("06 07 0391 21f3") + bytes(15)
    modem.take_message(DELIVER)
    modem.take_message(report)
    first, second = [tlvs[0x11] for _, tlvs in listening.indications()]
    assert first == struct.pack("<BIBH", 0, 1, 6, len(DELIVER)) + DELIVER
    assert second == struct.pack("<BIBH", 1, 2, 6, len(report)) + report
    assert modem.messages.list(ME) == []


@pytest.mark.parametrize(
    ("message", "tlvs", "error"),
    [
        (0x0020, {}, 17),
        (0x0020, {1: b"\x06"}, 1),
        (0x0020, raw(data=b""), 73),
        (0x0020, raw(data=b"\x00\x04\x00"), 72),
        (0x0020, {1: b"\x00\x01\x00\x00"}, 48),  # CDMA
        (0x0020, {1: b"\x06\xff\x00\x00"}, 1),
        (0x0021, raw(7), 48),
        (0x0022, {1: place(NV, 9)}, 50),
        (0x0022, {1: b"\x01"}, 1),
        (0x0023, {1: place(NV, 0, 0)}, 50),
        (0x0024, {1: b"\x01", 0x10: bytes(4)}, 50),
        (0x0031, {1: b"\x01", 0x11: b"\x09"}, 48),
        (0x0032, {1: b"\x01\x00\x00"}, 1),
        (0x0032, {1: b"\x01\x00\x00\x09\x01\x01"}, 48),
        (0x0042, {1: place(UIM, 5, 1)}, 50),
    ],
)
def test_refusals(qmi, message: int, tlvs: dict[int, bytes], error: int) -> None:
    assert qmi.ask(WMS, message, tlvs)[0] == error


def test_without_network_nothing_is_sent(qmi, modem: Modem) -> None:
    modem.faults.set("network", "none")
    assert qmi.ask(WMS, 0x0020, raw())[0] == 53


def test_without_a_sim_its_storage_is_gone(qmi, modem: Modem) -> None:
    modem.faults.set("sim", "missing")
    assert qmi.ask(WMS, 0x0031, {1: bytes([UIM])})[0] == 37
    assert listed(qmi, NV) == []


def test_a_full_storage(qmi, modem: Modem) -> None:
    modem.faults.set("sms", "full")
    assert qmi.ask(WMS, 0x0021, raw(NV))[0] == 51


def test_protocol(qmi) -> None:
    assert qmi.ask(WMS, 0x0030)[1][1] == b"\x01"


def test_no_late_answer_after_a_boot(qmi, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("sms", 5)
    qmi.allocate(WMS)
    qmi.send(WMS, 1, 0x0020, raw())
    qmi.frames.clear()
    modem.power_cycle()
    clock.advance(30)
    assert qmi.frames == []
