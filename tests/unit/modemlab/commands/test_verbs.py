# SPDX-License-Identifier: GPL-3.0-or-later
"""`add`: options reach the modem's spec."""

import asyncio
from typing import Any

import pytest

from modemlab.carrier.network import Carrier
from modemlab.commands.fields import FieldError
from modemlab.commands.verbs import Verbs
from modemlab.farm import Farm
from modemlab.lan import Lan, LanPlan
from modemlab.modem.modem import Modem
from modemlab.recording.format import Exchange, Piece, Recording, dump

TEXT = dump(Recording((Exchange("AT+CGSN", (Piece(1, b"\r\n867584039900018\r\n\r\nOK\r\n"),)),)))


class NoBus:
    def port_of(self, modem: object) -> int | None:
        return None

    def usb_paths(self) -> dict[int, str]:
        return {}


@pytest.fixture
def farm() -> Farm:
    return Farm(Modem, NoBus(), Carrier())  # type: ignore[arg-type]


@pytest.fixture
def verbs(farm: Farm) -> Verbs:
    return Verbs(farm, Carrier(), Lan(LanPlan(), farm.is_wan))


def run(verbs: Verbs, **request: Any) -> dict[str, Any]:
    return asyncio.run(verbs.run(request))


def test_a_modem_that_plays_a_recording(verbs: Verbs, farm: Farm) -> None:
    assert run(verbs, verb="add", recording=TEXT, replay_scale=0, scan_seconds=9) == {"added": [1]}
    spec = farm.get(1).spec
    assert (spec.imei, spec.replay_scale, spec.scan_seconds) == ("867584039900018", 0, 9)


def test_a_recording_is_of_one_modem(verbs: Verbs, farm: Farm) -> None:
    with pytest.raises(FieldError, match="count is 2: allowed is 1 with a recording"):
        run(verbs, verb="add", recording=TEXT, count=2)
    assert len(farm) == 0


def test_a_damaged_recording_makes_no_modem(verbs: Verbs, farm: Farm) -> None:
    with pytest.raises(FieldError, match="line 2: ask is 'AT"):
        run(verbs, verb="add", recording=TEXT.replace("AT+CGSN", "AT\\r"))
    assert len(farm) == 0
