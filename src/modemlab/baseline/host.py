# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a host as its own tools tell it: `sysctl`, `sshd -T`, `psql`, `stat`, `modprobe`.

Nothing here knows what the roles have written, and nothing reads a file of theirs.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

DATABASE = "modemfarm"


class Mode(NamedTuple):
    """Owner, group and permission bits of a file."""

    owner: str
    group: str
    bits: int


class Host:
    """A host that `run` executes shell lines on as root; it raises when a line fails.

    `user` is who logs in by SSH: options of sshd may differ by user.
    """

    def __init__(self, run: Callable[[str], str], user: str) -> None:
        self.run = run
        self.user = user

    @cached_property
    def sysctl(self) -> dict[str, str]:
        """All kernel parameters. Some cannot be read (write only), hence the `|| true`."""
        lines = self.run("/sbin/sysctl --all 2>/dev/null || true").splitlines()
        return {name.strip(): value.strip() for name, _, value in (s.partition("=") for s in lines)}

    @cached_property
    def sshd(self) -> dict[str, list[str]]:
        """What sshd goes by for this user who comes from the LAN; options in small letters."""
        where = f"user={self.user},host=client,addr=192.168.1.50"
        options: dict[str, list[str]] = {}
        for line in self.run(f"/usr/sbin/sshd -T -C {where}").splitlines():
            name, _, value = line.partition(" ")
            options.setdefault(name, []).append(value.strip())
        return options

    @cached_property
    def postgres(self) -> dict[str, str]:
        """PostgreSQL's settings, as SHOW gives them."""
        rows = self.sql("SELECT name, current_setting(name) FROM pg_settings")
        return dict(row.split("|", 1) for row in rows if "|" in row)

    def sql(self, query: str) -> list[str]:
        """The rows of a query in our database, by PostgreSQL's own user; columns parted by |."""
        quoted = query.replace("'", "'\"'\"'")
        command = f"cd /; runuser -u postgres -- psql -XAtd {DATABASE} -c '{quoted}'"
        return self.run(command).splitlines()

    @cached_property
    def hba(self) -> list[list[str]]:
        """Who may log in to PostgreSQL, line by line as it has read them: type, ..., method."""
        rows = self.sql(
            "SELECT type, array_to_string(database, ','), array_to_string(user_name, ','),"
            " coalesce(address, ''), auth_method, coalesce(error, '')"
            " FROM pg_hba_file_rules ORDER BY line_number"
        )
        return [row.split("|") for row in rows]

    def modes(self, paths: Iterable[str]) -> dict[str, Mode]:
        """Owner, group and mode of those of `paths` that exist."""
        listed = self.run(f"stat --format '%n %U %G %a' {' '.join(paths)} 2>/dev/null || true")
        rows = (line.split() for line in listed.splitlines())
        return {name: Mode(owner, group, int(bits, 8)) for name, owner, group, bits in rows}

    @cached_property
    def packages(self) -> set[str]:
        """Installed packages."""
        lines = self.run(r"dpkg-query --show --showformat='${db:Status-Status} ${Package}\n'")
        return {
            name for status, name in map(str.split, lines.splitlines()) if status == "installed"
        }

    @cached_property
    def blocked_modules(self) -> set[str]:
        """Kernel modules that modprobe will never load, with _ for -."""
        config = self.run("/sbin/modprobe --showconfig")
        found = re.findall(r"^install (\S+) (?:/usr)?/bin/(?:false|true)$", config, re.MULTILINE)
        return {name.replace("-", "_") for name in found}

    @cached_property
    def mounts(self) -> dict[str, set[str]]:
        """Options of the mounted file systems by mount point."""
        rows = (line.split() for line in self.run("cat /proc/self/mounts").splitlines())
        return {row[1]: set(row[3].split(",")) for row in rows}

    @cached_property
    def login_defs(self) -> dict[str, str]:
        """/etc/login.defs."""
        lines = self.run("cat /etc/login.defs").splitlines()
        rows = (line.split(None, 1) for line in lines if line.strip() and line[0] != "#")
        return {row[0]: row[1].strip() for row in rows if len(row) > 1}
