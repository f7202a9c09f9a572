# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the lab's daemon arrives there as it was asked."""

import json
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modemlab.host.lab import Lab


def test_a_verb_s_own_timeout_reaches_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab("unit")
    asked: list[tuple[dict[str, Any], float | None]] = []

    def way_in() -> socket.socket:
        ours, daemons = socket.socketpair()

        def serve() -> None:
            with daemons, daemons.makefile("rb") as stream:
                request = json.loads(stream.readline())
                asked.append((request, ours.gettimeout()))
                daemons.sendall(b'{"ok": true}\n')

        threading.Thread(target=serve, daemon=True).start()
        return ours

    monkeypatch.setattr(lab, "need_running", lambda: None)
    monkeypatch.setattr(lab, "_way_in", way_in)
    assert lab.control("watch-start", patience=5, ports={"3128": None}, timeout=20) == {"ok": True}
    assert asked == [({"verb": "watch-start", "ports": {"3128": None}, "timeout": 20}, 50)]
    lab.control("list", patience=5)
    assert asked[1:] == [({"verb": "list"}, 35)]


def test_a_way_in_that_has_ended_is_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSH's kept connection ends when nobody uses it, and its socket stays behind."""
    lab = Lab("unit")
    path = tmp_path / "control"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    servers: list[socket.socket] = []

    def forward(local: Path, remote: str) -> None:
        assert (local, remote) == (path, "/run/modemlab.sock")
        local.unlink()
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(local))
        server.listen()
        servers.append(server)

    monkeypatch.setattr("modemlab.host.lab.control_folder", lambda _: tmp_path)
    monkeypatch.setattr(lab, "guest", SimpleNamespace(forward=forward))
    for _ in range(2):
        with lab._way_in():
            pass
    assert len(servers) == 1
    servers[0].close()
