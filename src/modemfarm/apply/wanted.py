# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proxies of a batch are to be: settings, policies, users and the carriers' name servers.

Users and bearers are looked at once for a batch, and only where a policy needs them. Who looks at
another moment gets another answer: a user whose time is over is gone from the next one, so the
look for drift each minute is what ends it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address

from ..dbus.connection import BusError, Call
from ..dbus.wire import Message
from ..errors import FarmError
from ..proxy.plan import ProxyPlan, proxy_plan
from ..proxy.policy import Policy, complete, usable_nameserver
from ..proxy.users import PATH, User, read_users
from ..settings import FarmSettings, SlotPlan
from ..snapshot import ModemRecord
from .host import Host

_BEARER = "org.freedesktop.ModemManager1.Bearer"
_SERVICE = "org.freedesktop.ModemManager1"
_DNS = ("dns1", "dns2", "dns3")  # of a bearer's Ip4Config


class Wanted:
    """For one run of modem_apply; `now` is UTC."""

    def __init__(self, host: Host, settings: FarmSettings, now: datetime | None = None) -> None:
        self.host = host
        self._settings = settings
        self._now = now or datetime.now(UTC)
        self._users: dict[str, User] | None = None
        self._carriers: dict[str, tuple[IPv4Address, ...]] | FarmError | None = None

    def proxy(self, record: ModemRecord, slot: SlotPlan) -> ProxyPlan | FarmError:
        """The plan of a modem's proxy, or why it can have none."""
        try:
            policy = complete(self._settings, record.policy)
            return proxy_plan(
                self._settings,
                slot,
                record.policy,
                self._known_users(policy),
                self._carrier(record, policy),
                self._now,
            )
        except FarmError as error:
            return error

    def _known_users(self, policy: Policy) -> Mapping[str, User]:
        if policy.users and self._users is None:
            self._users = read_users(self.host.path(PATH))
        return self._users or {}

    def _carrier(self, record: ModemRecord, policy: Policy) -> tuple[IPv4Address, ...]:
        if policy.nameservers or record.usb_path is None:
            return ()
        if self._carriers is None:
            try:
                self._carriers = carrier_nameservers(self.host)
            except FarmError as error:  # once for the batch: a hung ModemManager costs 25 s each
                self._carriers = error
        if isinstance(self._carriers, FarmError):
            raise self._carriers
        return self._carriers.get(record.usb_path, ())


def carrier_nameservers(host: Host) -> dict[str, tuple[IPv4Address, ...]]:
    """Name servers that the bearers came with, by USB path. FarmError while nobody can tell: then
    the proxies keep what they have.
    """
    modems = host.read_managers().modems
    if isinstance(modems, FarmError):
        raise modems
    paths = [(modem.usb_path, bearer) for modem in modems.values() for bearer in modem.bearers]
    answers = host.bus.call_all(
        Call(_SERVICE, path, "org.freedesktop.DBus.Properties", "Get", "ss", (_BEARER, "Ip4Config"))
        for _, path in paths
    )
    found: dict[str, tuple[IPv4Address, ...]] = {}
    for (usb_path, _), answer in zip(paths, answers, strict=True):
        servers = _servers(answer)
        if servers:
            found[usb_path] = servers
    return found


def _servers(answer: Message | BusError) -> tuple[IPv4Address, ...]:
    """A carrier's words are data: what is no address of a host elsewhere is left out."""
    config = None if isinstance(answer, BusError) else answer.values()[0]
    if not isinstance(config, dict):
        return ()
    found: list[IPv4Address] = []
    for name in _DNS:
        try:
            server = IPv4Address(str(config.get(name, "")))
        except AddressValueError:
            continue
        if usable_nameserver(server) and not (server.is_unspecified or server.is_multicast):
            found.append(server)
    return tuple(found)
