# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that the roles make: whose they are, their mode, what is lost without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modemfarm.apply.guard import FILE as GUARD
from modemfarm.apply.profile import profile_path
from modemfarm.errors import FarmError
from modemfarm.pin.ledger import DEFAULT_PATH as LEDGER
from modemfarm.settings import DEFAULT_PATH as SETTINGS
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import Snapshot

AGENT = "modemfarm"
CERTIFICATES = "/etc/modemfarm/tls"


@dataclass(frozen=True)
class Expected:
    """One of them. optional: it may be missing, and is checked only where it is there."""

    path: str
    mode: int
    owner: str = "root"
    group: str = "root"
    use: str = ""
    optional: bool = False


_FIXED = (
    Expected(str(SETTINGS), 0o644, use="everything reads the settings from it"),
    Expected(str(GUARD), 0o644, use="the packet guard is loaded from it at boot"),
    Expected("/etc/modemfarm/proxy", 0o750, group="farm-px", use="proxies are configured there"),
    Expected("/etc/modemfarm/pins.json", 0o600, AGENT, AGENT, optional=True),
    Expected(
        "/etc/udev/rules.d/76-modemfarm.rules", 0o644,
        use="it links the ports and keeps ModemManager off ours",
    ),
    Expected(
        "/etc/NetworkManager/conf.d/90-modemfarm.conf", 0o644,
        use="it keeps NetworkManager off the LAN and off the host's name servers",
    ),
    Expected("/etc/sysctl.d/80-modemfarm.conf", 0o644, use="it sets the kernel's parameters"),
    Expected("/usr/libexec/modemfarm/proxy-check", 0o755, use="no proxy starts without it"),
    Expected("/usr/libexec/modemfarm/routing", 0o755, use="it loads guard and rules"),
    Expected("/var/lib/modemfarm", 0o755, AGENT, AGENT, use="the snapshot lies there"),
    Expected(str(SNAPSHOT), 0o644, AGENT, AGENT, use="all works from it", optional=True),
    Expected(str(LEDGER), 0o600, AGENT, AGENT, optional=True),
    Expected(str(LEDGER.with_suffix(".key")), 0o600, AGENT, AGENT, optional=True),
    Expected(
        "/var/lib/modemfarm/spool", 0o3730, AGENT, "dialout",
        use="conversations wait there to be logged",
    ),
    Expected("/run/modemfarm", 0o1775, group=AGENT, use="sockets are there"),
    Expected("/run/modemfarm/udev", 0o755, use="udev learns from it whose ports it sees"),
    Expected("/run/modemfarm/locks", 0o755, use="one program at a time is at a modem by its locks"),
    Expected("/run/modemfarm/undo", 0o755, use="killed repair steps are undone by its notes"),
    Expected("/run/lock/modemfarm", 0o770, group="dialout", use="programs queue for ports there"),
)  # fmt: skip


def expected_files(
    settings: FarmSettings | FarmError, snapshot: Snapshot | FarmError
) -> Iterator[Expected]:
    """All of them, with a configuration and a profile for each registered modem."""
    yield from _FIXED
    if isinstance(settings, FarmError) or isinstance(snapshot, FarmError):
        return
    for record in snapshot.modems:
        if record.slot <= settings.slots:
            config = str(settings.slot(record.slot).config_path)
            yield Expected(config, 0o640, group="farm-px", optional=True)
        yield Expected(str(profile_path(record.serial)), 0o600, optional=True)
