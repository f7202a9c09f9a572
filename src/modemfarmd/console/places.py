# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the site what is."""

from __future__ import annotations

ROOT = "/console"
LOG_IN = f"{ROOT}/login"
LOG_OUT = f"{ROOT}/logout"
ALIVE = f"{ROOT}/alive"
SOCKET = f"{ROOT}/_nicegui_ws/"
ASSETS = f"{ROOT}/_nicegui/"


def of_modem(serial: str) -> str:
    """The page of a modem."""
    return f"{ROOT}/modem/{serial}"
