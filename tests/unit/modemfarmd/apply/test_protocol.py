# SPDX-License-Identifier: GPL-3.0-or-later
"""What the root helper takes, and the much longer list of what it does not."""

import json
from pathlib import Path

import pytest

from modemfarm.errors import InvalidValueError
from modemfarmd.apply.protocol import MAX_LINE, PLAYS, Answer, Request, parse, refusal

GOOD = "867584030000017"


def line(play: object = "modem", serials: object = None, **extra: object) -> bytes:
    serials = [GOOD] if serials is None else serials
    return json.dumps({"play": play, "serials": serials, **extra}).encode()


def test_good_requests() -> None:
    assert parse(line()) == Request("modem", (GOOD,))
    assert parse(line(serials=[])) == Request("modem", ())
    assert parse(line(serials=[GOOD, GOOD])) == Request("modem", (GOOD,))
    assert len(parse(line(serials=[f"{n:015d}" for n in range(256)])).serials) == 256


def test_what_each_play_is_told() -> None:
    assert parse(line(prove=False)).variables() == {"modem_serials": [GOOD], "modem_prove": False}
    assert parse(line("drift", [])).variables() == {"modem_serials": []}
    repair = parse(line("repair", step="hub-power"))
    assert repair.variables() == {"modem_serial": GOOD, "modem_step": "hub-power"}
    assert set(PLAYS) == {"modem", "drift", "repair"}


def test_each_play_of_the_list_is_there() -> None:
    folder = Path(__file__).parents[4] / "playbooks"
    assert all((folder / name).is_file() for name in PLAYS.values())


@pytest.mark.parametrize(
    "bad",
    [
        b"", b" ", b"null", b"[]", b"3", b'"modem"', b"{", b"\xff\xfe", b"{}",
        b'{"play":"modem"}', b'{"serials":[]}', b"[" * 5000, b"x" * (MAX_LINE + 1),
        line(play="site"), line(play=""), line(play=None), line(play=["modem"]), line(play={}),
        line(play="modem.yml"), line(play="../modem"), line(play="modem\n"), line(play="MODEM"),
        line(serials=GOOD), line(serials={}), line(serials=True), line(serials=[[GOOD]]),
        line(serials=[int(GOOD)]), line(serials=[None]), line(serials=[""]),
        line(serials=[GOOD[:-1]]), line(serials=[GOOD + "0"]), line(serials=[GOOD + "\n"]),
        line(serials=[" " + GOOD[:-1]]), line(serials=["86758403000001x"]),
        line(serials=["٨٦٧٥٨٤٠٣٠٠٠٠٠١٧"]),
        line(serials=["../../etc/passwd"]), line(serials=["{{ lookup('x') }}"]),
        line(serials=["--limit=alles00"]), line(serials=["$(reboot)000000"]),
        line(serials=[f"{n:015d}" for n in range(257)]),
        line("repair"), line("repair", [], step="radio"), line("repair", step="reprobe"),
        line("repair", step=None), line("repair", step=["radio"]), line("repair", step="radio\n"),
        line("repair", [GOOD, "867584030000025"], step="radio"), line("repair", step="poweroff"),
        line("repair", step="radio", prove=True), line("modem", step="radio"),
        line("drift", prove=False), line("drift", step="radio"), line(prove="no"), line(prove=None),
        line(check=True), line(extra_vars={"a": 1}), line(**{"": 1}),
    ],
)  # fmt: skip
def test_bad_requests_name_what_is_allowed(bad: bytes) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse(bad)
    answer = json.loads(refusal(caught.value).line())
    assert (answer["ok"], answer["rc"], answer["modems"]) == (False, 64, [])
    assert "allowed" in answer["error"]
    assert len(answer["error"]) < 400


def test_a_long_line_is_refused_however_good_it_is() -> None:
    assert parse(line() + b" " * 1000)
    with pytest.raises(InvalidValueError, match=f"{MAX_LINE + 1} bytes"):
        parse(line().ljust(MAX_LINE + 1))


def test_an_answer_is_one_line_of_ascii() -> None:
    raw = Answer(True, 0, 1.5, None, [{"reason": "ü\n\x1b[31m"}]).line()
    assert raw.count(b"\n") == 1
    assert raw.isascii()
    assert json.loads(raw)["modems"] == [{"reason": "ü\n\x1b[31m"}]
