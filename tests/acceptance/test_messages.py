# SPDX-License-Identifier: GPL-3.0-or-later
"""SMS and USSD through the real ModemManager: from one modem to another, and what goes wrong."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

SEND_S = 120  # the network takes half a second a part; ModemManager on an emulated host several
ARRIVE_S = 90
REFUSED = 2
LONG = "concatenated in GSM 7 bit: {[€]} " * 12
CYRILLIC = "Привет, 世界 😀\nвторая строка " * 8  # noqa: RUF001 - letters that look like Latin ones


def cli(lab: Lab, *words: str) -> Any:
    """JSON of `modemfarm WORDS` on the host."""
    return json.loads(lab.guest.text(["sudo", farm.MODEMFARM, *words], timeout=SEND_S))


def refused(lab: Lab, *words: str) -> tuple[int, str]:
    """Exit code and error line of `modemfarm WORDS`."""
    done = lab.guest.run(["sudo", farm.MODEMFARM, *words], timeout=SEND_S, check=False)
    return done.returncode, done.stderr.decode()


def number_of(modem: farm.Row) -> str:
    return f"+49151{modem['number']:07d}"


def inbox(lab: Lab, serial: str) -> list[farm.Row]:
    found: list[farm.Row] = cli(lab, "sms", serial, "list", "--json")
    return found


@pytest.fixture
def pair(rows: list[farm.Row], modems: dict[str, farm.Row]) -> tuple[farm.Row, farm.Row]:
    """Two virtual modems, sender and receiver."""
    return modems[rows[0]["serial"]], modems[rows[1]["serial"]]


@pytest.fixture(autouse=True)
def tidy(lab: Lab, pair: tuple[farm.Row, farm.Row]) -> Iterator[None]:
    """Leave no message behind: the stores are small and the next test counts."""
    yield
    for modem in pair:
        for message in inbox(lab, modem["imei"]):
            cli(lab, "sms", modem["imei"], "delete", str(message["id"]), "--json")


def arrived(lab: Lab, modem: farm.Row, fits: Callable[[farm.Row], bool]) -> farm.Row:
    """Wait for a message that fits."""

    def look() -> list[farm.Row]:
        return [message for message in inbox(lab, modem["imei"]) if fits(message)]

    what = f"a message for modem {modem['number']}"
    found, _ = farm.wait_for(look, ARRIVE_S, what, lambda: str(inbox(lab, modem["imei"])))
    message: farm.Row = found[0]
    return message


@contextmanager
def fault(lab: Lab, modem: farm.Row, value: str) -> Iterator[None]:
    lab.control("fault", modem=modem["number"], name="sms", value=value)
    try:
        yield
    finally:
        lab.control("fault", modem=modem["number"], name="sms", value="ok")


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [("hello from here", "gsm7", 1), (LONG, "gsm7", 3), (CYRILLIC, "ucs2", 4)],
)
def test_from_one_modem_to_another(
    lab: Lab, pair: tuple[farm.Row, farm.Row], text: str, encoding: str, parts: int
) -> None:
    sender, receiver = pair
    sent = cli(lab, "sms", sender["imei"], "send", "--json", "--", number_of(receiver), text)
    assert (sent["encoding"], sent["parts"], sent["state"]) == (encoding, parts, "sent")
    message = arrived(lab, receiver, lambda m: m["state"] == "received")
    assert message["text"] == text
    assert message["number"] == number_of(sender)
    assert message["timestamp"]
    listed = inbox(lab, sender["imei"])
    assert [m["text"] for m in listed if m["type"] == "submit"] == [text]


def test_delivery_report(lab: Lab, pair: tuple[farm.Row, farm.Row]) -> None:
    sender, receiver = pair
    words = ("send", number_of(receiver), "did it arrive?", "--delivery-report", "--json")
    sent = cli(lab, "sms", sender["imei"], *words)
    report = arrived(lab, sender, lambda m: m["type"] == "status-report")
    assert report["delivery"] == "delivered"
    assert report["reference"] == sent["reference"]
    assert report["discharged"]


def test_from_outside_and_hostile(lab: Lab, pair: tuple[farm.Row, farm.Row]) -> None:
    receiver = pair[1]
    text = "$(reboot); '\"<script>\u202e[red]"
    lab.control("sms", modem=receiver["number"], sender="+4930123456", text=text)
    message = arrived(lab, receiver, lambda m: m["state"] == "received")
    assert message["text"] == text
    shown = lab.guest.text(["sudo", farm.MODEMFARM, "sms", receiver["imei"], "list"])
    assert "\u202e" not in shown
    assert cli(lab, "sms", receiver["imei"], "read", str(message["id"]), "--json") == message
    stored = lab.control("messages", modem=receiver["number"])["modems"]
    assert len(stored[str(receiver["number"])]["messages"]) == 1


def test_a_message_of_another_modem_is_out_of_reach(
    lab: Lab, pair: tuple[farm.Row, farm.Row]
) -> None:
    sender, receiver = pair
    lab.control("sms", modem=receiver["number"], sender="+4930123456", text="mine")
    message = arrived(lab, receiver, lambda m: m["state"] == "received")
    code, said = refused(lab, "sms", sender["imei"], "delete", str(message["id"]))
    assert (code, "a message of this modem" in said) == (REFUSED, True), said
    assert inbox(lab, receiver["imei"]) == [message]


def test_what_the_network_refuses_is_not_kept(lab: Lab, pair: tuple[farm.Row, farm.Row]) -> None:
    sender, receiver = pair
    with fault(lab, sender, "refuse"):
        code, said = refused(lab, "sms", sender["imei"], "send", number_of(receiver), "no")
    assert code == 1, said
    assert "remedy" in said
    assert inbox(lab, sender["imei"]) == []


def test_bad_requests_reach_nobody(lab: Lab, pair: tuple[farm.Row, farm.Row]) -> None:
    sender, _ = pair
    for words in (
        ("sms", sender["imei"], "send", "12ab", "x"),
        ("sms", sender["imei"], "send", "+491510000002", "x" * 1531),
        ("sms", sender["imei"], "send", "+491510000002", "a\x1ab"),
        ("sms", "123456789012345", "list"),
        ("ussd", sender["imei"], "**04*1234*4321*4321#"),
        ("ussd", sender["imei"], "*100#;ATD112"),
    ):
        code, said = refused(lab, *words)
        assert code == REFUSED, (words, said)


def test_balance(lab: Lab, rows: list[farm.Row]) -> None:
    for row in rows:
        answer = cli(lab, "ussd", row["serial"], "*100#", "--json")
        assert answer["text"].startswith("Balance: 12.34 EUR"), answer
        assert answer["state"] == "idle"
    assert "12,34 €" in cli(lab, "ussd", rows[0]["serial"], "*102#", "--json")["text"]


def test_a_menu_and_no_session_left_open(lab: Lab, rows: list[farm.Row]) -> None:
    serial = rows[0]["serial"]
    done = cli(lab, "ussd", serial, "*101#", "--answer", "3", "--answer", "1", "--json")
    assert [a["state"] for a in done["answers"]] == ["user-response", "user-response", "idle"]
    assert "12,34 €" in done["text"]
    assert cli(lab, "ussd", serial, "*101#", "--json")["state"] == "user-response"
    assert cli(lab, "ussd", serial, "*100#", "--json")["state"] == "idle"


def test_messages_of_two_modems_do_not_wait_for_each_other(
    lab: Lab, pair: tuple[farm.Row, farm.Row]
) -> None:
    """One modem's message hangs in the network; the other's and the farm go on."""
    sender, receiver = pair
    lab.control("fault", modem=sender["number"], name="sms", value=20)
    command = f"sudo {farm.MODEMFARM} sms {sender['imei']} send {number_of(receiver)} slow"
    lab.guest.run(["sh", "-c", f"{command} </dev/null >/dev/null 2>&1 &"])
    try:
        answer = cli(lab, "ussd", receiver["imei"], "*100#", "--json")
        assert answer["state"] == "idle"
        assert farm.serving(lab, {sender["imei"], receiver["imei"]})()
    finally:
        lab.control("fault", modem=sender["number"], name="sms", value="ok")
    arrived(lab, receiver, lambda m: m["text"] == "slow")
