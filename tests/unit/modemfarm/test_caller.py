# SPDX-License-Identifier: GPL-3.0-or-later
"""Actors and correlation ids: what is taken, what is refused, who stands behind root."""

import getpass

import pytest

from modemfarm import caller
from modemfarm.errors import InvalidValueError


def test_a_new_id_is_sixteen_hex_digits_and_another_each_time() -> None:
    first, second = caller.new_correlation(), caller.new_correlation()
    assert first != second
    assert len(first) == 16
    assert int(first, 16) >= 0


@pytest.mark.parametrize("bad", ["", "a b", "a\n", "x" * 65, "é", "'; --", None, 7])
def test_ids_that_are_none(bad: object) -> None:
    with pytest.raises(InvalidValueError):
        caller.check_correlation(bad)


def test_an_enclosing_run_hands_its_id_down() -> None:
    assert caller.correlation({caller.CORRELATION_VARIABLE: "run-1"}) == "run-1"
    assert len(caller.correlation({})) == 16
    with pytest.raises(InvalidValueError, match=caller.CORRELATION_VARIABLE):
        caller.correlation({caller.CORRELATION_VARIABLE: "run 1"})


@pytest.mark.parametrize("good", ["agent", "cli:alice", "ansible:root", "api:alice@example.org"])
def test_actors(good: str) -> None:
    assert caller.check_actor(good) == good


@pytest.mark.parametrize("bad", ["", "cli:", "cli:a b", "cli:a\n", "CLI:a", "cli:" + "x" * 48, 3])
def test_actors_that_are_none(bad: object) -> None:
    with pytest.raises(InvalidValueError):
        caller.check_actor(bad)


def test_a_name_from_elsewhere_is_made_plain() -> None:
    assert caller.actor_of("cli", "jörg \x1b[31m") == "cli:j?rg??[31m"
    assert len(caller.actor_of("cli", "x" * 300)) <= caller.LONGEST
    assert caller.actor_of("cli", "") == "cli:?"


def test_the_person_behind_sudo_is_the_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert caller.actor_here("ansible", {"SUDO_USER": "alice"}) == "ansible:alice"
    assert caller.actor_here("ansible", {}) == "ansible:root"
    monkeypatch.undo()
    assert caller.actor_here("cli", {}) == f"cli:{getpass.getuser()}"


def test_only_root_may_say_who_stands_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert caller.actor_here("cli", {"SUDO_USER": "alice"}) == "cli:uid-4000000000"
