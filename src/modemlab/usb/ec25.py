# SPDX-License-Identifier: GPL-3.0-or-later
"""The EC25-EUX on the bus, in each of its four compositions.

Debian's 6.1 kernel decides by these bytes: `option` takes ff/ff/ff with two endpoints (DIAG) and
ff/00/00, `qmi_wwan` takes ff/ff/ff with three. Endpoint addresses are those of lsusb dumps of
real modems; in RNDIS the network comes first and moves the serial ports up by two (gl-inet and
QModem reports), in ECM and MBIM it stands behind them.
"""

from collections.abc import Callable

from modemlab.modem.modem import Modem
from modemlab.usb.descriptors import (
    IN,
    INTERRUPT,
    Association,
    Configuration,
    Device,
    Endpoint,
    Interface,
)

VENDOR, PRODUCT, RELEASE = 0x2C7C, 0x0125, 0x0318
VENDOR_FULL, VENDOR_PLAIN = (0xFF, 0xFF, 0xFF), (0xFF, 0x00, 0x00)
# CDC header, call management, ACM and union descriptors, as each serial interface carries them
CDC_SERIAL = bytes.fromhex("0524001001 0524010000 04240202 0524060000")
SERIAL_INTERVAL = 9  # 32 ms in the exponential scale of high speed
MAC_STRING = 4


def _serial(number: int, role: str, notify: int, source: int, sink: int) -> Interface:
    endpoints = (
        Endpoint(IN | notify, INTERRUPT, 10, SERIAL_INTERVAL),
        Endpoint(IN | source),
        Endpoint(sink),
    )
    return Interface(number, VENDOR_PLAIN, role, endpoints, CDC_SERIAL)


def _serials(first: int) -> tuple[Interface, ...]:
    """DIAG, NMEA and the two AT ports from interface `first` on."""
    return (
        Interface(first, VENDOR_FULL, "diag", (Endpoint(IN | 1), Endpoint(1))),
        _serial(first + 1, "nmea", 3, 2, 2),
        _serial(first + 2, "at2", 5, 4, 3),
        _serial(first + 3, "at3", 7, 6, 4),
    )


def _qmi(number: int) -> Interface:
    endpoints = (Endpoint(IN | 9, INTERRUPT, 8, SERIAL_INTERVAL), Endpoint(IN | 8), Endpoint(5))
    return Interface(number, VENDOR_FULL, "qmi", endpoints)


def _network(
    role: str, first: int, control: tuple[int, int, int], data: tuple[int, int, int], extra: str
) -> tuple[Interface, ...]:
    """A CDC pair: control interface with a notification endpoint, data in alternate setting 1
    (RNDIS: in setting 0, it has only one)."""
    header = bytes.fromhex("0524001001")
    union = bytes([5, 0x24, 6, first, first + 1])
    pipes = (Endpoint(IN | 8), Endpoint(5))
    notify = (Endpoint(IN | 9, INTERRUPT, 64, SERIAL_INTERVAL),)
    group = Association(first, 2, control)
    head = Interface(first, control, role, notify, header + union + bytes.fromhex(extra), 0, group)
    if role == "rndis":
        return head, Interface(first + 1, data, "data", pipes)
    return (
        head,
        Interface(first + 1, data, "data"),
        Interface(first + 1, data, "data", pipes, alternate=1),
    )


# ECM: MAC in string 4, segments of 1514. MBIM: control messages of 4096, segments of 1500.
ECM_EXTRA = "0d240f04 00000000 ea05 0000 00"
MBIM_EXTRA = "0c241b0001 0010 10 20 dc05 20"
# RNDIS: call management and ACM descriptors without capabilities, as rndis_host expects
RNDIS_EXTRA = "0524010001 04240200"

COMPOSITIONS: dict[str, tuple[Interface, ...]] = {
    "qmi": (*_serials(0), _qmi(4)),
    "ecm": (*_serials(0), *_network("ecm", 4, (2, 6, 0), (10, 0, 0), ECM_EXTRA)),
    "mbim": (*_serials(0), *_network("mbim", 4, (2, 14, 0), (10, 0, 2), MBIM_EXTRA)),
    "rndis": (*_network("rndis", 0, (0xE0, 1, 3), (10, 0, 0), RNDIS_EXTRA), *_serials(2)),
}


def mac_address(number: int) -> str:
    """A locally administered MAC for the Ethernet-like compositions, as 12 hex digits."""
    return f"02EC25{number:06X}"


def device(
    composition: str,
    *,
    serial: str = "",
    number: int = 1,
    shows: Callable[[str], bool] = lambda _role: True,
) -> Device:
    """The device in one composition, with the interfaces whose role is shown.

    Raises KeyError on an unknown composition.
    """
    interfaces = tuple(one for one in COMPOSITIONS[composition] if shows(one.role))
    return Device(
        VENDOR, PRODUCT, RELEASE,
        Configuration(interfaces),
        manufacturer="Quectel", product_name="EC25-EUX",
        serial=serial, mac=mac_address(number),
    )  # fmt: skip


def device_of(modem: Modem) -> Device:
    """What `modem` shows at its next plug."""
    return device(
        modem.composition,
        serial=modem.usb_serial,
        number=modem.number,
        shows=modem.config.shows,
    )
