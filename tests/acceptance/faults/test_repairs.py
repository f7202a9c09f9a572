# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be repaired (a broken probe, a cause that all share), and what must."""

from collections.abc import Iterator
from contextlib import contextmanager

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start
from .ground import MODEMS, root
from .history import RESETS, events, now, registry, repairs
from .test_network import devnum
from .trial import slowness

NOWHERE = "203.0.113.99"  # routed to the carrier, where nobody answers
TARGETS = ("ip.lab.test", "second.lab.test")
ELSEWHERE = "http://watch.lab.test/"  # what the neighbours ask for
TOLD_S = 150.0  # three looks of 30 s, and room
QUIET_S = 60.0
LADDER_S = 420.0  # reconnect, its cool-down, USB, and the way back


@contextmanager
def dead(lab: Lab, rows: list[farm.Row], *names: str) -> Iterator[None]:
    """These names lead to nobody, for every proxy: v2ray keeps an answer for ten minutes."""
    for name in names:
        lab.control("dns", name=name, addresses=[NOWHERE])
    forget_names(lab, rows)
    try:
        yield
    finally:
        for name in names:
            lab.control("dns", name=name, addresses=[])
        forget_names(lab, rows)


def forget_names(lab: Lab, rows: list[farm.Row]) -> None:
    """Restart the proxies, and wait until each answers."""
    root(lab, "systemctl restart 'v2ray-proxy@*' '3proxy@*'")
    for row in rows:
        farm.wait_for(
            lambda row=row: farm.request(lab, row["proxy_port"], ELSEWHERE)["status"] == 200,
            60 * slowness(lab), "a proxy answers", lambda: "",
        )  # fmt: skip


def test_a_broken_probe_target_repairs_nothing(
    scene: Lab, ground: list[farm.Row], start: Start
) -> None:
    since = now(scene)
    with (
        dead(scene, ground, TARGETS[0]),
        start("probe", hit=0, url=ELSEWHERE) as running,
    ):
        running.converges("it is told that the probe is broken", TOLD_S,
                          lambda: events(scene, since, "probe-broken"))  # fmt: skip
        running.moment(QUIET_S)
        assert repairs(scene, since) == []
        assert events(scene, since, "shared-cause", "alert", "operator-needed") == []
        states = {row["state"] for row in registry(scene).values()}
        assert states == {"serving"}, states
        assert len(events(scene, since, "probe-broken")) == 1


def test_both_probe_targets_down_repair_nothing(
    scene: Lab, ground: list[farm.Row], start: Start
) -> None:
    since = now(scene)
    with (
        dead(scene, ground, *TARGETS),
        start("probes", hit=0, url=ELSEWHERE) as running,
    ):
        running.converges("one alarm", TOLD_S, lambda: events(scene, since, "shared-cause"))
        running.moment(QUIET_S)
        assert repairs(scene, since) == []
        assert len(events(scene, since, "shared-cause")) == 1


def test_a_fault_of_all_at_once_is_one_alarm_and_no_reset(scene: Lab, start: Start) -> None:
    with start("shared", hit=MODEMS) as running:
        since = now(scene)
        devices = [devnum(scene, row["usb_path"]) for row in running.hit]
        for row in running.hit:
            running.fault("data_dead", True, row)
        running.converges("one alarm", TOLD_S, lambda: events(scene, since, "shared-cause"))
        running.moment(QUIET_S)
        for row in running.hit:
            running.fault("data_dead", False, row)
        for row in running.hit:
            running.serves(row, cap_s=TOLD_S)
        taken = repairs(scene, since)
        running.note(f"steps: {[step['step'] for step in taken]}")
        assert [step for step in taken if step["step"] in RESETS] == []
        assert [devnum(scene, row["usb_path"]) for row in running.hit] == devices
        running.converges("the alarm ends", TOLD_S,
                          lambda: events(scene, since, "shared-cause-over"))  # fmt: skip
        assert len(events(scene, since, "shared-cause")) == 1


def test_f6_a_silent_modem_without_data_climbs_the_ladder(scene: Lab, start: Start) -> None:
    """Cheapest first, one rung at a time, and what was before and after is written down."""
    with start("F6 silent") as running:
        since = now(scene)
        running.fault("silent", "3")
        running.fault("data_dead", True)
        running.converges("its USB port was switched off and on", LADDER_S, lambda: any(
            step["step"] == "usb" for step in repairs(scene, since)))  # fmt: skip
        running.fault("silent", "off")
        running.fault("data_dead", False)
        running.serves(cap_s=LADDER_S)
        taken = repairs(scene, since)
        running.note(f"steps: {[(step['step'], step['outcome']) for step in taken]}")
        assert {step["serial"] for step in taken} == {running.row["serial"]}
        steps = [step["step"] for step in taken]
        assert steps.index("reconnect") < steps.index("usb")
        assert all(step["before"] for step in taken), taken
        assert root(scene, f"cat /sys/bus/usb/devices/{running.state()['usb_path']}/authorized"
                    ).strip() == "1"  # fmt: skip
