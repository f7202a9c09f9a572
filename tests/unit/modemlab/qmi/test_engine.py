# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients, versions, refusals, and the faults of the QMI side."""

import random
import struct

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.qmi import codec
from modemlab.qmi.codec import RESPONSE
from modemlab.qmi.service import MAX_CLIENTS

CTL, WDS, DMS, NAS, WMS, VOICE, UIM, WDA = 0, 1, 2, 3, 5, 9, 0x0B, 0x1A

LONGEST = 200.0  # seconds: beyond the hanging SMS


def test_versions_name_the_services(qmi) -> None:
    error, tlvs = qmi.ask(CTL, 0x0021)
    rows = [struct.unpack_from("<BHH", tlvs[1], 1 + 5 * i) for i in range(tlvs[1][0])]
    assert error == 0
    assert [row[0] for row in rows] == [CTL, WDS, DMS, NAS, WMS, VOICE, UIM, WDA]


def test_clients_are_allocated_released_and_used_again(qmi) -> None:
    assert [qmi.allocate(WDS) for _ in range(3)] == [1, 2, 3]
    assert qmi.ask(CTL, 0x0023, {1: bytes([WDS, 2])})[0] == 0
    assert qmi.allocate(WDS) == 2


def test_leaked_clients_run_out(qmi) -> None:
    for _ in range(MAX_CLIENTS):
        qmi.allocate(DMS)
    assert qmi.ask(CTL, 0x0022, {1: bytes([DMS])})[0] == 5


@pytest.mark.parametrize(
    ("message", "tlvs", "error"),
    [
        (0x0022, {1: b"\x77"}, 31),
        (0x0022, {}, 17),
        (0x0022, {1: b""}, 1),
        (0x0023, {1: b"\x01\x09"}, 7),
        (0x0023, {1: b"\x01"}, 1),
        (0x7777, {}, 94),
    ],
)
def test_ctl_refusals(qmi, message: int, tlvs: dict[int, bytes], error: int) -> None:
    assert qmi.ask(CTL, message, tlvs)[0] == error


def test_an_unknown_client_is_refused(qmi) -> None:
    qmi.clients[DMS] = 200
    assert qmi.ask(DMS, 0x0025)[0] == 7


def test_an_unknown_message_is_not_supported(qmi) -> None:
    assert qmi.ask(DMS, 0x5555)[0] == 94


def test_an_unknown_service_is_refused(qmi) -> None:
    qmi.clients[0x55] = 1
    assert qmi.ask(0x55, 0x0001)[0] == 31


def test_sync_forgets_clients_and_sessions(qmi, modem: Modem) -> None:
    assert qmi.ask(WDS, 0x0020)[0] == 0
    assert qmi.ask(CTL, 0x0027)[0] == 0
    assert not modem.connected
    assert qmi.ask(WDS, 0x0022)[0] == 7


def test_garbage_gets_no_answer(qmi, modem: Modem) -> None:
    modem.qmi(b"AT\r")
    modem.qmi(b"")
    assert qmi.frames == []


def test_qmi_silent(qmi, modem: Modem) -> None:
    modem.faults.set("qmi_silent", True)
    qmi.send(CTL, 0, 0x0021, {})
    assert qmi.frames == []
    modem.faults.set("qmi_silent", False)
    assert qmi.ask(CTL, 0x0021)[0] == 0


def test_silent_modem_makes_no_indications(qmi, modem: Modem) -> None:
    qmi.ask(NAS, 0x0003, {0x18: b"\x01"})
    qmi.frames.clear()
    modem.faults.set("qmi_silent", True)
    modem.faults.set("network", "none")
    assert qmi.frames == []


def test_vanish_in_the_middle_of_a_request(qmi, modem: Modem) -> None:
    gone: list[bool] = []
    modem.on_vanish = lambda: gone.append(True)
    modem.faults.set("vanish", "qmi")
    qmi.send(CTL, 0, 0x0021, {})
    assert (gone, qmi.frames, modem.faults.vanish) == ([True], [], "off")


def test_answers_may_go_their_own_way(qmi, modem: Modem) -> None:
    answers: list[bytes] = []
    modem.qmi(bytes.fromhex("01 0b00 00 00 00 00 01 2100 0000"), answers.append)
    assert len(answers) == 1
    assert qmi.frames == []


def test_a_power_cycle_forgets_clients(qmi, modem: Modem) -> None:
    assert qmi.ask(DMS, 0x0025)[0] == 0
    modem.power_cycle()
    assert qmi.ask(DMS, 0x0025)[0] == 7


@pytest.mark.parametrize("service", [CTL, WDS, DMS, NAS, WMS, VOICE, UIM, WDA])
def test_no_request_breaks_the_modem(qmi, modem: Modem, clock: ManualClock, service: int) -> None:
    """Every message with random TLVs: one answer with some result, at once or in time."""
    noise = random.Random(service)  # noqa: S311 - the same noise each time
    for message in modem.qmi_engine.services[service]._handlers:
        if message == 0x0027:  # sync would take our client away
            continue
        for _ in range(60):
            tlvs = {
                kind: noise.randbytes(noise.randrange(12)) for kind in (1, 2, 3, 0x10, 0x14, 0x19)
            }
            client = qmi.allocate(service) if service else 0
            qmi.frames.clear()
            qmi.send(service, client, message, tlvs)
            if not qmi.frames:
                clock.advance(LONGEST)
            answers = [frame for frame in qmi.frames if service == CTL or frame[6] == RESPONSE]
            assert [codec.decode(answer).message for answer in answers] == [message]
            assert len(codec.decode(answers[0]).tlvs[2]) == 4
            modem.qmi_engine.reset()
