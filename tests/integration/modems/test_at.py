# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_at, at a virtual modem."""

import os
import tty
from dataclasses import replace

from modemfarm.at.commands.identity import imei
from modemfarm.contact import find_contact, first_answering
from modemfarm.tasks.at import run


def ask(world, modem, *commands, check_mode=False, **arguments):
    values = {"role": "viewer", "wait": 5, "correlation": "", **arguments}
    asked = {"modem": modem, "commands": list(commands), **values}
    return run(asked, check_mode, world.here)


def test_answers_come_in_order(world):
    modem = world.plug(1)
    result = ask(world, modem.imei, "AT+CGSN", "AT+CSQ")
    assert "failed" not in result, result
    assert [answer["command"] for answer in result["answers"]] == ["AT+CGSN", "AT+CSQ"]
    assert result["answers"][0]["lines"] == [modem.imei]
    assert all(answer["result"] == "OK" for answer in result["answers"])
    assert (result["changed"], result["modem"]) == (False, modem.imei)


def test_everything_said_is_in_the_log_with_one_correlation(world):
    modem = world.plug(1)
    result = ask(world, modem.imei, "AT+CSQ", correlation="play-7")
    rows = world.log()
    assert "AT+CSQ" in [row["command"] for row in rows]
    assert {row["correlation"] for row in rows} == {"play-7"} == {result["correlation"]}
    assert {row["serial"] for row in rows} == {modem.imei}
    assert all(row["actor"].startswith("ansible:") for row in rows)


def test_one_bad_command_and_nothing_is_sent(world):
    modem = world.plug(1)
    result = ask(world, modem.imei, "AT+CSQ", "AT+CFUN=1,1", role="admin")
    assert result["failed"] is True
    assert result["error"] == "CommandRefusedError"
    assert result["modem"] == modem.imei
    assert "CFUN" in result["command"]
    assert result["remedy"]
    assert modem.counters.at_commands == 0
    assert [row["outcome"] for row in world.log()] == ["refused"]


def test_a_command_the_modem_refuses_fails_with_its_reason(world):
    modem = world.plug(1)
    world.lab.call(modem.faults.set, "sim", "missing")
    result = ask(world, modem.imei, "AT+CIMI", "AT+CSQ")
    assert (result["failed"], result["error"]) == (True, "SimMissingError")
    assert result["command"] == "AT+CIMI"
    assert [answer["result"] for answer in result["answers"]] == ["ERROR", "OK"]


def test_an_unknown_modem_is_told_who_is_there(world):
    modem = world.plug(1)
    result = ask(world, "867584030000099", "AT")
    assert (result["failed"], result["error"]) == (True, "InvalidValueError")
    assert modem.imei in result["remedy"]


def test_a_modem_that_was_swapped_gets_no_command(world):
    expected, found = world.plug(1), world.plug(2)
    (world.root / "run/modemfarm/udev/1-2").write_text(f"MODEMFARM_SERIAL={expected.imei}\n")
    (world.root / "run/modemfarm/udev/1-1").unlink()
    result = ask(world, expected.imei, "AT+CSQ")
    assert (result["failed"], result["error"]) == (True, "PortGoneError")
    assert found.imei in result["msg"]
    assert "AT+CSQ" not in [row["command"] for row in world.log()]


def test_a_silent_modem_is_a_timeout(world):
    modem = world.plug(1)
    world.lab.call(modem.faults.set, "silent", "all")
    result = ask(world, modem.imei, "AT+CSQ")
    assert (result["failed"], result["error"]) == (True, "CommandTimeoutError")


def test_check_mode_sends_only_what_reads(world):
    modem = world.plug(1)
    result = ask(world, modem.imei, "AT+COPS?", "AT+COPS=0", role="operator", check_mode=True)
    assert result["changed"] is True
    assert [answer["command"] for answer in result["answers"]] == ["AT+COPS?"]
    assert result["skipped_commands"] == ["AT+COPS=0"]


def test_by_usb_path_a_modem_nobody_has_noted(world):
    modem = world.plug(1, noted=False)
    result = ask(world, "1-1", "AT+CGSN")
    assert result["answers"][0]["lines"] == [modem.imei]
    assert result["modem"] == modem.imei


def test_a_log_that_cannot_be_kept_is_a_warning_and_no_failure(world):
    modem = world.plug()
    nowhere = replace(world.here, spool=world.root / "not/there")
    asked = {"modem": modem.imei, "commands": ["AT+CSQ"], "role": "viewer", "wait": 5}
    result = run({**asked, "correlation": ""}, False, nowhere)
    assert "failed" not in result, result
    (warning,) = result["warnings"]
    assert "nothing is kept in the modem's log" in warning


def test_a_port_that_answers_nothing_leaves_it_to_the_next(world):
    modem = world.plug()
    contact = find_contact(modem.imei, world.root)
    silent, far = os.openpty()
    tty.setraw(far)
    try:
        devices = [os.ttyname(far), *contact.at_ports]
        with first_answering(devices, lock_dir=world.here.lock_dir) as session:
            assert imei(session) == modem.imei
    finally:
        os.close(silent)
        os.close(far)
