# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-agent [SETTINGS]`: runs the agent until SIGTERM. Exit 2 for what cannot be used."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from modemfarm.errors import FarmError, SettingsError
from modemfarm.host_lock import held
from modemfarm.settings import DEFAULT_PATH, FarmSettings

from .. import logs
from .parts import in_thread
from .places import Places
from .systemd import Notifier
from .wiring import Agent

LOCK_WAIT_S = 10.0  # an agent that is being restarted needs a moment to end


def main() -> None:
    """Entry point of modemfarm-agent."""
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        sys.stderr.write("usage: modemfarm-agent [SETTINGS]\n")
        sys.exit(2)
    logs.setup(os.environ.get("MODEMFARM_LOG", "INFO"))
    try:
        settings = FarmSettings.load(Path(sys.argv[1]) if len(sys.argv) == 2 else DEFAULT_PATH)
    except SettingsError as error:
        sys.stderr.write(f"modemfarm-agent: {error}\n")
        sys.exit(2)
    try:
        run_alone(settings, Places())
    except FarmError as error:
        sys.stderr.write(f"modemfarm-agent: {error}\n")
        sys.exit(1)


def run_alone(settings: FarmSettings, places: Places) -> None:
    """Run as the only agent of this host until a signal ends it. TransientError beside another."""
    with held(places.run / "agent.lock", LOCK_WAIT_S, "modemfarm-agent"):
        agent = Agent(settings, places)
        for number in (signal.SIGTERM, signal.SIGINT):
            # Not from the handler itself: it may interrupt the very code that holds the inbox.
            signal.signal(number, lambda *_: in_thread(agent.end))
        agent.run(Notifier())


if __name__ == "__main__":
    main()
