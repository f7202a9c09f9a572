# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of a modem that is away refuses at once, by the kernel alone, whatever the engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("ip", "nft", "unshare", "nsenter")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(tool, path=PATH) is None for tool in TOOLS),
    reason=f"needs root and {', '.join(TOOLS)}",
)
LIFE_S = 20

SERVER = """
import socket, time
listeners = [socket.create_server(("192.168.1.100", port)) for port in (3128, 3129)]
time.sleep(LIFE)
"""
CLIENT = """
import socket
for port in (3128, 3129):
    try:
        socket.create_connection(("192.168.1.100", port), timeout=3).close()
        print("open", end=" ")
    except ConnectionRefusedError:
        print("refused", end=" ")
    except OSError as error:
        print(type(error).__name__, end=" ")
print()
"""
SCENARIO = """
unshare --net sleep {life} & lan=$!
until [ "$(readlink /proc/$lan/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link set lo up
ip link add lan0 type veth peer name eth0 netns $lan
ip address add 192.168.1.100/24 dev lan0; ip link set lan0 up
nsenter --target $lan --net sh -euc 'ip address add 192.168.1.50/24 dev eth0; ip link set eth0 up'
ip link add wwan0 type veth peer name peer0; ip link set wwan0 up; ip link set peer0 up
ip address add 10.64.1.2/30 dev wwan0
sh {program}
{change}
ip route add default via 10.64.1.1 dev wwan0 table 1001
{python} -c '{server}' & server=$!
until ss -Hltn 2>/dev/null | grep -q 3129; do sleep 0.02; done
ask() {{ nsenter --target $lan --net {python} -c '{client}'; }}
ask
ip link del wwan0
ask
kill $lan $server
"""


def _answers(rendered: Path, tmp_path: Path, change: str = "") -> list[str]:
    """What ports 3128 and 3129 answer while modem 1 alone is there, and after it has gone."""
    program = tmp_path / "routing"
    text = (rendered / "usr/libexec/modemfarm/routing").read_text()
    program.write_text(text.replace("/etc/modemfarm/", f"{rendered}/etc/modemfarm/"))
    script = SCENARIO.format(
        program=program,
        change=change,
        life=LIFE_S,
        python="/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable,
        server=SERVER.replace("'", '"').replace("LIFE", str(LIFE_S)),
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
    return [line.strip() for line in done.stdout.splitlines()]


def test_only_the_ports_of_modems_that_are_there_are_open(rendered: Path, tmp_path: Path) -> None:
    assert _answers(rendered, tmp_path) == ["open refused", "refused refused"]


def test_without_the_question_the_port_would_stay_open(rendered: Path, tmp_path: Path) -> None:
    change = "nft flush chain inet modemfarm_guard prerouting"
    assert _answers(rendered, tmp_path, change) == ["open open", "open open"]
