# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's farm in namespaces: the real plays find what they look for, and change what they say.

Its figures count only when all modems serve and exactly what should have changed has, so that they
come at all is the test.
"""

import os
import shutil

import pytest

from modemlab.bench import farm, postgres
from modemlab.host.errors import LabError

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
    pytest.mark.skipif(
        shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin") is None, reason="nft is not installed"
    ),
]


def test_requests_and_modem_apply_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "SIZES", (2,))
    monkeypatch.setattr(farm, "ROUNDS", 1)
    rows = farm._requests(2)
    assert [row.n for row in rows] == [2] * 4
    assert all(row.ours > 0 and row.peers["empty play"] > 0 for row in rows)
    alone = farm._measure("batches", 2, 1)
    # A bearer takes half a second, and all of them together not more.
    assert 0.5 <= alone["all"][0] < 5
    assert alone["unchanged"][0] < alone["all"][0]


def test_the_agent_serves_the_farm() -> None:
    with postgres.running() as server:
        found = farm._measure("agent", 2, 1, server.dsn)
    assert found["ready"][0] < 120
    assert 5 < found["Pss"][0] < farm.MEMORY_MIB


def test_what_goes_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="nonsense with 1 modems"):
        farm._measure("nonsense", 1, 1)
