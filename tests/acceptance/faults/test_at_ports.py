# SPDX-License-Identifier: GPL-3.0-or-later
"""AT ports that are silent, noisy, or held by somebody else."""

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root
from .test_network import devnum
from .trial import Trial

LOOKS_S = 120.0  # three looks of 30 s and room
HOLD = """
import fcntl, os, sys, termios, time
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
fcntl.flock(port, fcntl.LOCK_EX)
fcntl.ioctl(port, termios.TIOCEXCL)
time.sleep(600)
"""


def answered(running: Trial) -> int:
    """How many AT commands the hit modem has had, by both of its ports."""
    (modem,) = running.lab.control("list", modem=running.number())["modems"]
    return int(modem["counters"]["at_commands"])


@pytest.mark.parametrize(
    "fault", variants(("silent", "3"), ("garbage", "endless"), ("urc_flood", 200))
)
def test_f6_f9_a_port_that_says_nothing_or_too_much(
    scene: Lab, start: Start, fault: tuple[str, object]
) -> None:
    """Our AT port only: the data path is good, so nothing is repaired and the modem serves on."""
    with start("F6", watch=True) as running:
        serial, path = running.row["serial"], running.state()["usb_path"]
        before = devnum(scene, path)
        running.fault(*fault)
        running.moment(LOOKS_S)
        assert running.answers(), "the port stopped serving"
        assert running.state()["state"] in ("serving", "degraded"), running.state()
        running.fault(fault[0], {"silent": "off", "garbage": "off", "urc_flood": 0}[fault[0]])
        said = running.converges(
            "AT answers again", 60,
            lambda: scene.guest.run(["sudo", farm.MODEMFARM, "at", serial, "AT+CGSN"],
                                    check=False).stdout,
        )  # fmt: skip
        assert serial.encode() in said
        assert devnum(scene, path) == before


def test_f10_another_program_has_the_port(scene: Lab, start: Start) -> None:
    """It is named with its pid, and no byte of ours gets into its conversation."""
    with start("F10") as running:
        serial = running.row["serial"]
        root(scene, f"cat >/run/lab-hold.py <<'END'\n{HOLD}END\n"
             "systemd-run -q --unit=lab-hold python3 /run/lab-hold.py"
             f" /dev/modems/{serial}/at")  # fmt: skip
        try:
            pid = root(scene, "systemctl show -P MainPID lab-hold").strip()
            commands = answered(running)
            said = scene.guest.run(
                ["sudo", farm.MODEMFARM, "at", "--wait", "1", serial, "AT+CSQ"], check=False
            )
            assert said.returncode == 1, said
            assert pid.encode() in said.stderr, (pid, said.stderr)
            running.moment(45)
            assert running.answers()
            running.note(f"{answered(running) - commands} commands by ModemManager meanwhile")
        finally:
            root(scene, "systemctl stop lab-hold", check=False)
        running.serves(cap_s=60)
