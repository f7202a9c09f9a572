# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.pin.ledger: nothing makes it forget, and without it nothing is tried."""

import errno
import fcntl
import json
import os
import stat
from pathlib import Path

import pytest

from modemfarm.errors import PinPolicyError
from modemfarm.pin import files, ledger
from modemfarm.pin.ledger import Ledger, Outcome
from modemfarm.pin.secret import Pin

ICCID, OTHER = "89490200001234567890", "89490200001234567891"
PIN = Pin("4711")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pin-tries.json"


@pytest.fixture
def tries(path: Path) -> Ledger:
    return Ledger(path)


def refused(tries: Ledger, match: str, iccid: str = ICCID, pin: Pin = PIN) -> None:
    """It allows nothing, and looking at it changes nothing."""
    for _ in range(2):
        with pytest.raises(PinPolicyError, match=match) as caught:
            tries.begin(iccid, pin)
        assert "4711" not in str(caught.value)


def test_first_try(tries: Ledger) -> None:
    assert tries.outcome(ICCID, PIN) is None
    tries.begin(ICCID, PIN)
    assert tries.outcome(ICCID, PIN) is Outcome.UNKNOWN


def test_nobody_learnt_how_it_ended(tries: Ledger, path: Path) -> None:
    tries.begin(ICCID, PIN)
    refused(Ledger(path), "nobody learnt how it ended")


def test_refused_is_for_ever(tries: Ledger, path: Path) -> None:
    tries.begin(ICCID, PIN)
    tries.end(ICCID, PIN, accepted=False)
    refused(Ledger(path), "this SIM refused it before")
    tries.end(ICCID, PIN, accepted=True)
    assert tries.outcome(ICCID, PIN) is Outcome.REFUSED


def test_accepted_may_be_sent_again(tries: Ledger) -> None:
    for _ in range(3):
        tries.begin(ICCID, PIN)
        tries.end(ICCID, PIN, accepted=True)
    tries.begin(ICCID, PIN)
    tries.end(ICCID, PIN, accepted=False)
    refused(tries, "this SIM refused it before")


def test_each_sim_and_each_pin_has_its_own_try(tries: Ledger) -> None:
    tries.begin(ICCID, PIN)
    tries.begin(OTHER, PIN)
    tries.begin(ICCID, Pin("0815"))
    refused(tries, "before", OTHER)


def test_it_holds_no_pin_and_only_its_owner_reads_it(tries: Ledger, path: Path) -> None:
    tries.begin(ICCID, PIN)
    text = path.read_text(encoding="ascii")
    assert "4711" not in text
    assert ICCID not in text
    for name in ("pin-tries.json", "pin-tries.key", "pin-tries.lock"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600
    assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []


def test_two_hosts_write_different_hashes(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Ledger(tmp_path / folder / "l.json").begin(ICCID, PIN)
        document = json.loads((tmp_path / folder / "l.json").read_bytes())
        names += list(document["tries"])
    assert len(set(names)) == 2


DAMAGE = [
    b"", b"{", b"null", b"[]", b'{"version":1}', b'{"version":2,"key":"0","tries":{}}',
    b'{"version":1,"key":"0","tries":[]}', b'{"version":1,"key":"0","tries":{"a":{"outcome":"x"}}}',
    b'{"version":1,"key":"0","tries":{"a":null}}', b"\xff\xfe", b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGE)
def test_a_damaged_ledger_allows_nothing(tries: Ledger, path: Path, content: bytes) -> None:
    tries.begin(OTHER, PIN)
    path.write_bytes(content)
    refused(tries, "PIN refused: /")
    assert path.read_bytes() == content


def test_a_cut_ledger_allows_nothing(tries: Ledger, path: Path) -> None:
    tries.begin(OTHER, PIN)
    whole = path.read_bytes()
    for size in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:size])
        refused(tries, "PIN refused: /")


def test_half_of_it_is_gone(tries: Ledger, path: Path) -> None:
    tries.begin(OTHER, PIN)
    key = path.with_suffix(".key")
    kept = path.read_bytes(), key.read_bytes()
    key.unlink()
    refused(tries, "not the key")
    key.write_bytes(bytes(32))
    refused(tries, "not the key")
    key.write_bytes(kept[1])
    path.unlink()
    refused(tries, "it is gone")
    path.write_bytes(kept[0])
    tries.begin(ICCID, PIN)


def test_death_while_it_is_begun(
    tries: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its two files; an empty ledger without a key has nothing to forget."""

    def die(self: Ledger, where: Path, content: bytes) -> None:
        if where.suffix == ".key":
            raise SystemExit
        files.replace_private(where, content)

    monkeypatch.setattr(Ledger, "_replace", die)
    with pytest.raises(SystemExit):
        tries.begin(ICCID, PIN)
    monkeypatch.undo()
    tries.begin(ICCID, PIN)
    refused(tries, "before")


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_does_not_write(
    tries: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    tries.begin(OTHER, PIN)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), fail)
    refused(tries, r"No space left.*make room")  # and nothing of removing the ledger
    assert path.read_bytes() == before


def test_the_directory_is_on_the_disk_before_it_returns(
    tries: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries.begin(OTHER, PIN)
    real, synced = os.fsync, []

    def fsync(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    tries.begin(ICCID, PIN)
    assert synced == [False, True]


@pytest.mark.parametrize("name", ["pin-tries.json", "pin-tries.key", "pin-tries.lock"])
def test_links_are_not_followed(tries: Ledger, path: Path, name: str) -> None:
    tries.begin(OTHER, PIN)
    file = path.parent / name
    target = file.rename(path.parent / "elsewhere")
    file.symlink_to(target)
    refused(tries, "PIN refused: /")


def test_a_held_lock_ends_in_an_error(
    tries: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LOCK_WAIT_S", 0.05)
    tries.begin(OTHER, PIN)
    with path.with_suffix(".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(tries, "another program has held it")
    tries.begin(ICCID, PIN)


@pytest.mark.parametrize("root", [True, False])
def test_what_root_writes_stays_the_agents(
    tries: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(os, "fchown", lambda _handle, user, group: given.append((user, group)))
    tries.begin(ICCID, PIN)
    owner = path.parent.stat()
    assert set(given) == ({(owner.st_uid, owner.st_gid)} if root else set())
    assert len(given) == (4 if root else 0)  # lock, ledger, key, and the ledger with the try
