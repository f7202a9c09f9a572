# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies that hang, cannot start, find their port taken, or have a configuration destroyed."""

import time

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root
from .trial import Trial

FOUND_S = 60.0  # FAULTS F43 and F45
FOREIGN = "lab-foreign"
LISTEN = (
    "import socket, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR,"
    ' 1); s.bind(("192.168.1.100", {port})); s.listen(); time.sleep(3600)'
)


def unit(running: Trial) -> str:
    """The proxy's unit."""
    engine = running.lab.need_running().engine["name"]
    name = "3proxy" if engine == "threeproxy" else "v2ray-proxy"
    return f"{name}@{running.row['slot']}.service"


def config(running: Trial) -> str:
    """The proxy's configuration on the host."""
    engine = running.lab.need_running().engine["name"]
    suffix = "cfg" if engine == "threeproxy" else "json"
    return f"/etc/modemfarm/proxy/{running.row['slot']}.{suffix}"


def main_pid(lab: Lab, name: str) -> str:
    return root(lab, f"systemctl show -P MainPID {name}").strip()


def test_f43_a_proxy_that_hangs_is_restarted_alone(scene: Lab, start: Start) -> None:
    with start("F43") as running:
        name = unit(running)
        others = root(scene, "systemctl show -P MainPID 'v2ray-proxy@*' '3proxy@*'").split()
        before = main_pid(scene, name)
        running.moment(5)
        root(scene, f"systemctl kill -s STOP --kill-whom=main {name}")
        running.converges("the proxy has been restarted", 2 * FOUND_S,
                          lambda: main_pid(scene, name) not in (before, "0"))  # fmt: skip
        running.serves(cap_s=FOUND_S)
        after = root(scene, "systemctl show -P MainPID 'v2ray-proxy@*' '3proxy@*'").split()
        assert set(others) - set(after) == {before}


@pytest.mark.parametrize("damage", variants("corrupt", "empty", "missing", "half"))
def test_f44_a_destroyed_configuration(scene: Lab, start: Start, damage: str) -> None:
    """What runs serves on; the file is put right, and a restart serves too."""
    with start("F44", allowed=("config",)) as running:
        path = config(running)
        wanted = root(scene, f"cat {path}")
        root(scene, {
            "corrupt": f"echo '}}{{ nonsense' >{path}",
            "empty": f": >{path}",
            "missing": f"rm {path}",
            "half": f"truncate -s {len(wanted) // 2} {path}",
        }[damage])  # fmt: skip
        assert running.answers(), "the running proxy stopped serving"
        if running.random.random() < 0.5:
            root(scene, f"systemctl kill -s KILL {unit(running)}")
            running.note("its process was killed too")
        running.converges(f"the {damage} file is right again", 2 * FOUND_S,
                          lambda: root(scene, f"cat {path}", check=False) == wanted)  # fmt: skip
        running.serves(cap_s=FOUND_S)


def test_f41_a_foreign_process_on_the_port(scene: Lab, start: Start) -> None:
    """It is named and left alone; when it goes, the modem serves."""
    with start("F41", allowed=("listener",)) as running:
        name, port = unit(running), running.row["proxy_port"]
        script = LISTEN.format(port=port)
        root(scene, f"systemctl stop {name}; systemd-run -q --unit={FOREIGN} python3 -c '{script}'")
        try:
            foreign = main_pid(scene, FOREIGN)
            scene.guest.run(["sudo", farm.MODEMFARM, "apply", running.row["serial"]], check=False,
                            timeout=240)  # fmt: skip
            found = running.converges(
                "the registry says that it failed", FOUND_S,
                lambda: (row := running.state())["state"] == "failed" and row,
            )  # fmt: skip
            assert str(port) in found["reason"], found
            assert "port_conflict" in found["reason"], found
            running.note(found["reason"])
            assert main_pid(scene, FOREIGN) == foreign
        finally:
            root(scene, f"systemctl stop {FOREIGN}", check=False)
        # A person acted; the agent looks again by itself, at the latest after five minutes.
        scene.guest.run(["sudo", farm.MODEMFARM, "apply", running.row["serial"]], timeout=240)
        running.serves(cap_s=FOUND_S)


def test_f42_a_proxy_that_dies_again_and_again(scene: Lab, start: Start) -> None:
    """systemd gives up after ten times in five minutes; the agent puts it right."""
    with start("F42") as running:
        name = unit(running)
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline:
            root(scene, f"systemctl kill -s KILL {name}", check=False)
            if root(scene, f"systemctl is-active {name} || true").strip() == "failed":
                break
        state = root(scene, f"systemctl show -P Result {name}").strip()
        running.note(f"after the kills: {state}")
        running.serves(cap_s=3 * FOUND_S)


def test_f51_a_proxy_out_of_memory(scene: Lab, start: Start) -> None:
    """The kernel ends that one alone, and it comes back."""
    with start("F51") as running:
        name = unit(running)
        limit = root(scene, f"systemctl show -P MemoryMax {name}").strip()
        assert limit != "infinity"
        root(scene, f"systemctl set-property --runtime {name} MemoryMax=1M MemorySwapMax=0")
        running.converges(
            "the kernel has ended it", 30,
            lambda: "oom" in root(scene, f"systemctl show -P Result {name}; journalctl -q -u {name}"
                                  " --since -5min -o cat | grep -i oom || true").lower(),
        )  # fmt: skip
        root(scene, f"systemctl set-property --runtime {name} MemoryMax={limit}")
        running.serves(cap_s=2 * FOUND_S)
