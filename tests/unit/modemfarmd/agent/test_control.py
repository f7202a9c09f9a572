# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control socket takes, refuses and answers; the worker's thread is this one."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.caller import user_name
from modemfarm.errors import FarmError, InvalidValueError
from modemfarmd.agent.control import BusyError, Control, actor
from modemfarmd.apply.peer import Peer

from .world import World, serial

ALICE = Peer(4711, 61234, 61234)
ROOT = Peer(4712, 0, 0)


class Desk:
    """Asks in a thread and lets the worker work until there is an answer."""

    def __init__(self, world: World, wait: float = 30.0) -> None:
        self.world = world
        self.control = Control(
            world.inbox, world.holds, lambda: {"modems": 2}, world.worker.resync_soon,
            world.worker.apply_some, world.store.event, world.wall, wait,
        )  # fmt: skip

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
