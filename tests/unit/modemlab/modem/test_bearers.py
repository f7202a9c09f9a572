# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.bearers import ALL_HANDLES, Bearers, Session
from modemlab.modem.errors import NoSuchSessionError


def test_sessions_come_and_go() -> None:
    told: list[tuple[int, bool]] = []
    bearers = Bearers(on_change=lambda session, up: told.append((session.handle, up)))
    session = bearers.start(1, 4, "internet")
    assert bearers.up(4)
    assert not bearers.up(6)
    bearers.stop(session.handle)
    assert told == [(session.handle, True), (session.handle, False)]
    assert not bearers.up(4)


def test_a_client_has_one_session_for_a_family() -> None:
    bearers = Bearers()
    first = bearers.start(1, 4, "a")
    assert bearers.start(1, 4, "a") is first
    assert bearers.start(1, 6, "a") is not first
    assert bearers.start(2, 4, "a") is not first


def test_an_unknown_handle_is_refused() -> None:
    with pytest.raises(NoSuchSessionError):
        Bearers().stop(5)


def test_all_handles_and_clients() -> None:
    bearers = Bearers()
    for client in (1, 2, 3):
        bearers.start(client, 4, "a")
    bearers.stop_client(2)
    assert {session.client for session in bearers.sessions.values()} == {1, 3}
    bearers.stop(ALL_HANDLES)
    assert bearers.sessions == {}


def test_the_newest_session_of_a_client() -> None:
    bearers = Bearers()
    bearers.start(1, 4, "a")
    newest: Session = bearers.start(1, 6, "a")
    assert bearers.of_client(1) is newest
    assert bearers.of_client(9) is None
