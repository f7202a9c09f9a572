# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH server, after dev-sec's ssh-baseline (the numbers are its own), by `sshd -T`."""

from collections.abc import Callable

from .control import Check, Control
from .host import Host

CIPHERS = set(
    "chacha20-poly1305@openssh.com aes256-gcm@openssh.com aes128-gcm@openssh.com"
    " aes256-ctr aes192-ctr aes128-ctr".split()
)
# The baseline's, and what is newer or stronger than them.
KEY_EXCHANGES = set(
    "sntrup761x25519-sha512@openssh.com curve25519-sha256@libssh.org"
    " diffie-hellman-group-exchange-sha256 curve25519-sha256 sntrup761x25519-sha512"
    " mlkem768x25519-sha256 diffie-hellman-group16-sha512 diffie-hellman-group18-sha512".split()
)
MACS = set(
    "hmac-sha2-512-etm@openssh.com hmac-sha2-256-etm@openssh.com umac-128-etm@openssh.com"
    " hmac-sha2-512 hmac-sha2-256 umac-128@openssh.com".split()
)
HOST_KEYS = {f"/etc/ssh/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519")}


def _option(name: str, *allowed: str, absent: bool = False) -> Check:
    """The option has one of these values; `absent`: or this sshd does not know it."""

    def check(host: Host) -> str:
        values = host.sshd.get(name, [])
        if not values and absent:
            return ""
        return "" if values and set(values) <= set(allowed) else f"{name} {values}"

    return check


def _that(name: str, good: Callable[[str], bool]) -> Check:
    def check(host: Host) -> str:
        values = host.sshd.get(name, [])
        return "" if values and all(map(good, values)) else f"{name} {values}"

    return check


def _subset(name: str, allowed: set[str]) -> Check:
    """The comma list of the option has nothing else."""

    def check(host: Host) -> str:
        values = set(",".join(host.sshd.get(name, [])).split(",")) - {""}
        return ", ".join(sorted(values - allowed)) if values else f"{name} is empty"

    return check


def _folder(host: Host) -> str:
    mode = host.modes(["/etc/ssh"])["/etc/ssh"]
    return "" if mode == ("root", "root", 0o755) else str(mode)


def _config(host: Host) -> str:
    mode = host.modes(["/etc/ssh/sshd_config"])["/etc/ssh/sshd_config"]
    return "" if mode == ("root", "root", 0o600) else str(mode)


def _weak_primes(host: Host) -> str:
    return host.run("awk '$5 ~ /^[0-9]+$/ && $5 < 2047 { print $5 }' /etc/ssh/moduli").strip()


def _started_plainly(host: Host) -> str:
    lines = host.run("ps -C sshd -o args=").splitlines()
    return "; ".join(line for line in lines if "-o" in line.split())


def _greeting(host: Host) -> str:
    """The first line that sshd says to anybody (`sshd -T` does not show the option)."""
    ask = "exec 3<>/dev/tcp/127.0.0.1/22; head -n 1 <&3"
    line = host.run(f"timeout 30 bash -c '{ask}'").strip()
    return "" if line.startswith("SSH-2.0-OpenSSH") and " " not in line else line


def _wildcard(address: str) -> bool:
    return not address.startswith(("[::]", "0.0.0.0"))


CONTROLS = (
    Control("sshd-01", "only strong ciphers", _subset("ciphers", CIPHERS)),
    Control("sshd-02", "only strong key exchanges", _subset("kexalgorithms", KEY_EXCHANGES)),
    Control("sshd-03", "only strong authentication codes", _subset("macs", MACS)),
    Control("sshd-04", "the folder belongs to root", _folder),
    Control("sshd-05", "the configuration is root's alone", _config),
    Control(
        "sshd-06",
        "root does not log in by password",
        _option("permitrootlogin", "no", "prohibit-password", "without-password"),
    ),
    Control("sshd-07", "the port is where it was", _option("port", "22")),
    Control("sshd-08", "an address family", _option("addressfamily", "any", "inet", "inet6")),
    Control("sshd-09", "it does not listen everywhere", _that("listenaddress", _wildcard)),
    Control("sshd-11", "modes of keys are checked", _option("strictmodes", "yes")),
    Control("sshd-12", "logins are logged as such", _option("syslogfacility", "AUTH")),
    Control("sshd-13", "the log names the key", _option("loglevel", "VERBOSE")),
    Control("sshd-14", "known kinds of host keys", _option("hostkey", *HOST_KEYS)),
    Control("sshd-17", "users bring no environment", _option("permituserenvironment", "no")),
    Control("sshd-18", "30 s to log in", _that("logingracetime", lambda s: 0 < int(s) <= 30)),
    Control("sshd-19", "two tries to log in", _that("maxauthtries", lambda n: int(n) <= 2)),
    Control("sshd-20", "ten sessions", _that("maxsessions", lambda n: int(n) <= 10)),
    Control(
        "sshd-21", "60 half-open logins", _that("maxstartups", lambda s: int(s.split(":")[2]) <= 60)
    ),
    Control("sshd-22", "keys log in", _option("pubkeyauthentication", "yes")),
    Control("sshd-23", "no .rhosts", _option("ignorerhosts", "yes")),
    Control("sshd-24", "no known_hosts of users", _option("ignoreuserknownhosts", "yes")),
    Control("sshd-25", "hosts do not log in", _option("hostbasedauthentication", "no")),
    Control("sshd-27", "no passwords", _option("passwordauthentication", "no")),
    Control("sshd-28", "no empty passwords", _option("permitemptypasswords", "no")),
    Control("sshd-29", "no questions", _option("kbdinteractiveauthentication", "no")),
    Control("sshd-30", "no Kerberos", _option("kerberosauthentication", "no", absent=True)),
    Control("sshd-33", "no GSSAPI", _option("gssapiauthentication", "no", absent=True)),
    Control(
        "sshd-34", "tickets are removed", _option("gssapicleanupcredentials", "yes", absent=True)
    ),
    Control("sshd-35", "no keep-alive that can be forged", _option("tcpkeepalive", "no")),
    Control("sshd-36", "clients are asked", _that("clientaliveinterval", lambda s: int(s) == 300)),
    Control("sshd-37", "three times", _option("clientalivecountmax", "3")),
    Control("sshd-38", "no tunnels", _option("permittunnel", "no")),
    Control("sshd-39", "no forwarding", _option("allowtcpforwarding", "no")),
    Control("sshd-40", "no forwarding of agents", _option("allowagentforwarding", "no")),
    Control("sshd-41", "no gateway", _option("gatewayports", "no")),
    Control("sshd-42", "no X11", _option("x11forwarding", "no")),
    Control("sshd-43", "X11 on loopback", _option("x11uselocalhost", "yes")),
    Control("sshd-44", "no motd by sshd", _option("printmotd", "no")),
    Control("sshd-45", "no last login", _option("printlastlog", "no")),
    Control("sshd-46", "no banner", _option("banner", "none")),
    Control("sshd-47", "no Debian in the greeting", _greeting),
    Control("sshd-48", "no weak primes", _weak_primes),
    Control("sshd-49", "nothing on sshd's command line", _started_plainly),
    Control(
        "farm-ssh-01", "no forwarding to this host", _option("allowtcpforwarding", "no", "local")
    ),
    Control(
        "farm-ssh-02",
        "the same for sockets",
        _option("allowstreamlocalforwarding", "no", "local"),
    ),
)
