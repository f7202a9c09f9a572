# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of one 3proxy 1.0.0 instance: HTTP, CONNECT and SOCKS 4/5 on one port.

No -e, -De or external: the uid of the process chooses the uplink by `ip rule`, and those options
leak (DNS and UDP leave by the LAN). `-4` closes IPv6, also ::ffff:127.0.0.1, which the IPv4 deny
list does not see. The log goes to stdout (journald) as JSON; its filter turns quotes, backslashes
and control characters of hostile requests into `_`, and `%E` is quoted because it is zero-padded.

What a rule allows is named by operation (src/acl.c, src/proxy.c, src/socks.c): HTTP is every method
but CONNECT, HTTP_CONNECT that one, CONNECT a SOCKS request (also a bare TLS greeting, which `auto`
relays by its server name), UDPASSOC that of SOCKS 5. BIND and FTP are named in no rule, so they are
refused: one opens a port to the carrier, and FTP's data connection goes where the server says, past
the deny list.
UDP ASSOCIATE asks the rules again for each new destination (-U3, the default).
"""

import re

from ..errors import ConfigRefusedError
from . import mark
from .plan import ProxyPlan
from .policy import CONNECT, HTTP, MAX_NAMESERVERS, SOCKS, UDP, Policy

_FIELDS = (
    '""ts"":%t.%.', '""svc"":""%N""', '""port"":%p', '""err"":""%E""', '""user"":""%U""',
    '""cli"":""%C""', '""cport"":%c', '""in"":%I', '""out"":%O', '""ms"":%D',
)  # fmt: skip
_HOST_FIELDS = ('""dst"":""%R""', '""dport"":%r', '""host"":""%n""')
_PATH_FIELD = '""req"":""%T""'
# Room for connections that are being refused: connlim answers 503, maxconn lets them hang.
_SPARE_CONNECTIONS = 100
_NAME_CACHE = 1000  # entries; 65536 cost 1 MB more per instance
_OPERATIONS = {HTTP: "HTTP", CONNECT: "HTTP_CONNECT", SOCKS: "CONNECT", UDP: "UDPASSOC"}

# Every command this writer may use; proxy-check refuses a file with any other.
COMMANDS = frozenset(
    (
        "nserver",
        "nscache",
        "log",
        "logformat",
        "timeouts",
        "users",
        "auth",
        "deny",
        "allow",
        "connlim",
        "noconnlim",
        "bandlimin",
        "nobandlimin",
        "bandlimout",
        "nobandlimout",
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
    lines = [
        "# Written by modemfarm; changes here are lost.",
        *(f"nserver {address}" for address in plan.nameservers),
        f"nscache {_NAME_CACHE}",
        "log",
        _log_format(plan.policy),
        _timeouts(plan.policy),
        # Quoted: outside of quotes `$` means "read the arguments from this file".
        *(f'users "{user.name}:CR:{user.digest}"' for user in plan.users),
        *_rules(plan),
        *_limits(plan),
        f"auto -p{plan.port} -i{plan.listen} -4 -ocTCP_NODELAY -osTCP_NODELAY",
    ]
    lines.append(mark.line_after(lines))
    text = "\n".join(lines) + "\n"
    refuse_foreign(text)
    return text


def shown(text: str) -> str:
    """The text without the hashes in it, for logs and differences; another hash shows as such."""
    return re.sub(r'^(users "[a-z0-9_]+):CR:[^"]*"', r'\1:(hash)"', text, flags=re.MULTILINE)


def places(text: str) -> frozenset[tuple[str, str]]:
    """Address and port of each service in a text that `render` made."""
    found = re.findall(r"^auto -p(\d+) -i(\S+) ", text, re.MULTILINE)
    return frozenset((address, port) for port, address in found)


def _log_format(policy: Policy) -> str:
    fields = list(_FIELDS)
    if policy.log_hosts:
        fields += _HOST_FIELDS
    if policy.log_paths:
        fields.append(_PATH_FIELD)
    return f'logformat "-""\\+_G{{{",".join(fields)}}}"'


def _timeouts(policy: Policy) -> str:
    """All of them: what a reload does not name would stay as it was."""
    byte_s, byte_l, string_s, string_l = 1, 5, 30, 60  # 3proxy's own, as the three at the end
    own = (
        byte_s,
        byte_l,
        string_s,
        string_l,
        policy.idle_http_s,
        policy.idle_stream_s,
        policy.dns_s,
    )
    return f"timeouts {' '.join(map(str, own))} 60 {policy.connect_s} 5 5"


def _rules(plan: ProxyPlan) -> list[str]:
    """Who may do what; the first line that fits decides.

    With users a request is asked first without its name (`iponly`): only our own look at the port
    passes so, the next round (`strong`) wants a name and its password.
    """
    policy = plan.policy
    allowed = ",".join(str(network) for network in (*policy.clients, plan.own))
    words = ",".join(_OPERATIONS[name] for name in policy.protocols)
    lines = [
        "auth iponly strong" if policy.users else "auth iponly",
        f"deny * * {','.join(str(network) for network in plan.denied_targets)}",
        f"allow * {plan.own} * * HTTP",
    ]
    if policy.denied_ports:
        ports = ",".join(str(item) for item in policy.denied_ports)
        lines.insert(2, f"deny * * * {ports}")
    if not policy.users:
        lines.append(f"allow * {allowed} * * {words}")
    elif plan.users:
        names = ",".join(user.name for user in plan.users)
        lines.append(f"allow {names} {allowed} * * {words}")
    return [*lines, "deny *"]


def _limits(plan: ProxyPlan) -> list[str]:
    """The first that fits counts: our own look at the port is held up by no limit of clients."""
    policy = plan.policy
    lines = [f"{word} * {plan.own}" for word in ("noconnlim", "nobandlimin", "nobandlimout")]
    lines.append(f"connlim {policy.max_connections} 0 *")
    if policy.new_connections_per_minute:
        lines.append(f"connlim {policy.new_connections_per_minute} 60 *")
    if policy.down_kbits:
        lines.append(f"bandlimin {policy.down_kbits * 1000} *")
    if policy.up_kbits:
        lines.append(f"bandlimout {policy.up_kbits * 1000} *")
    return [*lines, f"maxconn {policy.max_connections + _SPARE_CONNECTIONS}"]


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
