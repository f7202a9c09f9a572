# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks each invariant once: the reader must see it, or its silence proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .ground import Row, root
from .invariants import Invariants
from .trial import Trial, slowness, trial

SEEN_S = 10.0  # looks come once a second; on a busy host every few
SPARE = 30  # a slot that no modem has
BROKEN = {
    "rule": ("ip rule del pref {rule}",
             "ip rule add pref {rule} uidrange {uid}-{uid} lookup {table}"),
    "guard": ("nft delete chain inet modemfarm_guard forward",
              "systemctl reload modemfarm-routing"),
    "route": ("ip route replace default dev {other} table {table}",
              "ip route replace default dev {own} table {table}"),
    "config": (": >/etc/modemfarm/proxy/{spare}.json", "rm /etc/modemfarm/proxy/{spare}.json"),
    "listener": (
        "systemd-run -q --unit=lab-foreign python3 -c 'import socket, time;"
        's = socket.create_server(("192.168.1.100", {spare_port})); time.sleep(600)\'',
        "systemctl stop lab-foreign",
    ),
}  # fmt: skip


@contextmanager
def broken(lab: Lab, check: str, rows: list[Row]) -> Iterator[None]:
    row, other = rows[0], rows[1]
    slot = row["slot"]
    names = {
        "rule": 2000 + slot, "uid": 61000 + slot, "table": 1000 + slot, "own": row["interface"],
        "other": other["interface"], "spare": SPARE, "spare_port": 3127 + SPARE,
    }  # fmt: skip
    breaks, mends = (text.format(**names) for text in BROKEN[check])
    root(lab, breaks)
    try:
        yield
    finally:
        root(lab, mends, check=False)


@pytest.mark.parametrize("check", sorted(BROKEN))
def test_what_is_broken_is_seen_and_seen_as_mended(
    scene: Lab, ground: list[Row], check: str
) -> None:
    factor = slowness(scene)
    with Invariants(scene) as invariants:
        assert invariants.clean_look(SEEN_S * factor) is not None, invariants.looks()[-1]
        with broken(scene, check, ground):
            farm.wait_for(
                lambda: [look for look in invariants.looks() if (check in dict(look["broken"]))],
                SEEN_S * factor, f"{check} is seen as broken", lambda: str(invariants.looks()[-1:]),
            )  # fmt: skip
        assert invariants.clean_look(SEEN_S * factor) is not None, invariants.looks()[-1]


def test_a_trial_fails_when_an_invariant_breaks(
    scene: Lab, ground: list[Row], remark: Callable[[str], None]
) -> None:
    def run(running: Trial) -> None:
        with broken(scene, "config", ground):
            farm.wait_for(
                lambda: any(look["broken"] for look in running.invariants.looks()),
                SEEN_S * slowness(scene), "seen", lambda: "",
            )  # fmt: skip

    said: list[str] = []
    with pytest.raises(AssertionError, match="does not parse"):  # noqa: SIM117
        with trial(scene, "harness", 0, ground[:1], ground[1:], said.append) as running:
            run(running)
    assert said


def test_a_trial_fails_when_a_neighbour_is_disturbed(
    scene: Lab, ground: list[Row], remark: Callable[[str], None]
) -> None:
    other = ground[1]
    unit = f"*proxy@{other['slot']}.service"
    with pytest.raises(AssertionError, match="neighbours were disturbed"):  # noqa: PT012, SIM117
        with trial(scene, "harness", 0, ground[:1], ground[1:2], lambda _: None) as running:
            root(scene, f"systemctl kill -s STOP --kill-whom=main '{unit}'; sleep 0.1")
            root(scene, f"systemctl kill -s KILL --kill-whom=main '{unit}'")
            running.converges("it serves again", 30, lambda: running.answers(other))
