# SPDX-License-Identifier: GPL-3.0-or-later
"""The NetworkManager profile of a modem, as a keyfile (nm-settings-keyfile(5)).

autoconnect is off and the profile is bound to the device's identifier: with autoconnect or sim-id
NetworkManager gave some modems the profile, and so the routing table, of another one at start.
"""

import uuid
from pathlib import Path

from ..identity import check_apn, check_device_id, check_serial

FOLDER = Path("/etc/NetworkManager/system-connections")
# Any fixed name space will do: the profile of one modem has the same uuid on every host.
_NAMESPACE = uuid.UUID("5d0c1f0e-33f7-5a53-9d0c-2f1f2c1a7e61")


def profile_id(serial: str) -> str:
    """The connection's id."""
    return f"modem-{check_serial(serial)}"


def profile_uuid(serial: str) -> str:
    """The connection's uuid."""
    return str(uuid.uuid5(_NAMESPACE, check_serial(serial)))


def profile_path(serial: str, folder: Path = FOLDER) -> Path:
    """The keyfile of the modem."""
    return folder / f"{profile_id(serial)}.nmconnection"


def render(serial: str, device_id: str, apn: str, table: int) -> str:
    """The keyfile. IPv6 is off until the whole path has it; DNS is the proxy's own business."""
    return f"""# Written by modemfarm; changes here are lost.
[connection]
id={profile_id(serial)}
uuid={profile_uuid(serial)}
type=gsm
autoconnect=false

[gsm]
apn={check_apn(apn)}
device-id={check_device_id(device_id)}

[ipv4]
method=auto
route-table={int(table)}
ignore-auto-dns=true

[ipv6]
method=disabled
"""
