# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control socket takes, refuses and answers; the worker's thread is this one."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.at.permit import Role
from modemfarm.caller import user_name
from modemfarm.errors import FarmError, InvalidValueError, NotPermittedError
from modemfarmd.agent import control
from modemfarmd.agent.control import BusyError, Control, actor
from modemfarmd.agent.deeds import Deeds, StepRefusedError
from modemfarmd.apply.peer import Peer
from modemfarmd.registry.repairs import Repair

from .world import World, serial

ALICE = Peer(4711, 61234, 61234)
ROOT = Peer(4712, 0, 0)


class Desk:
    """Asks in a thread and lets the worker work until there is an answer."""

    def __init__(self, world: World, wait: float = 30.0) -> None:
        self.world = world
        self.control = Control(
            world.inbox, world.holds, lambda: {"modems": 2}, world.worker.resync_soon,
            world.worker.apply_some, world.store.event, world.wall, self.deeds(), wait,
            quotas=world.quotas,
        )  # fmt: skip

    def deeds(self) -> Deeds:
        world = self.world
        self.said: list[tuple[Any, ...]] = []

        def speak(*asked: Any) -> dict[str, Any]:
            self.said.append(asked)
            return {"lines": ["OK"]}

        self.kept: list[Repair] = []
        return Deeds(
            world.farm, world.repairs, speak, world.store.event, self.kept.append, world.wall
        )

    def ask(self, document: dict[str, Any], peer: Peer = ALICE) -> dict[str, Any]:
        found: list[Any] = []

        def run() -> None:
            try:
                found.append(self.control.answer(document, peer))
            except FarmError as error:
                found.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive():
            self.world.turn()
            thread.join(0.01)
        if isinstance(found[0], FarmError):
            raise found[0]
        return dict(found[0])


@pytest.fixture
def desk(world: World) -> Desk:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    return Desk(world)


def until(desk: Desk, **span: float) -> str:
    return (desk.world.wall() + timedelta(**span)).isoformat()


def test_a_hold_and_its_release(desk: Desk) -> None:
    asked = {"verb": "hold", "serial": serial(1), "until": until(desk, hours=2), "reason": "x"}
    said = desk.ask(asked)
    assert said["hold"]["by"] == "cli:uid-61234"
    desk.world.turn()
    assert desk.world.state(1) == "held"
    assert desk.ask({"verb": "release", "serial": serial(1)})["hold"] is None
    desk.world.turn()
    assert desk.world.state(1) == "serving"


def test_only_root_speaks_for_others() -> None:
    assert actor("cli:bob", ROOT) == "cli:bob"
    assert actor("api:bob", ALICE) == "cli:uid-61234"
    assert actor(None, ROOT) == f"cli:{user_name(0)}"
    with pytest.raises(InvalidValueError):
        actor("no body", ROOT)


def test_resync_status_and_apply(desk: Desk) -> None:
    assert desk.ask({"verb": "status"}) == {"status": {"modems": 2}}
    assert desk.ask({"verb": "resync"}) == {}
    applied = len(desk.world.applied)
    assert desk.ask({"verb": "apply", "serials": [serial(2)]}) == {"queued": 1}
    desk.world.turn(5)
    assert desk.world.applied[applied:] == [[serial(2)]]
    assert desk.ask({"verb": "apply", "serials": []}) == {"queued": 2}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"serial": serial(9)}, "serial is"), ({"serial": "12"}, "serial is"),
        ({"serial": None}, "serial is"), ({"until": "2020-01-01T00:00:00Z"}, "until is"),
        ({"until": "2226-01-01T00:00:00Z"}, "until is"), ({"until": "2026-02-01T00:00:00"}, "un"),
        ({"until": 7}, "until is"), ({"reason": ""}, "reason is"), ({"reason": "a\nb"}, "reason"),
        ({"reason": "x" * 201}, "reason is"), ({"seconds": 5}, "field name is"),
        ({"verb": "reboot"}, "verb is"), ({"verb": ["hold"]}, "verb is"), ({"by": 3}, ""),
    ],
)  # fmt: skip
def test_bad_input_changes_nothing_and_is_an_event(
    desk: Desk, changes: dict[str, Any], part: str
) -> None:
    asked = {"verb": "hold", "serial": serial(1), "until": until(desk, hours=2), "reason": "x"}
    snapshots = len(desk.world.snapshots)
    if "by" in changes:  # nobody believes it, so it does no harm
        assert desk.ask(asked | changes)["hold"]["by"] == "cli:uid-61234"
        return
    with pytest.raises(InvalidValueError, match=part) as raised:
        desk.ask(asked | changes)
    assert raised.value.remedy
    desk.world.turn()
    assert desk.world.state(1) == "serving"
    assert len(desk.world.snapshots) == snapshots
    assert desk.world.events("request-refused") == ["request-refused"]


def test_a_worker_that_does_not_come_to_it_is_told_and_does_not_do_it_later(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    desk = Desk(world, wait=0.05)
    asked = {"verb": "hold", "serial": serial(1), "until": until(desk, hours=2), "reason": "x"}
    with pytest.raises(BusyError, match="did not come to it"):
        desk.control.answer(asked, ALICE)  # nobody turns the worker
    world.turn()
    assert world.holds.active() == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["verb", "serial", "until", "reason", "by", "serials", "x"]),
        JSON | st.sampled_from(["hold", "release", "apply", serial(1)]),
    )
)
def test_whatever_is_asked_is_answered_or_refused(document: dict[str, Any]) -> None:
    world = World()
    desk = Desk(world, wait=0.001)
    with contextlib.suppress(FarmError):
        desk.control.answer(document, ROOT)


def deed(verb: str, **changes: Any) -> dict[str, Any]:
    asked = {"verb": verb, "serial": serial(1), "by": "api:alice", "correlation": "c1"}
    more = {"command": "AT+QCSQ", "role": "viewer"} if verb == "command" else {"step": "reset"}
    return asked | more | changes


def test_a_command_goes_to_the_modem_with_who_and_why(desk: Desk) -> None:
    assert desk.ask(deed("command"), ROOT) == {"lines": ["OK"]}
    assert desk.said == [(serial(1), "AT+QCSQ", Role.VIEWER, "api:alice", "c1")]


def test_a_restart_ends_with_its_step_and_is_kept(desk: Desk) -> None:
    said = desk.ask(deed("restart"), ROOT)
    assert (said["serial"], said["step"]) == (serial(1), "reset")
    assert desk.world.repaired == [(serial(1), "reset")]
    desk.world.turn()
    assert desk.world.events("repairing", "repair") == ["repairing", "repair"]
    (kept,) = desk.kept
    assert (kept.step, kept.outcome, kept.evidence["by"]) == ("reset", "done", "api:alice")


def test_a_restart_that_fails_says_so(desk: Desk) -> None:
    desk.world.repair_error = "it did not come back"
    with pytest.raises(StepRefusedError, match="it did not come back"):
        desk.ask(deed("restart"), ROOT)
    desk.world.turn()
    assert desk.world.events("repair-failed") == ["repair-failed"]
    assert desk.kept[0].outcome == "failed"


def test_a_modem_that_is_held_or_away_is_not_restarted(desk: Desk) -> None:
    hold = {"verb": "hold", "serial": serial(1), "until": until(desk, hours=2), "reason": "x"}
    desk.ask(hold)
    with pytest.raises(StepRefusedError, match="held by"):
        desk.ask(deed("restart"), ROOT)
    desk.world.unplug("1-2")
    desk.world.turn(5)
    with pytest.raises(StepRefusedError, match="not plugged in"):
        desk.ask(deed("restart", serial=serial(2)), ROOT)
    with pytest.raises(InvalidValueError, match="serial is"):
        desk.ask(deed("restart", serial=serial(9)), ROOT)
    assert desk.world.repaired == []


@pytest.mark.parametrize("verb", ["command", "restart"])
def test_only_root_and_the_api_ask_for_deeds(
    desk: Desk, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotPermittedError, match="61234"):
        desk.ask(deed(verb), ALICE)
    assert (desk.said, desk.world.repaired) == ([], [])
    monkeypatch.setattr(control, "API_USER", user_name(1))
    assert desk.ask(deed(verb), Peer(4713, 1, 1))
    assert actor("api:bob", Peer(4713, 1, 1)) == "api:bob"


@pytest.mark.parametrize(
    ("verb", "changes", "part"),
    [
        ("command", {"command": 5}, "command is"), ("command", {"role": "root"}, "role is"),
        ("command", {"role": ["admin"]}, "role is"), ("command", {"by": "x y"}, "by is"),
        ("command", {"by": None}, "by is"), ("command", {"correlation": "a b"}, "correlation is"),
        ("command", {"serial": "1"}, "serial is"), ("command", {"step": "usb"}, "field name is"),
        ("restart", {"step": "reprobe"}, "step is"), ("restart", {"step": None}, "step is"),
        ("restart", {"step": ["usb"]}, "step is"), ("restart", {"role": "admin"}, "field name is"),
    ],
)  # fmt: skip
def test_bad_deeds_are_not_done(desk: Desk, verb: str, changes: dict[str, Any], part: str) -> None:
    with pytest.raises(InvalidValueError, match=part):
        desk.ask(deed(verb, **changes), ROOT)
    assert (desk.said, desk.world.repaired) == ([], [])
