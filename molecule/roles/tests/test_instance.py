# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""An instance of the engine as systemd starts it: whose it is, what it may do, what it refuses.

The configurations are written here by hand, and there is no modem: who asks gets an answer of the
proxy itself, and nothing gets out.
"""

import os
import time
from collections.abc import Callable, Iterator

import pytest

THREEPROXY = bool(os.environ.get("THREEPROXY_ARCHIVE"))
UNIT, FILE = ("3proxy@1", "1.cfg") if THREEPROXY else ("v2ray-proxy@1", "1.json")
PATH = f"/etc/modemfarm/proxy/{FILE}"
PORT, UID = 3128, 61001
TARGET = "192.168.1.100:8080"  # this host itself; a service that a proxy must not get to
CONFIG = {
    "1.cfg": f"""\
log
auth iponly
deny * * 127.0.0.0/8
allow *
auto -p{PORT} -i192.168.1.100 -4
""",
    "1.json": f"""\
{{"inbounds": [{{"listen": "192.168.1.100", "port": {PORT}, "protocol": "http"}}],
 "outbounds": [{{"protocol": "freedom"}}]}}
""",
}[FILE]
BAD = {"1.cfg": f"{CONFIG}system /bin/true\n", "1.json": "{"}[FILE]
START_S, POLL_S = 20, 0.2
ASK = (
    "bash -c 'exec 3<>/dev/tcp/192.168.1.100/{port};"
    ' printf "GET http://{target}/ HTTP/1.0\\r\\nHost: {target}\\r\\n\\r\\n" >&3;'
    " timeout 20 head -n 1 <&3'"
)
Root = Callable[[str], str]


def write(root: Root, text: str) -> None:
    """Put a configuration where the instance reads it."""
    root(f"cat >{PATH} <<'END'\n{text}END\nchown root:farm-px {PATH}; chmod 0640 {PATH}")


def ask(root: Root, target: str) -> str:
    """The first line of the proxy's answer to a request for `target`."""
    return root(ASK.format(port=PORT, target=target))


def main_process(root: Root) -> str:
    return root(f"systemctl show --property=MainPID --value {UNIT}").strip()


@pytest.fixture(scope="module")
def instance(root: Root) -> Iterator[str]:
    """Slot 1, running; its main process."""
    write(root, CONFIG)
    root(f"systemctl start {UNIT}")
    end = time.monotonic() + START_S
    while f":{PORT} " not in root("ss --listening --numeric --tcp"):
        assert time.monotonic() < end, root(f"journalctl --unit {UNIT} --no-pager")
        time.sleep(POLL_S)
    yield main_process(root)
    root(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT} || true; rm {PATH}")


def test_it_is_its_own_user_without_any_power(root: Root, instance: str) -> None:
    rows = root(f"cat /proc/{instance}/status").splitlines()
    status = {name: value.split() for name, _, value in (row.partition(":") for row in rows)}
    assert status["Uid"] == [str(UID)] * 4
    assert len(set(status["Gid"])) == 1
    assert status["Gid"][0] == root("getent group farm-px").split(":")[2]
    assert {status[f"Cap{name}"][0].strip("0") for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {
        ""
    }
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]  # a filter of system calls


def test_the_disk_is_read_only_to_it(root: Root, instance: str) -> None:
    """The mounts that it has, and what it sees of the places of others."""
    rows = [row.split() for row in root(f"cat /proc/{instance}/mounts").splitlines()]
    options = {row[1]: set(row[3].split(",")) for row in rows}
    assert {"ro", "noexec"} <= options["/"]
    enter = f"nsenter --target {instance} --mount"
    assert root(f"{enter} find /root /home /tmp /var/lib -mindepth 1 | wc --lines").strip() == "0"
    assert root(f"{enter} find /dev -type b -o -name kmsg -o -name 'tty[A-Z]*'") == ""


@pytest.mark.usefixtures("instance")
def test_systemd_finds_little_exposed(root: Root) -> None:
    line = root(f"systemd-analyze security --no-pager {UNIT}.service").splitlines()[-1]
    assert float(line.rpartition(":")[2].split()[0]) <= 1.5, line


def test_it_listens_on_the_lan_address_alone(root: Root, instance: str) -> None:
    sockets = root("ss --listening --numeric --tcp --udp --processes --no-header").splitlines()
    own = [row.split()[4] for row in sockets if f"pid={instance}," in row]
    assert own == [f"192.168.1.100:{PORT}"]


@pytest.mark.usefixtures("instance")
def test_it_answers_and_nothing_gets_out_without_a_modem(root: Root) -> None:
    """Rules and guard hold it, not its configuration: that would allow this target."""
    root(
        "systemd-run --quiet --unit=target --property=DynamicUser=yes"
        f" python3 -m http.server --bind {TARGET.partition(':')[0]} {TARGET.partition(':')[2]}"
    )
    try:
        end = time.monotonic() + START_S
        while ":8080 " not in root("ss --listening --numeric --tcp"):
            assert time.monotonic() < end
            time.sleep(POLL_S)
        said = ask(root, TARGET)
        assert said.startswith("HTTP/1."), said
        assert said.split()[1].startswith("50"), said
        if THREEPROXY:
            assert ask(root, "127.0.0.1:8080").split()[1] == "403"
        assert "GET /" not in root("journalctl --unit target --no-pager")
    finally:
        root("systemctl stop target")


def test_a_bad_configuration_does_not_touch_what_runs(root: Root, instance: str) -> None:
    write(root, BAD)
    try:
        verb = "reload" if THREEPROXY else "restart"
        said = root(f"systemctl {verb} {UNIT} 2>&1 || echo failed; journalctl -u {UNIT} --no-pager")
    finally:
        write(root, CONFIG)
    assert "failed" in said
    assert f"proxy-check: {PATH}: " in said
    if THREEPROXY:
        assert main_process(root) == instance
        assert ask(root, "127.0.0.1:8080").split()[1] == "403"
