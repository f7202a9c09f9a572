# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the users: hashes that 3proxy takes, expiry, and nothing that leaks."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.users import (
    User,
    document_of,
    make_hash,
    matches,
    md5crypt,
    parse_expiry,
    parse_users,
    read_users,
)

from .test_policy import settings

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
HASH = "$1$abcdefgh$FHsQzFVEadOmxdySyArRS/"


@pytest.mark.parametrize(
    ("password", "salt", "digest"),
    [  # made by `openssl passwd -1`
        ("hello world 12", "abcdefgh", HASH),
        ("correct horse battery staple", "x", "$1$x$UUMx6/QlTOp7GpANhxO2D1"),
        ("0123456789abcdef", "./AZaz09", "$1$./AZaz09$wlNduND1ZC623PR.Fyf430"),
    ],
)
def test_md5crypt(password, salt, digest):
    assert md5crypt(password, salt) == digest


def test_a_new_hash_has_a_new_salt():
    one, other = make_hash("correct horse battery"), make_hash("correct horse battery")
    assert one != other
    assert matches("correct horse battery", one)
    assert not matches("correct horse batterx", one)


@pytest.mark.parametrize(
    "bad", ["short", "x" * 129, "with:a colon in it", "a line\nand another", "pässwörter sind gut"]
)
def test_a_bad_password_is_refused_and_not_repeated(bad):
    with pytest.raises(InvalidValueError) as caught:
        make_hash(bad)
    assert bad not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        {"name": "alice", "hash": "plain text pw"}, {"name": "alice", "hash": HASH + "\n"},
        {"name": "alice", "hash": '$1$x"y$' + "a" * 22}, {"name": "alice", "hash": "$6$x$y"},
        {"name": "-", "hash": HASH}, {"name": "alice"}, {"hash": HASH}, ["alice"],
        {"name": "alice", "hash": HASH, "expires": "soon"},
        {"name": "alice", "hash": HASH, "expires": "2027-01-31T12:00"},
        {"name": "alice", "hash": HASH, "expires": 1}, {"name": "alice", "hash": HASH, "uid": 0},
    ],
)  # fmt: skip
def test_a_bad_row_is_refused(row):
    with pytest.raises(InvalidValueError) as caught:
        parse_users({"version": 1, "users": [row]})
    assert "$1$" not in caught.value.message


def test_names_are_there_once():
    row = {"name": "alice", "hash": HASH}
    with pytest.raises(InvalidValueError, match="alice"):
        parse_users({"version": 1, "users": [row, row]})


def test_the_file(tmp_path):
    path = tmp_path / "users.json"
    assert read_users(path) == {}
    users = [User("bob", HASH, NOW), User("alice", HASH)]
    path.write_text(json.dumps(document_of(users)))
    assert read_users(path) == {user.name: user for user in users}
    for text in ("{", "[]", '{"version": 2}', "x" * 200_001):
        path.write_text(text)
        with pytest.raises(SettingsError, match=str(path)):
            read_users(path)


def test_expiry_is_a_moment():
    assert parse_expiry("2027-01-31") == NOW.replace(hour=0)
    assert parse_expiry("2027-01-31T13:00:00+01:00") == NOW
    assert parse_expiry(None) is None
    user = User("bob", HASH, NOW)
    assert user.valid(NOW - timedelta(seconds=1))
    assert not user.valid(NOW)


def test_only_users_whose_time_is_not_over_are_in_a_plan():
    known = {"alice": User("alice", HASH), "bob": User("bob", HASH, NOW)}
    farm = settings(policy={"users": ["alice", "bob", "carol"]})

    def names(now):
        return [user.name for user in proxy_plan(farm, farm.slot(1), {}, known, now=now).users]

    assert names(NOW - timedelta(seconds=1)) == ["alice", "bob"]
    assert names(NOW) == ["alice"]


def test_a_user_shows_no_hash():
    assert "$1$" not in repr(User("alice", HASH))
