# SPDX-License-Identifier: GPL-3.0-or-later
"""ModemManager that dies, hangs, restarts or is not there.

With NetworkManager's gsm profiles all bearers go down with it: NetworkManager deactivates a device
whose modem has left the bus. So here, and only here, all modems are hit: all must serve again
within the cap, and nothing may leave by a wrong path meanwhile.
"""

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import MODEMS, root
from .history import serving

ALL_S = 120.0
SEEN_S = 5.0


@pytest.mark.parametrize("how", variants("kill", "restart", "hang"))
def test_f28_modemmanager_goes_and_comes(scene: Lab, start: Start, how: str) -> None:
    with start("F28", hit=MODEMS) as running:
        running.moment(5)
        if how == "hang":
            root(scene, "systemctl kill -s STOP ModemManager")
            running.moment(20)
            root(scene, "systemctl kill -s KILL ModemManager")
        else:
            root(scene, {"kill": "systemctl kill -s KILL ModemManager",
                         "restart": "systemctl restart ModemManager"}[how])  # fmt: skip
        for row in running.hit:
            running.converges(f"port {row['proxy_port']} answers", ALL_S,
                              lambda row=row: running.answers(row))  # fmt: skip
        running.converges("all are shown as serving", ALL_S, lambda: serving(
            scene, {row["serial"] for row in running.hit}))  # fmt: skip


def test_f29_without_modemmanager(scene: Lab, start: Start) -> None:
    """The reason names it, and AT works on."""
    with start("F29", hit=MODEMS) as running:
        root(scene, "systemctl mask --runtime --now ModemManager")
        try:
            row = running.hit[0]
            found = running.converges(
                "the reason names ModemManager", ALL_S,
                lambda: (now := running.state(row))["state"] != "serving"
                and "ModemManager" in (now["reason"] or "") and now,
            )  # fmt: skip
            running.note(f"{found['state']}: {found['reason']}")
            said = scene.guest.text(["sudo", farm.MODEMFARM, "at", row["serial"], "AT+CGSN"])
            assert row["serial"] in said
        finally:
            root(scene, "systemctl unmask --runtime ModemManager; systemctl start ModemManager")
        running.converges("all serve again", ALL_S, lambda: serving(
            scene, {row["serial"] for row in running.hit}))  # fmt: skip
