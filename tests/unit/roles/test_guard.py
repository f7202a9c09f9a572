# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel adds to a modem's connection must not leave by the LAN.

A late ACK or a reset comes from no process, so no rule by user applies to it: it follows the main
table, with the modem's address as its source. Measured without the guard: 3 such packets for one
connection that the other side goes on with after we have closed it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modemfarm.apply.guard import LIST_COMMAND, chains_of, parse
from modemfarm.errors import ToolError

TOOLS = ("ip", "nft", "unshare", "nsenter", "setpriv")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(tool, path=PATH) is None for tool in TOOLS),
    reason=f"needs root and {', '.join(TOOLS)}",
)
LIFE_S = 20  # the other two networks live as long as this; the scenario needs 2 s

# Sends after its peer has closed, so that the peer's kernel has to answer without a process.
SERVER = """
import socket, time
listener = socket.create_server(("203.0.113.10", 80))
connection, _ = listener.accept()
connection.recv(9)
for _ in range(3):
    time.sleep(0.1)
    try:
        connection.sendall(b"late")
    except OSError:
        break
"""
CLIENT = """
import socket, sys, time
end = time.monotonic() + 5
while True:
    try:
        connection = socket.create_connection(("203.0.113.10", 80), timeout=2)
        break
    except OSError:
        if time.monotonic() > end:
            raise
        time.sleep(0.05)
print(connection.getsockname()[0])
connection.close()
"""
SCENARIO = """
network() {{ unshare --net sleep {life} & eval "$1=$!"; until [ "$(readlink /proc/$!/ns/net)" != \
    "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done; }}
in_() {{ nsenter --target "$1" --net sh -euc "$2"; }}
network lan; network carrier
ip link set lo up
ip link add lan0 type veth peer name eth0 netns $lan
ip link add wwan0 type veth peer name eth0 netns $carrier
ip address add 192.168.1.100/24 dev lan0; ip link set lan0 up
ip address add 10.64.1.2/30 dev wwan0; ip link set wwan0 up
in_ $lan 'ip address add 192.168.1.1/24 dev eth0; ip link set eth0 up
    nft add table ip t; nft add chain ip t p "{{ type filter hook prerouting priority -300; }}"
    nft add rule ip t p ip saddr 10.64.0.0/16 counter'
in_ $carrier 'ip address add 10.64.1.1/30 dev eth0; ip link set eth0 up; ip link set lo up
    ip address add 203.0.113.10/32 dev lo'
ip route add default via 192.168.1.1
sh {program}
ip route add default via 10.64.1.1 dev wwan0 table 1001
nft add element inet modemfarm_guard uplinks '{{ 61001 . "wwan0" }}'
{change}
nsenter --target $carrier --net timeout {life} {python} -c '{server}' & server=$!
setpriv --reuid 61001 --regid 65534 --clear-groups {python} -c '{client}'
wait $server
nft list chain inet modemfarm_guard output | sed -n 's/.*0x40000000 counter packets /dropped /p'
in_ $lan 'nft list chain ip t p' | sed -n 's/.*counter packets /seen /p'
kill $lan $carrier
"""


def _counts(rendered: Path, tmp_path: Path, change: str = "") -> dict[str, int]:
    """Run the scenario; packets of the modem's connection dropped by us and seen on the LAN."""
    text = (rendered / "usr/libexec/modemfarm/routing").read_text()
    program = tmp_path / "routing"
    program.write_text(text.replace("/etc/modemfarm/", f"{rendered}/etc/modemfarm/"))
    script = SCENARIO.format(
        program=program,
        change=change,
        life=LIFE_S,
        python="/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable,
        server=SERVER.replace("'", '"'),
        client=CLIENT.replace("'", '"'),
    )
    done = subprocess.run(
        ["unshare", "--net", "sh", "-euc", script],
        capture_output=True,
        text=True,
        timeout=2 * LIFE_S,
        check=False,
        env={"PATH": PATH},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "10.64.1.2"
    return {words[0]: int(words[1]) for words in map(str.split, lines[1:])}


def _listed(rendered: Path, *change: str) -> str:
    """The loaded guard as the apply code lists it, in a network of its own."""
    lines = [f"nft -f {rendered}/etc/modemfarm/guard.nft", *change, " ".join(LIST_COMMAND)]
    done = subprocess.run(
        ["unshare", "--net", "sh", "-euc", "\n".join(lines)],
        capture_output=True, text=True, timeout=LIFE_S, check=True, env={"PATH": PATH},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("chain", ["output", "uplink", "input", "prerouting"])
def test_a_guard_that_lost_a_chain_is_known(rendered: Path, chain: str) -> None:
    chains = chains_of((rendered / "etc/modemfarm/guard.nft").read_text())
    assert chain in chains
    assert parse(_listed(rendered), chains) == frozenset()
    with pytest.raises(ToolError, match=f"nothing in its chains {chain} "):
        parse(_listed(rendered, f"nft flush chain inet modemfarm_guard {chain}"), chains)


def test_packets_without_a_process_stay_off_the_lan(rendered: Path, tmp_path: Path) -> None:
    counts = _counts(rendered, tmp_path)
    assert counts["seen"] == 0
    assert counts["dropped"] > 0


def test_the_scenario_finds_a_leak(rendered: Path, tmp_path: Path) -> None:
    before = "nft insert rule inet modemfarm_guard output"
    counts = _counts(rendered, tmp_path, f"{before} ct mark and 0x40000000 == 0x40000000 accept")
    assert counts["seen"] > 0
