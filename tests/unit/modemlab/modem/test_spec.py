# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.spec import ModemSpec, Wan, Wan6, default_wan


def test_defaults_come_from_the_number() -> None:
    spec = ModemSpec(3)
    assert spec.wan == Wan("10.64.3.2", "10.64.3.1", 30)
    assert len(spec.imei) == 15


def test_default_wan_goes_on_after_255() -> None:
    assert default_wan(300).address == "10.65.44.2"


def test_netmask_follows_the_prefix() -> None:
    assert Wan("10.64.1.2", "10.64.1.1", 30).netmask == "255.255.255.252"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": 0}, "number is 0: 1 to 9999"),
        ({"number": 1, "composition": "ppp"}, "composition is 'ppp': qmi, ecm, mbim, rndis"),
        ({"number": 1, "imei": "123"}, "imei is '123': 15 digits"),
        ({"number": 1, "pin": "12"}, "pin is '12': 4 to 8 digits"),
        ({"number": 1, "usb_serial": "a\nb"}, "usb_serial is .*printable"),
    ],
)
def test_bad_fields_are_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ModemSpec(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Wan("10.0.0", "10.0.0.1", 30), "wan.address is '10.0.0'"),
        (lambda: Wan("10.0.0.2", "x", 30), "wan.gateway is 'x'"),
        (lambda: Wan("10.0.0.2", "10.0.0.1", 33), "wan.prefix is 33: 1 to 32"),
        (lambda: Wan6("10.0.0.2", "::1"), "ipv6.address"),
    ],
)
def test_bad_addresses_are_named(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
