# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document of an app that serves nobody: no database, no settings, no key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modemfarm.settings import FarmSettings

from .accounts.passwords import Passwords
from .app import make_app
from .parts import make_parts
from .settings import ApiSettings

_NOWHERE = Path("/nonexistent")
_FARM = {
    "version": 1, "host": "farm", "engine": "threeproxy", "lan_address": "192.0.2.1",
    "lan_interface": "lan0", "clients": ["192.0.2.0/24"], "nameservers": ["192.0.2.2"],
    "apn": "internet", "probe_url": "http://probe.example/",
}  # fmt: skip


def document() -> dict[str, Any]:
    """What GET /api/openapi.json gives."""
    settings = ApiSettings(_NOWHERE, _NOWHERE, state=_NOWHERE)
    cheap = Passwords(memory_kib=8, passes=1)
    parts = make_parts(FarmSettings.from_dict(_FARM), settings, passwords=cheap)
    found: dict[str, Any] = make_app(parts).openapi()
    return found
