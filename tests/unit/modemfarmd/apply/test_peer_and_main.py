# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask, how the socket comes to us, and where jobs work."""

import os
import socket
import stat
from pathlib import Path

import pytest

from modemfarmd.apply import main
from modemfarmd.apply.peer import Peer, PeerRefusedError, check_peer, peer_of


def test_root_and_ourselves_may_and_others_may_not() -> None:
    check_peer(Peer(1, 0, 0))
    check_peer(Peer(1, os.geteuid(), 0))
    check_peer(Peer(1, 0, 0), user="no-such-user")
    with pytest.raises(PeerRefusedError, match="uid 54321 may not"):
        check_peer(Peer(1, 54321, 0))


def test_the_kernel_says_who_is_there() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert peer_of(left) == Peer(os.getpid(), os.geteuid(), os.getegid())


def test_the_socket_is_for_owner_and_group_only(tmp_path: Path) -> None:
    path = tmp_path / "s"
    for _ in range(2):  # one that was left behind is replaced
        with main.listen(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_only_a_socket_meant_for_us_is_taken() -> None:
    assert main.activated({}) is None
    assert main.activated({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None
    assert main.activated({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}) is None


def test_the_work_folder_is_ours_and_emptied(tmp_path: Path) -> None:
    folder = main.work_folder(None, {"RUNTIME_DIRECTORY": str(tmp_path / "run")})
    (folder / "job-1").mkdir()
    (folder / "other").mkdir()
    assert main.work_folder(folder, {}) == folder
    assert [p.name for p in folder.iterdir()] == ["other"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert main.work_folder(None, {"STATE_DIRECTORY": str(tmp_path / "a")}) == tmp_path / "a"
