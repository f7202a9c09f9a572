# SPDX-License-Identifier: GPL-3.0-or-later
"""F49 and F52: power is cut in mid apply; everything boots at once, PostgreSQL last."""

from collections.abc import Iterator
from contextlib import contextmanager

from modemlab.host import farm
from modemlab.host.errors import CommandFailed
from modemlab.host.lab import Lab

from .conftest import Start
from .ground import MODEMS, root, truth
from .history import registry, serving
from .program import inside
from .trial import ASK_EVERY_S, LATE_S

LATE_DATABASE_S = 60
SERVING_S = 120.0
DAEMON_S = 120
DROP_IN = "/etc/systemd/system/postgresql@.service.d/lab-late.conf"
LATE = f"""
mkdir -p {DROP_IN.rpartition("/")[0]}
printf '[Service]\\nExecStartPre=/bin/sleep {LATE_DATABASE_S}\\nTimeoutStartSec=300\\n' >{DROP_IN}
systemctl daemon-reload
sync
"""


@contextmanager
def late_database(lab: Lab) -> Iterator[None]:
    """PostgreSQL starts a minute later than asked."""
    root(lab, LATE)
    try:
        yield
    finally:
        root(lab, f"rm {DROP_IN}; systemctl daemon-reload")


def daemon_answers(lab: Lab) -> bool:
    try:
        return bool(lab.control("hello"))
    except CommandFailed:
        return False


def test_f49_f52_power_is_cut_and_all_boots_at_once(scene: Lab, start: Start) -> None:
    # The watch and the reader die with the host: they are started anew after the boot.
    with start("F49 F52", hit=MODEMS) as running, late_database(scene):
        before = {row["serial"]: row["proxy_port"] for row in running.hit}
        root(scene, f"systemd-run -q --unit=lab-f52 {farm.MODEMFARM} apply")
        running.moment(10)
        scene.cut_power()
        running.invariants.stop()
        scene.power_on()
        farm.wait_for(lambda: daemon_answers(scene), DAEMON_S, "the lab's daemon", lambda: "")
        scene.control("add", n=1, count=MODEMS)
        scene.control("reset-counters")
        scene.control("plug", modem=list(range(1, MODEMS + 1)))
        ports = {
            str(port): truth(scene)[serial]["wan"]["address"] for serial, port in before.items()
        }
        scene.control("watch-start", ports=ports, interval=ASK_EVERY_S, timeout=LATE_S)
        running.again()
        for row in running.hit:
            running.converges(f"port {row['proxy_port']} answers", SERVING_S,
                              lambda row=row: running.answers(row))  # fmt: skip
        report = scene.control("watch-stop")["report"]
        assert report["wrong_count"] == 0, report
        assert scene.control("counters")["lan"]["leaks"] == 0
        running.converges("the registry is there and agrees", 2 * LATE_DATABASE_S, lambda: (
            {imei: row["proxy_port"] for imei, row in registry(scene).items()} == before
        ))  # fmt: skip
        running.converges(
            "all are shown as serving", SERVING_S, lambda: serving(scene, set(before))
        )
        left = scene.guest.text(inside("inside.files")).split()
        assert left == [], left
