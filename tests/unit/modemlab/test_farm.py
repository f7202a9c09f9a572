# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import pytest

from modemlab.carrier.sms_centre import SmsCentre
from modemlab.commands.fields import FieldError, RequestError
from modemlab.farm import MAX_MODEMS, Farm, wan6_of, wan_of
from modemlab.modem.errors import LabError
from modemlab.modem.faults import Faults
from modemlab.modem.spec import ModemSpec, Wan, Wan6, default_wan


class PlainModem:
    """A modem without behaviour."""

    def __init__(self, spec: ModemSpec) -> None:
        self.number, self.ipv6 = spec.number, spec.ipv6
        self.wan = spec.wan or default_wan(spec.number)
        self.spec = spec
        self.msisdn = str(spec.number)
        self.faults = Faults()
        self.dropped = 0

    def join(self, centre: SmsCentre) -> None:
        centre.join(self)  # type: ignore[arg-type] - without a clock

    def change_wan(self, wan: Wan, *, drop: bool = True) -> None:
        self.wan = wan
        self.dropped += drop

    def snapshot(self) -> dict[str, Any]:
        return {"number": self.number, "wan": asdict(self.wan), "port": "the modem's own idea"}


class FakeBus:
    """Ports 0..`ports`-1; every operation takes one turn of the event loop."""

    def __init__(self, ports: int = 4) -> None:
        self.places: dict[int, Any] = {}
        self.ports = ports
        self.under_way = self.most_at_once = 0

    async def attach(self, modem: Any, port: int | None) -> int:
        free = [p for p in range(self.ports) if p not in self.places]
        if (port is not None and port not in free) or not free:
            raise LabError("no port is free")
        chosen = free[0] if port is None else port
        self.places[chosen] = modem
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return chosen

    async def detach(self, modem: Any) -> None:
        await asyncio.sleep(0)
        self.places = {p: m for p, m in self.places.items() if m is not modem}

    def port_of(self, modem: Any) -> int | None:
        return next((p for p, m in self.places.items() if m is modem), None)

    def usb_paths(self) -> dict[int, str]:
        return {port: f"1-{port + 1}" for port in self.places}


class FakeNetwork:
    """Remembers which modems have a line."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def connect(self, modem: Any) -> None:
        self.lines.add(modem.number)

    def disconnect(self, modem: Any) -> None:
        self.lines.discard(modem.number)


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
def farm(bus: FakeBus, network: FakeNetwork) -> Farm:
    farm = Farm(PlainModem, bus, network)
    farm.add(None, [{}] * 5)
    return farm


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        return await act()

    return asyncio.run(go())


def test_modems_are_numbered_on_and_have_lines(farm: Farm, network: FakeNetwork) -> None:
    assert farm.add(None, [{"usb_serial": "0"}]) == [6]
    assert farm.add(20, [{}, {}]) == [20, 21]
    assert network.lines == {1, 2, 3, 4, 5, 6, 20, 21}


@pytest.mark.parametrize(
    ("first", "specs", "said"),
    [
        (5, [{}], "n is 5: allowed is a number that is free; taken: 5"),
        (None, [{}] * MAX_MODEMS, "count is 120: allowed is up to 115 more modems"),
        (None, [{"imei": "12"}], "imei is '12': 15 digits are allowed"),
    ],
)
def test_a_refused_add_makes_nothing(
    farm: Farm, network: FakeNetwork, first: int | None, specs: list[Any], said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        farm.add(first, specs)
    assert said in str(caught.value)
    assert len(farm) == 5
    assert network.lines == {1, 2, 3, 4, 5}


def test_modems_are_plugged_all_at_once(farm: Farm, bus: FakeBus) -> None:
    assert run(lambda: farm.plug([3, 1, 2], None)) == {3: 0, 1: 1, 2: 2}
    assert bus.most_at_once == 3
    assert farm.plugged == 3


def test_what_is_plugged_stays_where_it_is(farm: Farm) -> None:
    run(lambda: farm.plug([2], 3))
    assert run(lambda: farm.plug([1, 2], None)) == {1: 0, 2: 3}
    with pytest.raises(FieldError, match="port is 1: allowed is 3: modem 2 is plugged there"):
        run(lambda: farm.plug([2], 1))


def test_a_modem_moves_to_a_wished_port(farm: Farm) -> None:
    run(lambda: farm.plug([2], None))
    assert run(lambda: farm.unplug([1, 2])) == [2]
    assert run(lambda: farm.plug([2], 3)) == {2: 3}
    assert farm.snapshots([2])[0]["usb_path"] == "1-4"


def test_one_port_is_not_for_two(farm: Farm) -> None:
    with pytest.raises(FieldError, match="port is 1: allowed is null"):
        run(lambda: farm.plug([1, 2], 1))


def test_when_a_port_is_missing_the_others_are_plugged_and_the_error_is_told(farm: Farm) -> None:
    with pytest.raises(LabError, match="no port is free"):
        run(lambda: farm.plug([1, 2, 3, 4, 5], None))
    assert [row["plugged"] for row in farm.snapshots()] == [True, True, True, True, False]


def test_a_modem_on_its_way_is_left_alone(farm: Farm) -> None:
    async def both() -> None:
        plugging = asyncio.create_task(farm.plug([1], None))
        await asyncio.sleep(0)
        with pytest.raises(FieldError, match="just being plugged"):
            await farm.unplug([1])
        await plugging
        assert await farm.unplug([1]) == [1]

    run(both)


def test_a_removed_modem_is_off_the_bus_and_has_no_line(
    farm: Farm, bus: FakeBus, network: FakeNetwork
) -> None:
    run(lambda: farm.plug([1, 2], None))
    run(lambda: farm.remove([1, 5]))
    assert [m.number for m in bus.places.values()] == [2]
    assert network.lines == {2, 3, 4}
    with pytest.raises(FieldError, match=r"modem is 1: allowed is one of 2-4"):
        farm.get(1)


def test_faults_and_their_refusal(farm: Farm) -> None:
    farm.fault([1, 2], "silent", "all")
    assert farm.get(2).faults.active() == {"silent": "all"}
    with pytest.raises(RequestError, match="off, all, 2"):
        farm.fault([1], "silent", "loud")
    with pytest.raises(RequestError, match="no fault 'shout'"):
        farm.fault([1], "shout", True)


def test_an_address_change(farm: Farm) -> None:
    farm.readdress(3, ("10.99.0.2", 24), None, drop=False)
    assert farm.get(3).wan == Wan("10.99.0.2", "10.99.0.1", 24)
    assert farm.get(3).dropped == 0
    farm.readdress(3, None, ("2001:db8:1::2", 64), gateway="10.99.0.9")
    assert farm.get(3).wan.gateway == "10.99.0.9"
    assert farm.get(3).ipv6 == Wan6("2001:db8:1::2", "2001:db8:1::1", 64)
    assert farm.get(3).dropped == 1
    assert farm.is_wan("10.99.0.2")
    assert not farm.is_wan("10.64.3.2")


def test_the_bus_decides_what_is_plugged(farm: Farm) -> None:
    row = farm.snapshots([1])[0]
    assert (row["port"], row["plugged"], row["usb_path"]) == (None, False, None)


def test_gateways_default_to_the_first_other_address() -> None:
    assert wan_of(("10.0.0.1", 30), None).gateway == "10.0.0.2"
    assert wan_of(("10.0.0.7", 24), None).gateway == "10.0.0.1"
    assert wan_of(("10.0.0.7", 24), "10.0.0.9").gateway == "10.0.0.9"
    assert wan6_of(("2001:db8::1", 64)).gateway == "2001:db8::2"
