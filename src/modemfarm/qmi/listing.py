# SPDX-License-Identifier: GPL-3.0-or-later
"""Which QMI port is which modem: sysfs says where it is plugged in, the modem says who it is.

cdc-wdm numbers are counted as ports appear, so they say nothing; `qmicli` itself lists nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..errors import FarmError, PortGoneError
from ..record import Observer
from ..usb import UsbModem, find_modems
from . import tool
from .queries import Speak, ask

# A farm's worth: each waits for its own modem, and a qmicli is 3 MB of its own memory.
WORKERS = 32


@dataclass(frozen=True)
class QmiPort:
    """One modem on the bus. `serial` is its IMEI, else None and `error` says why."""

    cdc_wdm: str | None
    usb_path: str
    interface: str | None
    composition: str
    serial: str | None
    error: str | None


def list_ports(
    root: Path = Path("/"),
    observer: Observer | None = None,
    workers: int = WORKERS,
    speak: Speak = tool.ask,
) -> list[QmiPort]:
    """One row for each EC25, ordered by USB path, all asked at once. `observer` must take calls
    from several threads.
    """
    modems = find_modems(root)
    return ports_of(modems, root / "dev", observer, workers, speak)


def ports_of(
    modems: Sequence[UsbModem],
    devices: Path = Path("/dev"),
    observer: Observer | None = None,
    workers: int = WORKERS,
    speak: Speak = tool.ask,
) -> list[QmiPort]:
    """The same for modems that were found already."""
    if not modems:
        return []
    with ThreadPoolExecutor(min(workers, len(modems))) as pool:
        return list(pool.map(lambda modem: _row(modem, devices, observer, speak), modems))


def _row(modem: UsbModem, devices: Path, observer: Observer | None, speak: Speak) -> QmiPort:
    serial = error = None
    try:
        serial = _serial(modem, devices, observer, speak)
    except FarmError as failure:
        error = str(failure)
    return QmiPort(modem.cdc_wdm, modem.path, modem.net, modem.composition, serial, error)


def _serial(modem: UsbModem, devices: Path, observer: Observer | None, speak: Speak) -> str:
    if modem.composition != "qmi" or modem.cdc_wdm is None:
        raise PortGoneError(
            f"it has no QMI port (composition {modem.composition})",
            "modem_config with composition: qmi, then wait for its ports",
        )
    answer = ask(str(devices / modem.cdc_wdm), "ids", observer, speak=speak)
    return str(answer.serial)
