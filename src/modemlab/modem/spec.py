# SPDX-License-Identifier: GPL-3.0-or-later
"""What a virtual modem is made of: fixed facts, validated once."""

import ipaddress
from dataclasses import dataclass, field

from modemlab.modem import identity
from modemlab.recording.format import Recording

COMPOSITIONS = ("qmi", "ecm", "mbim", "rndis")
# Real EC25s need 3 to 10 s to register; one second keeps "searching" visible and tests short.
REGISTRATION_SECONDS = 1.0
# Real ones need 11 s from AT+CFUN=1,1 to RDY; the lab shortens it, tests may set it back.
REBOOT_SECONDS = 3.0
# A real scan for networks takes 30 to 180 s (EC2x AT commands manual, +COPS); tests may set that.
SCAN_SECONDS = 0.2
# A modem told to reset says OK first; real ones leave the bus about a second later.
LEAVE_SECONDS = 0.5
# A modem that vanishes in the middle of an answer: the first half has to reach the host.
VANISH_SECONDS = 0.05
LAB_DNS = ("203.0.113.53",)


@dataclass(frozen=True)
class Wan:
    """An IPv4 address as the carrier gives it out, e.g. Wan("10.64.1.2", "10.64.1.1", 30)."""

    address: str
    gateway: str
    prefix: int
    mtu: int = 1500

    def __post_init__(self) -> None:
        _check_wan("wan", ipaddress.IPv4Address, self.address, self.gateway, self.prefix, 32)

    @property
    def netmask(self) -> str:
        return str(ipaddress.IPv4Network(f"{self.address}/{self.prefix}", strict=False).netmask)


@dataclass(frozen=True)
class Wan6:
    """An IPv6 address of the bearer, e.g. Wan6("2001:db8:1::2", "2001:db8:1::1", 64)."""

    address: str
    gateway: str
    prefix: int = 64
    dns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_wan("ipv6", ipaddress.IPv6Address, self.address, self.gateway, self.prefix, 128)


def _check_wan(
    name: str,
    kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address],
    address: str,
    gateway: str,
    prefix: int,
    bits: int,
) -> None:
    for label, text in (("address", address), ("gateway", gateway)):
        try:
            kind(text)
        except ValueError as error:
            raise ValueError(f"{name}.{label} is {text!r}: an address is allowed") from error
    if not 1 <= prefix <= bits:
        raise ValueError(f"{name}.prefix is {prefix}: 1 to {bits} is allowed")


@dataclass(frozen=True)
class Operator:
    """The network the modem finds; `mcc`/`mnc` as digits because 01 is not 1."""

    name: str = "Lab Telekom"
    short: str = "LabTel"
    mcc: str = "262"
    mnc: str = "01"

    @property
    def plmn(self) -> str:
        return self.mcc + self.mnc


def default_wan(number: int) -> Wan:
    """10.64.<n>.2/30 with gateway .1; above 255 the second byte goes up."""
    net = f"10.{64 + number // 256}.{number % 256}"
    return Wan(f"{net}.2", f"{net}.1", 30)


@dataclass(frozen=True)
class ModemSpec:
    """The facts a modem is built from; empty identities get valid defaults from `number`.

    `wan` left out becomes `default_wan(number)`. `usb_serial` is the USB string descriptor:
    "" (as most EC25s have it), "0", a duplicate, anything. `pin`/`puk` are those of the SIM.
    `foreign` networks are heard and do not let the SIM in. Commands found in `recording` get the
    recorded answers on the AT ports, in `replay_scale` times the recorded time (0: at once), and
    identities left out are the recorded ones.
    Raises ValueError naming the field, its value and what is allowed.
    """

    number: int
    usb_serial: str = ""
    wan: Wan | None = None
    dns: tuple[str, ...] = LAB_DNS
    ipv6: Wan6 | None = None
    composition: str = "qmi"
    imei: str = ""
    iccid: str = ""
    imsi: str = ""
    operator: Operator = field(default_factory=Operator)
    pin: str = "1234"
    puk: str = "12345678"
    firmware: str = "EC25EUXGAR08A13M1G"
    foreign: tuple[Operator, ...] = (Operator("Lab Mobil", "LabMob", "262", "03"),)
    scan_seconds: float = SCAN_SECONDS
    recording: Recording | None = None
    replay_scale: float = 1.0
    registration_seconds: float = REGISTRATION_SECONDS
    reboot_seconds: float = REBOOT_SECONDS

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 9999:
            raise ValueError(f"number is {self.number}: 1 to 9999 is allowed")
        if self.composition not in COMPOSITIONS:
            allowed = ", ".join(COMPOSITIONS)
            raise ValueError(f"composition is {self.composition!r}: {allowed} are allowed")
        if len(self.usb_serial) > 126 or not self.usb_serial.isprintable():
            raise ValueError(
                f"usb_serial is {self.usb_serial!r}: up to 126 printable characters are allowed"
            )
        self._fill("wan", default_wan(self.number))
        if not 0 <= self.replay_scale <= 100:
            raise ValueError(f"replay_scale is {self.replay_scale}: 0 to 100 is allowed")
        for name, value in (self.recording.identity if self.recording else {}).items():
            self._fill(name, value)
        self._fill("imei", identity.default_imei(self.number))
        self._fill("iccid", identity.default_iccid(self.number))
        self._fill("imsi", identity.default_imsi(self.number))
        for name, low, high in (("imei", 15, 15), ("iccid", 18, 20), ("imsi", 14, 15),
                                ("pin", 4, 8), ("puk", 8, 8)):  # fmt: skip
            identity.require_digits(name, getattr(self, name), low, high)

    def _fill(self, name: str, default: object) -> None:
        if not getattr(self, name):
            object.__setattr__(self, name, default)
