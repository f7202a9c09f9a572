# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm sms` and `modemfarm ussd`: words to calls, and results to people and programs."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from modemfarm.errors import CommandRefusedError, InvalidValueError
from modemfarm.mm import sms, ussd
from modemfarm.mm.access import Access
from modemfarm.mm.message import Sms
from modemfarm.mm.sms import Sent
from modemfarm.mm.ussd import Answer
from modemfarmd.cli import messages

SERIAL = "867584030000017"
HOSTILE = "a\x1b[31m\u202e\nb" + "x" * 400
MESSAGE = Sms(
    id=3,
    state="received",
    type="deliver",
    number="+491510000002",
    text=HOSTILE,
    timestamp=datetime(2026, 1, 31, 12, tzinfo=UTC),
)


class Calls(list[Any]):
    """What got to modemfarm.mm, and what it gives back."""

    def gives(self, name: str, value: Any) -> Any:
        def call(access: Access, *arguments: Any) -> Any:
            self.append((access.serial, name, *arguments))
            return value

        return call


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    found = Calls()

    @contextmanager
    def access(modem: str) -> Any:
        yield Access(modem)

    monkeypatch.setattr(messages, "_access", access)
    sent = Sent(4, "+491510000002", 2, "gsm7", "sent", 17)
    for name, value in {"send": sent, "list_": [MESSAGE], "read": MESSAGE, "delete": None}.items():
        monkeypatch.setattr(sms, name, found.gives(name, value))
    answers = [Answer("1 balance\n2 tariff", "user-response"), Answer("9,99 €\x1b", "idle")]
    for name, said in {"dialogue": answers, "cancel": None}.items():
        monkeypatch.setattr(ussd, name, found.gives(name, said))
    return found


def run(*words: str, typed: str | None = None) -> Result:
    app = typer.Typer()
    app.add_typer(messages.sms, name="sms")
    app.command()(messages.ussd)
    return CliRunner().invoke(app, words, input=typed)


def test_send(calls: Calls) -> None:
    words = ("send", "--delivery-report", "--json", "--", "+491510000002", "-5 degrees")
    done = run("sms", SERIAL, *words)
    assert calls == [(SERIAL, "send", "+491510000002", "-5 degrees", True, None)]
    assert json.loads(done.stdout)["reference"] == 17


def test_a_text_from_standard_input_stands_in_no_command_line(calls: Calls) -> None:
    assert run("sms", SERIAL, "send", "+491510000002", "-", typed="two\nlines\n").exit_code == 0
    assert calls == [(SERIAL, "send", "+491510000002", "two\nlines", False, None)]


def test_list(calls: Calls) -> None:
    (row,) = json.loads(run("sms", SERIAL, "list", "--json").stdout)
    assert (row["id"], row["text"]) == (3, HOSTILE)
    table = run("sms", SERIAL, "list").stdout
    assert "+491510000002" in table
    assert "\x1b" not in table
    assert "\u202e" not in table


def test_read_shows_all_of_a_message_and_no_control_character(calls: Calls) -> None:
    out = run("sms", SERIAL, "read", "3").stdout
    assert calls == [(SERIAL, "read", 3)]
    assert out.endswith("a\\x1b[31m\\u202e\nb" + "x" * 400 + "\n")
    assert json.loads(run("sms", SERIAL, "read", "3", "--json").stdout)["text"] == HOSTILE


def test_delete(calls: Calls) -> None:
    assert json.loads(run("sms", SERIAL, "delete", "3", "--json").stdout) == {"deleted": 3}
    assert calls == [(SERIAL, "delete", 3)]


@pytest.mark.parametrize("words", [("read", "x"), ("send", "+49"), ("nonsense",), ()])
def test_misuse(calls: Calls, words: tuple[str, ...]) -> None:
    assert run("sms", SERIAL, *words).exit_code == 2
    assert calls == []


def test_ussd(calls: Calls) -> None:
    found = json.loads(run("ussd", SERIAL, "*100#", "--answer", "1", "--json").stdout)
    assert calls == [(SERIAL, "dialogue", "*100#", ["1"])]
    assert (found["state"], len(found["answers"])) == ("idle", 2)
    assert run("ussd", SERIAL, "*100#").stdout == "1 balance\n2 tariff\n9,99 €\\x1b\n"


def test_cancel(calls: Calls) -> None:
    assert run("ussd", SERIAL, "--cancel").exit_code == 0
    assert calls == [(SERIAL, "cancel")]


def test_a_bad_request_looks_for_no_modem(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(messages, "_access", looked.append)
    for words in (
        ("sms", SERIAL, "send", "12ab", "x"),
        ("sms", SERIAL, "send", "123", "\x1a"),
        ("sms", SERIAL, "send", "123", "x", "--validity", "1"),
        ("ussd", SERIAL, "*100"),
        ("ussd", SERIAL, "*100#", "--answer", "yes"),
    ):
        assert isinstance(run(*words).exception, InvalidValueError), words
    assert isinstance(run("ussd", SERIAL, "##002#").exception, CommandRefusedError)
    assert looked == []


@pytest.mark.parametrize("words", [(), ("*100#", "--cancel")])
def test_a_code_or_the_end_of_one(calls: Calls, words: tuple[str, ...]) -> None:
    assert isinstance(run("ussd", SERIAL, *words).exception, InvalidValueError)
    assert calls == []
