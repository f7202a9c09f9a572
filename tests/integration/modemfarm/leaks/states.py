# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to modem 1 and its host. A state is reached by `enter(world)`.

`serves`: the slots that serve in it. Streams that were open before may end
where the modem's address has changed, so those are not asked for.
"""

from dataclasses import dataclass
from typing import Any

from .world import MODEMS


@dataclass(frozen=True)
class State:
    """One row of the matrix."""

    name: str
    enter: Any
    serves: tuple[int, ...] = (2,)
    bare: bool = False  # without the guard nothing holds back what the kernel adds to connections

    def __str__(self):
        return self.name


def shell(*lines):
    """A state that is reached by commands on the host."""
    return lambda world: world.sh("\n".join(lines))


def bearer_down(world):
    """NetworkManager takes address and routes away; the interface stays."""
    world.sh("ip -4 address flush dev wwan0; ip route flush table 1001")
    world.addresses["one"].change(None)


def gone(world):
    """Pulled out."""
    world.sh("ip link delete wwan0")
    world.addresses["one"].change(None)


def gone_and_renamed(world):
    """Pulled out; the other modem comes again under its name, before the guard follows."""
    world.sh("ip link delete wwan0; ip link set wwan1 down; ip link set wwan1 name wwan0")
    world.sh("ip link set wwan0 up\n"
             "ip route replace default via 10.64.2.1 dev wwan0 onlink table 1002")  # fmt: skip
    world.addresses["one"].change(None)
    world.replug = True


def new_address(world):
    """The carrier gives another address while streams run."""
    world.sh("ip address add 10.64.7.1/30 dev p-wwan0", "one")
    world.bearer(1, "10.64.7.2", "10.64.7.1")
    world.sh("ip address delete 10.64.1.2/30 dev wwan0")


def same_address(world):
    """The carrier of modem 1 gives what modem 2 has."""
    _, _, address, gateway = MODEMS[2]
    world.sh(f"ip address replace {gateway}/30 dev p-wwan0", "one")
    world.sh("ip -4 address flush dev wwan0")
    world.bearer(1, address, gateway)


def lans_subnet(world):
    """The carrier's network is the LAN's."""
    world.sh("ip address replace 192.168.1.254/24 dev p-wwan0", "one")
    world.sh("ip -4 address flush dev wwan0")
    world.bearer(1, "192.168.1.77", "192.168.1.254", 24)


def lans_address(world):
    """The carrier gives the modem the address of the LAN's router."""
    world.sh("ip address replace 192.168.1.254/24 dev p-wwan0", "one")
    world.sh("ip -4 address flush dev wwan0")
    world.bearer(1, "192.168.1.1", "192.168.1.254", 24)


def main_route(world):
    """A manager puts the modem's default route into the main table, before the LAN's."""
    world.sh("ip route add default via 10.64.1.1 dev wwan0 onlink metric 1\n"
             "ip route flush table 1001\n"
             "ip -6 route add default dev wwan0 metric 1 || true")  # fmt: skip


STATES = (
    State("serving", shell(":"), serves=(1, 2)),
    State("bearer down", bearer_down),
    State("link down", shell("ip link set wwan0 down")),
    State("interface gone", gone),
    State("name taken by the other modem", gone_and_renamed, serves=()),
    State("address changed live", new_address, serves=(1, 2)),
    State("table flushed", shell("ip route flush table 1001")),
    State("default route lost", shell("ip route delete default table 1001")),
    State("rule of the slot lost", shell("ip rule delete pref 2001")),
    State("closed rule lost, table flushed",
          shell("ip rule delete pref 2999; ip route flush table 1001")),
    State("rules of the slot and closed rule lost",
          shell("ip rule delete pref 2001; ip rule delete pref 2999")),
    State("LAN rule lost", shell("ip rule delete pref 1000"), serves=()),
    State("rules of IPv6 lost", shell("ip -6 rule delete pref 2999"), serves=(1, 2)),
    State("all rules lost", shell("ip rule flush; ip rule add pref 32766 lookup main",
                                  "ip -6 rule delete pref 2999"), serves=()),
    State("guard lost", shell("nft flush ruleset"), serves=(1, 2), bare=True),
    State("guard lost, table flushed",
          shell("nft flush ruleset; ip route flush table 1001"), bare=True),
    State("guard's set empty", shell("nft flush set inet modemfarm_guard uplinks"), serves=()),
    State("table leads to the other modem",
          shell("ip route replace default via 10.64.2.1 dev wwan1 onlink table 1001")),
    State("default route in the main table", main_route),
    State("carrier subnet is the LAN's", lans_subnet, serves=(1, 2)),
    State("carrier gives the LAN router's address", lans_address, serves=(1, 2)),
    # The last one: connections of it have an address that another modem keeps.
    State("two modems with one address", same_address, serves=(1, 2)),
)  # fmt: skip


def guard_reloads(world):
    """The file is loaded anew, a transaction each."""
    world.sh(f"nft -f {world.rendered}/etc/modemfarm/guard.nft")


def nftables_restarts(world):
    """What the drop-in of nftables.service runs."""
    world.sh(f"for step in stop start reload; do sh {world.routing} nftables $step; done")


def tables_rewritten(world):
    """NetworkManager makes each table anew, route by route."""
    for slot in MODEMS:
        world.sh(f"ip route flush table {1000 + slot}")
        world.bearer(slot)


def rules_rewritten(world):
    """Somebody flushes all rules; the program puts them back."""
    world.sh(f"ip rule flush; ip rule add pref 32766 lookup main; sh {world.routing}")


def proxy_restarts(world):
    """The instance is killed and starts again."""
    world.stop(1)
    world.start(1)


def address_flaps(world):
    """The address goes and comes with the routes, as in a reconnect."""
    world.sh("ip -4 address flush dev wwan0; ip route flush table 1001")
    world.bearer(1)


def modem_flaps(world):
    """Pulled out and plugged in."""
    world.sh("ip link delete wwan0")
    world.plug(1)


MOMENTS = (
    guard_reloads,
    nftables_restarts,
    tables_rewritten,
    rules_rewritten,
    proxy_restarts,
    address_flaps,
    modem_flaps,
)
