# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm doctor` on the lab host: nothing on the healthy farm, each planted fault by its name.

The agent is stopped while faults are there, or it would mend most of them first. They are planted
a group at a time: a look costs many seconds under emulation.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

# The lab has no time server; other tests leave rows of modems that they took away, and what the
# kernel said about them.
SKIP = ("clock", "modem-unplugged", "usb-kernel")
LOOK_S = 300  # 15 s when idle; three emulated hosts on two cores were 20 times slower
BACK_S = 240
AGENT = ("unit-stopped", "modemfarm-agent.service")
Found = set[tuple[str, str]]


def root(lab: Lab, script: str, check: bool = True) -> str:
    """Run a shell script as root in the lab host; its standard output."""
    done = lab.guest.run(["sudo", "sh", "-es"], stdin=script.encode(), timeout=120, check=check)
    return done.stdout.decode(errors="replace")


def doctor(lab: Lab, *words: str) -> tuple[int, Found]:
    """(exit code, (check, about) of each finding)."""
    skip = [word for name in SKIP for word in ("--skip", name)]
    done = lab.guest.run(
        ["sudo", farm.MODEMFARM, "doctor", "--json", *skip, *words], timeout=LOOK_S, check=False
    )
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, {(finding["check"], finding["about"]) for finding in findings}


@dataclass
class Ground:
    """The lab without its agent, and what to run to undo what was planted."""

    lab: Lab
    rows: list[farm.Row]
    undo: list[str]

    def plant(self, script: str, undo: str = "true") -> None:
        """Do harm; `undo` is run at the end in any case, the last one first."""
        self.undo.insert(0, undo)
        root(self.lab, script)

    @property
    def first(self) -> farm.Row:
        """The modem that faults of one modem are planted in."""
        return self.rows[0]


@pytest.fixture
def ground(lab: Lab, rows: list[farm.Row]) -> Iterator[Ground]:
    root(lab, "systemctl stop modemfarm-agent")
    ground = Ground(lab, rows, ["modemfarm apply >/dev/null", "systemctl start modemfarm-agent"])
    yield ground
    for script in ground.undo:
        root(lab, script, check=False)
    serials = {row["serial"] for row in rows}
    farm.wait_for(farm.serving(lab, serials), BACK_S, "serves again", lambda: farm.explain(lab))


def test_a_healthy_farm_gives_nothing(lab: Lab, rows: list[farm.Row]) -> None:
    farm.wait_for(
        farm.serving(lab, {row["serial"] for row in rows}), BACK_S, "serves",
        lambda: farm.explain(lab),
    )  # fmt: skip
    assert doctor(lab) == (0, set())


def test_a_stopped_agent_and_nothing_else(ground: Ground) -> None:
    assert doctor(ground.lab, "--no-requests") == (2, {AGENT})


def test_what_single_modems_lack(ground: Ground) -> None:
    """One fault in each of the four modems."""
    one, two, three, four = ground.rows
    ground.plant(f"ip rule del pref {2000 + one['slot']}")
    ground.plant(f"ip route flush table {1000 + two['slot']}")
    tie = f'{61000 + three["slot"]} . "{three["interface"]}"'
    ground.plant(f"nft 'delete element inet modemfarm_guard uplinks {{ {tie} }}'")
    ground.plant(f"echo '# by hand' >>$(ls /etc/modemfarm/proxy/{four['slot']}.*)")
    code, found = doctor(ground.lab)
    assert code == 2
    assert found == {
        AGENT,
        ("modem-rule", one["serial"]),
        ("modem-route", two["serial"]),
        ("modem-guard", three["serial"]),
        ("modem-proxy", four["serial"]),
    }


def test_what_the_host_lacks(ground: Ground) -> None:
    """What belongs to no modem: rules, parameters, files, units, the database, certificates."""
    serial = ground.first["serial"]
    at, tls, rule = f"/dev/modems/{serial}/at", "/etc/modemfarm/tls", "76-modemfarm.rules"
    ground.plant(
        "ip rule del pref 2999; ip -6 rule del pref 2999", "systemctl reload modemfarm-routing"
    )
    ground.plant("ip rule add pref 1500 lookup 9999", "ip rule del pref 1500")
    ground.plant("sysctl -q net.ipv4.ip_nonlocal_bind=0", "sysctl -q net.ipv4.ip_nonlocal_bind=1")
    ground.plant("chmod 0644 /etc/modemfarm/pins.json", "chmod 0600 /etc/modemfarm/pins.json")
    ground.plant("rmdir /run/modemfarm/undo", "systemd-tmpfiles --create")
    ground.plant(f"mv /etc/udev/rules.d/{rule} /run/", f"mv /run/{rule} /etc/udev/rules.d/")
    ground.plant("systemctl -q disable ModemManager", "systemctl -q enable ModemManager")
    ground.plant("systemctl stop postgresql", "systemctl start postgresql")
    old = root(ground.lab, f"readlink {at}").strip()
    ground.plant(f"ln -sfn /dev/ttyS0 {at}", f"ln -sfn {old} {at}")
    ground.plant(
        f"mkdir -p {tls}; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        f" -days 2 -subj /CN=lab -keyout /dev/null -out {tls}/lab.crt 2>/dev/null",
        f"rm -r {tls}",
    )
    code, found = doctor(ground.lab, "--no-requests")
    assert code == 2
    # The rules of both families are one word each; their names are those of modem_apply's `host`.
    closed = {finding for finding in found if finding[0] == "closed-rules"}
    assert len(closed) == 2
    assert found - closed == {
        AGENT,
        ("foreign-rule", "ip rule 1500"),
        ("nonlocal-bind", "net.ipv4.ip_nonlocal_bind"),
        ("file-mode", "/etc/modemfarm/pins.json"),
        ("file-missing", "/run/modemfarm/undo"),
        ("file-missing", f"/etc/udev/rules.d/{rule}"),
        ("unit-disabled", "ModemManager.service"),
        ("unit-stopped", "postgresql.service"),
        ("database", "postgresql"),
        ("link-target", at),
        ("certificate-expires", f"{tls}/lab.crt"),
    }


def test_what_others_do_to_a_modem(ground: Ground) -> None:
    """A foreign program on one port, another modem pulled out, the guard taken away."""
    one, two = ground.rows[:2]
    number = {m["imei"]: m["number"] for m in ground.lab.control("list")["modems"]}[two["serial"]]
    unit = root(
        ground.lab, f"systemctl list-units --plain --no-legend '*@{one['slot']}.service'"
        " | awk '/proxy@/ {print $1}'",
    ).strip()  # fmt: skip
    ground.plant(
        f"systemctl stop {unit}; systemd-run -q --unit=squatter"
        f" python3 -m http.server --bind 192.168.1.100 {one['proxy_port']}",
        "systemctl stop squatter",
    )
    ground.plant("nft delete table inet modemfarm_guard", "systemctl reload modemfarm-routing")
    ground.lab.control("unplug", modem=number)
    try:
        # systemd-run returns when the program was started, not when it listens.
        farm.wait_for(
            lambda: root(ground.lab, f"ss -Hltn sport = :{one['proxy_port']}").strip(), 30,
            "the foreign program listens", lambda: "",
        )  # fmt: skip
        code, found = doctor(ground.lab, "--no-requests")
    finally:
        ground.lab.control("plug", modem=number)
    assert code == 2
    assert {AGENT, ("guard", "nft table inet modemfarm_guard")} <= found
    assert ("port-conflict", one["serial"]) in found
    assert ("modem-gone", two["serial"]) in found
