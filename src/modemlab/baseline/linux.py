# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux itself, after dev-sec's linux-baseline (the numbers are its own)."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from .control import Check, Control
from .host import Host

READABLE, PRIVATE = 0o644, 0o640
# Programs that ran with root's rights in the days of rsh, as far as Debian ever had them.
OLD_SETUID = set(
    "rcp rlogin rsh rexec rlogind netreport usernetctl uucp uux cu traceroute6".split()
)
CRON = ["/etc/crontab", *(f"/etc/cron.{name}" for name in "d hourly daily weekly monthly".split())]
# Mount points that the baseline names, by the option that it wants there.
NO_PROGRAMS = "/boot /dev /dev/shm /tmp /var/log /var/log/audit /var/tmp".split()
NO_SETUID = "/boot /dev/shm /home /run /tmp /var /var/log /var/log/audit /var/tmp".split()
NIGHT = range(6)


def _kernel(number: str, promise: str, values: dict[str, set[int]], *, own: bool = True) -> Control:
    """Kernel parameters with the values that are allowed; a star stands for every interface.

    `own`: a container has it for itself.
    """

    def check(host: Host) -> str:
        found = []
        for pattern, allowed in values.items():
            names = [name for name in host.sysctl if fnmatchcase(name, pattern)]
            if not names:
                found.append(f"{pattern} is missing")
            bad = [name for name in names if host.sysctl[name] not in set(map(str, allowed))]
            found += [f"{name} = {host.sysctl[name]}" for name in bad]
        return "; ".join(found)

    return Control(number, promise, check, whole_kernel=not own)


def _file(path: str, owner: str, group: str, most: int) -> Check:
    """It exists, belongs to them, and has no bit beyond `most`."""

    def check(host: Host) -> str:
        mode = host.modes([path]).get(path)
        good = mode and mode[:2] == (owner, group) and not mode.bits & ~most
        return "" if good else f"{path} {mode}"

    return check


def _passwd(host: Host) -> str:
    rows = [line.split(":") for line in host.run("cat /etc/passwd").splitlines()]
    return ", ".join(row[0] for row in rows if row[1] not in {"x", "*"})


def _search_path(host: Host) -> str:
    path = host.run("echo $PATH").strip().split(":")
    return "" if path and not {"", "."} & set(path) else str(path)


def _login_defs(host: Host) -> str:
    found = host.login_defs
    wanted = {"LOGIN_RETRIES": "5", "LOGIN_TIMEOUT": "60", "UID_MIN": "1000", "GID_MIN": "1000"}
    bad = [
        f"{name} {found.get(name)}" for name, value in wanted.items() if found.get(name) != value
    ]
    if "." in found.get("ENV_PATH", ".").removeprefix("PATH=").split(":"):
        bad.append(f"ENV_PATH {found.get('ENV_PATH')}")
    return "; ".join([*bad, _file("/etc/login.defs", "root", "root", READABLE)(host)]).strip("; ")


def _defs(wanted: dict[str, str]) -> Check:
    def check(host: Host) -> str:
        found = {name: host.login_defs.get(name) for name in wanted}
        return "" if found == wanted else str(found)

    return check


def _setuid(host: Host) -> str:
    """Every program with somebody else's rights comes from a package, and none is an old one."""
    found = host.run("find / -xdev -type f -perm /6000").split()
    spellings = " ".join(f"{name} {name.removeprefix('/usr')}" for name in found)
    owned = host.run(f"dpkg --search {spellings} 2>/dev/null || true").splitlines()
    known = {line.rpartition(": ")[2].removeprefix("/usr") for line in owned}
    return ", ".join(
        name
        for name in found
        if name.removeprefix("/usr") not in known or name.rpartition("/")[2] in OLD_SETUID
    )


def _unique(host: Host) -> str:
    found = []
    for file in ("/etc/passwd", "/etc/group"):
        numbers = [line.split(":")[2] for line in host.run(f"cat {file}").splitlines()]
        found += [f"{file} {number}" for number in set(numbers) if numbers.count(number) > 1]
    return ", ".join(found)


def _rhosts(host: Host) -> str:
    names = r"\( -iname .rhosts -o -iname .netrc \)"
    return host.run(f"find / -maxdepth 3 -xdev {names}").strip()


def _blocked(modules: Iterable[str]) -> Check:
    return lambda host: ", ".join(sorted(set(modules) - host.blocked_modules))


def _log_folder(host: Host) -> str:
    mode = host.modes(["/var/log"])["/var/log"]
    return "" if mode.owner == "root" and mode.group in {"root", "syslog"} else str(mode)


def _cron(host: Host) -> str:
    found = host.modes(CRON)
    return "; ".join(
        f"{name} {mode}"
        for name, mode in found.items()
        if mode.owner != "root" or mode.bits & 0o077
    )


def _mounted(points: list[str], option: str) -> Check:
    def check(host: Host) -> str:
        there = [point for point in points if point in host.mounts]
        return ", ".join(point for point in there if option not in host.mounts[point])

    return check


def _without(*packages: str) -> Check:
    return lambda host: ", ".join(sorted(set(packages) & host.packages))


def _auditd(host: Host) -> str:
    return "" if "auditd" in host.packages else "auditd is missing"


def _nx(host: Host) -> str:
    flags = re.search(r"^flags\s*:(.*)$", host.run("cat /proc/cpuinfo"), re.MULTILINE)
    return "" if flags and "nx" in flags[1].split() else "no flag nx"


def _core_pattern(host: Host) -> str:
    pattern = host.sysctl["kernel.core_pattern"]
    piped = host.sysctl["fs.suid_dumpable"] != "2" or re.match(r"\|?/", pattern)
    return "" if piped else pattern


def _updates(host: Host) -> str:
    """What unattended-upgrades will do, by apt's own reading of all files."""
    config = host.run("apt-config dump")
    origins = re.findall(r'^Unattended-Upgrade::(?:Origins-Pattern|Allowed-Origins):: "(.*)";$', config, re.M)  # fmt: skip # noqa: E501
    found = [] if origins else ["no origins"]
    found += [origin for origin in origins if "security" not in origin.lower()]
    for name, value in (
        ("APT::Periodic::Unattended-Upgrade", "1"),
        ("APT::Periodic::Update-Package-Lists", "1"),
        ("Unattended-Upgrade::Automatic-Reboot", "false"),
    ):
        if f'\n{name} "{value}";' not in config:
            found.append(f"{name} is not {value}")
    return "; ".join(found)


def _night(host: Host) -> str:
    show = "systemctl show apt-daily-upgrade.timer --property=TimersCalendar,Persistent"
    text = host.run(f"{show},RandomizedDelayUSec")
    times = re.findall(r"OnCalendar=\S+ (\d\d):\d\d", text)
    good = len(times) == 1 and int(times[0]) in NIGHT and "Persistent=no" in text
    return "" if good else text


def _v6(name: str, *values: int, everywhere: bool = True) -> dict[str, set[int]]:
    places = ("all", "default") if everywhere else ("default",)
    return {f"net.ipv6.conf.{place}.{name}": set(values) for place in places}


def _v4(name: str, *values: int, places: str = "all default") -> dict[str, set[int]]:
    return {f"net.ipv4.conf.{place}.{name}": set(values) for place in places.split()}


FORWARD = {"net.ipv4.ip_forward": {0}, "net.ipv4.conf.all.forwarding": {0}}
SOURCE_ROUTE = _v4("accept_source_route", 0, places="*") | _v6("accept_source_route", 0)
LINKS = {
    "fs.protected_fifos": {1, 2},
    "fs.protected_hardlinks": {1},
    "fs.protected_regular": {2},
    "fs.protected_symlinks": {1},
}
V6_REDIRECTS = {"net.ipv6.conf.*.accept_redirects": {0}}
LINE_DISCIPLINES = {"dev.tty.ldisc_autoload": {0}}
KEXEC = {"kernel.kexec_load_disabled": {1}}
PROTOCOLS = ("dccp", "sctp", "rds", "tipc", "n_gsm", "n_hdlc")

CONTROLS = (
    _kernel("sysctl-01", "it is no router", FORWARD),
    _kernel("sysctl-02", "sources are checked", _v4("rp_filter", 1)),
    _kernel("sysctl-03", "bogus ICMP", {"net.ipv4.icmp_ignore_bogus_error_responses": {1}}),
    _kernel("sysctl-04", "no echo to all", {"net.ipv4.icmp_echo_ignore_broadcasts": {1}}),
    _kernel("sysctl-05", "few ICMP answers", {"net.ipv4.icmp_ratelimit": {100}}),
    _kernel("sysctl-06", "of these kinds", {"net.ipv4.icmp_ratemask": {88089}}),
    _kernel("sysctl-07", "no TCP timestamps", {"net.ipv4.tcp_timestamps": {0}}),
    _kernel("sysctl-08", "ARP for its own", _v4("arp_ignore", 1, 2, places="all")),
    _kernel("sysctl-09", "ARP from its own", _v4("arp_announce", 2, places="all")),
    _kernel("sysctl-10", "TIME_WAIT lasts", {"net.ipv4.tcp_rfc1337": {1}}),
    _kernel("sysctl-11", "SYN floods", {"net.ipv4.tcp_syncookies": {1}}),
    _kernel("sysctl-12", "shared media", _v4("shared_media", 1)),
    _kernel("sysctl-13", "no source routes", SOURCE_ROUTE),
    _kernel("sysctl-14", "no redirects", _v4("accept_redirects", 0, places="*")),
    _kernel("sysctl-15", "not by gateways", _v4("secure_redirects", 0, places="*")),
    _kernel("sysctl-16", "none sent", _v4("send_redirects", 0, places="*")),
    _kernel("sysctl-17", "strange sources are logged", _v4("log_martians", 1)),
    _kernel("sysctl-19", "no IPv6 router", {"net.ipv6.conf.all.forwarding": {0}}),
    _kernel("sysctl-20", "no IPv6 redirects", V6_REDIRECTS),
    _kernel("sysctl-21", "no router solicitations", _v6("router_solicitations", 0)),
    _kernel("sysctl-22", "no preference", _v6("accept_ra_rtr_pref", 0, everywhere=False)),
    _kernel("sysctl-23", "no prefixes", _v6("accept_ra_pinfo", 0, everywhere=False)),
    _kernel("sysctl-24", "no default router", _v6("accept_ra_defrtr", 0, everywhere=False)),
    _kernel("sysctl-25", "no advertisements", _v6("accept_ra", 0)),
    _kernel("sysctl-26", "no own addresses", _v6("autoconf", 0)),
    _kernel("sysctl-27", "no look for doubles", _v6("dad_transmits", 0, everywhere=False)),
    _kernel("sysctl-28", "one address", _v6("max_addresses", 1, everywhere=False)),
    _kernel("sysctl-29", "modules load", {"kernel.modules_disabled": {0}}, own=False),
    _kernel("sysctl-30", "no SysRq", {"kernel.sysrq": {0}}, own=False),
    _kernel("sysctl-31a", "core dumps", {"fs.suid_dumpable": {0, 2}}, own=False),
    Control("sysctl-31b", "core dumps go to a known place", _core_pattern, whole_kernel=True),
    _kernel("sysctl-32", "random addresses", {"kernel.randomize_va_space": {2}}, own=False),
    Control("sysctl-33", "data are not run", _nx, whole_kernel=True),
    _kernel("sysctl-34", "links are protected", LINKS, own=False),
    _kernel("sysctl-35", "no ptrace", {"kernel.yama.ptrace_scope": {2, 3}}, own=False),
    Control("os-01", "no trusted hosts", lambda host: ", ".join(host.modes(["/etc/hosts.equiv"]))),
    Control("os-02", "shadow", _file("/etc/shadow", "root", "shadow", PRIVATE)),
    Control("os-03", "passwd", _file("/etc/passwd", "root", "root", READABLE)),
    Control("os-03b", "no passwords in passwd", _passwd),
    Control("os-04", "no dot in PATH", _search_path),
    Control("os-05", "login.defs", _login_defs),
    Control("os-05-umask", "UMASK 027", _defs({"UMASK": "027"})),
    Control(
        "os-05-ages",
        "passwords age",
        _defs({"PASS_MAX_DAYS": "60", "PASS_MIN_DAYS": "7", "PASS_WARN_AGE": "7"}),
    ),
    Control("os-06", "setuid programs come from packages", _setuid),
    Control("os-07", "numbers of users and groups are unique", _unique),
    Control("os-09", "no .rhosts and .netrc", _rhosts),
    Control(
        "os-10",
        "file systems that nobody needs",
        _blocked(["cramfs", "freevxfs", "jffs2", "hfs", "hfsplus", "udf"]),
    ),
    Control("os-10-squashfs", "nor this one", _blocked(["squashfs"])),
    Control("os-10-vfat", "nor this one", _blocked(["vfat"])),
    Control("os-11", "/var/log is root's", _log_folder),
    Control("os-13", "cron is root's alone", _cron),
    Control("os-14", "no programs there", _mounted(NO_PROGRAMS, "noexec")),
    Control("os-15", "no setuid there", _mounted(NO_SETUID, "nosuid")),
    Control("os-16", "no devices there", _mounted(NO_SETUID, "nodev")),
    Control("package-01", "no inetd", _without("inetd", "xinetd", "openbsd-inetd")),
    Control("package-02", "no telnetd", _without("telnetd", "telnetd-ssl")),
    Control("package-03", "no rshd", _without("rsh-server", "rsh-redone-server")),
    Control("package-05", "no NIS", _without("ypserv", "nis")),
    Control("package-06", "no TFTP", _without("tftpd", "tftpd-hpa", "atftpd")),
    Control("package-08", "auditd", _auditd),
    Control("package-09", "no prelink", _without("prelink")),
    _kernel("farm-linux-01", "ports load no line disciplines", LINE_DISCIPLINES, own=False),
    _kernel("farm-linux-02", "no other kernel", KEXEC, own=False),
    Control("farm-linux-03", "protocols that a farm has no use for", _blocked(PROTOCOLS)),
    Control("farm-linux-04", "security updates alone, no restart of the host", _updates),
    Control("farm-linux-05", "at night, and only then", _night),
)
