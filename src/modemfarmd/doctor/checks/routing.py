# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps all modems apart: guard, rules that answer "unreachable", kernel parameters, ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address

from modemfarm.apply.kernel import MAIN_TABLE
from modemfarm.apply.rules import Rule, host_rules

from ..check import Said, fault, warning
from ..facts import Facts, known

_LOAD = "systemctl reload-or-restart modemfarm-routing"
NONLOCAL = "net/ipv4/ip_nonlocal_bind"


def _lost(is_guard: bool) -> Callable[[Facts], Iterable[Said]]:
    def wrong(facts: Facts) -> Iterator[Said]:
        batch = known(facts.batch)
        for word in batch.host if batch is not None else ():
            if (word == "guard") is not is_guard:
                continue
            if is_guard:
                cause = "the packet guard is gone or incomplete: nothing but rules stops a leak"
                yield "nft table inet modemfarm_guard", cause, _LOAD
            else:
                yield word, "it is gone: the farm's proxies could leave by another uplink", _LOAD

    return wrong


def _foreign_rules(facts: Facts) -> Iterator[Said]:
    settings, rules = known(facts.settings), known(facts.rules)
    if settings is None or rules is None:
        return
    last = settings.rule_base + settings.slots
    ours = host_rules(settings)
    for rule in sorted(rules - ours, key=lambda rule: rule.preference):
        if 0 < rule.preference <= last and _takes_all(rule):
            yield (
                f"ip rule {rule.preference}",
                f"`{rule.arguments()}` takes all IPv{rule.family} packets before the farm's rules,"
                " so every proxy is refused by the guard",
                f"give it a preference above 2999 (a VPN's, most often), then {_LOAD}",
            )


def _takes_all(rule: Rule) -> bool:
    """No selector at all, and a table that is not the kernel's own."""
    plain = rule.uids is None and rule.mark is None and rule.source == "all" and not rule.other
    return plain and rule.table not in (None, 255)


def _main_route(facts: Facts) -> Iterator[Said]:
    kernel = known(facts.kernel)
    interfaces = {modem.net for modem in facts.modems if modem.net}
    taken = interfaces & kernel.default_interfaces(MAIN_TABLE) if kernel is not None else set()
    for interface in sorted(taken):
        yield (
            interface,
            f"the main table has a default route by {interface}: the host itself uses the modem",
            f"ip route del default dev {interface}; find out who made it",
        )


def _open_ports(facts: Facts) -> Iterator[Said]:
    settings = known(facts.settings)
    if settings is None:
        return
    first, last = settings.uid_range
    for item in facts.listeners:
        if first <= item.uid <= last and item.address not in settings.listen_choices:
            where = "every address" if item.address in (None, IPv4Address(0)) else str(item.address)
            yield (
                f"port {item.port}",
                f"a proxy (uid {item.uid}) listens on {where}, not in the LAN alone",
                "sudo modemfarm apply; its configuration was changed by hand",
            )


def _nonlocal(facts: Facts) -> Iterator[Said]:
    if facts.parameters.get(NONLOCAL) == "0":
        yield (
            NONLOCAL.replace("/", "."),
            "it is 0: proxies that start before the LAN interface is up do not listen",
            "sysctl --system (/etc/sysctl.d/80-modemfarm.conf sets it)",
        )


CHECKS = (
    fault("guard", "the packet guard is loaded and complete", _lost(is_guard=True)),
    fault("closed-rules", "the rules for the LAN and for `unreachable` are there", _lost(False)),
    fault("foreign-rule", "no other rule takes the proxies' packets before theirs", _foreign_rules),
    fault("main-route", "the host's own traffic does not leave by a modem", _main_route),
    fault("open-port", "proxies listen on the LAN address only", _open_ports),
    warning("nonlocal-bind", "proxies may listen before the LAN is up", _nonlocal),
)
