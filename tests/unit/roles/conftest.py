# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the roles would write, for each engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .ansible_runs import ROOT, failures, run_playbook

ENGINES = ("threeproxy", "v2ray")
VARIABLES = {
    "farm_lan_address": "192.168.1.100",
    "farm_distribution": "Debian 12",
    "farm_slots": 4,
}
LAN = {"interface": "lan0", "address": "192.168.1.100", "network": "192.168.1.0/24"}


@pytest.fixture(scope="session", params=ENGINES)
def rendered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with every template, laid out as on the host; 4 slots."""
    target = tmp_path_factory.mktemp(f"host-{request.param}")
    templates = {
        str(path): str(path.relative_to(role / "templates")).removesuffix(".j2")
        for role in (ROOT / "roles").iterdir()
        for path in (role / "templates").rglob("*.j2")
    }
    extra: dict[str, Any] = {
        "farm_host_addresses": [LAN],
        "test_target": str(target),
        "test_templates": templates,
    }
    variables = VARIABLES | {"proxy_engine": request.param}
    result = run_playbook(
        Path(__file__).parent / "render.yml",
        {"lab": variables},
        extra,
        tmp_path_factory.mktemp("render"),
    )
    assert failures(result) == {}
    return target
