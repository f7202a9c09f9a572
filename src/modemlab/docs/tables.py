# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in Markdown that say what the code says: commands, queries, verbs, slots."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network

from modemfarm.at import lifecycle
from modemfarm.at.allowed.table import FORMS
from modemfarm.at.never import NEVER
from modemfarm.at.permit import Role
from modemfarm.at.syntax import Kind
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.threeproxy import render
from modemfarm.qmi.queries import QUERIES
from modemfarm.settings import FarmSettings
from modemfarmd.cli.tree import Parameter, Verb, read_tree, walk

EXAMPLE = FarmSettings(
    host="farm1",
    engine="threeproxy",
    lan_address=IPv4Address("192.168.1.100"),
    lan_interface="eth0",
    clients=(IPv4Network("192.168.1.0/24"),),
    nameservers=(IPv4Address("9.9.9.9"), IPv4Address("1.1.1.1")),
    apn="internet",
    probe_url="http://checkip.amazonaws.com/",
)
# One permit of each kind that modem_config and modem_reset make themselves.
_MADE = (
    (lifecycle.reset(), "restart", "`modem_reset`, step `reset` of the ladder"),
    (lifecycle.radio_off(), "radio off, SIM too", "`modem_reset`, step `radio`"),
    (lifecycle.radio_on(), "full function", "step `radio`, and a modem's start"),
    (lifecycle.airplane(), "radio off, SIM readable", "`modem_config`, for an APN"),
    (lifecycle.set_usbnet(lifecycle.Composition.QMI), "USB composition", "`modem_config`"),
    (lifecycle.set_scan_mode(lifecycle.ScanMode.LTE), "one technology only", "`modem_config`"),
    (
        lifecycle.set_scan_order((lifecycle.Technology.LTE, lifecycle.Technology.WCDMA)),
        "order of search", "`modem_config`",
    ),
    (lifecycle.set_ims(lifecycle.Ims.OFF), "voice over LTE", "`modem_config`"),
    (lifecycle.set_roaming(lifecycle.Roaming.OFF), "foreign networks", "`modem_config`"),
    (lifecycle.set_bands((3, 7, 20)), "bands to use", "`modem_config`"),
)  # fmt: skip


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars in cells are escaped."""
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`"


def at_allowed(role: Role) -> str:
    """What this role may send beyond the role before it. Test forms (=?) are left out."""
    rows = [
        (_code(form.shown), form.purpose, f"{form.limit.seconds:g} s")
        for form in FORMS
        if form.role is role and (form.kind is not Kind.TEST or role is not Role.VIEWER)
    ]
    return table(("command", "purpose", "waits at most"), rows)


def at_never() -> str:
    """Names that are refused for everybody, by reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, rule in NEVER.items():
        reasons.setdefault((rule.why, rule.instead), []).append(name)
    rows = [
        (" ".join(_code(f"AT{name}") for name in names), why, instead)
        for (why, instead), names in reasons.items()
    ]
    return table(("commands", "why", "instead"), rows)


def at_made() -> str:
    """Commands of the never-list that our own code makes from typed values."""
    rows = [(_code(permit.shown), purpose, where) for permit, purpose, where in _MADE]
    return table(("for example", "what it does", "who sends it"), rows)


def qmi_queries() -> str:
    """The closed table of questions."""
    rows = [
        (
            _code(query.name),
            ", else ".join(_code(f"qmicli --{action}") for action, _ in query.attempts),
            query.role.value,
            f"{query.timeout:g} s",
        )
        for query in QUERIES.values()
    ]
    return table(("query", "asks as", "from role", "at most"), rows)


def slots() -> str:
    """What follows from a slot, with the default bases."""
    plans = [EXAMPLE.slot(number) for number in (1, 2, EXAMPLE.slots)]
    rows = [
        (str(p.slot), str(p.port), str(p.uid), _code(p.user), str(p.table), str(p.preference),
         _code(p.unit), _code(str(p.config_path)))
        for p in plans
    ]  # fmt: skip
    names = ("slot", "port", "uid", "user", "routing table", "rule", "unit", "configuration")
    return table(names, rows)


def threeproxy_config(**policy: object) -> str:
    """The configuration that slot 1 of the example gets, as a code block."""
    settings = dataclasses.replace(EXAMPLE, policy=policy)
    return f"```text\n{render(proxy_plan(settings, settings.slot(1)))}```"


def verbs() -> str:
    """Every verb with its arguments and options, from the program itself."""
    parts = []
    for verb in walk(read_tree()):
        if len(verb.words) == 1:
            parts.append("Options for all verbs, before the verb:\n\n" + _options(verb))
            continue
        parts.append(f"### {' '.join(verb.words)}\n\n{' '.join(verb.help.split())}")
        if verb.parameters:
            parts.append(_options(verb))
    return "\n\n".join(parts)


def _options(verb: Verb) -> str:
    return table(("", "meaning"), [(_shown(one), one.help or "-") for one in verb.parameters])


def _shown(one: Parameter) -> str:
    words = ", ".join(one.names) + (f" {one.metavar}" if one.option and one.metavar else "")
    extra = " (again for more)" if one.option and one.many else ""
    return _code(words if one.option or one.required else f"[{words}]") + extra
