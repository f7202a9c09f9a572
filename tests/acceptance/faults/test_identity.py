# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who: one IMEI twice, and modems whose data port comes late or never."""

from collections.abc import Iterator
from contextlib import contextmanager

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start
from .ground import place, root
from .test_sims import ONE, guest, served, shown

KNOWN_S, SERVING_S = 60.0, 120.0
BUS = "/sys/bus/usb"


def test_f24_one_imei_twice(scene: Lab, start: Start) -> None:
    """Both are shut until one is gone; then the other has its port again."""
    with start("F24") as running:
        row = running.row
        scene.control("add", n=ONE, count=1, imei=row["serial"])
        scene.control("plug", modem=ONE)
        running.converges(
            "it is quarantined", KNOWN_S, lambda: running.state()["state"] == "quarantined"
        )
        running.converges(
            "the port refuses", KNOWN_S,
            lambda: farm.request(scene, row["proxy_port"])["status"] != 200,
        )  # fmt: skip
        assert running.state()["reason"]
        scene.control("remove", modem=ONE)
        running.serves(cap_s=SERVING_S)


def test_f25_the_data_port_comes_late(scene: Lab, start: Start) -> None:
    """AT answers, QMI is missing: a reason; when it comes, the modem serves."""
    with start("F25", hit=0) as running:
        found = guest(running, ONE)
        with by_hand(scene):
            scene.control("plug", modem=ONE)
            path = place(scene, found["imei"])
            root(scene, f"echo {path} >{BUS}/drivers/usb/bind || true")
            for number in range(4):
                root(scene, f"echo {path}:1.{number} >{BUS}/drivers/option/bind")
        shown(running, found["imei"], "QMI", "cdc-wdm", "data")
        running.moment(5)
        root(scene, f"echo {path}:1.4 >{BUS}/drivers/qmi_wwan/bind")
        served(running, found["imei"])


@contextmanager
def by_hand(lab: Lab) -> Iterator[None]:
    """The kernel gives no driver to what is plugged in meanwhile."""
    root(lab, f"echo 0 >{BUS}/drivers_autoprobe")
    try:
        yield
    finally:
        root(lab, f"echo 1 >{BUS}/drivers_autoprobe")
