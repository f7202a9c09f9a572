# SPDX-License-Identifier: GPL-3.0-or-later
"""SIMs: PINs that are wrong, short of tries or blocked; cards that are missing, pulled, swapped.

Guests of the lab, beside the four that serve: a SIM's tries are not given back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root, truth
from .history import events, now, registry, serving
from .test_network import devnum
from .trial import Trial

ONE, TWO = 51, 52
RIGHT = "1234"
PINS = "/etc/modemfarm/pins.json"
KNOWN_S, SERVING_S = 60.0, 120.0
# Straight to the modem, past everything of ours: what a person with another tool would do.
RAW = """
import os, sys, termios, time, tty
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(port, termios.TCSANOW)
os.write(port, sys.argv[2].encode() + b"\\r")
time.sleep(1.0)  # the answer is not ours to read: the port belongs to others
"""


@contextmanager
def pins(lab: Lab, known: dict[str, str]) -> Iterator[None]:
    """PINs by ICCID in the host's file; what was there comes back."""
    install = ["sudo", "install", "-m", "0600", "-o", "modemfarm", "-g", "modemfarm"]
    before = lab.guest.run(["sudo", "cat", PINS]).stdout
    lab.guest.run([*install, "/dev/stdin", PINS], stdin=json.dumps(known).encode())
    try:
        yield
    finally:
        lab.guest.run([*install, "/dev/stdin", PINS], stdin=before)


def guest(running: Trial, number: int, **options: Any) -> farm.Row:
    """A new modem, not plugged in yet."""
    running.lab.control("add", n=number, count=1, **options)
    return modem(running.lab, number)


def modem(lab: Lab, number: int) -> farm.Row:
    return next(m for m in truth(lab).values() if m["number"] == number)


def tries(lab: Lab, number: int) -> int:
    return int(modem(lab, number)["counters"]["pin_attempts"])


def shown(running: Trial, serial: str, *words: str) -> farm.Row:
    """Wait until the registry shows a reason with one of `words`, and give the row."""

    def look() -> farm.Row | None:
        row = next((r for r in registry(running.lab).values() if r["serial"] == serial), None)
        text = (row or {}).get("reason") or ""
        return row if any(word.lower() in text.lower() for word in words) else None

    row: farm.Row = running.converges(f"the reason says {words[0]}", KNOWN_S, look)
    running.note(f"{row['state']}: {row['reason']}")
    return row


def again(running: Trial, serial: str) -> None:
    """The agent starts anew, the modem is plugged anew, and an apply has had its say."""
    lab, since = running.lab, now(running.lab)
    root(lab, "systemctl restart modemfarm-agent")
    lab.control("unplug", modem=ONE)
    lab.control("plug", modem=ONE)
    running.converges(
        "it is seen again", KNOWN_S,
        lambda: serial in {e["serial"] for e in events(lab, since, "plugged", "restarted")},
    )  # fmt: skip
    running.converges("it has failed", KNOWN_S, lambda: registry(lab)[serial]["state"] == "failed")


def served(running: Trial, serial: str) -> farm.Row:
    (row,) = running.converges(
        f"{serial[-4:]} serves", SERVING_S, lambda: serving(running.lab, {serial})
    )
    assert running.answers(row)
    found: farm.Row = row
    return found


def test_f12_a_wrong_pin_is_tried_once(scene: Lab, start: Start) -> None:
    """Also after restarts and replugs; until a person changes it."""
    with start("F12", hit=0) as running:
        found = guest(running, ONE, faults={"sim": "pin"})
        with pins(scene, {found["iccid"]: "9999"}):
            scene.control("plug", modem=ONE)
            shown(running, found["imei"], "PIN")
            assert tries(scene, ONE) == 1
            again(running, found["imei"])
            shown(running, found["imei"], "PIN")
            assert tries(scene, ONE) == 1


@pytest.mark.parametrize("wrong", variants(1, 2))
def test_f13_few_tries_are_left_to_a_person(scene: Lab, start: Start, wrong: int) -> None:
    with start("F13", hit=0) as running:
        found = guest(running, ONE, faults={"sim": "pin"})
        scene.control("plug", modem=ONE)
        shown(running, found["imei"], "PIN")
        link = f"/dev/modems/{found['imei']}/at"
        running.converges("its port has a name", KNOWN_S,
                          lambda: root(scene, f"ls {link} || true"))  # fmt: skip
        running.invariants.stop()  # more than one try is ours here
        for _ in range(wrong):
            root(scene, f"cat >/run/lab-raw.py <<'END'\n{RAW}END\n"
                 f"python3 /run/lab-raw.py {link} 'AT+CPIN=\"0000\"'")  # fmt: skip
        assert tries(scene, ONE) == wrong
        running.again()
        with pins(scene, {found["iccid"]: RIGHT}):
            again(running, found["imei"])
            shown(running, found["imei"], "PIN")
            assert tries(scene, ONE) == wrong


def test_f14_a_puk_is_never_sent(scene: Lab, start: Start) -> None:
    with start("F14", hit=0) as running:
        found = guest(running, ONE, faults={"sim": "puk"})
        with pins(scene, {found["iccid"]: RIGHT}):
            scene.control("plug", modem=ONE)
            shown(running, found["imei"], "PUK")
            again(running, found["imei"])
            shown(running, found["imei"], "PUK")
            assert tries(scene, ONE) == 0


def test_f15_a_sim_is_pulled_while_it_serves(scene: Lab, start: Start) -> None:
    with start("F15") as running:
        path = running.state()["usb_path"]
        before = devnum(scene, path)
        running.moment(3)
        running.fault("sim", "missing")
        running.converges(
            "the port refuses", KNOWN_S,
            lambda: farm.request(scene, running.row["proxy_port"])["status"] != 200,
        )  # fmt: skip
        shown(running, running.row["serial"], "SIM")
        assert devnum(scene, path) == before
        running.fault("sim", "ok")
        running.serves(cap_s=SERVING_S)
        assert devnum(scene, running.state()["usb_path"]) == before


def test_f16_sims_are_swapped_between_two_modems(scene: Lab, start: Start) -> None:
    """The PIN goes with the card, the port with the modem."""
    with start("F16", hit=0) as running:
        cards = [guest(running, number, faults={"sim": "pin"}) for number in (ONE, TWO)]
        known = {cards[0]["iccid"]: RIGHT, cards[1]["iccid"]: RIGHT}
        with pins(scene, known):
            scene.control("plug", modem=[ONE, TWO])
            before = {card["imei"]: served(running, card["imei"]) for card in cards}
            scene.control("remove", modem=[ONE, TWO])
            order = [(ONE, cards[1]), (TWO, cards[0])]
            running.random.shuffle(order)
            for number, other in order:
                guest(running, number, iccid=other["iccid"], faults={"sim": "pin"})
            scene.control("plug", modem=[ONE, TWO])
            for card, other in zip(cards, reversed(cards), strict=True):
                after = served(running, card["imei"])
                assert after["proxy_port"] == before[card["imei"]]["proxy_port"]
                assert after["iccid"] == other["iccid"]
            assert [tries(scene, ONE), tries(scene, TWO)] == [1, 1]
