# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of one 3proxy 1.0.0 instance: HTTP, CONNECT and SOCKS 4/5 on one port.

No -e, -De or external: the uid of the process chooses the uplink by `ip rule`, and those options
leak (DNS and UDP leave by the LAN). `-4` closes IPv6, also ::ffff:127.0.0.1, which the IPv4 deny
list does not see. The log goes to stdout (journald) as JSON; its filter turns quotes, backslashes
and control characters of hostile requests into `_`, `%E` is quoted because it is zero-padded,
and only the host of a request is logged, not its path.
"""

import re

from ..errors import ConfigRefusedError
from . import mark
from .plan import DENIED_PORTS, ProxyPlan

_LOG_FORMAT = (
    'logformat "-""\\+_G{""ts"":%t.%.,""svc"":""%N"",""port"":%p,""err"":""%E"",""user"":""%U"",'
    '""cli"":""%C"",""cport"":%c,""dst"":""%R"",""dport"":%r,""host"":""%n"",'
    '""in"":%I,""out"":%O,""ms"":%D}"'
)
# Room for connections that are being refused: connlim answers 503, maxconn lets them hang.
_SPARE_CONNECTIONS = 100
_NAME_CACHE = 1000  # entries; 65536 cost 1 MB more per instance
MAX_NAMESERVERS = 5  # MAXNSERVERS in 3proxy

# Every command this writer may use; proxy-check refuses a file with any other.
COMMANDS = frozenset(
    (
        "nserver",
        "nscache",
        "log",
        "logformat",
        "auth",
        "deny",
        "allow",
        "connlim",
        "maxconn",
        "auto",
        "nsrecord",
    )
)


def render(plan: ProxyPlan) -> str:
    """The text of the file, one command a line."""
    if len(plan.nameservers) > MAX_NAMESERVERS:
        raise ConfigRefusedError(
            f"{len(plan.nameservers)} name servers", f"give at most {MAX_NAMESERVERS}"
        )
    sources = ",".join(str(network) for network in plan.allowed_sources)
    targets = ",".join(str(network) for network in plan.denied_targets)
    ports = ",".join(str(port) for port in DENIED_PORTS)
    lines = [
        "# Written by modemfarm; changes here are lost.",
        *(f"nserver {address}" for address in plan.nameservers),
        f"nscache {_NAME_CACHE}",
        "log",
        _LOG_FORMAT,
        "auth iponly",
        f"deny * * {targets}",
        f"deny * * * {ports}",
        # Both would open further ports on the LAN side, which the input guard does not let in.
        "deny * * * * BIND,UDPASSOC",
        f"allow * {sources}",
        "deny *",
        f"connlim {plan.max_connections} 0 *",
        f"maxconn {plan.max_connections + _SPARE_CONNECTIONS}",
        f"auto -p{plan.port} -i{plan.listen} -4 -ocTCP_NODELAY -osTCP_NODELAY",
    ]
    lines.append(mark.line_after(lines))
    text = "\n".join(lines) + "\n"
    refuse_foreign(text)
    return text


def places(text: str) -> frozenset[tuple[str, str]]:
    """Address and port of each service in a text that `render` made."""
    found = re.findall(r"^auto -p(\d+) -i(\S+) ", text, re.MULTILINE)
    return frozenset((address, port) for port, address in found)


def refuse_foreign(text: str) -> None:
    """Raise ConfigRefusedError for control characters or a command outside COMMANDS.

    A second barrier behind the typed values: the first one is that nothing else gets in.
    """
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        command = line.split(" ", 1)[0]
        if not line.isascii() or not line.isprintable():
            problem = "has a character outside printable ASCII"
        elif not line.startswith("#") and command not in COMMANDS:
            problem = f"has the command {command[:20]!r}"
        else:
            continue
        raise ConfigRefusedError(
            f"line {number} of the 3proxy configuration {problem}",
            f"allowed commands: {', '.join(sorted(COMMANDS))}",
        )
