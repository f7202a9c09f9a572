# SPDX-License-Identifier: GPL-3.0-or-later
"""WMS and VOICE under the real libqmi, whose tables of messages are not ours.

qmicli sends no messages and no USSD; the library behind it does, by GObject introspection.
"""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from modemlab.faces.background import Background
from modemlab.modem import texts
from modemlab.modem.messages import ME, Status
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

PYTHON = "/usr/bin/python3"  # python3-gi belongs to the system's interpreter
CAP_S = 60.0
# to +491510000005, that is to itself: "hellohello", then the first part of two in UCS-2
TEXT = "00 01 00 0c91 945101000050 00 00 0a e8329bfd4697d9ec37"
PART = "00 51 00 0c91 945101000050 00 08 a7 0a 05 00 03 2a 02 01 0448 0449"
Row = dict[str, object]


@cache
def introspects() -> bool:
    """Whether the system's Python can load libqmi."""
    code = "import gi; gi.require_version('Qmi', '1.0'); from gi.repository import Qmi"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, check=False, timeout=CAP_S)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(
    not Path(PYTHON).exists() or not introspects(),
    reason="needs the Debian packages python3-gi and gir1.2-qmi-1.0",
)


@pytest.fixture
def plugged() -> Iterator[tuple[Background, Modem, str]]:
    with Background() as lab:
        modem, face = lab.pty(ModemSpec(5, registration_seconds=0))
        yield lab, modem, face.paths["qmi"]


def converse(path: str, *pdus: str) -> list[Row]:
    """What the client says, in order. It ends with code 0."""
    script = Path(__file__).with_name("libqmi_client.py")
    done = subprocess.run(
        [PYTHON, str(script), path, *(pdu.replace(" ", "") for pdu in pdus)],
        capture_output=True, text=True, check=False, timeout=CAP_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_messages_and_ussd_under_libqmi(plugged: tuple[Background, Modem, str]) -> None:
    lab, modem, path = plugged
    lab.call(modem.messages.add, ME, Status.READ, b"\x04")
    rows = converse(path, TEXT, PART)
    assert [row["what"] for row in rows] == [
        "sent", "read", "sent", "read", "routes", "answer", "answer", "menu", "last", "calls",
    ]  # fmt: skip
    plain, part = rows[1], rows[3]
    assert (plain["index"], plain["tag"], plain["form"]) == (1, 1, 6)
    assert plain["listed"] == [[0, 0], [1, 1]]
    shown = [texts.show(bytes.fromhex(str(row["pdu"]))[8:]) for row in (plain, part)]
    assert [(one.text, one.part) for one in shown] == [("hellohello", None), ("шщ", (42, 2, 1))]
    assert modem.messages.used(ME) == 1
    said = [row.get("text") for row in rows[5:9]]
    assert said[0] == said[3] == "Balance: 12.34 EUR. Valid until 31.12.2030."
    assert said[1] == "Guthaben: 12,34 €. Gültig bis 31.12.2030."
    assert str(said[2]).startswith("Lab Telekom\n1 Balance")
    assert (rows[7]["action"], rows[7]["over"], rows[8]["action"]) == (2, False, 1)
    assert (rows[4]["count"], rows[9]["numbers"]) == (5, 0)


def test_a_refusal_under_libqmi(plugged: tuple[Background, Modem, str]) -> None:
    lab, modem, path = plugged
    lab.call(modem.faults.set, "sms", "refuse")
    assert "WmsCauseCode" in str(converse(path, TEXT)[0]["error"])
