# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the modems on the bus, for the module modem_info and for people."""

from pathlib import Path
from typing import Any

from .at.commands.identity import identify
from .at.session import AtSession
from .errors import FarmError
from .usb import UsbModem, find_modems


def modem_facts(
    identity: bool = True, root: Path = Path("/"), lock_dir: Path = Path("/run/lock")
) -> list[dict[str, Any]]:
    """One row per EC25, ordered by USB path; see modem_info's RETURN for its fields.

    With `identity` each modem is asked over its AT port; a port that is busy, silent or missing
    gives `error` instead, and the other modems go on.
    """
    return [_facts(modem, identity, root, lock_dir) for modem in find_modems(root)]


def _facts(modem: UsbModem, identity: bool, root: Path, lock_dir: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "usb_path": modem.path,
        "product": modem.product,
        "usb_serial": modem.usb_serial,
        "composition": modem.composition,
        "interface": modem.net,
        "cdc_wdm": modem.cdc_wdm,
        "ports": {i.number: i.tty for i in modem.interfaces if i.tty is not None},
        "at_port": modem.at_tty,
        "serial": None,
        "iccid": None,
        "imsi": None,
        "model": None,
        "revision": None,
        "error": None,
    }
    if identity:
        facts.update(_identity(modem, root, lock_dir))
    return facts


def _identity(modem: UsbModem, root: Path, lock_dir: Path) -> dict[str, Any]:
    if modem.at_tty is None:
        return {"error": "there is no AT port on interface 03"}
    try:
        with AtSession(str(root / "dev" / modem.at_tty), lock_dir=lock_dir) as session:
            session.sync()
            found = identify(session)
    except FarmError as error:
        return {"error": str(error)}
    return {
        "serial": found.imei,
        "iccid": found.iccid,
        "imsi": found.imsi,
        "model": found.model,
        "revision": found.revision,
    }
