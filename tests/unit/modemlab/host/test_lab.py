# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the lab's daemon arrives there as it was asked."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from modemlab.host.lab import Lab


def test_a_verb_s_own_timeout_reaches_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab("unit")
    asked: list[tuple[dict[str, Any], float]] = []

    def run(command: list[str], timeout: float, check: bool) -> SimpleNamespace:
        asked.append((json.loads(command[-1]), timeout))
        return SimpleNamespace(stdout=b'{"ok": true}', stderr=b"")

    monkeypatch.setattr(lab, "need_running", lambda: None)
    monkeypatch.setattr(lab, "guest", SimpleNamespace(run=run))
    assert lab.control("watch-start", patience=5, ports={"3128": None}, timeout=20) == {"ok": True}
    assert asked == [({"verb": "watch-start", "ports": {"3128": None}, "timeout": 20}, 50)]
    lab.control("list", patience=5)
    assert asked[1:] == [({"verb": "list"}, 35)]
